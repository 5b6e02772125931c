from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.html import render
from parity.html.bars import MOST_ROWS
from parity.html.chart import WIDTHS, Figure, shown
from parity.html.series import read, thin
from parity.html.shapes import Drawing, Path, fit, spread, width_of
from parity.model.chart import Chart, ChartKind, Limit, Mark
from parity.model.events import TableEvent
from tests.examples import examples

HOSTILE = "</text></svg><script>alert(1)</script>\"'\u202e&"
cells = st.none() | st.booleans() | st.text(max_size=5) | st.floats() | st.integers(-9, 10**120)
labels = st.text(max_size=40) | st.just(HOSTILE)
places = st.floats(-1e120, 1e120)
PAIR = re.compile(r"[ML](-?[\d.]+),(-?[\d.]+)")


@st.composite
def tables(draw: st.DrawFn, group: str = "") -> TableEvent:
    kind: ChartKind = draw(st.sampled_from(["line", "steps", "points", "bars"]))
    lone = kind == "bars"
    if lone and group:
        kind, lone = "line", False
    columns = tuple(draw(st.lists(labels, min_size=4, max_size=4, unique=True)))
    right = () if lone or draw(st.booleans()) else columns[3:]
    axes = ["left", "right"] if right else ["left"]
    limits = st.builds(Limit, y=places, label=labels, axis=st.sampled_from(axes))
    marks = st.builds(Mark, x=places, label=labels)
    chart = Chart(
        kind,
        columns[0],
        columns[1:3],
        right,
        x_label=draw(labels),
        y_label=draw(labels),
        right_label=draw(labels),
        x_log=not lone and draw(st.booleans()),
        y_log=draw(st.booleans()),
        right_log=draw(st.booleans()),
        marks=() if lone else tuple(draw(st.lists(marks, max_size=4))),
        limits=tuple(draw(st.lists(limits, max_size=4))),
        group=group,
    )
    rows = tuple(draw(st.lists(st.tuples(cells, cells, cells, cells), max_size=12)))
    return TableEvent(draw(labels), draw(labels), columns, rows, "", chart)


def figures(*drawn: TableEvent) -> list[Figure]:
    return [each.figure for each in shown(drawn) if each.figure]


def figure(*drawn: TableEvent) -> Figure:
    (found,) = figures(*drawn)
    return found


def svg(*drawn: TableEvent) -> str:
    """The page with the figures, as the report has them."""
    return render("tests.html", "figures.html", figures=figures(*drawn))


def points(drawing: Drawing, look: str = "") -> Iterator[tuple[float, float]]:
    for path in drawing.paths:
        if path.look.startswith(look):
            yield from ((float(x), float(y)) for x, y in PAIR.findall(path.d))


def curves(drawing: Drawing) -> list[Path]:
    return [path for path in drawing.paths if path.look.startswith("curve")]


def line(*rows: tuple[Any, ...], **fields: Any) -> TableEvent:
    columns = ("x", "y", "z")[: len(rows[0])] if rows else ("x", "y")
    chart = Chart(**{"kind": "line", "x": "x", "y": columns[1:], **fields})
    return TableEvent("t", "title", columns, rows, "", chart)


@settings(max_examples=examples(80))
@given(st.lists(tables(), min_size=1, max_size=2) | st.lists(tables("g"), min_size=2, max_size=3))
def test_everything_lies_inside_its_drawing(drawn: list[TableEvent]) -> None:
    for each in figures(*drawn):
        assert len(each.drawings) in {0, len(WIDTHS)}
        for drawing in each.drawings:
            for x, y in points(drawing):
                assert -0.1 <= x <= drawing.width + 0.1
                assert -0.1 <= y <= drawing.height + 0.1
            for text in drawing.texts:
                assert 0 <= text.y <= drawing.height
                assert 0 <= text.x <= drawing.width


@settings(max_examples=examples(25))
@given(st.lists(tables(), min_size=1, max_size=2) | st.lists(tables("g"), min_size=2, max_size=3))
def test_every_path_is_made_of_finite_numbers(drawn: list[TableEvent]) -> None:
    page = svg(*drawn).split("<main", 1)[1]
    for data in re.findall(r' d="([^"]*)"', page):
        assert re.fullmatch(r"(M(-?\d+(\.\d)?,-?\d+(\.\d)?)(L-?\d+(\.\d)?,-?\d+(\.\d)?)*Z?)+", data)
    for name in ("x", "y"):
        for value in re.findall(rf' {name}="([^"]*)"', page):
            assert math.isfinite(float(value))


@pytest.mark.parametrize("kind", ["line", "steps", "points", "bars"])
def test_labels_are_text_and_nothing_else(kind: ChartKind) -> None:
    chart = Chart(
        kind,
        HOSTILE,
        (f"{HOSTILE}y",),
        () if kind == "bars" else (f"{HOSTILE}r",),
        HOSTILE,
        HOSTILE,
        HOSTILE,
        marks=() if kind == "bars" else (Mark(1, HOSTILE),),
        limits=(Limit(1, HOSTILE),),
        group="" if kind == "bars" else HOSTILE,
    )
    rows = ((1, 2, 3), (HOSTILE, 5, HOSTILE))
    columns = (HOSTILE, f"{HOSTILE}y", f"{HOSTILE}r")

    page = svg(TableEvent("t", HOSTILE, columns, rows, HOSTILE, chart))

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert page.count("<svg") == page.count("</svg>")


def test_a_gap_breaks_the_line() -> None:
    drawn = figure(line((0, 1), (1, 2), (2, None), (3, math.nan), (4, "x"), (5, 3), (6, 4), (7, 5)))

    for drawing in drawn.drawings:
        assert [len(PAIR.findall(curve.d)) for curve in curves(drawing)] == [2, 3]
    assert "1 gap" in drawn.spoken


def test_a_lone_point_between_gaps_is_seen() -> None:
    drawn = figure(line((0, None), (1, 2), (2, None)))

    (wide, _) = drawn.drawings
    assert len(PAIR.findall(curves(wide)[0].d)) == 2
    assert any(path.look.startswith("marker") for path in wide.paths)


def test_a_row_without_x_is_a_gap_too() -> None:
    (series,) = read(line((0, 1), (None, 2), (2, 3)), Chart("line", "x", ("y",)))

    assert series.runs == (((0.0, 1.0),), ((2.0, 3.0),))


def test_steps_hold_their_value_until_the_next() -> None:
    wide = figure(line((0, 1), (1, 5), (2, 5), kind="steps")).drawings[0]

    (x0, y0), (x1, y1), (x2, y2), *_ = points(replace(wide, paths=tuple(curves(wide))))
    assert (y0, x2) == (y1, x1)
    assert x0 < x1
    assert y2 < y1


def test_points_are_not_joined() -> None:
    assert curves(figure(line((0, 1), (1, 5), kind="points")).drawings[0]) == []


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(-1e3, 1e3)), min_size=1, max_size=2000),
    st.integers(1, 100),
)
def test_thinning_keeps_both_ends_and_every_peak(
    all_points: list[tuple[float, float]], most: int
) -> None:
    all_points.sort(key=lambda point: point[0])
    kept = thin(all_points, most)

    assert kept[0] == all_points[0]
    assert kept[-1] == all_points[-1]
    assert len(kept) <= max(most, 4 * 51)
    for column in {int(x) for x, _ in all_points}:
        before = [y for x, y in all_points if int(x) == column]
        after = [y for x, y in kept if int(x) == column]
        assert (min(before), max(before)) == (min(after), max(after))


def test_thinning_is_said_and_a_single_spike_survives() -> None:
    rows = [(n, 1.0) for n in range(20_000)]
    rows[12_345] = (12_345, 99.0)
    drawn = figure(line(*rows))

    assert any("more points than the drawing has room for" in note for note in drawn.notes)
    for drawing in drawn.drawings:
        top = min(y for _, y in points(drawing, "curve"))
        base = max(y for _, y in points(drawing, "curve"))
        assert base - top > 100
        assert len(list(points(drawing, "curve"))) < 4 * drawing.width


def test_few_points_are_all_drawn_and_nothing_is_said() -> None:
    drawn = figure(line(*((n, n) for n in range(200))))

    assert drawn.notes == ()
    assert len(list(points(drawn.drawings[0], "curve"))) == 200


def test_an_axis_of_amounts_starts_at_zero() -> None:
    wide = figure(line((0, 990), (1, 1000))).drawings[0]

    assert "0" in [text.text for text in wide.texts if text.anchor == "end"]


def test_charts_of_a_group_share_their_x_axis() -> None:
    a = line((0, 1), (100, 2), group="load")
    b = TableEvent("u", "other", ("x", "y"), ((40, 1e9), (60, 2e9)), "", a.chart)
    alone = line((0, 1), (1, 1))
    assert [len(each.tables) for each in shown((a, alone, b))] == [2, 1]

    for drawing in figure(a, b).drawings:
        (left, _), (right, _), (c, _), (d, _) = points(
            replace(drawing, paths=tuple(curves(drawing)))
        )
        assert c - left == pytest.approx(0.4 * (right - left), abs=0.2)
        assert d - left == pytest.approx(0.6 * (right - left), abs=0.2)


def test_series_differ_in_more_than_colour() -> None:
    columns = tuple("abcdefghijklm")
    chart = Chart("line", "a", columns[1:])
    table = TableEvent("t", "title", columns, (tuple(range(13)), tuple(range(13))), "", chart)

    looks = [(each.look, each.marker) for each in figure(table).legend]

    assert len(set(looks)) == 12
    assert len({marker for _, marker in looks[:6]}) == 6


def test_a_logarithmic_axis_says_what_it_cannot_show() -> None:
    drawn = figure(line((1, 0), (2, -1), (3, 10), (4, 100), y_log=True))

    assert drawn.notes == (
        "y: 2 values are zero or less, and a logarithmic axis cannot show them.",
    )


@pytest.mark.parametrize("kind", ["line", "steps", "points", "bars"])
def test_nothing_to_draw_is_said(kind: ChartKind) -> None:
    page = svg(line((1, None), (2, "x"), kind=kind), line(kind=kind))

    assert page.count("There is no number to draw.") == 2
    assert "<title id" not in page


def test_marks_and_limits_are_inside_though_the_numbers_are_not_there() -> None:
    table = line((10, 1), (20, 2), marks=(Mark(35, "knee"),), limits=(Limit(50, "objective"),))
    for drawing in figure(table).drawings:
        ((x, top), (_, bottom)) = points(drawing, "mark-line")
        ((_, y), _) = points(drawing, "limit-line")
        assert 0 < x < drawing.width
        assert top <= y < bottom
        assert {"knee", "objective"} <= {text.text for text in drawing.texts}


def test_names_of_marks_do_not_cover_each_other() -> None:
    marks = tuple(Mark(10 + n / 10, f"mark number {n}") for n in range(5))
    for drawing in figure(line((0, 1), (20, 2), marks=marks)).drawings:
        shown_marks = [text for text in drawing.texts if text.look == "mark"]
        spans = sorted((mark.y, *mark.span) for mark in shown_marks)
        assert len(spans) == 5
        for (y, _, right), (other, left, _) in pairwise(spans):
            assert y != other or right < left


def test_bars_show_every_number_beside_its_bar() -> None:
    table = line(("before", 800, 2), ("after", 3, None), kind="bars")

    for drawing in figure(table).drawings:
        said = [text.text for text in drawing.texts if text.look == "bar-label"]
        assert said == ["y 800", "z 2", "y 3", "z no number"]
        wide = [
            float(PAIR.findall(path.d)[1][0]) - float(PAIR.findall(path.d)[0][0])
            for path in drawing.paths
            if path.look.startswith("bar-fill")
        ]
        assert len(wide) == 3
        assert wide[0] / wide[2] == pytest.approx(800 / 3, rel=0.1)


def test_bars_below_zero_go_the_other_way() -> None:
    wide = figure(line(("a", -5), ("b", 5), kind="bars")).drawings[0]
    down, up = (path for path in wide.paths if path.look.startswith("bar-fill"))

    assert PAIR.findall(down.d)[1][0] == PAIR.findall(up.d)[0][0]


def test_of_many_bars_the_first_are_drawn_and_that_is_said() -> None:
    drawn = figure(line(*((n, n) for n in range(100)), kind="bars"))

    assert drawn.notes == (f"The drawing shows the first {MOST_ROWS} of 100 rows.",)
    assert sum(text.look == "row" for text in drawn.drawings[0].texts) == MOST_ROWS


def test_a_drawing_can_be_heard() -> None:
    page = svg(
        line(
            (0, 1.5), (10, 250), (20, 3),
            x_label="time (s)", marks=(Mark(10, "knee"),), limits=(Limit(200, "objective"),),
        )
    )  # fmt: skip

    assert "Line chart: title</title>" in page
    assert (
        "title, along time (s). y: 3 values, first 1.5, last 3, lowest 1.5 at 0, "
        "highest 250 at 10. Mark at 10: knee. Limit at 200: objective.</desc>" in page
    )
    assert page.count('role="img"') == 2


@given(st.lists(st.floats(-500, 500), max_size=12), st.floats(0, 300))
def test_labels_are_moved_apart_and_stay_inside(wanted: list[float], high: float) -> None:
    moved = spread(wanted, 18, 0, high)

    if moved is None:
        assert (len(wanted) - 1) * 18 > high
        return
    assert all(-1e-6 <= each <= high + 1e-6 for each in moved)
    ordered = sorted(moved)
    assert all(b - a > 18 - 1e-6 for a, b in pairwise(ordered))


@given(st.text(max_size=300), st.floats(20, 400))
def test_a_cut_text_fits(text: str, room: float) -> None:
    assert width_of(fit(text, room)) <= room
