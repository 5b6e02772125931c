"""What the parts of the plugin share, by way of pytest's stash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from parity.plugin.recorder import Record, Recorder
    from parity.plugin.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
RECORD: pytest.StashKey[Record] = pytest.StashKey()
