"""Recorded traffic, each exchange a check: --recording FILE, or PARITY_RECORDINGS."""

from __future__ import annotations

import pytest

from parity.model import Target
from parity.plugin.recordings import Recordings

pytestmark = [pytest.mark.area("replay"), pytest.mark.effect("destructive")]


def test_exchange(
    exchange: tuple[str, str],
    recordings: Recordings,
    target: Target,
    request: pytest.FixtureRequest,
) -> None:
    """A recorded exchange is answered as it was recorded."""
    recordings.settle(request, target, *exchange)
