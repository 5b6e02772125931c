"""What ``parity size`` shows while it runs: a panel on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from parity.jobs.size.measure import Moment
from parity.jobs.size.series import Second, seconds_of

PLAIN_EVERY_S = 5.0


class Progress:
    """Shows how the measurement goes, on stderr. A context manager."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._live: Live | None = None
        self._shown = 0.0
        self._before: Moment | None = None
        self._note = ""

    def step(self, text: str) -> None:
        """Say what is done now, outside of the trials."""
        self._note = text
        if self._live is not None:
            self._live.update(text)
        else:
            click.echo(text, err=True)

    def watch(self, moment: Moment, left_s: float) -> None:
        """Show a second of load."""
        before, self._before = self._before, moment
        now = time.monotonic()
        if self._live is None and now - self._shown < PLAIN_EVERY_S:
            return
        self._shown = now
        row = list(seconds_of([before, moment] if before else [moment]))[-1]
        if self._live is not None:
            self._live.update(_panel(row, left_s))
        else:
            click.echo(plain_line(row, left_s), err=True)

    def __enter__(self) -> Self:
        if self._is_live:
            self._live = Live(console=Console(stderr=True), transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def plain_line(row: Second, left_s: float) -> str:
    """Return one second as a line for a log."""
    return f"{row.phase:>8}  " + "  ".join(f"{name} {text}" for name, text in _cells(row, left_s))


def _panel(row: Second, left_s: float) -> Table:
    table = Table(title=f"parity size: {row.phase}", show_edge=False)
    cells = _cells(row, left_s)
    for name, _ in cells:
        table.add_column(name, justify="right")
    table.add_row(*(text for _, text in cells))
    return table


def _cells(row: Second, left_s: float) -> list[tuple[str, str]]:
    percent = 100 * row.failed / row.done if row.done else 0.0
    return [
        ("rate", f"{row.intended_rate:,.0f}/s"),
        ("done", f"{row.done}/s"),
        ("p95", _text(row.p95_ms, " ms")),
        ("errors", f"{percent:.1f} %"),
        ("cache", _text(row.cache_percent, " %")),
        ("Parse", _text(row.parse_cpu, " cores", 2)),
        ("MongoDB", _text(row.mongod_cpu, " cores", 2)),
        ("left", f"{left_s:.0f} s at most"),
    ]


def _text(value: float | None, unit: str, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"
