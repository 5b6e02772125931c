"""Counting objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.compare import Unordered
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#counting-objects")]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        pytest.param({}, 7, id="all"),
        pytest.param({"playerName": "Jonathan Walsh"}, 3, id="some"),
        pytest.param({"playerName": "Shawn Simon"}, 0, id="none"),
        pytest.param({"n": {"$gte": 3}}, 4, id="range"),
        pytest.param({"playerName": {"$regex": "^Jona"}}, 3, id="regex"),
        pytest.param({"$or": [{"n": 1}, {"n": {"$gt": 4}}]}, 3, id="or"),
        pytest.param({"missing": {"$exists": False}}, 7, id="missing"),
    ],
)
def test_a_count_alone_answers_no_rows(
    parse: ParseClient, expect: Expect, new_table: NewTable, where: Any, count: int
) -> None:
    """The parameters count=1 and limit=0 answer how many rows a query finds, and no row."""
    names = ["Jonathan Walsh", "Dario Wunsch", "jonathan walsh"]
    table = new_table("GameScore", [{"n": n, "playerName": names[n % 3]} for n in range(7)])
    reply = parse.find(table.name, where, count=1, limit=0)
    expect.body(reply, {"results": [], "count": count}, status=200)


def test_a_count_ignores_limit_and_skip(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A page with count answers how many rows there are on all pages."""
    table = new_table("GameScore", [{"n": n} for n in range(6)])
    reply = parse.find(table.name, {"n": {"$gt": 0}}, order="n", limit=2, skip=1, count=1)
    expect.body(reply, {**table.body(2, 3), "count": 5}, status=200)


def test_a_count_is_answered_when_asked_for(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Without count, or with count=0, the answer has results alone."""
    table = new_table("GameScore", [{"n": 0}])
    expect.body(parse.find(table.name), table.body(0), status=200)
    expect.body(parse.find(table.name, count=0), table.body(0), status=200)


def test_a_count_goes_beyond_a_page(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The count is exact where there are more rows than the default limit of 100."""
    table = new_table("GameScore", [{"n": n} for n in range(105)])
    reply = parse.find(table.name, {"n": {"$ne": 0}}, order="n", count=1, keys="n")
    expect.body(reply, {**table.body(*range(1, 101)), "count": 104}, status=200)


def test_a_count_follows_creation_and_deletion(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The count rises by one with each creation and falls by one with each deletion."""
    game_score = new_class("GameScore")
    created = [parse.create(game_score, {"n": n})["objectId"] for n in range(2)]
    expect.body(parse.find(game_score, count=1, limit=0), {"results": [], "count": 2}, status=200)
    parse.destroy(game_score, created[0])
    expect.body(parse.find(game_score, count=1, limit=0), {"results": [], "count": 1}, status=200)


@pytest.mark.spec("rest/queries#aggregate")
@pytest.mark.level("may")
def test_distinct_values_are_answered_with_the_master_key(
    parse: ParseClient, master: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The endpoint aggregate answers the distinct values of a field, with the master key only."""
    table = new_table("GameScore", [{"n": n % 3} for n in range(7)])
    path = f"aggregate/{table.name}"
    reply = master.get(path, params={"distinct": "n"})
    expect.body(reply, {"results": Unordered([0, 1, 2])}, status=200)
    expect.error(parse.get(path, params={"distinct": "n"}), None, status=403)
