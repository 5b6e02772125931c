from __future__ import annotations

import pytest

from parity.compare import a_session_token
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#logging-in")]


def test_log_in_answers_the_user(parse: ParseClient, expect: Expect, namespace: Namespace) -> None:
    """Logging in answers every field of the user but the password, and a new sessionToken."""
    name = namespace.user_name("ann")
    email = f"{name}@parity.invalid"
    created = parse.sign_up(name, "p_n7!-e8", phone="415-392-0202", email=email)
    reply = parse.log_in(name, "p_n7!-e8")

    user = {
        "objectId": created["objectId"],
        "username": name,
        "phone": "415-392-0202",
        "email": email,
        "createdAt": created["createdAt"],
        "updatedAt": created["createdAt"],
        "sessionToken": a_session_token,
    }
    expect.body(reply, user, status=200)
    me = parse.as_user(reply["sessionToken"]).me()
    expect.contains(me, {"objectId": created["objectId"]}, status=200)


@pytest.mark.level("may")
def test_log_in_by_post(parse: ParseClient, expect: Expect, new_user: NewUser) -> None:
    """POST login with username and password in the body logs in like GET."""
    alice = new_user("alice")
    reply = parse.post("login", {"username": alice.username, "password": alice.password})

    expect.contains(
        reply,
        {"objectId": alice.id, "username": alice.username, "sessionToken": a_session_token},
        status=200,
    )


@pytest.mark.spec("rest/quick-reference#calling-from-other-clients")
def test_log_in_tunnelled_through_post(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A GET of login may be sent as a POST with _method, as SDKs do."""
    alice = new_user("alice")
    reply = parse.using(tunnel=True).log_in(alice.username, alice.password)

    expect.contains(reply, {"objectId": alice.id, "sessionToken": a_session_token}, status=200)


def test_wrong_password_is_refused(parse: ParseClient, expect: Expect, new_user: NewUser) -> None:
    """A wrong password is error 101 with status 404."""
    alice = new_user("alice")
    reply = parse.log_in(alice.username, "wrong")

    expect.error(reply, 101, status=404, message="invalid login parameters")


def test_unknown_user_is_refused(parse: ParseClient, expect: Expect, namespace: Namespace) -> None:
    """An unknown username is error 101 with status 404, like a wrong password."""
    reply = parse.log_in(namespace.user_name("nobody"), "secret")

    expect.error(reply, 101, status=404, message="invalid login parameters")


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#user-related-errors")
@pytest.mark.effect("reads")
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"password": "secret"}, 200),
        ({"username": "ann"}, 201),
        ({"username": "ann", "password": ""}, 201),
        ({}, 200),
    ],
    ids=["no-username", "no-password", "empty-password", "nothing"],
)
def test_credentials_are_required(
    parse: ParseClient, expect: Expect, params: dict[str, str], code: int
) -> None:
    """Logging in without a username is error 200, without a password error 201."""
    expect.error(parse.get("login", params=params), code)


def test_password_has_to_match_exactly(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A password in another case or with a space behind it is refused."""
    name = namespace.user_name("ann")
    created = parse.sign_up(name, "Secret")
    assert created.status == 201, created.text

    expect.error(parse.log_in(name, "secret"), 101, status=404)
    expect.error(parse.log_in(name, "Secret "), 101, status=404)
    expect.contains(parse.log_in(name, "Secret"), {"objectId": created["objectId"]}, status=200)


@pytest.mark.level("should")
def test_username_has_to_match_exactly(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """A username in another case does not log in."""
    alice = new_user("alice")

    expect.error(parse.log_in(alice.username.upper(), alice.password), 101, status=404)


@pytest.mark.level("should")
def test_long_password_logs_in(parse: ParseClient, expect: Expect, namespace: Namespace) -> None:
    """A password of 300 characters logs in; one that differs at its beginning does not."""
    name = namespace.user_name("ann")
    password = "0123456789" * 30
    created = parse.sign_up(name, password)
    assert created.status == 201, created.text

    expect.contains(parse.log_in(name, password), {"objectId": created["objectId"]}, status=200)
    expect.error(parse.log_in(name, "x" + password[1:]), 101, status=404)


@pytest.mark.level("should")
def test_email_does_not_log_in(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """The email address in place of the username does not log in."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_user("alice", email=email)

    expect.status(parse.log_in(email, alice.password), 404)


@pytest.mark.level("may")
def test_password_can_be_verified(parse: ParseClient, expect: Expect, new_user: NewUser) -> None:
    """GET verifyPassword answers the user without logging in, and 101 for a wrong password."""
    alice = new_user("alice")
    params = {"username": alice.username, "password": alice.password}
    reply = parse.get("verifyPassword", params=params)

    expect.contains(reply, {"objectId": alice.id, "username": alice.username}, status=200)
    expect.absent(reply, "sessionToken", "password")
    wrong = parse.get("verifyPassword", params={**params, "password": "wrong"})
    expect.error(wrong, 101, status=404)
    expect.equal(len(alice.client.get("sessions").results), 1, at="$.sessions")
