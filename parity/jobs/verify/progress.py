"""How far a verification is, for people who wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_MB: Final = 1_000_000


def _quiet(_text: str) -> None:
    pass


class Progress:
    """Counts what was read. Safe to use from several threads.

    Args:
        show: Is told the rate and the time left after each batch; may drop most of it.
        note: Is told what is not about the rate, to be shown in any case.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        show: Callable[[str], None] = _quiet,
        note: Callable[[str], None] = _quiet,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.note = note
        self.planned_size = 0
        self.documents = 0
        self.size = 0
        self._show = show
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()

    def plan(self, size: int) -> None:
        """Set how many bytes both sides have together."""
        self.planned_size = size

    def skip(self, size: int) -> None:
        """Take away bytes that need not be read after all."""
        self.planned_size -= size

    def read(self, _side: int, documents: int, size: int) -> None:
        """Count what one side read."""
        with self._lock:
            self.documents += documents
            self.size += size
            self._show(self.text())

    def text(self) -> str:
        """Return the line."""
        seconds = self._clock() - self._started
        rate = self.size / seconds if seconds > 0 else 0.0
        text = f"{self.documents:,} documents, {self.size / _MB:,.0f} MB, {rate / _MB:.0f} MB/s"
        left = self.planned_size - self.size
        if self.planned_size <= 0 or left <= 0 or rate <= 0:
            return text
        return (
            f"{text}, {100 * self.size / self.planned_size:.0f} %, {_clock_time(left / rate)} left"
        )


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
