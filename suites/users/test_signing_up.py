from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from parity.compare import Matching, a_date, a_session_token, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewUser
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#signing-up")]

ExpectFree = Callable[[str], None]
NEW_USER = {"objectId": an_object_id, "createdAt": a_date, "sessionToken": a_session_token}


def test_sign_up_answers_id_time_and_token(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """Signing up answers 201 with objectId, createdAt and sessionToken and nothing else."""
    reply = parse.sign_up(namespace.user_name("ann"), "p_n7!-e8", phone="415-392-0202")

    expect.body(reply, NEW_USER, status=201)


def test_location_is_the_url_of_the_user(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """The Location header of a sign-up is the URL below users that answers the new user."""
    reply = parse.sign_up(namespace.user_name("ann"), "secret")

    path = f"{parse.mount}/users/{reply['objectId']}"
    expect.header(reply, "Location", Matching(rf"https?://[^/]+{path}", f"the URL of {path}"))
    found = parse.as_user(reply["sessionToken"]).get(reply.headers["Location"])
    expect.contains(found, {"objectId": reply["objectId"]}, status=200)


def test_new_user_is_logged_in(parse: ParseClient, expect: Expect, namespace: Namespace) -> None:
    """The token of a sign-up authenticates requests as the new user."""
    name = namespace.user_name("ann")
    reply = parse.sign_up(name, "secret")

    me = parse.as_user(reply["sessionToken"]).me()
    expect.contains(
        me,
        {"objectId": reply["objectId"], "username": name, "createdAt": reply["createdAt"]},
        status=200,
    )


def test_extra_fields_of_every_type_are_stored(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A user may have any additional fields, which come back with their types."""
    # The columns of _User stay for ever, so their names are the same in every run.
    fields: dict[str, Any] = {
        "phone": "415-392-0202",
        "parityNumber": 1.5,
        "parityInteger": 9007199254740991,
        "parityBoolean": False,
        "parityNull": None,
        "parityArray": ["a", 1, {"b": [True]}],
        "parityObject": {"city": "Zürich 東京 😀", "zip": None},
        "parityDate": {"__type": "Date", "iso": "1984-02-29T12:34:56.007Z"},
        "parityPointer": {"__type": "Pointer", "className": "_Role", "objectId": "abcdefghij"},
    }
    reply = parse.sign_up(namespace.user_name("ann"), "secret", **fields)
    assert reply.status == 201, reply.text

    me = parse.as_user(reply["sessionToken"]).me()
    expect.contains(me, fields, status=200)


def test_taken_username_is_refused(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A second sign-up with the same username is error 202 and makes no user."""
    name = namespace.user_name("ann")
    first = parse.sign_up(name, "secret")
    assert first.status == 201, first.text

    second = parse.sign_up(name, "other")
    expect.error(second, 202, message=f"username {name} already taken")
    found = parse.as_user(first["sessionToken"]).find("_User", {"username": name})
    expect.ids(found, [first["objectId"]])


def test_taken_email_is_refused(
    parse: ParseClient, master: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """A second sign-up with the same email address is error 203 and makes no user."""
    email = f"{namespace.user_name('ann')}@parity.invalid"
    alice = new_user("alice", email=email)

    expect.error(parse.sign_up(namespace.user_name("bob"), "secret", email=email), 203)
    expect.ids(master.find("_User", {"email": email}), [alice.id])


@pytest.mark.spec("rest/errors#user-related-errors")
@pytest.mark.parametrize("body", [{}, {"username": ""}, {"username": None}], ids=str)
def test_username_is_required(parse: ParseClient, expect: Expect, body: dict[str, Any]) -> None:
    """A sign-up whose username is missing or empty is error 200."""
    expect.error(parse.post("users", {**body, "password": "secret"}), 200)


@pytest.mark.spec("rest/errors#user-related-errors")
@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": None}], ids=str)
def test_password_is_required(
    parse: ParseClient,
    expect: Expect,
    namespace: Namespace,
    expect_free: ExpectFree,
    body: dict[str, Any],
) -> None:
    """A sign-up whose password is missing or empty is error 201 and makes no user."""
    name = namespace.user_name("ann")

    expect.error(parse.post("users", {**body, "username": name}), 201)
    expect_free(name)


@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize("email", ["nope", "@", "a@"])
def test_malformed_email_is_refused(
    parse: ParseClient, expect: Expect, namespace: Namespace, expect_free: ExpectFree, email: str
) -> None:
    """A sign-up with a malformed email address is error 125 and makes no user."""
    name = namespace.user_name("ann")

    expect.error(parse.sign_up(name, "secret", email=email), 125)
    expect_free(name)


def test_users_without_email_do_not_clash(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """Any number of users may have no email address."""
    for base in ("ann", "bob"):
        expect.status(parse.sign_up(namespace.user_name(base), "secret"), 201)


UNUSUAL = {
    "unicode": ("Zoë 名前 😀", "pä 名😀"),
    "url-special": ("a+b&c=d%20/?#;\"'\\", "p+&=%41 ?#\"'\\"),
    "padded": ("  pad  ", "  pad  "),
    "decomposed": ("e\u0301", "e\u0301"),
}


@pytest.mark.parametrize(("name", "password"), UNUSUAL.values(), ids=UNUSUAL.keys())
def test_unusual_names_and_passwords_log_in(
    parse: ParseClient, expect: Expect, namespace: Namespace, name: str, password: str
) -> None:
    """Usernames and passwords of any characters are kept exactly as they were sent."""
    name = f"{namespace.user_name('ann')} {name}"
    created = parse.sign_up(name, password)
    expect.body(created, NEW_USER, status=201)

    reply = parse.log_in(name, password)
    expect.contains(reply, {"objectId": created["objectId"], "username": name}, status=200)


@pytest.mark.level("should")
def test_usernames_differ_by_case(
    parse: ParseClient, expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """Usernames that differ only in case belong to different users."""
    alice = new_user("alice")

    expect.status(parse.sign_up(alice.username.title(), "secret"), 201)
    expect.contains(alice.client.me(), {"username": alice.username}, status=200)


@pytest.mark.spec("rest/users#verifying-emails")
@pytest.mark.level("should")
def test_email_cannot_be_verified_by_sign_up(
    parse: ParseClient, expect: Expect, namespace: Namespace, expect_free: ExpectFree
) -> None:
    """No client can sign up with emailVerified already true."""
    name = namespace.user_name("ann")
    reply = parse.sign_up(name, "secret", email=f"{name}@parity.invalid", emailVerified=True)

    expect.error(reply, 119)
    expect_free(name)


@pytest.mark.level("may")
def test_object_id_cannot_be_chosen(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A sign-up that brings its own objectId is error 105."""
    expect.error(parse.sign_up(namespace.user_name("ann"), "secret", objectId="abcdefghij"), 105)


@pytest.mark.level("may")
def test_session_token_cannot_be_chosen(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A sign-up that brings its own sessionToken gets another one."""
    token = "r:" + "1" * 32
    reply = parse.sign_up(namespace.user_name("ann"), "secret", sessionToken=token)

    expect.body(reply, NEW_USER, status=201)
    expect.equal(reply["sessionToken"] == token, expected=False, at="$.chosen")
    expect.error(parse.as_user(token).me(), 209)


@pytest.mark.level("should")
def test_concurrent_sign_ups_of_one_name(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """Of sign-ups with one username at the same time exactly one succeeds; others are 202."""
    name = namespace.user_name("ann")
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: parse.sign_up(name, "secret"), range(4)))

    codes = [reply.status if reply.ok else reply.json.get("code") for reply in replies]
    expect.equal(sorted(codes), [201, 202, 202, 202], at="$.outcomes")


@pytest.mark.level("may")
def test_users_are_the_class_user(parse: ParseClient, expect: Expect, namespace: Namespace) -> None:
    """POST classes/_User signs up like POST users."""
    name = namespace.user_name("ann")
    reply = parse.create("_User", {"username": name, "password": "secret"})

    expect.body(reply, NEW_USER, status=201)
    expect.contains(parse.as_user(reply["sessionToken"]).me(), {"username": name}, status=200)


@pytest.mark.level("may")
def test_sign_up_with_a_session_makes_another_user(
    expect: Expect, namespace: Namespace, new_user: NewUser
) -> None:
    """A logged-in client that signs up gets a new user; the first session stays its user's."""
    alice = new_user("alice")
    reply = alice.client.sign_up(namespace.user_name("bob"), "secret")

    expect.body(reply, NEW_USER, status=201)
    expect.equal(reply["objectId"] == alice.id, expected=False, at="$.same")
    expect.contains(alice.client.me(), {"objectId": alice.id}, status=200)
