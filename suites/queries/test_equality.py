"""Constraints that ask for a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]


def date(iso: str) -> dict[str, str]:
    """Return a Date."""
    return {"__type": "Date", "iso": iso}


def point(latitude: float, longitude: float) -> dict[str, Any]:
    """Return a GeoPoint."""
    return {"__type": "GeoPoint", "latitude": latitude, "longitude": longitude}


@pytest.mark.parametrize(
    ("wanted", "others"),
    [
        pytest.param("Sean Plott", ["sean plott", "Sean Plott ", "Sean", ""], id="string"),
        pytest.param("", [" ", "0"], id="empty string"),
        pytest.param(1337, [1338, -1337, 0], id="number"),
        pytest.param(0, [1, -1], id="zero"),
        pytest.param(0.30000000000000004, [0.3, 0.1], id="fraction"),
        pytest.param(9007199254740991, [9007199254740990, -9007199254740991], id="2^53-1"),
        pytest.param(1e300, [1e299, -1e300], id="large"),
        pytest.param(True, [False], id="true"),
        pytest.param(False, [True], id="false"),
        pytest.param(
            date("2016-02-29T23:59:59.999Z"),
            [date("2016-02-29T23:59:59.998Z"), date("2016-03-01T00:00:00.000Z")],
            id="date",
        ),
        pytest.param(
            date("1969-12-31T23:59:59.999Z"), [date("1970-01-01T00:00:00.000Z")], id="old date"
        ),
        pytest.param(point(40.5, -30.25), [point(-30.25, 40.5), point(40.5, -30)], id="geopoint"),
    ],
)
def test_a_value_finds_its_equals_only(
    parse: ParseClient, expect: Expect, new_table: NewTable, wanted: Any, others: list[Any]
) -> None:
    """A plain value in where finds the rows with exactly this value, and no row without one."""
    table = new_table("GameScore", [{"v": wanted}, *({"v": other} for other in others), {"w": 1}])
    expect.body(parse.find(table.name, {"v": wanted}), table.body(0), status=200)


def test_a_whole_number_equals_itself_with_a_fraction(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The numbers 5 and 5.0 are one number, whichever was stored."""
    table = new_table("GameScore", [{"n": 0, "v": 5}, {"n": 1, "v": 5.0}, {"n": 2, "v": 5.5}])
    expect.body(parse.find(table.name, {"v": 5.0}, order="n"), table.body(0, 1), status=200)
    expect.body(parse.find(table.name, {"v": 5}, order="n"), table.body(0, 1), status=200)


@pytest.mark.level("may")
def test_numbers_beyond_2_53_are_doubles(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A number beyond 2^53 is stored, answered and compared as the nearest double."""
    table = new_table("GameScore", [{"v": 9007199254740993}, {"v": 9223372036854775807}])
    first = {**table.rows[0], "v": 9007199254740992}
    expect.body(parse.find(table.name, {"v": 9007199254740993}), {"results": [first]}, status=200)
    # What JavaScript prints for 2^63: the shortest digits that read back as the same double.
    last = {**table.rows[1], "v": 9223372036854776000}
    expect.body(parse.find(table.name, {"v": 9223372036854775807}), {"results": [last]}, status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    "wanted", [pytest.param("1", id="string"), pytest.param(True, id="boolean")]
)
def test_values_of_other_types_are_not_converted(
    parse: ParseClient, expect: Expect, new_table: NewTable, wanted: Any
) -> None:
    """A string or a boolean does not find the number that it resembles."""
    table = new_table("GameScore", [{"v": 1}])
    expect.body(parse.find(table.name, {"v": wanted}), {"results": []}, status=200)


def test_all_constraints_must_hold(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """Constraints on several keys find the rows that meet all of them."""
    table = new_table(
        "GameScore",
        [
            {"playerName": "Sean Plott", "cheatMode": False},
            {"playerName": "Sean Plott", "cheatMode": True},
            {"playerName": "Shawn Simon", "cheatMode": False},
        ],
    )
    where = {"playerName": "Sean Plott", "cheatMode": False}
    expect.body(parse.find(table.name, where), table.body(0), status=200)


def test_a_row_is_found_by_its_id(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """The constraint objectId finds the one row with this id."""
    table = new_table("GameScore", [{"n": n} for n in range(3)])
    where = {"objectId": table.rows[1]["objectId"]}
    expect.body(parse.find(table.name, where), table.body(1), status=200)


@pytest.mark.spec("rest/queries#relational-queries")
def test_a_pointer_finds_the_rows_that_point_there(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A pointer in where finds the rows whose field points to the same object."""
    posts = new_table("Post", [{"title": "a"}, {"title": "b"}])
    comments = new_table(
        "Comment",
        [{"n": 0, "post": posts.pointer(0)}, {"n": 1, "post": posts.pointer(1)}, {"n": 2}],
    )
    where = {"post": posts.pointer(0)}
    expect.body(parse.find(comments.name, where), comments.body(0), status=200)
    where = {"post": {"$ne": posts.pointer(0)}}
    expect.body(parse.find(comments.name, where, order="n"), comments.body(1, 2), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(2, (0, 1), id="number"),
        pytest.param("x", (2,), id="string"),
        pytest.param(9, (), id="not there"),
    ],
)
def test_a_value_finds_the_arrays_that_contain_it(
    parse: ParseClient, expect: Expect, new_table: NewTable, wanted: Any, found: tuple[int, ...]
) -> None:
    """On an array field, a plain value finds the rows whose array contains it."""
    arrays: list[list[Any]] = [[1, 2, 3], [2, 4], ["x", 22], []]
    table = new_table("RandomObject", [{"n": n, "list": v} for n, v in enumerate(arrays)])
    expect.body(parse.find(table.name, {"list": wanted}, order="n"), table.body(*found), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
def test_a_pointer_finds_the_arrays_that_contain_it(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """On an array of pointers, a pointer finds the rows whose array contains it."""
    tags = new_table("Tag", [{"t": "a"}, {"t": "b"}])
    table = new_table(
        "Post", [{"tags": [tags.pointer(0), tags.pointer(1)]}, {"tags": [tags.pointer(1)]}]
    )
    expect.body(parse.find(table.name, {"tags": tags.pointer(0)}), table.body(0), status=200)


@pytest.mark.level("should")
@pytest.mark.parametrize(
    ("where", "found"),
    [
        pytest.param({"o.name": "x"}, (0,), id="member"),
        pytest.param({"o.a.b": 2}, (1,), id="member of a member"),
        pytest.param({"o.a.b": {"$gte": 1}}, (0, 1), id="comparison"),
        pytest.param({"o.a.b": {"$exists": False}}, (2, 3), id="missing"),
        pytest.param({"o.name": "x", "o.a.b": 2}, (), id="two members"),
    ],
)
def test_a_dotted_key_reaches_into_objects(
    parse: ParseClient, expect: Expect, new_table: NewTable, where: Any, found: tuple[int, ...]
) -> None:
    """A key with dots constrains a member of an object."""
    rows: list[dict[str, Any]] = [
        {"o": {"name": "x", "a": {"b": 1}}},
        {"o": {"a": {"b": 2}}},
        {"o": {}},
        {},
    ]
    table = new_table("GameScore", [{"n": n, **row} for n, row in enumerate(rows)])
    expect.body(parse.find(table.name, where, order="n"), table.body(*found), status=200)


@pytest.mark.level("may")
def test_null_finds_null_and_missing(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The value null finds the rows whose field is null and those without the field."""
    table = new_table("GameScore", [{"n": 0, "v": 1}, {"n": 1, "v": None}, {"n": 2}])
    expect.body(parse.find(table.name, {"v": None}, order="n"), table.body(1, 2), status=200)


@pytest.mark.level("may")
def test_created_at_as_plain_text_finds_its_rows(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The text of createdAt, as a query answers it, finds the row again."""
    table = new_table("GameScore", [{"v": 1}])
    created = table.rows[0]["createdAt"]
    expect.body(parse.find(table.name, {"createdAt": created}), table.body(0), status=200)
    other = created[:-4] + ("1" if created[-4] != "1" else "2") + created[-3:]
    expect.body(parse.find(table.name, {"createdAt": other}), {"results": []}, status=200)
