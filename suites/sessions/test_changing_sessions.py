from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import a_date, a_session_token, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import User
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("sessions"), pytest.mark.spec("rest/sessions#updating-sessions")]

NewGuest = Callable[..., User]
LogInAgain = Callable[..., ParseClient]
CREATING = "rest/sessions#creating-sessions"
SECURITY = "rest/sessions#security"
FAR_AWAY = {"__type": "Date", "iso": "2999-01-01T00:00:00.000Z"}


def test_session_takes_custom_fields(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """A user adds a field of its own to one of its sessions; other sessions do not get it."""
    alice = new_guest("alice")
    phone = log_in_again(alice)
    path = f"sessions/{alice.client.get('sessions/me')['objectId']}"

    expect.body(alice.client.put(path, {"customField": "v"}), {"updatedAt": a_date}, status=200)
    expect.contains(alice.client.get("sessions/me"), {"customField": "v"}, status=200)
    expect.contains(phone.get(path), {"customField": "v"}, status=200)
    expect.absent(phone.get("sessions/me"), "customField")


@pytest.mark.spec("rest/sessions#properties")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", {"__type": "Pointer", "className": "_User", "objectId": "nosuchuser"}),
        ("sessionToken", "r:" + "3" * 32),
        ("createdWith", {"action": "upgrade", "authProvider": "facebook"}),
        ("expiresAt", FAR_AWAY),
        ("ACL", {"*": {"read": True, "write": True}}),
    ],
    ids=["user", "sessionToken", "createdWith", "expiresAt", "ACL"],
)
def test_special_field_cannot_be_changed(
    expect: Expect, new_guest: NewGuest, name: str, value: Any
) -> None:
    """Users cannot change user, token, origin, expiry or ACL of their session."""
    alice = new_guest("alice")
    before = alice.client.get("sessions/me")

    reply = alice.client.put(f"sessions/{before['objectId']}", {name: value})
    expect.error(reply, 105)
    expect.body(alice.client.get("sessions/me"), before.json, status=200)


@pytest.mark.spec("rest/sessions#properties")
@pytest.mark.level("should")
def test_restricted_cannot_be_changed(expect: Expect, new_guest: NewGuest) -> None:
    """Users cannot change whether their session is restricted."""
    alice = new_guest("alice")
    before = alice.client.get("sessions/me")

    expect.status(alice.client.put(f"sessions/{before['objectId']}", {"restricted": True}), 400)
    after = alice.client.get("sessions/me")
    unchanged = {**before.json, "updatedAt": after["updatedAt"], "restricted": False}
    expect.body(after, unchanged, status=200)


@pytest.mark.spec(SECURITY)
def test_session_of_another_user_cannot_be_changed(expect: Expect, new_guest: NewGuest) -> None:
    """A session of another user is not found for an update, and stays as it was."""
    alice, bob = new_guest("alice"), new_guest("bob")
    before = alice.client.get("sessions/me")

    reply = bob.client.put(f"sessions/{before['objectId']}", {"customField": "bob"})
    expect.status(reply, 404)
    expect.absent(alice.client.get("sessions/me"), "customField")


@pytest.mark.spec(SECURITY)
def test_nobody_cannot_change_a_session(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Without a session no session can be changed."""
    alice = new_guest("alice")
    before = alice.client.get("sessions/me")

    expect.error(parse.put(f"sessions/{before['objectId']}", {"customField": "x"}), 209)
    expect.body(alice.client.get("sessions/me"), before.json, status=200)


@pytest.mark.spec(CREATING)
def test_created_session_is_restricted(expect: Expect, new_guest: NewGuest) -> None:
    """POST sessions makes a restricted session and answers its token."""
    alice = new_guest("alice")

    session = {
        "createdAt": a_date,
        "createdWith": {"action": "create"},
        "objectId": an_object_id,
        "restricted": True,
        "sessionToken": a_session_token,
    }
    expect.body(alice.client.post("sessions"), session, status=201)


@pytest.mark.spec(CREATING)
def test_created_session_acts_as_the_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """The token of a created session reads the data of the user who created it."""
    alice = new_guest("alice")
    token = alice.client.post("sessions", {"customField": "v"})["sessionToken"]

    device = parse.as_user(token)
    expect.contains(device.me(), {"objectId": alice.id}, status=200)
    session = {"customField": "v", "createdWith": {"action": "create"}, "sessionToken": token}
    expect.contains(device.get("sessions/me"), session, status=200)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)


@pytest.mark.spec(SECURITY)
def test_restricted_session_cannot_change_the_user(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """A restricted session cannot write users."""
    alice = new_guest("alice", phone="1")
    device = parse.as_user(alice.client.post("sessions")["sessionToken"])
    device.put(f"users/{alice.id}", {"phone": "2"})

    expect.equal(alice.client.me()["phone"], "1", at="$.phone")


@pytest.mark.spec(SECURITY)
def test_session_of_another_user_cannot_be_created(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """POST sessions never makes a session of another user, whatever user it names."""
    alice, bob = new_guest("alice"), new_guest("bob")
    to_bob = {"__type": "Pointer", "className": "_User", "objectId": bob.id}
    alice.client.post("sessions", {"user": to_bob})

    found = bob.client.get("sessions")
    expect.ids(found, [bob.client.get("sessions/me")["objectId"]])


@pytest.mark.spec(CREATING)
def test_nobody_cannot_create_a_session(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """Without a session no session can be created, for oneself or for a user."""
    alice = new_guest("alice")
    user = {"__type": "Pointer", "className": "_User", "objectId": alice.id}

    expect.error(parse.post("sessions", {"user": user}), 209)
    expect.equal(len(alice.client.get("sessions").results), 1, at="$.sessions")


@pytest.mark.spec("rest/sessions#pairing-session-with-installation")
def test_restricted_session_is_paired_with_its_device(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """PUT sessions/me sets the installationId of a restricted session from the header."""
    device_id = str(uuid.uuid4())
    token = new_guest("alice").client.post("sessions")["sessionToken"]
    device = parse.as_user(token).using(installation_id=device_id)

    # Parse Server 7 and 8 close the connection after their 500, so it must not be used again.
    paired = device.request("PUT", "sessions/me", {}, headers={"Connection": "close"})
    expect.status(paired, 200)
    session = parse.as_user(token).get("sessions/me")
    expect.contains(session, {"installationId": device_id}, status=200)
