"""Queries that are made of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#compound-queries")]

PLAYERS: list[dict[str, Any]] = [
    {"wins": 3, "country": "KR"},
    {"wins": 5, "country": "SE"},
    {"wins": 150, "country": "KR"},
    {"wins": 151, "country": "SE"},
    {"wins": 400, "country": "KR"},
]
MANY_OR_FEW = {"$or": [{"wins": {"$gt": 150}}, {"wins": {"$lt": 5}}]}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        pytest.param(MANY_OR_FEW, (0, 3, 4), id="one key"),
        pytest.param({"$or": [{"wins": 5}, {"country": "KR"}]}, (0, 1, 2, 4), id="two keys"),
        pytest.param({"$or": [{"wins": 5}]}, (1,), id="one query"),
        pytest.param(
            {"$or": [{"wins": {"$gt": 3}}, {"country": "KR"}]}, (0, 1, 2, 3, 4), id="overlap"
        ),
        pytest.param({"$or": [{"wins": 1}, {"country": "FR"}]}, (), id="none"),
    ],
)
def test_any_of_the_queries_is_enough(
    parse: ParseClient, expect: Expect, new_table: NewTable, where: Any, found: tuple[int, ...]
) -> None:
    """The operator $or finds each row that meets one of its queries, and finds it once."""
    table = new_table("Player", PLAYERS)
    expect.body(parse.find(table.name, where, order="wins"), table.body(*found), status=200)


def test_constraints_beside_or_hold_as_well(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A constraint beside $or must hold, whichever of the queries does."""
    table = new_table("Player", PLAYERS)
    where = {**MANY_OR_FEW, "country": "KR"}
    expect.body(parse.find(table.name, where, order="wins"), table.body(0, 4), status=200)


def test_every_constraint_of_one_query_must_hold(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Two constraints in one query of $or must hold together."""
    table = new_table("Player", PLAYERS)
    where = {"$or": [{"wins": {"$gt": 100}, "country": "SE"}, {"wins": 5, "country": "KR"}]}
    expect.body(parse.find(table.name, where), table.body(3), status=200)


@pytest.mark.level("should")
def test_or_can_stand_in_or(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """A query of $or can itself be an $or."""
    table = new_table("Player", PLAYERS)
    where = {"$or": [{"$or": [{"wins": 3}, {"wins": 400}]}, {"wins": 5}]}
    expect.body(parse.find(table.name, where, order="wins"), table.body(0, 1, 4), status=200)


def test_order_limit_and_count_apply_to_the_whole(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Order, limit, skip and count apply to what $or finds, not to each of its queries."""
    table = new_table("Player", PLAYERS)
    reply = parse.find(table.name, MANY_OR_FEW, order="-wins", limit=1, skip=1, count=1)
    expect.body(reply, {**table.body(3), "count": 3}, status=200)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("where", "found"),
    [
        pytest.param({"$and": [{"wins": {"$gt": 3}}, {"country": "KR"}]}, (2, 4), id="and"),
        pytest.param(
            {"$and": [MANY_OR_FEW, {"$or": [{"wins": 3}, {"wins": 5}]}]}, (0,), id="or in and"
        ),
        pytest.param({"$nor": [{"wins": 5}, {"country": "KR"}]}, (3,), id="nor"),
    ],
)
def test_queries_combine_with_and_and_nor(
    parse: ParseClient, expect: Expect, new_table: NewTable, where: Any, found: tuple[int, ...]
) -> None:
    """The operators $and and $nor ask for all queries, or for none."""
    table = new_table("Player", PLAYERS)
    expect.body(parse.find(table.name, where, order="wins"), table.body(*found), status=200)
