"""One plot: the axes, series, marks and limits of a table, placed in a drawing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from parity.html.series import Series, read, thin
from parity.html.shapes import (
    LINE,
    Path,
    Point,
    Text,
    fit,
    line,
    look,
    marker,
    spread,
    width_of,
)
from parity.html.ticks import Ticks, number, ticks
from parity.model.chart import Axis, Chart
from parity.model.events import TableEvent

EDGE: Final = 8.0
"""Room between things."""
LONGEST_NAME: Final = 170.0
"""Width of the name of a series at its end; the legend has the whole of it."""

_MARKED_UP_TO: Final = 40
"""Points of a series that each get a marker; of more, so many that the series is recognised."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of a figure: its table, its numbers and its axes."""

    table: TableEvent
    chart: Chart
    series: tuple[Series, ...]
    first: int
    left: Ticks
    right: Ticks | None


@dataclass(frozen=True, slots=True)
class Box:
    """The plot of a panel: its edges in the drawing, and the scales of its axes."""

    left: float
    right: float
    top: float
    bottom: float
    x: Ticks
    x_log: bool

    def across(self, value: float) -> float:
        """Return where a value of the x axis is."""
        return _between(value, self.x, self.left, self.right, log=self.x_log)

    def up(self, value: float, axis: Ticks, *, log: bool) -> float:
        """Return where a value of one of the other axes is."""
        return _between(value, axis, self.bottom, self.top, log=log)


def panel_of(table: TableEvent, chart: Chart, first: int) -> Panel:
    """Read a table for drawing.

    Args:
        table: The table.
        chart: Its chart; not bars.
        first: Number of its first series in the figure.
    """
    series = read(table, chart)
    left = _y_axis(series, chart, "left", log=chart.y_log)
    right = _y_axis(series, chart, "right", log=chart.right_log) if chart.right else None
    return Panel(table, chart, series, first, left, right)


def _y_axis(series: Sequence[Series], chart: Chart, axis: Axis, *, log: bool) -> Ticks:
    values = [y for each in series if each.axis == axis for _, y in each.points]
    limits = [number(limit.y, log=log) for limit in chart.limits if limit.axis == axis]
    values += [limit for limit in limits if limit is not None]
    if not log:
        # An axis that does not start at zero makes small changes look large.
        values.append(0.0)
    return ticks_of(values or [1.0], log=log, about=6)


def ticks_of(values: Sequence[float], *, log: bool, about: int) -> Ticks:
    """Return round places that cover values; there is one at least."""
    return ticks(min(values), max(values), about=about, log=log)


def _between(value: float, axis: Ticks, start: float, end: float, *, log: bool) -> float:
    low, high = axis.low, axis.high
    if log:
        value, low, high = math.log10(value), math.log10(low), math.log10(high)
    return start + (value - low) / (high - low) * (end - start)


def head(panel: Panel, box: Box, width: float, *, titled: bool) -> Iterator[Text]:
    """Write what stands above a plot: its heading, what its axes show, the names of marks.

    Args:
        panel: The chart.
        box: Its plot; only its top and its sides are used.
        width: Width of the drawing.
        titled: Whether the table's title is written.
    """
    row = box.top
    if titled:
        row += LINE
        yield Text("name", 0, row, fit(panel.table.title, width))
    left, right = panel.chart.y_label, panel.chart.right_label if panel.right else ""
    if left or right:
        row += LINE
        room = width / 2 - EDGE if left and right else width
        yield Text("axis", 0, row, fit(left, room))
        yield Text("axis", width, row, fit(right, room), "end")
    yield from _mark_names(panel, box, row)


def _mark_names(panel: Panel, box: Box, row: float) -> Iterator[Text]:
    """Write the names of marks, each in the first row in which it has room."""
    rows: list[list[tuple[float, float]]] = []
    for x, label in _marks(panel, box):
        text = fit(label, (box.right - box.left) * 0.45)
        anchor = "end" if x + width_of(text) > box.right else "start"
        left, right = Text("mark", x, 0, text, anchor).span
        free = (n for n, taken in enumerate(rows) if all(right < a or b < left for a, b in taken))
        chosen = next(free, len(rows))
        rows[chosen:] = rows[chosen:] or [[]]
        rows[chosen].append((left - EDGE, right + EDGE))
        yield Text("mark", x, row + LINE * (chosen + 1), text, anchor)


def _marks(panel: Panel, box: Box) -> list[tuple[float, str]]:
    return sorted(
        (box.across(mark.x), mark.label)
        for mark in panel.chart.marks
        if number(mark.x, log=box.x_log) is not None
    )


def grid(panel: Panel, box: Box) -> Iterator[Path]:
    """Draw what lies behind the series: rules, ticks, marks and limits."""
    for value in panel.left.values:
        y = box.up(value, panel.left, log=panel.chart.y_log)
        yield Path("rule", line([(box.left, y), (box.right, y)]))
    for value in box.x.values:
        x = box.across(value)
        yield Path("tick", line([(x, box.bottom), (x, box.bottom + 4)]))
    if panel.right:
        for value in panel.right.values:
            y = box.up(value, panel.right, log=panel.chart.right_log)
            yield Path("tick", line([(box.right, y), (box.right + 4, y)]))
    for x, _ in _marks(panel, box):
        yield Path("mark-line", line([(x, box.top), (x, box.bottom)]))
    for y, _, _ in _limits(panel, box):
        yield Path("limit-line", line([(box.left, y), (box.right, y)]))


def _limits(panel: Panel, box: Box) -> list[tuple[float, str, Axis]]:
    found: list[tuple[float, str, Axis]] = []
    for limit in panel.chart.limits:
        axis, log = panel.left, panel.chart.y_log
        if limit.axis == "right" and panel.right:
            axis, log = panel.right, panel.chart.right_log
        if number(limit.y, log=log) is not None:
            found.append((box.up(limit.y, axis, log=log), limit.label, limit.axis))
    return found


def curves(panel: Panel, box: Box) -> tuple[list[Path], bool]:
    """Draw the lines and markers; and say whether points were left out."""
    paths: list[Path] = []
    thinned = False
    for order, each in enumerate(panel.series, panel.first):
        runs = [_placed(run, each, panel, box) for run in each.runs]
        kept = [thin(run, int(2 * (box.right - box.left))) for run in runs]
        thinned = thinned or sum(map(len, kept)) < sum(map(len, runs))
        if panel.chart.kind != "points":
            join = _stairs if panel.chart.kind == "steps" else list
            paths += (Path(f"curve {look(order)}", line(join(run))) for run in kept)
        centres = [point for run in kept for point in run]
        if panel.chart.kind != "points" and len(centres) > _MARKED_UP_TO:
            centres = centres[:: math.ceil(len(centres) / 10)]
        data = "".join(marker(order, centre) for centre in centres)
        paths += [Path(f"marker {look(order)}", data)] if data else []
    return paths, thinned


def _placed(run: Sequence[Point], series: Series, panel: Panel, box: Box) -> list[Point]:
    axis, log = panel.left, panel.chart.y_log
    if series.axis == "right" and panel.right:
        axis, log = panel.right, panel.chart.right_log
    return [(box.across(x), box.up(y, axis, log=log)) for x, y in run]


def _stairs(points: list[Point]) -> list[Point]:
    steps = points[:1]
    for before, after in pairwise(points):
        steps += [(after[0], before[1]), after]
    return steps


def labels(panel: Panel, box: Box, *, last: bool, named: bool) -> Iterator[Text]:
    """Write the numbers at the axes, the names of limits, and those of series at their ends."""
    middle = LINE / 4
    for value, text in zip(panel.left.values, panel.left.labels, strict=True):
        y = box.up(value, panel.left, log=panel.chart.y_log)
        yield Text("tick-label", box.left - EDGE / 2, y + middle, text, "end")
    if panel.right:
        for value, text in zip(panel.right.values, panel.right.labels, strict=True):
            y = box.up(value, panel.right, log=panel.chart.right_log)
            yield Text("tick-label", box.right + EDGE / 2 + 2, y + middle, text)
    if last:
        for value, text in zip(box.x.values, box.x.labels, strict=True):
            yield Text("tick-label", box.across(value), box.bottom + LINE + 2, text, "middle")
        label = fit(panel.chart.x_label or panel.chart.x, box.right - box.left)
        yield Text("axis", (box.left + box.right) / 2, box.bottom + 2 * LINE + 2, label, "middle")
    yield from _limit_names(panel, box)
    if named:
        yield from _end_names(panel, box)


def _limit_names(panel: Panel, box: Box) -> Iterator[Text]:
    limits = _limits(panel, box)
    wanted = [y - EDGE / 2 for y, _, _ in limits]
    places = spread(wanted, LINE, box.top + LINE, box.bottom - EDGE) or wanted
    both = len({axis for _, _, axis in limits}) > 1
    room = (box.right - box.left) * (0.45 if both else 0.9)
    for place, (_, label, axis) in zip(places, limits, strict=True):
        if axis == "left":
            yield Text("limit", box.left + EDGE, place, fit(label, room))
        else:
            yield Text("limit", box.right - EDGE, place, fit(label, room), "end")


def _end_names(panel: Panel, box: Box) -> Iterator[Text]:
    ends = [
        (order, each.name, _placed(each.runs[-1], each, panel, box)[-1][1])
        for order, each in enumerate(panel.series, panel.first)
        if each.runs
    ]
    places = spread([y + LINE / 4 for _, _, y in ends], LINE, box.top, box.bottom)
    for place, (order, name, _) in zip(places or (), ends, strict=bool(places)):
        text = fit(name, LONGEST_NAME)
        yield Text(f"end {look(order)}", box.right + EDGE / 2, place, text)
