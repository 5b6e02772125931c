"""Tables of evidence as a page shows them: numbers to the right, links to files beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from parity.html.ticks import amount, decimals_of
from parity.model.events import TableEvent

MOST_ROWS: Final = 100
"""Rows that a page shows; evidence has the rest."""

_NO_NUMBER: Final = frozenset({"nan", "inf", "-inf"})
"""What evidence holds of a number that JSON cannot say."""
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: What it says; empty if there is nothing.
        href: The file that it leads to, relative to the page; empty if none.
    """

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A table, ready to be laid out.

    Attributes:
        title: Its heading.
        columns: Name of each column, and whether it holds numbers.
        rows: The cells.
        left_out: How many further rows evidence has.
    """

    title: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int


def view(table: TableEvent) -> TableView:
    """Return a table as a page shows it.

    Args:
        table: The table; its rows may be many.
    """
    shown = table.rows[:MOST_ROWS]
    columns = [
        _column([row[place] for row in shown], link=name in table.links)
        for place, name in enumerate(table.columns)
    ]
    return TableView(
        table.title,
        tuple((name, right) for name, (right, _) in zip(table.columns, columns, strict=True)),
        tuple(zip(*(cells for _, cells in columns), strict=True)),
        len(table.rows) - len(shown),
    )


def _column(cells: Sequence[Any], *, link: bool) -> tuple[bool, list[Cell]]:
    if link:
        return False, [_link(cell) for cell in cells]
    numbers = [cell for cell in cells if _is_number(cell)]
    if not numbers or any(
        not _is_number(cell) and cell is not None and cell not in _NO_NUMBER for cell in cells
    ):
        return False, [Cell(_text(cell)) for cell in cells]
    # As exact as the largest number needs, so that the points stand below each other.
    largest = max(map(abs, numbers))
    decimals = max(
        map(decimals_of, (number for number in numbers if isinstance(number, float))), default=0
    )
    if largest >= 1:
        decimals = min(decimals, max(0, 3 - math.floor(math.log10(largest))))
    return True, [Cell(_numeral(cell, decimals)) for cell in cells]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _numeral(cell: Any, decimals: int) -> str:
    if not isinstance(cell, float):
        return _text(cell)
    if cell and not 1e-6 <= abs(cell) < 1e15:
        return amount(cell)
    # A small number among large ones must not become zero.
    return f"{cell:,.{max(decimals, decimals_of(cell, _FEWEST))}f}"


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _link(cell: Any) -> Cell:
    # Reading evidence has refused what is no plain path beside it; quoting does the rest.
    return Cell("") if cell is None else Cell(str(cell), f"./{quote(str(cell), safe='/')}")
