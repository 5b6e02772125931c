from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.html import render
from parity.html.tables import MOST_ROWS, TableView, view
from parity.model.events import TableEvent


def table(*rows: tuple[Any, ...], links: tuple[str, ...] = ()) -> TableEvent:
    columns = tuple(f"c{number}" for number in range(len(rows[0])))
    return TableEvent("t", "title", columns, rows, "", None, links)


def column(*cells: Any) -> tuple[bool, list[str]]:
    shown = view(table(*((cell,) for cell in cells)))
    return shown.columns[0][1], [row[0].text for row in shown.rows]


@pytest.mark.parametrize(
    ("cells", "right", "texts"),
    [
        ((1, 1234567, None), True, ["1", "1,234,567", ""]),
        ((12.25, 250.125, 1003.5), True, ["12", "250", "1,004"]),
        ((0.61, 0.125, 3.0), True, ["0.610", "0.125", "3.000"]),
        ((12345, 0.25, 0.0031), True, ["12,345", "0.25", "0.0031"]),
        ((1.5, "nan", "inf"), True, ["1.5", "nan", "inf"]),
        ((1e20, 2e-9, 0.0), True, ["1e+20", "2e-09", "0"]),
        ((155189248, "3.4 of 5", True), False, ["155,189,248", "3.4 of 5", "yes"]),
        (("nan", None), False, ["nan", ""]),
        ((True, False), False, ["yes", "no"]),
        ((0.1 + 0.2, 0.5), True, ["0.3", "0.5"]),
    ],
)
def test_numbers_are_for_people_and_to_the_right(
    cells: tuple[Any, ...], *, right: bool, texts: list[str]
) -> None:
    assert column(*cells) == (right, texts)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_no_number_becomes_zero_that_is_none(cells: list[float]) -> None:
    _, texts = column(*cells)
    for cell, text in zip(cells, texts, strict=True):
        assert float(text.replace(",", "")) == pytest.approx(cell, rel=0.05, abs=1e-300)


def test_a_long_table_says_how_much_is_left_out() -> None:
    page = show(view(table(*((n,) for n in range(MOST_ROWS + 1)))))

    assert page.count('role="rowheader"') == MOST_ROWS
    assert "1 further row: see evidence.jsonl." in page


def test_a_link_is_relative_and_quoted() -> None:
    shown = view(table(("load/a b#?\"'<.html",), (None,), links=("c0",)))
    page = show(shown)

    assert shown.rows[0][0].href == "./load/a%20b%23%3F%22%27%3C.html"
    assert page.count('<a href="./') == 1
    assert '<a href="./load/a%20b%23%3F%22%27%3C.html">load/a b#?&#34;&#39;&lt;.html</a>' in page


def show(shown: TableView) -> str:
    return render("tests.html", "table_page.html", shown=shown)
