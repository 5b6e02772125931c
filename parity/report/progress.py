"""Progress on stderr: rewritten in place on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parity.model.events import TableEvent

LIVE_EVERY_S: Final = 0.2
PLAIN_EVERY_S: Final = 2.0


class Progress:
    """Shows how far a run is. A context manager; leaving it ends the line that is rewritten.

    Args:
        live: Whether what was shown can be rewritten; by default whether stderr is a terminal.
        clock: Seconds that only go up.

    Attributes:
        redact: What every line goes through; only those that are shown, so that it costs little.
    """

    def __init__(
        self, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._is_live = sys.stderr.isatty() if live is None else live
        self._every_s = LIVE_EVERY_S if self._is_live else PLAIN_EVERY_S
        self._clock = clock
        self._started = self._shown = clock()
        self._live: Live | None = None
        self.redact: Callable[[str], str] = str

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return self._clock() - self._started

    def show(self, text: str, panel: Callable[[], TableEvent] | None = None) -> None:
        """Show a line, or a table where it can be rewritten, if the last one is old enough.

        Args:
            text: The line.
            panel: Makes the table; called only when it is shown.
        """
        now = self._clock()
        if now - self._shown < self._every_s:
            return
        self._shown = now
        text = self.redact(text)
        if not self._is_live:
            click.echo(text, err=True)
            return
        if self._live is None:
            console = Console(file=sys.stderr)
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        drawn = Text(text, no_wrap=True, overflow="ellipsis") if panel is None else _table(panel())
        self._live.update(drawn, refresh=True)

    def say(self, text: str) -> None:
        """Print a line on stderr that stays."""
        self._end()
        click.echo(text, err=True)

    def print(self, text: str) -> None:
        """Print a line of the result on standard output."""
        self._end()
        click.echo(text)

    def _end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()


def _table(event: TableEvent) -> Table:
    table = Table(title=event.title, title_justify="left", box=None)
    for column in event.columns:
        table.add_column(column)
    for row in event.rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    return table
