from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import (
    Anything,
    Containing,
    Matching,
    a_date,
    a_session_token,
    an_object_id,
)
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser, User
from parity.targets import Namespace, ParseClient, Reply

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#linking-users")]

NewGuest = Callable[..., User]
PUBLIC = {"*": {"read": True}}


def anonymous() -> dict[str, Any]:
    """Return authData of an anonymous user that nobody has."""
    return {"anonymous": {"id": str(uuid.uuid4())}}


def enter(parse: ParseClient, auth_data: dict[str, Any]) -> Reply:
    """Sign up or log in with authData, which is one request."""
    return parse.post("users", {"authData": auth_data})


def test_new_anonymous_user_is_signed_up(parse: ParseClient, expect: Expect) -> None:
    """New authData signs a user up: 201, with a username made by the server."""
    auth_data = anonymous()
    reply = enter(parse, auth_data)

    new_user = {
        "objectId": an_object_id,
        "createdAt": a_date,
        "sessionToken": a_session_token,
        "username": Matching(r".{10,}", "a generated username"),
    }
    expect.body(reply, new_user, status=201)
    path = f"{parse.mount}/users/{reply['objectId']}"
    expect.header(reply, "Location", Matching(rf"https?://[^/]+{path}", f"the URL of {path}"))
    me = parse.as_user(reply["sessionToken"]).me()
    expect.contains(me, {"objectId": reply["objectId"], "authData": auth_data}, status=200)


def test_generated_usernames_are_unique(parse: ParseClient, expect: Expect) -> None:
    """Two anonymous users get different ids and different usernames."""
    one, two = enter(parse, anonymous()), enter(parse, anonymous())

    expect.equal(one["username"] == two["username"], expected=False, at="$.same_name")
    expect.equal(one["objectId"] == two["objectId"], expected=False, at="$.same_id")


def test_known_auth_data_logs_in(parse: ParseClient, expect: Expect) -> None:
    """Known authData logs that user in: 200, all fields, a token of its own."""
    auth_data = anonymous()
    first = enter(parse, auth_data)
    reply = enter(parse, auth_data)

    user = {
        "objectId": first["objectId"],
        "username": first["username"],
        "createdAt": first["createdAt"],
        "updatedAt": a_date,
        "sessionToken": a_session_token,
        "authData": auth_data,
    }
    expect.body(reply, user, status=200)
    path = f"{parse.mount}/users/{first['objectId']}"
    expect.header(reply, "Location", Matching(rf"https?://[^/]+{path}", f"the URL of {path}"))
    expect.equal(reply["sessionToken"] == first["sessionToken"], expected=False, at="$.same_token")


def test_anonymous_user_becomes_a_real_one(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """An anonymous user that sets username and password logs in with them and stays itself."""
    first = enter(parse, anonymous())
    guest = parse.as_user(first["sessionToken"])
    name = namespace.user_name("alice")
    path = f"users/{first['objectId']}"
    expect.status(guest.put(path, {"username": name, "password": "secret", "phone": "1"}), 200)

    reply = parse.log_in(name, "secret")
    fields = {"objectId": first["objectId"], "username": name, "phone": "1"}
    expect.contains(reply, fields, status=200)


@pytest.mark.spec("rest/users#linking")
def test_linked_user_logs_in_by_auth_data(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A user that links authData answers updatedAt alone, and then logs in by it."""
    alice = new_user("alice")
    auth_data = anonymous()
    reply = alice.client.put(f"users/{alice.id}", {"authData": auth_data})

    expect.body(reply, {"updatedAt": a_date}, status=200)
    by_link = enter(parse, auth_data)
    expect.contains(by_link, {"objectId": alice.id, "username": alice.username}, status=200)
    expect.contains(by_link, {"authData": auth_data})


@pytest.mark.spec("rest/users#linking", "rest/errors#user-related-errors")
def test_auth_data_of_another_user_cannot_be_linked(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Linking authData that another user has is error 208 and changes neither user."""
    alice, bob = new_guest("alice"), new_guest("bob")
    alices = {"anonymous": {"id": alice.password}}

    expect.error(bob.client.put(f"users/{bob.id}", {"authData": alices}), 208)
    expect.contains(enter(parse, alices), {"objectId": alice.id}, status=200)
    bobs = {"anonymous": {"id": bob.password}}
    expect.contains(enter(parse, bobs), {"objectId": bob.id}, status=200)


@pytest.mark.spec("rest/users#unlinking")
def test_unlinked_user_does_not_log_in_by_auth_data(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Linked authData that is unlinked by null no longer belongs to the user."""
    alice = new_guest("alice")
    reply = alice.client.put(f"users/{alice.id}", {"authData": {"anonymous": None}})

    expect.contains(reply, {"updatedAt": a_date}, status=200)
    expect.absent(alice.client.me(), "authData")
    other = enter(parse, {"anonymous": {"id": alice.password}})
    expect.status(other, 201)
    expect.equal(other["objectId"] == alice.id, expected=False, at="$.same")


def test_auth_data_is_the_users_own_business(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Others who may read a user do not see its authData, with which they could log in."""
    alice, bob = new_guest("alice", ACL=PUBLIC), new_guest("bob")

    expect.absent(bob.client.get(f"users/{alice.id}"), "authData")
    expect.absent(parse.get(f"users/{alice.id}"), "authData")
    found = parse.find("_User", {"objectId": alice.id})
    expect.ids(found, [alice.id])
    expect.absent(found.results[0], "authData", at="$.results[0]")


@pytest.mark.spec("rest/errors#linked-services-errors")
def test_unknown_service_is_refused(parse: ParseClient, expect: Expect) -> None:
    """Linking with a service that the server does not know is error 252."""
    # Parse Server before 6 closes the connection after its 500, so it must not be used again.
    reply = parse.post(
        "users",
        {"authData": {"nosuchservice": {"id": "1"}}},
        headers={"Connection": "close"},
    )

    expected = Containing({"code": 252, "error": Anything()})
    expect.status(reply, 400)
    expect.equal(reply.json, expected)
