"""Bars: one row of a table below the other, so that long names have room on a phone too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from parity.html.shapes import LINE, Drawing, Path, Text, area, fit, line, look, width_of
from parity.html.ticks import Ticks, amount, number, ticks
from parity.model.chart import Chart
from parity.model.events import TableEvent

MOST_ROWS: Final = 30
"""Rows that are drawn; the numbers below have all."""

_THICK: Final = 14.0
_GAP: Final = 10.0
_EDGE: Final = 8.0


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: its name, and the number and the text of each bar."""

    name: str
    bars: tuple[tuple[float | None, str], ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The room for bars and the scale of their axis."""

    left: float
    right: float
    width: float
    axis: Ticks
    log: bool

    def across(self, value: float) -> float:
        low, high = self.axis.low, self.axis.high
        if self.log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    @property
    def origin(self) -> float:
        """Where bars start: at zero, which a logarithmic axis does not have."""
        return self.left if self.log else self.across(0.0)


def draw_bars(table: TableEvent, chart: Chart, name: str, width: float) -> Drawing | None:
    """Draw a table as horizontal bars, each with its number at its end.

    Args:
        table: The table.
        chart: Its chart, of the kind ``bars``.
        name: Name of the drawing.
        width: Width of its view box.

    Returns:
        The drawing; ``None`` if there is no number to draw.
    """
    rows = list(_rows(table, chart))
    values = [value for row in rows for value, _ in row.bars if value is not None]
    if not values:
        return None
    frame = _frame(rows, values, chart, width)
    texts = list(_head(chart, frame))
    start = max([0.0, *(text.y for text in texts)]) + _GAP
    paths: list[Path] = []
    top = start
    for row in rows:
        bars, names, top = _drawn(row, frame, top)
        paths += bars
        texts += names
    paths = [*_scale(frame, start, top), *paths, *_limits(chart, frame, start, top)]
    texts += (
        Text("tick-label", frame.across(value), top + LINE, label, "middle")
        for value, label in zip(frame.axis.values, frame.axis.labels, strict=True)
    )
    return Drawing(name, width, top + LINE + _EDGE, tuple(paths), tuple(texts))


def spoken_bars(table: TableEvent, chart: Chart) -> str:
    """Say what the bars show, for those who do not see them."""
    rows = [
        f"{row.name}: {', '.join(text for _, text in row.bars)}." for row in _rows(table, chart)
    ]
    limits = [f"Limit at {limit.y:g}: {limit.label}." for limit in chart.limits]
    return " ".join([f"{table.title}.", *rows, *limits])


def notes_of_bars(table: TableEvent, chart: Chart) -> Iterator[str]:
    """Say what the drawing leaves out."""
    if len(table.rows) > MOST_ROWS:
        yield f"The drawing shows the first {MOST_ROWS} of {len(table.rows):,} rows."
    places = [table.columns.index(each) for each in chart.y]
    lost = sum(
        number(row[place]) is not None and number(row[place], log=chart.y_log) is None
        for row in table.rows[:MOST_ROWS]
        for place in places
    )
    if lost:
        yield (
            f"{lost:,} {'value is' if lost == 1 else 'values are'} zero or less, "
            "and a logarithmic axis cannot show that."
        )


def _rows(table: TableEvent, chart: Chart) -> Iterator[_Row]:
    x, *up = (table.columns.index(each) for each in (chart.x, *chart.y))
    for row in table.rows[:MOST_ROWS]:
        bars = []
        for name, place in zip(chart.y, up, strict=True):
            value = number(row[place])
            text = "no number" if value is None else amount(value)
            bars.append(
                (
                    number(row[place], log=chart.y_log),
                    f"{name} {text}" if len(chart.y) > 1 else text,
                )
            )
        yield _Row("no name" if row[x] is None else str(row[x]), tuple(bars))


def _frame(rows: list[_Row], values: list[float], chart: Chart, width: float) -> _Frame:
    values = values + [
        limit.y for limit in chart.limits if number(limit.y, log=chart.y_log) is not None
    ]
    if not chart.y_log:
        values.append(0.0)
    about = 6 if width > 600 else 4
    axis = ticks(min(values), max(values), about=about, log=chart.y_log)
    names = max(width_of(text) for row in rows for _, text in row.bars) + _EDGE
    left = width_of(axis.labels[0]) / 2 + 1
    right = width - max(min(names, width * 0.45), width_of(axis.labels[-1]) / 2 + 1)
    return _Frame(left, right, width, axis, chart.y_log)


def _head(chart: Chart, frame: _Frame) -> Iterator[Text]:
    row = 0.0
    if chart.y_label:
        row += LINE
        yield Text("axis", frame.left, row, fit(chart.y_label, frame.width - frame.left))
    for limit in chart.limits:
        if number(limit.y, log=frame.log) is not None:
            row += LINE
            x = frame.across(limit.y)
            anchor = "start" if x < frame.width / 2 else "end"
            yield Text("limit", x, row, fit(limit.label, frame.width / 2 - _EDGE), anchor)


def _drawn(row: _Row, frame: _Frame, top: float) -> tuple[list[Path], list[Text], float]:
    """Draw one row; the last value is where the next begins."""
    paths: list[Path] = []
    top += LINE
    texts = [Text("row", frame.left, top, fit(row.name, frame.width - frame.left))]
    top += _EDGE / 2 + 1
    for series, (value, text) in enumerate(row.bars):
        end = frame.origin if value is None else frame.across(value)
        if value is not None:
            # A bar of nothing still shows where it is.
            a, b = min(frame.origin, end), max(frame.origin, end, min(frame.origin, end) + 1)
            corners = [(a, top), (b, top), (b, top + _THICK), (a, top + _THICK)]
            paths.append(Path(f"bar-fill {look(series)}", area(corners)))
        x = max(frame.origin, end) + _EDGE / 2
        texts.append(Text("bar-label", x, top + _THICK - 2.5, fit(text, frame.width - x)))
        top += LINE
    return paths, texts, top + _GAP - _EDGE / 2


def _scale(frame: _Frame, start: float, end: float) -> Iterator[Path]:
    for value in frame.axis.values:
        x = frame.across(value)
        yield Path("rule", line([(x, start), (x, end)]))


def _limits(chart: Chart, frame: _Frame, start: float, end: float) -> Iterator[Path]:
    for limit in chart.limits:
        if number(limit.y, log=frame.log) is not None:
            x = frame.across(limit.y)
            yield Path("limit-line", line([(x, start), (x, end)]))
