from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from parity.model.evidence import Chart, Limit, Mark, TableEvent

COLUMNS = ("rate", "p95", "errors")


def line(*y: str, right: tuple[str, ...] = (), limits: tuple[Limit, ...] = ()) -> Chart:
    return Chart("line", "rate", y, right, limits=limits)


def bars(**fields: Any) -> Chart:
    return Chart("bars", "rate", ("p95",), **fields)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing on the left": (line, "needs a column on its left axis"),
    "x is y": (lambda: line("rate"), "names a column twice"),
    "left is right": (lambda: line("p95", right=("p95",)), "names a column twice"),
    "bars on two axes": (lambda: bars(right=("errors",)), "bars have one axis"),
    "bars with marks": (lambda: bars(marks=(Mark(1, "m"),)), "bars have one axis"),
    "bars in a group": (lambda: bars(group="g"), "bars have one axis"),
    "bars by magnitude": (lambda: bars(x_log=True), "bars have one axis"),
    "no second axis": (lambda: line("p95", limits=(Limit(1, "l", "right"),)), "second axis"),
    "a mark nowhere": (lambda: Mark(math.nan, "m"), "a mark is at nan"),
    "no end": (lambda: Limit(math.inf, "l"), "a limit is at inf"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_chart_that_cannot_be_drawn_is_refused(case: str) -> None:
    build, said = WRONG[case]

    with pytest.raises(ValueError, match=said):
        build()


def test_a_chart_names_columns_of_its_table() -> None:
    with pytest.raises(ValueError, match="0 columns are called 'p99', not one"):
        TableEvent("t", "title", COLUMNS, (), chart=Chart("line", "rate", ("p99",)))
    with pytest.raises(ValueError, match="2 columns are called 'a', not one"):
        TableEvent("t", "title", ("a", "a", "b"), (), chart=Chart("line", "a", ("b",)))
    with pytest.raises(ValueError, match="0 columns are called 'file', not one"):
        TableEvent("t", "title", COLUMNS, (), links=("file",))


@pytest.mark.parametrize("path", ["locust.html", "load/stats.csv", "a b/ü.txt", "...", "?q#f"])
def test_a_link_leads_to_a_file_beside_the_evidence(path: str) -> None:
    assert TableEvent("t", "title", ("f",), ((path,), (None,)), links=("f",)).rows[0] == (path,)


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../other/run", "a/../../b", "a//b", "//host/x", "https://host/x", "./a",
     "javascript:alert(1)", "JAVASCRIPT:x", "c:x", "a\\..\\b", "java\nscript", "a/", "\ud800"],
)  # fmt: skip
def test_a_link_leads_nowhere_else(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a file beside the evidence"):
        TableEvent("t", "title", ("f",), ((path,),), links=("f",))
