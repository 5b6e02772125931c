"""Who a cloud function runs for, and what it may touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest, User
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("rest/cloud-code#cloud-functions"),
    pytest.mark.requires("cloud_fixture"),
]

INSTALLATION = "0a1b2c3d-0000-4000-8000-123456789abc"
NOBODY = {"userId": None, "username": None, "master": False, "installationId": None}


def _is(user: User) -> dict[str, Any]:
    return {**NOBODY, "userId": user.id, "username": user.username}


@pytest.fixture
def alice(new_guest: NewGuest) -> User:
    """A user."""
    return new_guest("alice")


@pytest.fixture
def diary(alice: User, parse: ParseClient, new_class: NewClass) -> dict[str, Any]:
    """A class with two rows, as parameters of functions: one public, one that is Alice's alone."""
    name = new_class("Diary")
    parse.create(name, {"page": "public"})
    own = {alice.id: {"read": True, "write": True}}
    private = alice.client.create(name, {"page": "private", "ACL": own})
    return {"className": name, "objectId": private["objectId"]}


def test_caller_without_session_is_nobody(parse: ParseClient, expect: Expect) -> None:
    """A function that is called without a session has no user and is not master."""
    expect.body(parse.call("parityWhoAmI"), {"result": NOBODY}, status=200)


def test_caller_with_session_is_the_user(expect: Expect, alice: User) -> None:
    """A function that is called with a session token has that user, fetched, and is not master."""
    expect.body(alice.client.call("parityWhoAmI"), {"result": _is(alice)}, status=200)


def test_next_caller_without_session_is_nobody(
    parse: ParseClient, expect: Expect, alice: User
) -> None:
    """A function that is called without a session right after a user's call does not see him."""
    expect.body(alice.client.call("parityWhoAmI"), {"result": _is(alice)}, status=200)

    expect.body(parse.call("parityWhoAmI"), {"result": NOBODY}, status=200)


def test_caller_with_master_key_is_master(master: ParseClient, expect: Expect) -> None:
    """A function that is called with the master key is master and has no user."""
    expect.body(master.call("parityWhoAmI"), {"result": {**NOBODY, "master": True}}, status=200)


def test_caller_has_its_installation(parse: ParseClient, expect: Expect) -> None:
    """A function sees the installation that it is called from."""
    device = parse.using(installation_id=INSTALLATION)

    result = {**NOBODY, "installationId": INSTALLATION}
    expect.body(device.call("parityWhoAmI"), {"result": result}, status=200)


def test_invalid_session_is_refused(parse: ParseClient, expect: Expect) -> None:
    """A call with a session token that does not exist is refused with 209 and not run as nobody."""
    stranger = parse.as_user("r:" + "0" * 32)

    expect.error(stranger.call("parityWhoAmI"), 209)


def test_session_is_refused_after_logout(expect: Expect, alice: User) -> None:
    """After log-out a call with the old session token is refused with 209."""
    expect.status(alice.client.call("parityWhoAmI"), 200)
    assert alice.client.log_out().ok, "the log-out failed"

    expect.error(alice.client.call("parityWhoAmI"), 209)


def test_session_in_the_body_is_honoured(js_sdk: ParseClient, expect: Expect, alice: User) -> None:
    """A session token in the body, as the JavaScript SDK sends it, makes the caller that user."""
    sdk = js_sdk.using(session_token=alice.token, installation_id=None)

    expect.body(sdk.call("parityWhoAmI"), {"result": _is(alice)}, status=200)


def test_concurrent_calls_keep_their_users_apart(new_guest: NewGuest, expect: Expect) -> None:
    """Calls of two users that run at the same time each see their own user."""
    users = [new_guest("alice"), new_guest("bob")] * 4

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda u: u.client.call("paritySlow", {"ms": 150}), users))

    for user, reply in zip(users, replies, strict=True):
        expect.body(reply, {"result": _is(user)}, status=200)


def test_slow_function_is_waited_for(parse: ParseClient, expect: Expect) -> None:
    """The reply to a function that takes a second is its result."""
    expect.body(parse.call("paritySlow", {"ms": 1000}), {"result": NOBODY}, status=200)


@pytest.mark.parametrize(
    ("as_", "seen"),
    [
        ("nobody", {"user": False, "master": False}),
        ("user", {"user": True, "master": False}),
        ("master", {"user": False, "master": True}),
    ],
    ids=["nobody", "user", "master"],
)
def test_nested_call_runs_as_it_says(
    expect: Expect, alice: User, as_: str, seen: dict[str, bool]
) -> None:
    """A function that calls another passes on the session or the master key only if it says so."""
    reply = alice.client.call("parityNested", {"as": as_})

    who = {
        "userId": alice.id if seen["user"] else None,
        "username": alice.username if seen["user"] else None,
        "master": seen["master"],
    }
    expect.equal({key: reply["result"][key] for key in who}, who, at="$.result")


@pytest.mark.level("may")
def test_function_sees_headers(parse: ParseClient, expect: Expect) -> None:
    """A function sees the headers of the request, by their names in lower case."""
    reply = parse.request(
        "POST",
        "functions/parityHeader",
        {"name": "x-parity-note"},
        headers={"X-Parity-Note": "seen"},
    )

    expect.body(reply, {"result": "seen"}, status=200)


def _pages(caller: ParseClient, diary: dict[str, Any], as_: str) -> list[str]:
    rows = caller.call("parityFind", {**diary, "as": as_})["result"]
    return sorted(row["page"] for row in rows)


def test_query_as_nobody_sees_public_rows_only(
    expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A query in a function that passes no session does not see the caller's private rows."""
    expect.equal(_pages(alice.client, diary, "nobody"), ["public"], at="$.pages")


def test_query_with_the_session_sees_the_users_rows(
    expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A query in a function that passes the caller's session sees the caller's private rows."""
    expect.equal(_pages(alice.client, diary, "user"), ["private", "public"], at="$.pages")


def test_query_with_another_session_does_not(
    expect: Expect, new_guest: NewGuest, diary: dict[str, Any]
) -> None:
    """A query in a function that passes another user's session does not see private rows."""
    bob = new_guest("bob")

    expect.equal(_pages(bob.client, diary, "user"), ["public"], at="$.pages")


def test_query_with_the_master_key_sees_all_rows(
    parse: ParseClient, expect: Expect, diary: dict[str, Any]
) -> None:
    """A query in a function that uses the master key sees every row, whoever calls."""
    expect.equal(_pages(parse, diary, "master"), ["private", "public"], at="$.pages")


def test_count_respects_the_acl(
    parse: ParseClient, expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A count in a function counts the rows that a query would see."""
    counted = [
        caller.call("parityCount", {**diary, "as": as_})["result"]
        for caller, as_ in ((parse, "nobody"), (alice.client, "user"), (parse, "master"))
    ]

    expect.equal(counted, [1, 2, 2], at="$.counts")


def test_update_as_nobody_is_refused(
    parse: ParseClient, expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A function without session or master key cannot change a private row."""
    forged = {**diary, "fields": {"page": "forged"}}

    expect.error(parse.call("parityUpdate", {**forged, "as": "nobody"}), 101, status=404)

    stored = alice.client.fetch(diary["className"], diary["objectId"])
    expect.contains(stored, {"page": "private"}, status=200)


def test_update_with_the_session_is_allowed(
    expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A function that passes the owner's session may change the owner's row."""
    edited = {**diary, "fields": {"page": "edited"}, "as": "user"}

    expect.body(alice.client.call("parityUpdate", edited), {"result": diary["objectId"]})

    stored = alice.client.fetch(diary["className"], diary["objectId"])
    expect.contains(stored, {"page": "edited"}, status=200)


def test_destroy_with_another_session_is_refused(
    expect: Expect, alice: User, new_guest: NewGuest, diary: dict[str, Any]
) -> None:
    """A function that passes another user's session cannot destroy a private row."""
    bob = new_guest("bob")

    expect.error(bob.client.call("parityDestroy", {**diary, "as": "user"}), 101, status=404)

    expect.status(alice.client.fetch(diary["className"], diary["objectId"]), 200)


def test_destroy_with_the_master_key_is_allowed(
    parse: ParseClient, expect: Expect, alice: User, diary: dict[str, Any]
) -> None:
    """A function that uses the master key may destroy any row, whoever calls."""
    expect.body(parse.call("parityDestroy", {**diary, "as": "master"}), {"result": "destroyed"})

    gone = alice.client.fetch(diary["className"], diary["objectId"])
    expect.error(gone, 101, status=404)


def test_created_row_belongs_to_nobody(
    parse: ParseClient, expect: Expect, alice: User, new_class: NewClass
) -> None:
    """A row that a function makes for a user is public unless the function sets an ACL."""
    diary = new_class("Diary")
    parse.create(diary, {"page": "first"})

    asked = {"className": diary, "fields": {"page": "second"}, "as": "user"}
    made = alice.client.call("parityCreate", asked)["result"]

    stored = parse.fetch(diary, made["objectId"])
    expect.contains(stored, {"page": "second"}, status=200)
    expect.absent(stored, "ACL")


@pytest.mark.spec("cloudcode/cloud-code#cloud-functions")
@pytest.mark.level("should")
def test_current_user_is_the_caller(expect: Expect, alice: User) -> None:
    """Parse.User.current() in a function is the caller."""
    expect.body(alice.client.call("parityCurrentUser"), {"result": alice.id}, status=200)


@pytest.mark.spec("cloudcode/cloud-code#cloud-functions")
@pytest.mark.level("should")
def test_use_master_key_lifts_the_acl(
    parse: ParseClient, expect: Expect, diary: dict[str, Any]
) -> None:
    """Parse.Cloud.useMasterKey() lifts ACLs for the rest of the function."""
    reply = parse.call("parityCountAfterUseMasterKey", diary)

    expect.body(reply, {"result": 2}, status=200)


@pytest.mark.spec("cloudcode/cloud-code#networking")
@pytest.mark.level("should")
def test_http_requests_can_be_made(parse: ParseClient, expect: Expect) -> None:
    """Cloud code has Parse.Cloud.httpRequest."""
    expect.body(parse.call("parityCan", {"name": "httpRequest"}), {"result": True}, status=200)
