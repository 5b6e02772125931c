"""How fast a source may be asked, and how often a failed request is sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0


class Pace:
    """Keeps requests under a rate, counted over the whole run of one source.

    Args:
        max_rps: Most requests a second; ``None`` for no limit.
        max_mb_s: Most megabytes (10^6 bytes) a second; ``None`` for no limit.
        pause: Waits for seconds.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        max_rps: float | None,
        max_mb_s: float | None,
        pause: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._per_request = 1 / max_rps if max_rps else 0.0
        self._per_byte = 1 / (max_mb_s * 1e6) if max_mb_s else 0.0
        self._pause, self._clock = pause, clock
        self._next_request = self._next_byte = clock()

    def before_request(self) -> None:
        """Wait until the next request may be sent."""
        now = self._clock()
        wait = max(self._next_request, self._next_byte) - now
        if wait > 0:
            self._pause(wait)
            now += wait
        # A slow answer saves nothing up for later: no burst follows it.
        self._next_request = now + self._per_request

    def after_answer(self, size: int) -> None:
        """Account for an answer of ``size`` bytes."""
        self._next_byte = max(self._next_byte, self._clock()) + size * self._per_byte


def wait_after(failures: int, retry_after: str | None = None) -> float:
    """Return the seconds to wait after a number of failures in a row.

    Args:
        failures: At least 1.
        retry_after: The header of that name, if the server sent one.

    Returns:
        Twice as long after each, at most :data:`LONGEST_WAIT_S`; what the server asked for, if
        that is longer, at most twice that.
    """
    wait = min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S)
    try:
        asked = float(retry_after or 0)
    except ValueError:
        asked = 0.0
    return max(wait, min(asked, 2 * LONGEST_WAIT_S))
