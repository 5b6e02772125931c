"""Charts: tables of evidence as drawings in the page, without a script.

A figure has two drawings, one for a wide page and one for a phone; the style shows one of them.
Series differ by dash and marker as well as by colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from parity.html.bars import draw_bars, notes_of_bars, spoken_bars
from parity.html.plot import (
    EDGE,
    LONGEST_NAME,
    Box,
    Panel,
    curves,
    grid,
    head,
    labels,
    panel_of,
    ticks_of,
)
from parity.html.series import spoken
from parity.html.shapes import LINE, Drawing, Path, Text, look, marker, width_of
from parity.html.ticks import Ticks, number
from parity.model.chart import Chart
from parity.model.events import TableEvent

WIDTHS: Final = {"wide": 860.0, "narrow": 400.0}
HEIGHTS: Final = {"wide": 240.0, "narrow": 210.0}
"""Height of one panel's plot."""

_KINDS: Final = {"line": "Line chart", "steps": "Step chart", "points": "Scatter chart"}


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend: a sample of the series, and its name.

    Attributes:
        name: The series.
        look: Its class.
        kind: How it is drawn, see :class:`parity.model.chart.Chart`.
        marker: Path data of its marker, in the middle of a box of 28 by 12.
        second: Whether it is on the second axis.
    """

    name: str
    look: str
    kind: str
    marker: str
    second: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, or several below each other along one x axis.

    Attributes:
        title: The headings of its tables.
        drawings: The same thing for each width; empty if there is no number to draw.
        kind: What sort of chart it is, in words.
        spoken: What it shows, for those who do not see it.
        legend: The series.
        notes: What is not as the reader expects: points left out, gaps.
    """

    title: str
    drawings: tuple[Drawing, ...]
    kind: str
    spoken: str
    legend: tuple[Key, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One or more tables that a page shows in one place.

    Attributes:
        tables: The tables; several if their charts are of one group.
        figure: Their drawing; ``None`` for a table without a chart.
    """

    tables: tuple[TableEvent, ...]
    figure: Figure | None


def shown(tables: Sequence[TableEvent]) -> tuple[Shown, ...]:
    """Return what a page shows of tables, in the order in which each first appears.

    Args:
        tables: The tables of a run.
    """
    groups: dict[object, list[TableEvent]] = {}
    for order, table in enumerate(tables):
        chart = table.chart
        key = (chart.group, chart.x_log) if chart and chart.group else order
        groups.setdefault(key, []).append(table)
    return tuple(Shown(tuple(group), _figure(tuple(group))) for group in groups.values())


def _figure(tables: tuple[TableEvent, ...]) -> Figure | None:
    first = tables[0].chart
    if first is None:
        return None
    return _bars(tables[0], first) if first.kind == "bars" else _lines(tables)


def _bars(table: TableEvent, chart: Chart) -> Figure:
    drawings = tuple(draw_bars(table, chart, name, width) for name, width in WIDTHS.items())
    legend = tuple(
        Key(name, look(order), "bars", marker(1, (14, 6)), second=False)
        for order, name in enumerate(chart.y)
    )
    return Figure(
        table.title,
        tuple(drawing for drawing in drawings if drawing is not None),
        "Bar chart",
        spoken_bars(table, chart),
        legend if len(legend) > 1 else (),
        tuple(notes_of_bars(table, chart)),
    )


def _lines(tables: tuple[TableEvent, ...]) -> Figure:
    panels, first = [], 0
    for table in tables:
        assert table.chart is not None
        panel = panel_of(table, table.chart, first)
        panels.append(panel)
        first += len(panel.series)
    x = _x_axis(panels)
    drawings = [_draw(panels, x, name) for name in WIDTHS] if x else []
    charts = [each.chart for each in panels]
    return Figure(
        "; ".join(each.title for each in tables),
        tuple(each for each, _ in drawings),
        _KINDS[charts[0].kind],
        " ".join(_spoken(panels)),
        tuple(_keys(panels)),
        tuple(_notes(panels, thinned=any(few for _, few in drawings))),
    )


def _x_axis(panels: Sequence[Panel]) -> list[float]:
    """Return what lies along x; empty if nothing can be drawn."""
    values = [x for panel in panels for each in panel.series for x, _ in each.points]
    if not values:
        return []
    log = panels[0].chart.x_log
    marks = [number(mark.x, log=log) for panel in panels for mark in panel.chart.marks]
    return values + [mark for mark in marks if mark is not None]


def _draw(panels: Sequence[Panel], along: list[float], name: str) -> tuple[Drawing, bool]:
    """Draw the panels below each other; and say whether points were left out."""
    width, log = WIDTHS[name], panels[0].chart.x_log
    named = _named(panels, name)
    left = EDGE + max(width_of(label) for each in panels for label in each.left.labels)
    right = EDGE + max(_beside(panels, named=named))
    x = _fitting(along, width - left - right, log=log)
    left = max(left, width_of(x.labels[0]) / 2 + 1)
    right = max(right, width_of(x.labels[-1]) / 2 + 1)
    paths: list[Path] = []
    texts: list[Text] = []
    top, thinned = 0.0, False
    for panel in panels:
        box = Box(left, width - right, top, top, x, log)
        above = list(head(panel, box, width, titled=len(panels) > 1))
        start = max([top, *(each.y for each in above)]) + 1.75 * EDGE
        box = replace(box, top=start, bottom=start + HEIGHTS[name])
        drawn, few = curves(panel, box)
        paths += [*grid(panel, box), *drawn]
        texts += [*above, *labels(panel, box, last=panel is panels[-1], named=named)]
        thinned = thinned or few
        top = max([box.bottom, *(text.y for text in texts)]) + LINE
    return Drawing(name, width, top - LINE + EDGE, tuple(paths), tuple(texts)), thinned


def _named(panels: Sequence[Panel], name: str) -> bool:
    """Say whether series are named at their ends: there has to be room, and more than one."""
    several = any(len(panel.series) > 1 for panel in panels)
    return name == "wide" and several and all(panel.right is None for panel in panels)


def _beside(panels: Sequence[Panel], *, named: bool) -> Iterator[float]:
    """Yield how wide the things to the right of the plots are."""
    yield 0.0
    for panel in panels:
        yield from map(width_of, panel.right.labels if panel.right else ())
        if named:
            yield from (min(width_of(each.name), LONGEST_NAME) for each in panel.series)


def _fitting(along: list[float], room: float, *, log: bool) -> Ticks:
    """Return as many places along x as have room for their labels."""
    for about in (9, 7, 6, 5, 4, 3):
        found = ticks_of(along, log=log, about=about)
        widest = max(map(width_of, found.labels)) + 2 * EDGE
        if widest * (len(found.labels) - 1) <= room:
            break
    return found


def _keys(panels: Sequence[Panel]) -> Iterator[Key]:
    for panel in panels:
        for order, each in enumerate(panel.series, panel.first):
            kind = panel.chart.kind
            yield Key(each.name, look(order), kind, marker(order, (14, 6)), each.axis == "right")


def _spoken(panels: Sequence[Panel]) -> Iterator[str]:
    for panel in panels:
        chart = panel.chart
        yield f"{panel.table.title}, along {chart.x_label or chart.x}."
        for each in panel.series:
            yield spoken(each)
        yield from (f"Mark at {mark.x:g}: {mark.label}." for mark in chart.marks)
        yield from (f"Limit at {limit.y:g}: {limit.label}." for limit in chart.limits)


def _notes(panels: Sequence[Panel], *, thinned: bool) -> Iterator[str]:
    if thinned:
        yield (
            "There are more points than the drawing has room for: of each column of pixels it "
            "shows the first, the lowest, the highest and the last."
        )
    for panel in panels:
        for each in panel.series:
            if each.unplaced:
                yield (
                    f"{each.name}: {each.unplaced:,} values are zero or less, "
                    "and a logarithmic axis cannot show them."
                )
            if not each.runs:
                yield f"{each.name} has no number to draw."
