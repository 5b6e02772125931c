"""Which worker of pytest-xdist runs what: one target, one worker.

A Parse Server that is asked by several clients while one of them makes a class answers others by
an old schema for a moment: a GeoPoint comes back as an array (observed with 9.10.0). A check must
not fail because of what another check does, so the checks of one target are run by one worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class TargetScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Keeps the checks of one target together; every other test is on its own."""

    def __init__(self, config: pytest.Config, log: Any, targets: Sequence[str]) -> None:
        super().__init__(config, log)
        self._targets = targets

    def _split_scope(self, nodeid: str) -> str:
        bracket = nodeid.rpartition("[")[2].removesuffix("]")
        for name in self._targets:
            if f"-{name}-" in f"-{bracket}-":
                return name
        return nodeid
