from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser, User
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#updating-users")]

NewGuest = Callable[..., User]
PUBLIC = {"*": {"read": True}}
DEAD_TOKEN = "r:" + "0" * 32
ERRORS = "rest/errors#user-related-errors"


def test_user_updates_itself(expect: Expect, new_guest: NewGuest) -> None:
    """An update by the user answers updatedAt alone, changes its fields and leaves the others."""
    alice = new_guest("alice", phone="1", parityNumber=2)
    before = alice.client.me()
    reply = alice.client.put(f"users/{alice.id}", {"phone": "415-369-6201"})

    expect.body(reply, {"updatedAt": a_date}, status=200)
    after = alice.client.me()
    changed = {"phone": "415-369-6201", "updatedAt": reply["updatedAt"]}
    expect.body(after, {**before.json, **changed}, status=200)
    expect.equal(reply["updatedAt"] > before["updatedAt"], expected=True, at="$.later")


def test_user_updates_itself_as_an_object(expect: Expect, new_guest: NewGuest) -> None:
    """PUT classes/_User/<id> updates the user like PUT users/<id>."""
    alice = new_guest("alice")

    expect.body(alice.client.update("_User", alice.id, {"phone": "2"}), {"updatedAt": a_date})
    expect.contains(alice.client.me(), {"phone": "2"}, status=200)


def test_operations_change_a_user(expect: Expect, new_guest: NewGuest) -> None:
    """Increment, AddUnique and Delete work on the fields of a user."""
    alice = new_guest("alice", parityInteger=1, parityArray=["a"], phone="1")
    reply = alice.client.put(
        f"users/{alice.id}",
        {
            "parityInteger": {"__op": "Increment", "amount": 2},
            "parityArray": {"__op": "AddUnique", "objects": ["a", "b"]},
            "phone": {"__op": "Delete"},
        },
    )

    expect.status(reply, 200)
    me = alice.client.me()
    expect.contains(me, {"parityInteger": 3, "parityArray": ["a", "b"]}, status=200)
    expect.absent(me, "phone")


@pytest.mark.spec(ERRORS)
def test_nobody_cannot_update_a_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """An update without a session is error 206 and changes nothing."""
    alice = new_guest("alice", phone="1")

    expect.error(parse.put(f"users/{alice.id}", {"phone": "2"}), 206)
    expect.contains(alice.client.me(), {"phone": "1"}, status=200)


@pytest.mark.spec(ERRORS)
def test_other_user_cannot_update_a_user(expect: Expect, new_guest: NewGuest) -> None:
    """An update with another user's session is error 206 and changes nothing."""
    alice, bob = new_guest("alice", phone="1", ACL=PUBLIC), new_guest("bob")

    expect.error(bob.client.put(f"users/{alice.id}", {"phone": "2"}), 206)
    expect.contains(alice.client.me(), {"phone": "1"}, status=200)


@pytest.mark.spec(ERRORS)
def test_other_user_cannot_take_over_by_password(
    parse: ParseClient, expect: Expect, new_user: NewUser, new_guest: NewGuest
) -> None:
    """Another user cannot set a user's password; the user still logs in with its own."""
    alice, bob = new_user("alice", ACL=PUBLIC), new_guest("bob")

    expect.error(bob.client.put(f"users/{alice.id}", {"password": "taken-over"}), 206)
    expect.contains(parse.log_in(alice.username, alice.password), {"objectId": alice.id})


@pytest.mark.spec("rest/sessions#handling-invalid-session-token-error")
def test_invalid_token_cannot_update_a_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """An update with an invalid token is error 209 and changes nothing."""
    alice = new_guest("alice", phone="1")

    expect.error(parse.as_user(DEAD_TOKEN).put(f"users/{alice.id}", {"phone": "2"}), 209)
    expect.contains(alice.client.me(), {"phone": "1"}, status=200)


def test_master_key_updates_any_user(
    master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """The master key may change any user."""
    alice = new_guest("alice", phone="1")

    expect.body(master.put(f"users/{alice.id}", {"phone": "2"}), {"updatedAt": a_date}, status=200)
    expect.contains(alice.client.me(), {"phone": "2"}, status=200)


def test_username_can_be_changed(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """After a change of the username only the new one logs in."""
    alice = new_user("alice")
    name = namespace.user_name("alicia")
    reply = alice.client.put(f"users/{alice.id}", {"username": name})

    expect.body(reply, {"updatedAt": a_date}, status=200)
    expect.error(parse.log_in(alice.username, alice.password), 101, status=404)
    new = parse.log_in(name, alice.password)
    expect.contains(new, {"objectId": alice.id, "username": name}, status=200)
    expect.contains(alice.client.me(), {"username": name}, status=200)


@pytest.mark.spec(ERRORS)
def test_username_in_use_cannot_be_taken(expect: Expect, new_guest: NewGuest) -> None:
    """Changing the username to one that is in use is error 202 and changes nothing."""
    alice, bob = new_guest("alice"), new_guest("bob")

    expect.error(bob.client.put(f"users/{bob.id}", {"username": alice.username}), 202)
    expect.contains(bob.client.me(), {"username": bob.username}, status=200)


def test_own_username_may_be_sent_again(expect: Expect, new_guest: NewGuest) -> None:
    """An update that repeats the user's own username is no clash."""
    alice = new_guest("alice")
    reply = alice.client.put(f"users/{alice.id}", {"username": alice.username, "phone": "2"})

    expect.body(reply, {"updatedAt": a_date}, status=200)
    expect.contains(alice.client.me(), {"username": alice.username, "phone": "2"}, status=200)


@pytest.mark.spec(ERRORS)
def test_email_in_use_cannot_be_taken(
    expect: Expect, namespace: Namespace, new_guest: NewGuest
) -> None:
    """Changing the email address to one that is in use is error 203 and changes nothing."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    new_guest("alice", email=email)
    bob = new_guest("bob")

    expect.error(bob.client.put(f"users/{bob.id}", {"email": email}), 203)
    expect.absent(bob.client.me(), "email")


@pytest.mark.spec("rest/errors#api-issues")
def test_malformed_email_cannot_be_set(
    expect: Expect, namespace: Namespace, new_guest: NewGuest
) -> None:
    """Changing the email address to a malformed one is error 125 and changes nothing."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_guest("alice", email=email)

    expect.error(alice.client.put(f"users/{alice.id}", {"email": "nope"}), 125)
    expect.contains(alice.client.me(), {"email": email}, status=200)


def test_email_can_be_changed(expect: Expect, namespace: Namespace, new_guest: NewGuest) -> None:
    """A user may change its email address, which frees the old one."""
    old = f"{namespace.user_name('old')}@parity.invalid"
    new = f"{namespace.user_name('new')}@parity.invalid"
    alice, bob = new_guest("alice", email=old), new_guest("bob")

    expect.status(alice.client.put(f"users/{alice.id}", {"email": new}), 200)
    expect.contains(alice.client.me(), {"email": new}, status=200)
    expect.status(bob.client.put(f"users/{bob.id}", {"email": old}), 200)
    expect.contains(bob.client.me(), {"email": old}, status=200)


@pytest.mark.spec("rest/users#verifying-emails")
def test_user_cannot_verify_its_own_email(
    expect: Expect, namespace: Namespace, new_guest: NewGuest
) -> None:
    """A user cannot set emailVerified itself."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_guest("alice", email=email)

    expect.error(alice.client.put(f"users/{alice.id}", {"emailVerified": True}), 119)
    me: dict[str, Any] = alice.client.me().json
    expect.equal(me.get("emailVerified", False), expected=False, at="$.emailVerified")


def test_password_can_be_changed(parse: ParseClient, expect: Expect, new_user: NewUser) -> None:
    """After a change of the password only the new one logs in."""
    alice = new_user("alice")
    expect.status(alice.client.put(f"users/{alice.id}", {"password": "n€w"}), 200)

    expect.error(parse.log_in(alice.username, alice.password), 101, status=404)
    expect.contains(parse.log_in(alice.username, "n€w"), {"objectId": alice.id}, status=200)


def test_password_change_answers_updated_at(expect: Expect, new_user: NewUser) -> None:
    """A change of the password answers updatedAt alone, like any other update."""
    alice = new_user("alice")
    reply = alice.client.put(f"users/{alice.id}", {"password": "new"})

    expect.body(reply, {"updatedAt": a_date}, status=200)


@pytest.mark.level("should")
def test_update_does_not_echo_or_change_the_token(expect: Expect, new_guest: NewGuest) -> None:
    """Fields of the login reply that a client sends back do not become part of the user."""
    alice = new_guest("alice")
    body = {"phone": "2", "sessionToken": "r:" + "2" * 32}

    expect.body(alice.client.put(f"users/{alice.id}", body), {"updatedAt": a_date}, status=200)
    me = alice.client.me()
    expect.contains(me, {"phone": "2", "sessionToken": alice.token}, status=200)
