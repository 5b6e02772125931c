"""What a query shows to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [
    pytest.mark.area("queries"),
    pytest.mark.spec("rest/security#object-level-access-control"),
]


def test_a_query_shows_each_user_what_they_may_read(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_guest: NewGuest
) -> None:
    """Each of two users finds and counts their own rows and public ones, nobody else's."""
    alice, bob = new_guest("alice"), new_guest("bob")
    table = new_table(
        "Note",
        [
            {"n": 0},
            {"n": 1, "ACL": {"*": {"read": True}}},
            {"n": 2, "ACL": {alice.id: {"read": True, "write": True}}},
            {"n": 3, "ACL": {bob.id: {"read": True, "write": True}}},
            {"n": 4, "ACL": {alice.id: {"read": True}, bob.id: {"read": True}}},
        ],
    )
    for client, found in (
        (parse, (0, 1)),
        (alice.client, (0, 1, 2, 4)),
        (bob.client, (0, 1, 3, 4)),
    ):
        reply = client.find(table.name, order="n", count=1)
        expect.body(reply, {**table.body(*found), "count": len(found)}, status=200)


def test_a_count_alone_leaves_hidden_rows_out(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_guest: NewGuest
) -> None:
    """A count without rows does not tell how many rows there are that one may not read."""
    alice = new_guest("alice")
    table = new_table("Note", [{"n": 0}, {"n": 0, "ACL": {alice.id: {"read": True}}}])
    reply = parse.find(table.name, {"n": 0}, count=1, limit=0)
    expect.body(reply, {"results": [], "count": 1}, status=200)
    reply = alice.client.find(table.name, {"n": 0}, count=1, limit=0)
    expect.body(reply, {"results": [], "count": 2}, status=200)


def test_hidden_rows_take_no_place_on_a_page(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Limit and skip count only rows that one may read."""
    table = new_table("Note", [{"n": n, **({"ACL": {}} if n % 2 else {})} for n in range(8)])
    reply = parse.find(table.name, order="n", limit=2, skip=1)
    expect.body(reply, table.body(2, 4), status=200)


def test_no_constraint_reveals_a_hidden_row(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A constraint that only a hidden row meets finds nothing, by id, value, pattern or $or."""
    table = new_table("Note", [{"text": "secret", "ACL": {}}])
    object_id = table.rows[0]["objectId"]
    for where in (
        {"objectId": object_id},
        {"text": {"$regex": "^s"}},
        {"$or": [{"text": "secret"}, {"objectId": object_id}]},
    ):
        expect.body(parse.find(table.name, where, count=1), {"results": [], "count": 0}, status=200)


def test_a_row_without_readers_is_for_the_master_key(
    parse: ParseClient,
    master: ParseClient,
    expect: Expect,
    new_table: NewTable,
    new_guest: NewGuest,
) -> None:
    """A row with an empty ACL shows to no user, and to the master key."""
    table = new_table("Note", [{"n": 0, "ACL": {}}, {"n": 1}])
    for client in (parse, new_guest("alice").client):
        expect.body(client.find(table.name, count=1), {**table.body(1), "count": 1}, status=200)
    reply = master.find(table.name, order="n", count=1)
    expect.body(reply, {**table.body(0, 1), "count": 2}, status=200)


def test_the_right_to_write_is_not_the_right_to_read(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A row that everybody may write and nobody read is in no query."""
    table = new_table("Note", [{"n": 0, "ACL": {"*": {"write": True}}}])
    expect.body(parse.find(table.name, count=1), {"results": [], "count": 0}, status=200)


def test_a_change_of_the_acl_changes_queries(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_guest: NewGuest
) -> None:
    """A row leaves the queries of others when its ACL closes, and comes back when it opens."""
    alice = new_guest("alice")
    own = {alice.id: {"read": True, "write": True}}
    table = new_table("Note", [{"n": 0, "ACL": {**own, "*": {"read": True}}}])
    object_id = table.rows[0]["objectId"]
    expect.ids(parse.find(table.name), table.ids(0))
    alice.client.update(table.name, object_id, {"ACL": own})
    expect.body(parse.find(table.name), {"results": []}, status=200)
    expect.ids(alice.client.find(table.name), table.ids(0))
    alice.client.update(table.name, object_id, {"ACL": {**own, "*": {"read": True}}})
    expect.ids(parse.find(table.name), table.ids(0))
