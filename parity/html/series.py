"""The numbers of a chart, read from a table: what is drawn, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from parity.html.shapes import Point
from parity.html.ticks import amount, number
from parity.model.chart import Axis, Chart
from parity.model.events import TableEvent


@dataclass(frozen=True, slots=True)
class Series:
    """One column as it is drawn.

    Attributes:
        name: The column.
        axis: Which axis it is on.
        runs: Points without a gap between them, in the order of the rows.
        unplaced: Numbers that a logarithmic axis cannot show: zero and below.
    """

    name: str
    axis: Axis
    runs: tuple[tuple[Point, ...], ...]
    unplaced: int

    @property
    def points(self) -> list[Point]:
        """All its points."""
        return [each for run in self.runs for each in run]


def read(table: TableEvent, chart: Chart) -> tuple[Series, ...]:
    """Read the columns of a chart along x.

    Args:
        table: The table.
        chart: Its chart; not bars.
    """
    x = table.columns.index(chart.x)
    along = [number(row[x], log=chart.x_log) for row in table.rows]
    wanted: list[tuple[str, Axis, bool]] = [
        *((name, "left", chart.y_log) for name in chart.y),
        *((name, "right", chart.right_log) for name in chart.right),
    ]
    series = []
    for name, axis, log in wanted:
        cells = [row[table.columns.index(name)] for row in table.rows]
        up = [number(cell, log=log) for cell in cells]
        unplaced = sum(number(c) is not None and u is None for c, u in zip(cells, up, strict=True))
        pairs = zip(along, up, strict=True)
        series.append(Series(name, axis, tuple(_runs(pairs)), unplaced))
    return tuple(series)


def _runs(pairs: Iterable[tuple[float | None, float | None]]) -> Iterator[tuple[Point, ...]]:
    for whole, group in groupby(pairs, key=lambda pair: None not in pair):
        if whole:
            yield tuple((x, y) for x, y in group if x is not None and y is not None)


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """Leave out what nobody could see: of each pixel's column four points stay.

    They are the first, the lowest, the highest and the last, so that no peak gets lost.

    Args:
        points: Places in a drawing, in the order in which they are joined.
        most: Up to so many points are all kept.
    """
    if len(points) <= most:
        return list(points)
    kept: list[Point] = []
    for _, group in groupby(points, key=lambda point: int(point[0])):
        column = list(group)
        up = [y for _, y in column]
        chosen = {0, up.index(min(up)), up.index(max(up)), len(column) - 1}
        kept += (column[each] for each in sorted(chosen))
    return kept


def spoken(series: Series) -> str:
    """Say what a series shows, for those who do not see it."""
    points = series.points
    if not points:
        return f"{series.name}: no number."
    low, high = min(points, key=itemgetter(1)), max(points, key=itemgetter(1))
    gaps = len(series.runs) - 1
    text = (
        f"{series.name}: {len(points):,} values, first {amount(points[0][1])}, "
        f"last {amount(points[-1][1])}, lowest {amount(low[1])} at {amount(low[0])}, "
        f"highest {amount(high[1])} at {amount(high[0])}"
    )
    return f"{text}; {gaps:,} {'gap' if gaps == 1 else 'gaps'}." if gaps else f"{text}."
