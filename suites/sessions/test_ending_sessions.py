from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewUser, User
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("sessions"), pytest.mark.spec("rest/sessions#deleting-sessions")]

NewGuest = Callable[..., User]
LogInAgain = Callable[..., ParseClient]
INVALID = "rest/sessions#handling-invalid-session-token-error"
DEAD_TOKEN = "r:" + "0" * 32


def test_logout_ends_the_session(expect: Expect, new_guest: NewGuest) -> None:
    """POST logout answers 200 and {}, and the token is invalid from then on."""
    alice = new_guest("alice")

    expect.body(alice.client.log_out(), {}, status=200)
    expect.error(alice.client.me(), 209)
    expect.error(alice.client.get("sessions/me"), 209)


def test_logout_ends_one_session_alone(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """Other sessions of the user survive a logout, and no longer list the ended one."""
    alice, bob = new_guest("alice"), new_guest("bob")
    phone = log_in_again(alice)
    expect.status(alice.client.log_out(), 200)

    expect.contains(phone.me(), {"objectId": alice.id}, status=200)
    expect.ids(phone.get("sessions"), [phone.get("sessions/me")["objectId"]])
    expect.contains(bob.client.me(), {"objectId": bob.id}, status=200)


@pytest.mark.level("may")
def test_second_logout_is_refused(expect: Expect, new_guest: NewGuest) -> None:
    """A logout with a token that was logged out is error 209."""
    alice = new_guest("alice")
    expect.status(alice.client.log_out(), 200)

    expect.error(alice.client.log_out(), 209)


@pytest.mark.level("may")
def test_logout_without_a_session_does_nothing(parse: ParseClient, expect: Expect) -> None:
    """POST logout without a token answers 200 and {}."""
    expect.body(parse.log_out(), {}, status=200)


@pytest.mark.spec(INVALID)
def test_ended_session_cannot_do_anything(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """With a logged-out token reading, writing, calling and batching are all error 209."""
    note = new_class("Note")
    alice = new_guest("alice")
    object_id = parse.create(note, {"text": "x"})["objectId"]
    expect.status(alice.client.log_out(), 200)
    ended = alice.client

    expect.error(ended.find(note), 209)
    expect.error(ended.fetch(note, object_id), 209)
    expect.error(ended.create(note, {"text": "y"}), 209)
    expect.error(ended.update(note, object_id, {"text": "z"}), 209)
    expect.error(ended.destroy(note, object_id), 209)
    expect.error(ended.call("parityFixture"), 209)
    one = {"method": "POST", "path": f"classes/{note}", "body": {}}
    expect.error(ended.batch([one]), 209)
    expect.body(
        parse.find(note, keys="text", count=1),
        {"results": [{**parse.fetch(note, object_id).json, "text": "x"}], "count": 1},
    )


@pytest.mark.spec(INVALID)
@pytest.mark.parametrize("token", [DEAD_TOKEN, "r:" + "a" * 25], ids=["self-hosted", "hosted"])
def test_unknown_token_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass, token: str
) -> None:
    """A revocable token that nobody has fails on public data too; it is not anonymous."""
    note = new_class("Note")
    parse.create(note, {"text": "x"})
    stranger = parse.as_user(token)

    expect.error(stranger.find(note), 209)
    expect.error(stranger.create(note), 209)
    expect.error(stranger.get("users"), 209)


@pytest.mark.spec(INVALID)
@pytest.mark.level("should")
def test_unknown_legacy_token_is_nobody(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A request with an invalid legacy token is made without a user."""
    note = new_class("Note")
    parse.create(note, {"text": "x"})

    expect.status(parse.as_user("a" * 25).find(note), 200)


def test_deleting_another_own_session_logs_it_out(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """DELETE sessions/<id> ends another session of the user, not the current one."""
    alice = new_guest("alice")
    phone = log_in_again(alice)
    phone_session = phone.get("sessions/me")["objectId"]

    expect.body(alice.client.delete(f"sessions/{phone_session}"), {}, status=200)
    expect.error(phone.me(), 209)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)
    expect.error(alice.client.get(f"sessions/{phone_session}"), 101, status=404)


def test_deleting_the_current_session_logs_out(expect: Expect, new_guest: NewGuest) -> None:
    """A user may delete the very session that it uses."""
    alice = new_guest("alice")
    session_id = alice.client.get("sessions/me")["objectId"]

    expect.body(alice.client.delete(f"sessions/{session_id}"), {}, status=200)
    expect.error(alice.client.me(), 209)


def test_session_of_another_user_cannot_be_deleted(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Neither another user nor a request without a session ends a session."""
    alice, bob = new_guest("alice"), new_guest("bob")
    path = f"sessions/{alice.client.get('sessions/me')['objectId']}"

    expect.error(bob.client.delete(path), 101, status=404)
    expect.error(parse.delete(path), 209)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)


def test_master_key_ends_any_session(
    master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """The master key may delete a session, which logs the user out."""
    alice = new_guest("alice")
    session_id = alice.client.get("sessions/me")["objectId"]

    expect.body(master.delete(f"sessions/{session_id}"), {}, status=200)
    expect.error(alice.client.me(), 209)


@pytest.mark.spec("rest/users#deleting-users", INVALID)
def test_deleted_user_has_no_session(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """No session of a deleted user is valid any more."""
    note = new_class("Note")
    alice = new_guest("alice")
    phone = log_in_again(alice)
    expect.status(alice.client.delete(f"users/{alice.id}"), 200)

    expect.error(alice.client.me(), 209)
    expect.error(phone.me(), 209)
    expect.error(phone.create(note, {"text": "x"}), 209)


@pytest.mark.spec("rest/users#updating-users", INVALID)
@pytest.mark.level("should")
def test_password_change_ends_other_sessions(
    parse: ParseClient, expect: Expect, new_user: NewUser, new_guest: NewGuest
) -> None:
    """A change of the password ends the user's other sessions, and nobody else's."""
    alice, bob = new_user("alice"), new_guest("bob")
    phone = parse.as_user(parse.log_in(alice.username, alice.password)["sessionToken"])
    expect.status(alice.client.put(f"users/{alice.id}", {"password": "new"}), 200)

    expect.error(phone.me(), 209)
    again = parse.as_user(parse.log_in(alice.username, "new")["sessionToken"])
    expect.contains(again.me(), {"objectId": alice.id}, status=200)
    expect.contains(bob.client.me(), {"objectId": bob.id}, status=200)


@pytest.mark.spec("rest/users#updating-users")
@pytest.mark.level("may")
def test_password_change_replaces_the_current_session(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A change of the password ends the session that made it and answers a new one."""
    alice = new_user("alice")
    reply = alice.client.put(f"users/{alice.id}", {"password": "new"})

    expect.error(alice.client.me(), 209)
    me = parse.as_user(reply["sessionToken"]).me()
    expect.contains(me, {"objectId": alice.id}, status=200)


@pytest.mark.spec("rest/users#updating-users")
def test_other_updates_keep_the_sessions(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """An update of other fields than the password ends no session."""
    alice = new_guest("alice")
    phone = log_in_again(alice)
    expect.status(alice.client.put(f"users/{alice.id}", {"phone": "2"}), 200)

    expect.contains(alice.client.me(), {"phone": "2"}, status=200)
    expect.contains(phone.me(), {"phone": "2"}, status=200)


@pytest.mark.level("may")
def test_master_key_works_with_an_ended_session(
    master: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A request with the master key does not fail because its token is invalid."""
    note = new_class("Note")
    created = master.create(note, {"text": "x"})

    expect.ids(master.using(session_token=DEAD_TOKEN).find(note), [created["objectId"]])
