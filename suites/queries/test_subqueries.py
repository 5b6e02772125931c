"""Constraints that look into the result of another query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#relational-queries")]

TEAMS = [
    {"city": "Lagos", "winPct": 0.6},
    {"city": "Lima", "winPct": 0.5},
    {"city": "Oslo", "winPct": 0.9},
]
USERS: list[dict[str, Any]] = [
    {"n": 0, "hometown": "Lagos"},
    {"n": 1, "hometown": "Lima"},
    {"n": 2, "hometown": "Oslo"},
    {"n": 3},
]


@pytest.mark.parametrize(
    ("operator", "found"),
    [pytest.param("$inQuery", (0,), id="in"), pytest.param("$notInQuery", (1, 2), id="not in")],
)
def test_a_pointer_leads_to_a_row_that_a_query_finds(
    parse: ParseClient, expect: Expect, new_table: NewTable, operator: str, found: tuple[int, ...]
) -> None:
    """The operators $inQuery and $notInQuery ask whether a query finds what a pointer leads to."""
    posts = new_table("Post", [{"image": "x.png"}, {"title": "no image"}])
    comments = new_table(
        "Comment",
        [{"n": 0, "post": posts.pointer(0)}, {"n": 1, "post": posts.pointer(1)}, {"n": 2}],
    )
    query = {"where": {"image": {"$exists": True}}, "className": posts.name}
    reply = parse.find(comments.name, {"post": {operator: query}}, order="n")
    expect.body(reply, comments.body(*found), status=200)


@pytest.mark.parametrize(
    ("operator", "found"),
    [pytest.param("$inQuery", (), id="in"), pytest.param("$notInQuery", (0, 1), id="not in")],
)
def test_a_query_that_finds_nothing_still_counts(
    parse: ParseClient, expect: Expect, new_table: NewTable, operator: str, found: tuple[int, ...]
) -> None:
    """When the inner query finds nothing, $inQuery finds nothing and $notInQuery everything."""
    posts = new_table("Post", [{"title": "a"}])
    comments = new_table("Comment", [{"n": 0, "post": posts.pointer(0)}, {"n": 1}])
    query = {"where": {"title": "none"}, "className": posts.name}
    reply = parse.find(comments.name, {"post": {operator: query}}, order="n")
    expect.body(reply, comments.body(*found), status=200)


def test_one_matching_pointer_of_an_array_is_enough(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """On an array of pointers, $inQuery asks for one that the inner query finds."""
    tags = new_table("Tag", [{"t": "a"}, {"t": "b"}])
    posts = new_table(
        "Post", [{"tags": [tags.pointer(1), tags.pointer(0)]}, {"tags": [tags.pointer(1)]}]
    )
    query = {"where": {"t": "a"}, "className": tags.name}
    expect.body(parse.find(posts.name, {"tags": {"$inQuery": query}}), posts.body(0), status=200)


def test_queries_nest(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """An inner query can have an inner query."""
    authors = new_table("Author", [{"name": "a"}, {"name": "b"}])
    posts = new_table("Post", [{"author": authors.pointer(0)}, {"author": authors.pointer(1)}])
    comments = new_table("Comment", [{"post": posts.pointer(0)}, {"post": posts.pointer(1)}])
    by_b = {"author": {"$inQuery": {"where": {"name": "b"}, "className": authors.name}}}
    where = {"post": {"$inQuery": {"where": by_b, "className": posts.name}}}
    expect.body(parse.find(comments.name, where), comments.body(1), status=200)


def test_a_subquery_combines_with_other_constraints(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A constraint beside $inQuery must hold as well, also in a count."""
    posts = new_table("Post", [{"title": "a"}, {"title": "b"}])
    comments = new_table("Comment", [{"n": n, "post": posts.pointer(n % 2)} for n in range(6)])
    query = {"where": {"title": "a"}, "className": posts.name}
    where = {"post": {"$inQuery": query}, "n": {"$gt": 1}}
    reply = parse.find(comments.name, where, order="-n", count=1)
    expect.body(reply, {**comments.body(4, 2), "count": 2}, status=200)


@pytest.mark.parametrize(
    ("operator", "found"),
    [pytest.param("$select", (0, 2), id="select"), pytest.param("$dontSelect", (1, 3), id="dont")],
)
def test_a_value_is_among_the_values_that_a_query_finds(
    parse: ParseClient, expect: Expect, new_table: NewTable, operator: str, found: tuple[int, ...]
) -> None:
    """The operators $select and $dontSelect compare with a key of the rows that a query finds."""
    teams = new_table("Team", TEAMS)
    users = new_table("Fan", USERS)
    query = {"className": teams.name, "where": {"winPct": {"$gt": 0.5}}}
    where = {"hometown": {operator: {"query": query, "key": "city"}}}
    expect.body(parse.find(users.name, where, order="n"), users.body(*found), status=200)


@pytest.mark.spec("rest/security#object-level-access-control")
def test_a_subquery_does_not_see_what_the_user_may_not_read(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_guest: NewGuest
) -> None:
    """An inner query finds only rows that whoever asks may read."""
    alice = new_guest("alice")
    acl = {alice.id: {"read": True}}
    posts = new_table("Post", [{"title": "secret", "ACL": acl}])
    comments = new_table("Comment", [{"post": posts.pointer(0), "title": "secret"}])
    query = {"where": {"title": "secret"}, "className": posts.name}
    where = {"post": {"$inQuery": query}}
    expect.body(parse.find(comments.name, where), {"results": []}, status=200)
    expect.body(alice.client.find(comments.name, where), comments.body(0), status=200)
    where = {"title": {"$select": {"query": query, "key": "title"}}}
    expect.body(parse.find(comments.name, where), {"results": []}, status=200)
    expect.body(alice.client.find(comments.name, where), comments.body(0), status=200)


@pytest.mark.level("should")
def test_a_subquery_finds_a_hundred_rows_at_most(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The default limit of 100 applies to the inner query too."""
    posts = new_table("Post", [{"title": "a"} for _ in range(101)])
    comments = new_table("Comment", [{"post": posts.pointer(n)} for n in range(101)])
    query = {"where": {"title": "a"}, "className": posts.name}
    reply = parse.find(comments.name, {"post": {"$inQuery": query}}, count=1, limit=0)
    expect.body(reply, {"results": [], "count": 100}, status=200)
