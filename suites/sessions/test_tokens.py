from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from parity.compare import Containing, Matching, a_session_token
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewUser, User
from parity.targets import Namespace, ParseClient

pytestmark = [pytest.mark.area("sessions"), pytest.mark.spec("rest/sessions#properties")]

NewGuest = Callable[..., User]
LogInAgain = Callable[..., ParseClient]
HEADERS = "rest/quick-reference#request-format"


@pytest.mark.parametrize("asked", [True, False], ids=["asked-for", "not-asked-for"])
def test_tokens_are_revocable(
    parse: ParseClient, expect: Expect, namespace: Namespace, *, asked: bool
) -> None:
    """Sign-up and login answer a revocable token, with X-Parse-Revocable-Session and without."""
    client = parse.using(revocable_session=asked)
    name = namespace.user_name("ann")

    created = client.sign_up(name, "secret")
    expect.contains(created, {"sessionToken": a_session_token}, status=201)
    expect.contains(client.log_in(name, "secret"), {"sessionToken": a_session_token}, status=200)


@pytest.mark.level("should")
def test_token_has_the_hosted_length(expect: Expect, new_guest: NewGuest) -> None:
    """A session token is r: and 25 letters and digits."""
    hosted = Matching(r"r:[A-Za-z0-9]{25}", "r: and 25 letters and digits")

    expect.equal(new_guest("alice").token, hosted, at="$.sessionToken")


def test_every_login_gets_its_own_token(
    parse: ParseClient, expect: Expect, new_user: NewUser
) -> None:
    """Each login makes a session of its own, and the earlier ones stay valid."""
    alice = new_user("alice")
    first, second = (parse.log_in(alice.username, alice.password) for _ in range(2))

    tokens = {alice.token, first["sessionToken"], second["sessionToken"]}
    expect.equal(len(tokens), 3, at="$.tokens")
    for token in sorted(tokens):
        expect.contains(parse.as_user(token).me(), {"objectId": alice.id}, status=200)


def test_token_decides_who_acts(expect: Expect, new_class: NewClass, new_guest: NewGuest) -> None:
    """Requests of two users over the same connections each see their own objects."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    owns = [
        user.client.create(note, {"ACL": {user.id: {"read": True}}})["objectId"]
        for user in (alice, bob)
    ]

    expect.ids(alice.client.find(note), [owns[0]])
    expect.ids(bob.client.find(note), [owns[1]])
    expect.ids(alice.client.find(note), [owns[0]])


def test_concurrent_users_do_not_mix(expect: Expect, new_guest: NewGuest) -> None:
    """Eight requests at a time of two users each answer their own user and session."""
    users = (new_guest("alice"), new_guest("bob"))
    turns = [users[n % 2] for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        who = list(pool.map(lambda user: user.client.me()["objectId"], turns))
        tokens = list(pool.map(lambda user: user.client.get("sessions/me")["sessionToken"], turns))

    expect.equal(who, [user.id for user in turns], at="$.users")
    expect.equal(tokens, [user.token for user in turns], at="$.tokens")


@pytest.mark.spec(HEADERS)
def test_token_in_the_body_acts_like_the_header(
    js_sdk: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """The JavaScript SDK's _SessionToken in the body does what the header does."""
    note = new_class("Note")
    alice = new_guest("alice")
    browser = js_sdk.as_user(alice.token)

    expect.contains(browser.me(), {"objectId": alice.id}, status=200)
    created = browser.create(note, {"ACL": {alice.id: {"read": True}}})
    expect.ids(browser.find(note), [created["objectId"]])
    expect.ids(alice.client.find(note), [created["objectId"]])
    expect.body(browser.log_out(), {}, status=200)
    expect.error(alice.client.me(), 209)


@pytest.mark.spec("rest/objects#batch-operations")
def test_batch_acts_as_the_user(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """All requests of a batch are made as the user whose token the batch carries."""
    note = new_class("Note")
    alice, bob = new_guest("alice", phone="1"), new_guest("bob", phone="1")
    acl = {alice.id: {"read": True, "write": True}}
    reply = alice.client.batch(
        [
            {"method": "POST", "path": f"classes/{note}", "body": {"ACL": acl}},
            {"method": "PUT", "path": f"users/{alice.id}", "body": {"phone": "2"}},
            {"method": "PUT", "path": f"users/{bob.id}", "body": {"phone": "2"}},
        ]
    )

    done, refused = Containing({"success": Containing({})}), Containing({"code": 206})
    expect.body(reply, [done, done, Containing({"error": refused})], status=200)
    expect.ids(alice.client.find(note), [reply.json[0]["success"]["objectId"]])
    expect.ids(parse.find(note), [])
    expect.contains(alice.client.me(), {"phone": "2"}, status=200)
    expect.contains(bob.client.me(), {"phone": "1"}, status=200)


@pytest.mark.level("may")
def test_master_key_with_a_token_knows_the_user(
    master: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """A request with the master key and a session token is still that user's for users/me."""
    alice = new_guest("alice")

    client = master.using(session_token=alice.token)
    expect.contains(client.me(), {"objectId": alice.id}, status=200)


@pytest.mark.level("may")
def test_upgrade_needs_a_valid_token(
    parse: ParseClient, expect: Expect, new_guest: NewGuest
) -> None:
    """An upgrade to a revocable session answers a new token for a valid one alone."""
    alice = new_guest("alice")

    upgraded = alice.client.post("upgradeToRevocableSession")
    expect.contains(upgraded, {"sessionToken": a_session_token}, status=200)
    me = parse.as_user(upgraded["sessionToken"]).me()
    expect.contains(me, {"objectId": alice.id}, status=200)
    legacy = parse.as_user("a" * 25).post("upgradeToRevocableSession")
    expect.error(legacy, 209)
    expect.error(parse.post("upgradeToRevocableSession"), 101, status=404)
