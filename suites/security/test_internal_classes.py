"""What the server keeps for itself: its own classes, join tables and columns."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import Namespace, ParseClient

if TYPE_CHECKING:
    from suites.security.conftest import Refused, Withheld

pytestmark = [pytest.mark.area("security"), pytest.mark.effect("destructive")]


@pytest.mark.spec("advisory/GHSA-7xg7-rqf6-pw6c")
@pytest.mark.parametrize(
    "name",
    [
        *("_Audience", "_GlobalConfig", "_GraphQLConfig", "_Hooks", "_JobSchedule"),
        *("_JobStatus", "_PushStatus"),
    ],
)
def test_clients_cannot_list_a_class_of_the_server(
    parse: ParseClient, name: str, refused: Refused
) -> None:
    """A class that the server keeps for itself is opened by the master key alone."""
    refused(parse.find(name))


@pytest.mark.spec("advisory/GHSA-7xg7-rqf6-pw6c")
@pytest.mark.parametrize("name", ["_Audience", "_GraphQLConfig"])
def test_clients_cannot_write_a_class_of_the_server(
    parse: ParseClient, master: ParseClient, namespace: Namespace, name: str, refused: Refused
) -> None:
    """No client adds a row to a class that the server keeps for itself."""
    row = {"name": namespace.user_name("audience"), "query": "{}"}
    reply = parse.create(name, row)

    if reply.ok:  # of no use to anybody once it was made
        master.destroy(name, reply["objectId"])
    refused(reply)


@pytest.mark.spec("advisory/GHSA-5f92-jrq3-28rc")
def test_clients_cannot_read_a_join_table(
    parse: ParseClient, master: ParseClient, namespace: Namespace, refused: Refused
) -> None:
    """Who has a role is not read from the join table of its relation."""
    master.post("roles", {"name": namespace.class_name("Role"), "ACL": {}})

    refused(parse.find("_Join:users:_Role"))


@pytest.mark.spec("advisory/GHSA-5f92-jrq3-28rc")
def test_nobody_gets_a_role_through_the_join_table(
    expect: Expect, master: ParseClient, new_guest: NewGuest, namespace: Namespace, refused: Refused
) -> None:
    """A user who writes the join table of a role's users does not get the role."""
    name = namespace.class_name("Role")
    role = master.post("roles", {"name": name, "ACL": {}})
    bob = new_guest("bob")

    link = {"owningId": role["objectId"], "relatedId": bob.id}
    reply = bob.client.create("_Join:users:_Role", link)
    pointer = {"__type": "Pointer", "className": "_Role", "objectId": role["objectId"]}
    holders = master.find("_User", {"$relatedTo": {"object": pointer, "key": "users"}})
    if reply.ok:
        master.destroy("_Join:users:_Role", reply["objectId"])
    expect.equal("granted" if holders.results else "none", "none", at="$role")
    refused(reply)


@pytest.mark.spec("advisory/GHSA-2m6g-crv8-p3c6")
@pytest.mark.parametrize(
    "column",
    [
        *("_hashed_password", "_session_token", "_email_verify_token", "_perishable_token"),
        *("_failed_login_count", "_account_lockout_expires_at", "_password_history"),
    ],
)
@pytest.mark.parametrize("place", ["where", "or", "and"])
def test_internal_columns_cannot_be_queried(
    parse: ParseClient, column: str, place: str, refused: Refused
) -> None:
    """No query guesses at the columns that the server keeps beside a user's own fields."""
    guess = {column: {"$exists": True}}
    where = guess if place == "where" else {f"${place}": [guess]}

    refused(parse.find("_User", where, limit=1))


@pytest.mark.spec("advisory/GHSA-6r2j-cxgf-495f")
def test_redirected_query_shows_no_sessions(
    parse: ParseClient, new_class: NewClass, new_guest: NewGuest, withheld: Withheld
) -> None:
    """RedirectClassNameForKey does not lead a client to the sessions of others."""
    name, alice, bob = new_class("Redirected"), new_guest("alice"), new_guest("bob")
    to_a_session = {"__type": "Pointer", "className": "_Session", "objectId": "none"}
    parse.create(name, {"to": {"__op": "AddRelation", "objects": [to_a_session]}})

    of_alice = {"user": {"__type": "Pointer", "className": "_User", "objectId": alice.id}}
    for client in (parse, bob.client):
        reply = client.find(name, of_alice, redirectClassNameForKey="to")
        withheld(reply, alice.token)


@pytest.mark.spec("advisory/GHSA-fcv6-fg5r-jm9q")
def test_included_pointer_shows_no_class_of_the_server(
    parse: ParseClient, master: ParseClient, new_class: NewClass, withheld: Withheld
) -> None:
    """A pointer to the row of the app's configuration is not followed for a client."""
    name, key, secret = new_class("Peeping"), f"parity{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    master.put("config", {"params": {key: secret}, "masterKeyOnly": {key: True}})
    to_the_config = {"__type": "Pointer", "className": "_GlobalConfig", "objectId": "1"}
    try:
        parse.create(name, {"to": to_the_config})
        withheld(parse.find(name, include="to"), secret)
    finally:
        master.put("config", {"params": {key: {"__op": "Delete"}}})
