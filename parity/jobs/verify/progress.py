"""How far a verification is, for people who wait."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final, TextIO

FIRST_AFTER_S: Final = 2.0
EVERY_S: Final = 1.0
_MB: Final = 1_000_000


class Progress:
    """Counts what was read. This one says nothing; a subclass does.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.planned_size = 0
        self.documents = 0
        self.size = 0
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
            self.look()

    def note(self, message: str) -> None:
        """Say something that is not about the rate."""

    def look(self) -> None:
        """Show the state if it is time to."""

    def done(self) -> None:
        """Show nothing more."""


class TextProgress(Progress):
    """Writes one line that is overwritten on a terminal, or a line every ten seconds elsewhere.

    Args:
        stream: Where to; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._overwrites = self._stream.isatty()
        self._every = EVERY_S if self._overwrites else 10 * EVERY_S
        self._due = self.started + FIRST_AFTER_S
        self._width = 0

    def note(self, message: str) -> None:
        """Write a line that stays."""
        self._clear()
        self._stream.write(f"{message}\n")
        self._stream.flush()

    def look(self) -> None:
        """Write the rate and the time left, now and then."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._every
        text = self.text(now - self.started)
        if self._overwrites:
            self._stream.write(f"\r{text.ljust(self._width)}")
            self._width = len(text)
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def text(self, seconds: float) -> str:
        """Return the line.

        Args:
            seconds: Since the start.
        """
        rate = self.size / seconds if seconds > 0 else 0.0
        text = f"{self.documents:,} documents, {self.size / _MB:,.0f} MB, {rate / _MB:.0f} MB/s"
        left = self.planned_size - self.size
        if self.planned_size <= 0 or left <= 0 or rate <= 0:
            return text
        return f"{text}, {100 * self.size / self.planned_size:.0f} %, {_duration(left / rate)} left"

    def done(self) -> None:
        """Remove the line."""
        self._clear()

    def _clear(self) -> None:
        if self._width:
            self._stream.write(f"\r{' ' * self._width}\r")
            self._stream.flush()
            self._width = 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
