"""Less and greater than, and not equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]

OPERATORS = [
    pytest.param("$lt", (0,), id="lt"),
    pytest.param("$lte", (0, 1), id="lte"),
    pytest.param("$gt", (2,), id="gt"),
    pytest.param("$gte", (1, 2), id="gte"),
]


def date(iso: str) -> dict[str, str]:
    """Return a Date."""
    return {"__type": "Date", "iso": iso}


VALUES = [
    pytest.param([2, 10, 11], id="numbers"),
    pytest.param([-0.2, -0.1, 0.1], id="fractions"),
    pytest.param(["Big", "big", "bigger"], id="strings"),
    pytest.param(
        [
            date("2015-12-31T23:59:59.999Z"),
            date("2016-01-01T00:00:00.000Z"),
            date("2016-01-01T00:00:00.001Z"),
        ],
        id="dates",
    ),
]


@pytest.mark.parametrize(("operator", "found"), OPERATORS)
@pytest.mark.parametrize("values", VALUES)
def test_an_operator_compares_with_its_value(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    operator: str,
    found: tuple[int, ...],
    values: list[Any],
) -> None:
    """An operator finds the rows on its side of the value, with the value itself if it says so."""
    table = new_table("GameScore", [*({"n": n, "v": v} for n, v in enumerate(values)), {"n": 3}])
    where = {"v": {operator: values[1]}}
    expect.body(parse.find(table.name, where, order="n"), table.body(*found), status=200)


def test_a_range_includes_its_ends(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """Two operators on one key find the range between them, with both ends."""
    scores = [999, 1000, 2000, 3000, 3001]
    table = new_table("GameScore", [{"score": score} for score in scores])
    where = {"score": {"$gte": 1000, "$lte": 3000}}
    expect.body(parse.find(table.name, where, order="score"), table.body(1, 2, 3), status=200)


def test_many_operators_on_one_key_must_all_hold(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Four operators on one key find the rows that meet all of them."""
    table = new_table("GameScore", [{"score": n} for n in range(6)])
    where = {"score": {"$gt": 0, "$lt": 5, "$ne": 2, "$in": [0, 1, 2, 3, 5]}}
    expect.body(parse.find(table.name, where, order="score"), table.body(1, 3), status=200)


def test_a_millisecond_makes_a_difference(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Dates are compared to the millisecond, and the ends of an open range stay outside."""
    times = ["00.000Z", "00.001Z", "00.999Z", "01.000Z"]
    table = new_table(
        "GameScore",
        [{"n": n, "d": date(f"2016-01-01T00:00:{time}")} for n, time in enumerate(times)],
    )
    where = {"d": {"$gt": table.rows[0]["d"], "$lt": table.rows[3]["d"]}}
    expect.body(parse.find(table.name, where, order="n"), table.body(1, 2), status=200)


@pytest.mark.parametrize("name", ["createdAt", "updatedAt"])
def test_built_in_dates_are_compared_as_dates(
    parse: ParseClient, expect: Expect, new_table: NewTable, name: str
) -> None:
    """A Date in a range on createdAt or updatedAt splits the rows at this time."""
    table = new_table("GameScore", [{"n": 0}])
    time = date(table.rows[0][name])
    expect.body(parse.find(table.name, {name: {"$gte": time}}), table.body(0), status=200)
    expect.body(parse.find(table.name, {name: {"$lte": time}}), table.body(0), status=200)
    expect.body(parse.find(table.name, {name: {"$gt": time}}), {"results": []}, status=200)
    expect.body(parse.find(table.name, {name: {"$lt": time}}), {"results": []}, status=200)


def test_a_new_update_is_found_by_updated_at(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The usual query for changes finds what was updated since, and nothing else."""
    table = new_table("GameScore", [{"n": 0}, {"n": 1}])
    object_id = table.rows[1]["objectId"]
    since = max(row["updatedAt"] for row in table.rows)
    updated = since
    for count in range(1000):
        updated = parse.update(table.name, object_id, {"count": count})["updatedAt"]
        if updated > since:
            break
    reply = parse.find(table.name, {"updatedAt": {"$gt": date(since)}}, keys="n")
    row = {**table.rows[1], "updatedAt": updated}
    expect.body(reply, {"results": [row]}, status=200)


@pytest.mark.level("should")
@pytest.mark.parametrize("name", ["createdAt", "updatedAt"])
def test_built_in_dates_are_compared_with_plain_text(
    parse: ParseClient, expect: Expect, new_table: NewTable, name: str
) -> None:
    """A range on createdAt or updatedAt takes the time as plain text, as it is answered."""
    table = new_table("GameScore", [{"n": 0}])
    where = {name: {"$gte": table.rows[0][name]}}
    expect.body(parse.find(table.name, where), table.body(0), status=200)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("a", (1, 2, 3), id="string"),
        pytest.param("c", (0, 1, 2, 3), id="in no row"),
    ],
)
def test_not_equal_finds_everything_else(
    parse: ParseClient, expect: Expect, new_table: NewTable, value: str, found: tuple[int, ...]
) -> None:
    """The operator $ne finds the rows with another value, with null and without the field."""
    table = new_table(
        "GameScore", [{"n": 0, "v": "a"}, {"n": 1, "v": "b"}, {"n": 2, "v": None}, {"n": 3}]
    )
    where = {"v": {"$ne": value}}
    expect.body(parse.find(table.name, where, order="n"), table.body(*found), status=200)


@pytest.mark.parametrize(
    ("value", "found"),
    [pytest.param(True, (1, 2), id="true"), pytest.param(False, (0, 2), id="false")],
)
def test_not_equal_to_a_boolean_keeps_rows_without_it(
    parse: ParseClient, expect: Expect, new_table: NewTable, value: object, found: tuple[int, ...]
) -> None:
    """The operator $ne with a boolean finds the other boolean and the rows that have none."""
    table = new_table("GameScore", [{"n": 0, "v": True}, {"n": 1, "v": False}, {"n": 2}])
    where = {"v": {"$ne": value}}
    expect.body(parse.find(table.name, where, order="n"), table.body(*found), status=200)


@pytest.mark.level("may")
def test_not_null_finds_rows_with_a_value(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operator $ne with null finds the rows that have a value."""
    table = new_table(
        "GameScore", [{"n": 0, "v": 0}, {"n": 1, "v": None}, {"n": 2}, {"n": 3, "v": 1}]
    )
    where = {"v": {"$ne": None}}
    expect.body(parse.find(table.name, where, order="n"), table.body(0, 3), status=200)


@pytest.mark.level("may")
def test_values_of_another_type_are_on_no_side(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A comparison with a value of another type finds nothing."""
    table = new_table("GameScore", [{"v": "5"}])
    expect.body(parse.find(table.name, {"v": {"$gt": 1}}), {"results": []}, status=200)
    expect.body(parse.find(table.name, {"v": {"$lte": 9}}), {"results": []}, status=200)
