from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import Containing
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewUser, User
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#retrieving-users")]

NewGuest = Callable[..., User]
Row = Callable[..., dict[str, Any]]
PUBLIC = {"*": {"read": True}}
DEAD_TOKEN = "r:" + "0" * 32
SECRETS = ("password", "_hashed_password", "hashed_password", "sessionToken", "_session_token")


@pytest.mark.spec("rest/users#validating-session-tokens")
def test_me_answers_the_current_user(expect: Expect, new_user: NewUser, row: Row) -> None:
    """GET users/me answers the fields of the user that the session token belongs to."""
    alice = new_user("alice", phone="1")

    expect.body(alice.client.me(), row(alice, phone="1", sessionToken=alice.token), status=200)


@pytest.mark.spec("rest/users#validating-session-tokens")
def test_me_follows_the_token(expect: Expect, new_guest: NewGuest) -> None:
    """Two users who ask at the same server for users/me each get themselves."""
    alice, bob = new_guest("alice"), new_guest("bob")

    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)
    expect.contains(bob.client.me(), {"objectId": bob.id}, status=200)


@pytest.mark.spec("rest/sessions#handling-invalid-session-token-error")
@pytest.mark.effect("reads")
def test_me_with_an_invalid_token(parse: ParseClient, expect: Expect) -> None:
    """GET users/me with an invalid revocable token is error 209."""
    reply = parse.as_user(DEAD_TOKEN).me()

    expect.error(reply, 209, message="invalid session token")


@pytest.mark.spec("rest/users#validating-session-tokens")
@pytest.mark.level("should")
@pytest.mark.effect("reads")
def test_me_without_a_token(parse: ParseClient, expect: Expect) -> None:
    """GET users/me without a session token is error 101."""
    reply = parse.me()

    expect.equal(reply["code"], 101, at="$.code")
    expect.absent(reply, "objectId", "username", "sessionToken")


def test_user_retrieves_itself(expect: Expect, new_user: NewUser, row: Row) -> None:
    """A user who retrieves itself gets its fields and its own session token."""
    alice = new_user("alice", phone="1")
    reply = alice.client.get(f"users/{alice.id}")

    expect.body(reply, row(alice, phone="1", sessionToken=alice.token), status=200)


def test_users_and_classes_user_agree(expect: Expect, new_guest: NewGuest) -> None:
    """GET classes/_User/<id> answers the same as GET users/<id>."""
    alice = new_guest("alice", phone="1")
    by_class = alice.client.fetch("_User", alice.id)

    expect.contains(by_class, {"objectId": alice.id, "phone": "1"}, status=200)
    expect.body(alice.client.get(f"users/{alice.id}"), by_class.json, status=200)


def test_missing_user_is_404(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """Retrieving a user that does not exist is error 101 with status 404."""
    alice = new_guest("alice")

    expect.error(alice.client.get("users/nosuchuser"), 101, status=404)


def test_others_may_retrieve_a_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """A user that restricts nothing can be retrieved by anybody."""
    alice = new_guest("alice")

    expect.status(parse.get(f"users/{alice.id}"), 200)


@pytest.mark.spec("rest/users#querying")
def test_others_find_a_user(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """A user that restricts nothing is found by anybody's query."""
    alice, bob = new_guest("alice"), new_guest("bob")

    expect.ids(bob.client.find("_User", {"username": alice.username}), [alice.id])


@pytest.mark.spec("rest/users#querying")
def test_others_find_a_public_user(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """A user whose ACL lets everybody read is found by anybody's query."""
    alice, bob = new_guest("alice", ACL=PUBLIC), new_guest("bob")

    expect.ids(bob.client.find("_User", {"username": alice.username}), [alice.id])
    expect.ids(parse.find("_User", {"username": alice.username}), [alice.id])


def test_public_user_is_seen_without_secrets(
    parse: ParseClient, expect: Expect, new_user: NewUser, new_guest: NewGuest
) -> None:
    """Whoever retrieves a public user gets its fields, but neither token nor password."""
    alice = new_user("alice", ACL=PUBLIC, phone="1")
    fields = {"objectId": alice.id, "username": alice.username, "phone": "1"}

    by_nobody = parse.get(f"users/{alice.id}")
    expect.contains(by_nobody, fields, status=200)
    expect.absent(by_nobody, *SECRETS)
    by_other = new_guest("bob").client.get(f"users/{alice.id}")
    expect.contains(by_other, fields, status=200)
    expect.absent(by_other, *SECRETS)


def test_email_is_visible_to_others(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_guest: NewGuest
) -> None:
    """The email address is a field like any other: whoever may read the user sees it."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice, bob = new_guest("alice", ACL=PUBLIC, email=email), new_guest("bob")
    reply = bob.client.get(f"users/{alice.id}")

    expect.contains(reply, {"objectId": alice.id, "email": email}, status=200)


def test_user_sees_its_own_email(expect: Expect, namespace: Namespace, new_guest: NewGuest) -> None:
    """A user sees its own email address when it retrieves itself and as users/me."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_guest("alice", email=email)

    expect.contains(alice.client.get(f"users/{alice.id}"), {"email": email}, status=200)
    expect.contains(alice.client.me(), {"email": email}, status=200)


@pytest.mark.spec("rest/security#object-level-access-control")
def test_private_user_is_hidden(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """A user whose ACL names only itself cannot be retrieved, found or counted by others."""
    alice, bob = new_guest("alice"), new_guest("bob")
    private = {alice.id: {"read": True, "write": True}}
    expect.status(alice.client.put(f"users/{alice.id}", {"ACL": private}), 200)

    expect.error(bob.client.get(f"users/{alice.id}"), 101, status=404)
    expect.error(parse.get(f"users/{alice.id}"), 101, status=404)
    found = bob.client.find("_User", {"username": alice.username}, count=1)
    expect.body(found, {"results": [], "count": 0}, status=200)
    expect.contains(alice.client.get(f"users/{alice.id}"), {"ACL": private}, status=200)


@pytest.mark.spec("rest/users#signing-up")
def test_password_is_never_returned(
    parse: ParseClient, master: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """No way of reading a user answers its password or the hash of it."""
    alice = new_user("alice")
    path, where = f"users/{alice.id}", {"objectId": alice.id}
    replies = [
        alice.client.get(path),
        alice.client.get(path, params={"keys": "username,password,_hashed_password"}),
        alice.client.me(),
        parse.log_in(alice.username, alice.password),
        master.get(path),
    ]
    lists = [alice.client.find("_User", where), master.find("_User", where)]
    rows = [reply.json for reply in replies] + [list_.results[0] for list_ in lists]

    for number, each in enumerate(rows):
        expect.equal(each, Containing({"objectId": alice.id}), at=f"$.way{number}")
        expect.absent(each, "password", "_hashed_password", at=f"$.way{number}")


@pytest.mark.spec("rest/users#querying")
def test_tokens_are_not_in_lists(
    parse: ParseClient, master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """No list of users answers a session token, neither to the user nor to others."""
    alice, bob = new_guest("alice", ACL=PUBLIC), new_guest("bob")
    where = {"objectId": alice.id}

    for number, client in enumerate((alice.client, bob.client, parse, master)):
        found = client.find("_User", where)
        expect.ids(found, [alice.id])
        expect.absent(found.results[0], *SECRETS, at=f"$.client{number}")


@pytest.mark.spec("rest/queries#relational-queries")
def test_included_user_has_no_secrets(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A user pointer that a query includes is expanded without its token and password."""
    post = new_class("Post")
    alice = new_guest("alice", ACL=PUBLIC, phone="1")
    author = {"__type": "Pointer", "className": "_User", "objectId": alice.id}
    created = alice.client.create(post, {"author": author})
    created.needed("a row", 201)

    found = parse.find(post, include="author")
    expect.ids(found, [created["objectId"]])
    included = found.results[0]["author"]
    fields = {"__type": "Object", "className": "_User", "objectId": alice.id, "phone": "1"}
    expect.equal(included, Containing(fields), at="$.author")
    expect.absent(included, *SECRETS, at="$.author")


@pytest.mark.spec("rest/users#security")
def test_master_key_reads_every_user(
    master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """The master key reads a user that only the user itself may read."""
    alice = new_guest("alice", phone="1")
    private = {alice.id: {"read": True, "write": True}}
    expect.status(alice.client.put(f"users/{alice.id}", {"ACL": private}), 200)

    expect.contains(master.get(f"users/{alice.id}"), {"phone": "1"}, status=200)
    expect.ids(master.find("_User", {"username": alice.username}), [alice.id])
