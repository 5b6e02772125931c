from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import Containing
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewUser, User
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#querying")]

NewGuest = Callable[..., User]
PUBLIC = {"*": {"read": True}}


@pytest.fixture
def three(new_guest: NewGuest, namespace: Namespace) -> list[User]:
    """Three public users of one group, with the scores 1, 2 and 3."""
    group = namespace.user_name("group")
    return [new_guest("ann", ACL=PUBLIC, phone=group, parityInteger=n) for n in (1, 2, 3)]


def group_of(three: list[User]) -> dict[str, Any]:
    """Return the constraint that only these users meet."""
    return {"objectId": {"$in": [each.id for each in three]}}


def test_users_are_found_by_username(parse: ParseClient, expect: Expect, three: list[User]) -> None:
    """A query by username finds that user alone, below users and below classes/_User."""
    where = {"username": three[1].username}

    expect.ids(parse.get("users", params={"where": where}), [three[1].id])
    expect.ids(parse.find("_User", where), [three[1].id])


def test_users_are_sorted_and_paged(parse: ParseClient, expect: Expect, three: list[User]) -> None:
    """order, limit and skip work on users as on other objects."""
    ann, bea, cat = (each.id for each in three)
    where = group_of(three)

    expect.ids(parse.find("_User", where, order="-parityInteger"), [cat, bea, ann])
    found = parse.find("_User", where, order="parityInteger", limit=1, skip=1)
    expect.ids(found, [bea])


def test_users_are_counted(parse: ParseClient, expect: Expect, three: list[User]) -> None:
    """count=1 with limit=0 answers how many users match, and none of them."""
    where = {**group_of(three), "parityInteger": {"$gte": 2}}

    expect.body(parse.find("_User", where, count=1, limit=0), {"results": [], "count": 2})


def test_keys_limit_the_fields_of_users(
    parse: ParseClient, expect: Expect, three: list[User]
) -> None:
    """With keys a query answers only the named fields of a user besides the built-in ones."""
    found = parse.find("_User", {"objectId": three[0].id}, keys="parityInteger")

    expect.ids(found, [three[0].id])
    expect.equal(found.results[0], Containing({"parityInteger": 1}), at="$.results[0]")
    expect.absent(found.results[0], "phone", "email", at="$.results[0]")


def test_list_without_users_is_empty(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A query that no user matches answers an empty list with status 200."""
    reply = parse.get("users", params={"where": {"username": namespace.user_name("nobody")}})

    expect.body(reply, {"results": []}, status=200)


def test_users_are_found_by_email(
    expect: Expect, namespace: Namespace, new_guest: NewGuest
) -> None:
    """A query by email address finds the user."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_guest("alice", email=email)
    found = alice.client.find("_User", {"email": email})

    expect.contains(found, {"results": [Containing({"objectId": alice.id})]}, status=200)


@pytest.mark.level("may")
def test_secrets_cannot_be_queried(expect: Expect, new_user: NewUser) -> None:
    """No query can tell whether a guess of a password or session token is right."""
    alice = new_user("alice")
    itself = {"objectId": alice.id}

    expect.ids(alice.client.find("_User", {**itself, "password": alice.password}), [])
    expect.ids(alice.client.find("_User", {**itself, "sessionToken": alice.token}), [])
    hashed = alice.client.find("_User", {**itself, "_hashed_password": {"$exists": True}})
    expect.error(hashed, 105)


@pytest.mark.spec("rest/queries#relational-queries")
def test_objects_are_found_by_their_user(
    expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A query by a pointer to a user finds the objects that point to it."""
    post = new_class("Post")
    alice, bob = new_guest("alice", ACL=PUBLIC), new_guest("bob", ACL=PUBLIC)
    to_alice = {"__type": "Pointer", "className": "_User", "objectId": alice.id}
    to_bob = {"__type": "Pointer", "className": "_User", "objectId": bob.id}
    by_alice = alice.client.create(post, {"author": to_alice})
    bob.client.create(post, {"author": to_bob})

    expect.ids(bob.client.find(post, {"author": to_alice}), [by_alice["objectId"]])
    in_query = {"className": "_User", "where": {"username": alice.username}}
    found = bob.client.find(post, {"author": {"$inQuery": in_query}})
    expect.ids(found, [by_alice["objectId"]])
