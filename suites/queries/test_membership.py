"""Operators over lists of values, and whether a value is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]

NAMES: list[dict[str, Any]] = [
    {"n": 0, "v": "a"},
    {"n": 1, "v": "b"},
    {"n": 2, "v": "c"},
    {"n": 3, "v": None},
    {"n": 4},
]
ARRAYS: list[dict[str, Any]] = [
    {"n": 0, "list": [1, 2, 3]},
    {"n": 1, "list": [4, 3, 2, 1]},
    {"n": 2, "list": [2]},
    {"n": 3, "list": []},
    {"n": 4},
]


@pytest.mark.parametrize(
    ("operator", "values", "found"),
    [
        pytest.param("$in", ["a", "c", "z"], (0, 2), id="in"),
        pytest.param("$in", ["A"], (), id="in, other case"),
        pytest.param("$in", [], (), id="in nothing"),
        pytest.param("$nin", ["a", "c", "z"], (1, 3, 4), id="not in"),
        pytest.param("$nin", [], (0, 1, 2, 3, 4), id="not in nothing"),
    ],
)
def test_a_value_is_in_a_list_or_not(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    operator: str,
    values: list[str],
    found: tuple[int, ...],
) -> None:
    """The operator $in finds the values of a list, $nin all other rows, also those without one."""
    table = new_table("GameScore", NAMES)
    reply = parse.find(table.name, {"v": {operator: values}}, order="n")
    expect.body(reply, table.body(*found), status=200)


def test_numbers_are_found_in_a_list(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operator $in with odd numbers finds the odd scores."""
    table = new_table("GameScore", [{"score": n} for n in range(12)])
    where = {"score": {"$in": [1, 3, 5, 7, 9]}}
    expect.body(parse.find(table.name, where, order="score"), table.body(1, 3, 5, 7, 9), status=200)


@pytest.mark.spec("rest/queries#relational-queries")
def test_pointers_are_found_in_a_list(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operators $in and $nin take pointers."""
    posts = new_table("Post", [{"t": n} for n in range(3)])
    table = new_table("Comment", [{"n": n, "post": posts.pointer(n)} for n in range(3)])
    listed = [posts.pointer(0), posts.pointer(2)]
    reply = parse.find(table.name, {"post": {"$in": listed}}, order="n")
    expect.body(reply, table.body(0, 2), status=200)
    reply = parse.find(table.name, {"post": {"$nin": listed}}, order="n")
    expect.body(reply, table.body(1), status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("operator", "found"),
    [pytest.param("$in", (0, 3, 4), id="in"), pytest.param("$nin", (1, 2), id="not in")],
)
def test_null_in_a_list_stands_for_missing_too(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    operator: str,
    found: tuple[int, ...],
) -> None:
    """A null in the list of $in or $nin means rows with null and rows without the field."""
    table = new_table("GameScore", NAMES)
    reply = parse.find(table.name, {"v": {operator: ["a", None]}}, order="n")
    expect.body(reply, table.body(*found), status=200)


@pytest.mark.parametrize(
    ("exists", "found"),
    [pytest.param(True, (0, 1, 2), id="set"), pytest.param(False, (3,), id="not set")],
)
def test_a_value_is_set_or_not(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    exists: object,
    found: tuple[int, ...],
) -> None:
    """The operator $exists tells rows with a value, even an empty one, from rows without."""
    rows: list[dict[str, Any]] = [{"n": 0, "v": 5}, {"n": 1, "v": 0}, {"n": 2, "v": -1}, {"n": 3}]
    table = new_table("GameScore", rows)
    reply = parse.find(table.name, {"v": {"$exists": exists}}, order="n")
    expect.body(reply, table.body(*found), status=200)


@pytest.mark.spec("rest/objects#deleting-objects")
def test_a_deleted_field_no_longer_exists(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A field that was removed with the Delete operation counts as not set."""
    table = new_table("GameScore", [{"n": 0, "v": 1}, {"n": 1, "v": 1}])
    parse.update(table.name, table.rows[0]["objectId"], {"v": {"__op": "Delete"}})
    expect.body(parse.find(table.name, {"v": {"$exists": True}}), table.body(1), status=200)
    reply = parse.find(table.name, {"v": {"$exists": False}})
    expect.ids(reply, table.ids(0))


@pytest.mark.level("may")
def test_a_null_is_a_set_value(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """A field that holds null exists; it is not the same as a missing field."""
    table = new_table("GameScore", [{"n": 0, "v": 1}, {"n": 1, "v": None}, {"n": 2}])
    reply = parse.find(table.name, {"v": {"$exists": True}}, order="n")
    expect.body(reply, table.body(0, 1), status=200)
    reply = parse.find(table.name, {"v": {"$exists": False}}, order="n")
    expect.body(reply, table.body(2), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param([2, 3], (0, 1), id="two"),
        pytest.param([1, 2, 3, 4], (1,), id="in another order"),
        pytest.param([2], (0, 1, 2), id="one"),
        pytest.param([2, 9], (), id="one of them missing"),
    ],
)
def test_an_array_contains_all_values(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    values: list[int],
    found: tuple[int, ...],
) -> None:
    """The operator $all finds the arrays that contain each value, in whatever order."""
    table = new_table("RandomObject", ARRAYS)
    reply = parse.find(table.name, {"list": {"$all": values}}, order="n")
    expect.body(reply, table.body(*found), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
@pytest.mark.parametrize(
    ("operator", "values", "found"),
    [
        pytest.param("$in", [4, 9], (1,), id="in"),
        pytest.param("$nin", [1, 9], (2, 3, 4), id="not in"),
    ],
)
def test_an_array_shares_an_element_with_a_list(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    operator: str,
    values: list[int],
    found: tuple[int, ...],
) -> None:
    """On arrays, $in asks for one common element and $nin for none."""
    table = new_table("RandomObject", ARRAYS)
    reply = parse.find(table.name, {"list": {operator: values}}, order="n")
    expect.body(reply, table.body(*found), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
@pytest.mark.level("should")
def test_not_equal_on_an_array_means_it_does_not_contain(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """On arrays, $ne finds the rows whose array does not contain the value."""
    table = new_table("RandomObject", ARRAYS)
    reply = parse.find(table.name, {"list": {"$ne": 3}}, order="n")
    expect.body(reply, table.body(2, 3, 4), status=200)


@pytest.mark.spec("rest/queries#queries-on-array-values")
@pytest.mark.level("may")
def test_an_array_is_contained_by_a_list(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operator $containedBy finds the arrays that have no element outside the list."""
    table = new_table("RandomObject", ARRAYS[:3])
    reply = parse.find(table.name, {"list": {"$containedBy": [1, 2, 3, 5]}}, order="n")
    expect.body(reply, table.body(0, 2), status=200)
