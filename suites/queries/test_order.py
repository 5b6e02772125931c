"""The order of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]


def date(iso: str) -> dict[str, str]:
    """Return a Date."""
    return {"__type": "Date", "iso": iso}


VALUES = [
    # 9 before 10: numbers are not ordered as text.
    pytest.param([10, 9, -1, 0.5, 2], (2, 3, 4, 1, 0), id="numbers"),
    pytest.param(["b", "10", "9", "a", ""], (4, 1, 2, 3, 0), id="strings"),
    pytest.param([True, False], (1, 0), id="booleans"),
    pytest.param(
        [
            date("2016-01-01T00:00:00.001Z"),
            date("1969-07-20T20:17:40.000Z"),
            date("2016-01-01T00:00:00.000Z"),
        ],
        (1, 2, 0),
        id="dates",
    ),
]


@pytest.mark.parametrize(
    "sign", [pytest.param("", id="ascending"), pytest.param("-", id="descending")]
)
@pytest.mark.parametrize(("values", "ordered"), VALUES)
def test_rows_come_in_the_order_of_a_field(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    sign: str,
    values: list[Any],
    ordered: tuple[int, ...],
) -> None:
    """The parameter order sorts by a field, and in reverse with a minus sign."""
    table = new_table("GameScore", [{"v": value} for value in values])
    wanted = ordered if sign == "" else tuple(reversed(ordered))
    expect.body(parse.find(table.name, order=f"{sign}v"), table.body(*wanted), status=200)


@pytest.mark.parametrize(
    ("order", "ordered"),
    [
        pytest.param("score,-name", (2, 0, 1, 3), id="ascending, descending"),
        pytest.param("-score,name", (3, 1, 0, 2), id="descending, ascending"),
        pytest.param("name,score", (1, 3, 0, 2), id="other field first"),
        pytest.param("-name,-score", (2, 0, 3, 1), id="both descending"),
    ],
)
def test_later_fields_decide_among_equals(
    parse: ParseClient, expect: Expect, new_table: NewTable, order: str, ordered: tuple[int, ...]
) -> None:
    """With several fields in order, the next one sorts rows that are equal in the one before."""
    rows = [
        {"score": 1, "name": "b"},
        {"score": 1, "name": "a"},
        {"score": 1, "name": "c"},
        {"score": 2, "name": "a"},
    ]
    table = new_table("GameScore", rows)
    expect.body(parse.find(table.name, order=order), table.body(*ordered), status=200)


@pytest.mark.parametrize("name", ["createdAt", "updatedAt"])
@pytest.mark.parametrize(
    "sign", [pytest.param("", id="ascending"), pytest.param("-", id="descending")]
)
def test_rows_come_in_the_order_of_their_times(
    parse: ParseClient, expect: Expect, new_class: NewClass, sign: str, name: str
) -> None:
    """The built-in times sort, oldest first, or newest first with a minus sign."""
    game_score = new_class("GameScore")
    rows = [{"n": n, **parse.create(game_score, {"n": n}).json} for n in range(4)]
    rows = [{**row, "updatedAt": row["createdAt"]} for row in rows]
    # Rows of the same millisecond are told apart by n, so that the outcome is always the same.
    wanted = sorted(rows, key=lambda row: row[name], reverse=sign == "-")
    reply = parse.find(game_score, order=f"{sign}{name},n")
    expect.body(reply, {"results": wanted}, status=200)


def test_rows_come_in_the_order_of_their_ids(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Ids sort as text, upper case before lower case."""
    table = new_table("GameScore", [{"n": n} for n in range(12)])
    reply = parse.find(table.name, order="objectId")
    expect.status(reply, 200)
    expect.ids(reply, sorted(table.ids()))
    expect.ids(parse.find(table.name, order="-objectId"), sorted(table.ids(), reverse=True))


@pytest.mark.level("may")
def test_texts_come_in_the_order_of_their_code_points(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Texts sort by code point: upper case first, accents after z, emoji after everything."""
    texts = ["", "B", "a", "b", "z", "É", "é", "日本", "\uff5e", "😀"]
    table = new_table("GameScore", [{"v": text} for text in reversed(texts)])
    reply = parse.find(table.name, order="v")
    expect.body(reply, table.body(*range(9, -1, -1)), status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("order", "ordered"),
    [pytest.param("v,n", (1, 3, 2, 0), id="first"), pytest.param("-v,n", (0, 2, 1, 3), id="last")],
)
def test_rows_without_a_value_come_before_all_others(
    parse: ParseClient, expect: Expect, new_table: NewTable, order: str, ordered: tuple[int, ...]
) -> None:
    """Rows with null and without the field are equal, and come first; in reverse, last."""
    rows: list[dict[str, Any]] = [
        {"n": 0, "v": 1},
        {"n": 1},
        {"n": 2, "v": -5},
        {"n": 3, "v": None},
    ]
    table = new_table("GameScore", rows)
    expect.body(parse.find(table.name, order=order), table.body(*ordered), status=200)


@pytest.mark.level("may")
def test_a_dotted_key_orders_by_a_member(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A key with a dot in order sorts by a member of an object."""
    table = new_table("GameScore", [{"o": {"a": 2}}, {"o": {"a": 3}}, {"o": {"a": 1}}])
    expect.body(parse.find(table.name, order="-o.a"), table.body(1, 0, 2), status=200)


@pytest.mark.level("may")
def test_an_unknown_field_orders_nothing(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A field that no row has leaves the order to the next one."""
    table = new_table("GameScore", [{"n": 1}, {"n": 0}])
    expect.body(parse.find(table.name, order="nosuch,n"), table.body(1, 0), status=200)
