from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import a_date, a_session_token, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser, User
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("sessions"), pytest.mark.spec("rest/sessions#retrieving-sessions")]

NewGuest = Callable[..., User]
LogInAgain = Callable[..., ParseClient]
PROPERTIES = "rest/sessions#properties"


def session_of(user: User, **created_with: str) -> dict[str, Any]:
    """Return the documented fields of a session that a user got by itself."""
    return {
        "objectId": an_object_id,
        "sessionToken": a_session_token,
        "user": {"__type": "Pointer", "className": "_User", "objectId": user.id},
        "createdWith": created_with,
        "restricted": False,
        "expiresAt": {"__type": "Date", "iso": a_date},
        "createdAt": a_date,
        "updatedAt": a_date,
    }


@pytest.mark.spec(PROPERTIES)
def test_session_of_a_sign_up(expect: Expect, new_user: NewUser) -> None:
    """GET sessions/me answers the session that the sign-up made, with all its fields."""
    alice = new_user("alice")
    session = session_of(alice, action="signup", authProvider="password")

    reply = alice.client.get("sessions/me")
    expect.body(reply, {**session, "sessionToken": alice.token}, status=200)


@pytest.mark.spec(PROPERTIES)
def test_session_of_a_login(parse: ParseClient, expect: Expect, new_user: NewUser) -> None:
    """The session of a login says that it was made by login with a password."""
    alice = new_user("alice")
    token = parse.log_in(alice.username, alice.password)["sessionToken"]
    session = session_of(alice, action="login", authProvider="password")

    reply = parse.as_user(token).get("sessions/me")
    expect.body(reply, {**session, "sessionToken": token}, status=200)


@pytest.mark.spec(PROPERTIES)
def test_session_of_an_anonymous_user(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """The session of a login by anonymous authData names anonymous as its provider."""
    session = log_in_again(new_guest("alice")).get("sessions/me")

    created_with = {"action": "login", "authProvider": "anonymous"}
    expect.contains(session, {"createdWith": created_with}, status=200)


@pytest.mark.spec(PROPERTIES)
@pytest.mark.level("should")
def test_session_lasts_a_year(expect: Expect, new_guest: NewGuest) -> None:
    """A new session expires a year after it was created."""
    session = new_guest("alice").client.get("sessions/me")
    expires = dt.datetime.fromisoformat(session["expiresAt"]["iso"])
    lasts = expires - dt.datetime.fromisoformat(session["createdAt"])

    a_year = dt.timedelta(days=364) < lasts < dt.timedelta(days=367)
    expect.equal(a_year, expected=True, at="$.a_year")


@pytest.mark.spec(PROPERTIES, "rest/sessions#pairing-session-with-installation")
def test_session_remembers_the_installation(
    parse: ParseClient, expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """A login with X-Parse-Installation-Id makes a session with that installationId."""
    phone = str(uuid.uuid4())
    alice = new_guest("alice")

    expect.absent(alice.client.get("sessions/me"), "installationId")
    session = log_in_again(alice, installation_id=phone).get("sessions/me")
    expect.contains(session, {"installationId": phone}, status=200)


@pytest.mark.spec("rest/sessions#sessions")
def test_login_on_the_same_device_replaces_the_session(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A second login from one installation ends that user's earlier session there alone."""
    alice = new_user("alice")
    phone = parse.using(installation_id=str(uuid.uuid4()))
    first, second = (
        phone.as_user(phone.log_in(alice.username, alice.password)["sessionToken"])
        for _ in range(2)
    )

    expect.error(first.me(), 209)
    expect.contains(second.me(), {"objectId": alice.id}, status=200)
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)


@pytest.mark.spec("rest/sessions#sessions")
def test_sessions_of_other_devices_and_users_stay(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """A login ends neither sessions from other installations nor those of other users."""
    phone, tablet = str(uuid.uuid4()), str(uuid.uuid4())
    alice, bob = new_guest("alice"), new_guest("bob")
    bobs = log_in_again(bob, installation_id=phone)
    on_tablet = log_in_again(alice, installation_id=tablet)
    on_phone = log_in_again(alice, installation_id=phone)

    for client, user in ((bobs, bob), (on_tablet, alice), (on_phone, alice)):
        expect.contains(client.me(), {"objectId": user.id}, status=200)


def test_own_session_is_retrieved_by_id(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """A user retrieves any of its sessions by objectId."""
    alice = new_guest("alice")
    phone = log_in_again(alice)
    session = alice.client.get("sessions/me")

    expect.body(alice.client.get(f"sessions/{session['objectId']}"), session.json, status=200)
    by_phone = phone.get(f"sessions/{session['objectId']}")
    expect.contains(
        by_phone, {"objectId": session["objectId"], "user": session["user"]}, status=200
    )


def test_session_of_another_user_is_hidden(expect: Expect, new_guest: NewGuest) -> None:
    """A session of another user is not found, whoever knows its objectId."""
    alice, bob = new_guest("alice"), new_guest("bob")
    session_id = alice.client.get("sessions/me")["objectId"]

    expect.error(bob.client.get(f"sessions/{session_id}"), 101, status=404)
    expect.error(bob.client.fetch("_Session", session_id), 101, status=404)


@pytest.mark.level("may")
def test_session_needs_a_session(parse: ParseClient, expect: Expect, new_guest: NewGuest) -> None:
    """Without a session token every way to read sessions is error 209."""
    session_id = new_guest("alice").client.get("sessions/me")["objectId"]

    for path in ("sessions/me", "sessions", f"sessions/{session_id}", "classes/_Session"):
        expect.error(parse.get(path), 209)


@pytest.mark.spec("rest/sessions#querying-sessions")
def test_user_lists_its_own_sessions(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """GET sessions lists all sessions of the user and of nobody else."""
    alice, bob = new_guest("alice"), new_guest("bob")
    clients = (alice.client, log_in_again(alice))
    own = [client.get("sessions/me")["objectId"] for client in clients]

    expect.ids(alice.client.get("sessions"), own, ordered=False)
    expect.ids(alice.client.find("_Session"), own, ordered=False)
    expect.ids(bob.client.get("sessions"), [bob.client.get("sessions/me")["objectId"]])


@pytest.mark.spec("rest/sessions#querying-sessions")
def test_query_cannot_reach_sessions_of_others(expect: Expect, new_guest: NewGuest) -> None:
    """A query for sessions of another user finds none, by user, by token or by id."""
    alice, bob = new_guest("alice"), new_guest("bob")
    session = bob.client.get("sessions/me")
    by = (
        {"user": {"__type": "Pointer", "className": "_User", "objectId": bob.id}},
        {"sessionToken": bob.token},
        {"objectId": session["objectId"]},
    )

    for where in by:
        expect.ids(alice.client.get("sessions", params={"where": where}), [])


@pytest.mark.spec("rest/sessions#querying-sessions")
def test_sessions_are_filtered(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """A where clause selects among the user's sessions."""
    phone = str(uuid.uuid4())
    alice = new_guest("alice")
    on_phone = log_in_again(alice, installation_id=phone).get("sessions/me")["objectId"]

    where = {"installationId": phone}
    expect.ids(alice.client.get("sessions", params={"where": where}), [on_phone])
    found = alice.client.get("sessions", params={"where": {"installationId": None}})
    expect.ids(found, [alice.client.get("sessions/me")["objectId"]])


@pytest.mark.spec(PROPERTIES)
@pytest.mark.level("should")
def test_list_shows_the_current_token_alone(
    expect: Expect, new_guest: NewGuest, log_in_again: LogInAgain
) -> None:
    """In a list of sessions only the current one shows its token."""
    alice = new_guest("alice")
    phone = log_in_again(alice)
    found = alice.client.get("sessions", params={"order": "createdAt"})

    own, other = (each.get("sessions/me")["objectId"] for each in (alice.client, phone))
    expect.ids(found, [own, other])
    expect.equal(found.results[0].get("sessionToken"), alice.token, at="$.current")
    expect.absent(found.results[1], "sessionToken", at="$.other")
