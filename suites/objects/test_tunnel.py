from __future__ import annotations

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/quick-reference#calling-from-client-apps"),
]


@pytest.fixture
def tunnel(parse: ParseClient) -> ParseClient:
    """A client that sends GET, PUT and DELETE as POST with _method in the body."""
    return parse.using(tunnel=True)


def test_tunnelled_get_reads(
    parse: ParseClient, tunnel: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST with _method GET on an object reads it, and creates nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(tunnel.fetch(game_score, created["objectId"]), row, status=200)
    expect.ids(parse.find(game_score), [created["objectId"]])


def test_tunnelled_query(
    parse: ParseClient, tunnel: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST with _method GET on a class runs a query with where, order and limit in the body."""
    game_score = new_class("GameScore")
    ids = [parse.create(game_score, {"n": n})["objectId"] for n in range(4)]
    reply = tunnel.find(game_score, {"n": {"$gte": 1}}, order="-n", limit=2)
    expect.status(reply, 200)
    expect.ids(reply, [ids[3], ids[2]])
    expect.ids(parse.find(game_score), ids, ordered=False)


def test_tunnelled_put_updates(
    parse: ParseClient, tunnel: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST with _method PUT updates the object and does not store _method."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1, "name": "a"})
    updated = tunnel.update(game_score, created["objectId"], {"score": 2})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    row = {"score": 2, "name": "a", **created.json, **updated.json}
    expect.body(parse.find(game_score), {"results": [row]}, status=200)


def test_tunnelled_delete_deletes(
    parse: ParseClient, tunnel: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST with _method DELETE deletes the object."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    expect.body(tunnel.destroy(game_score, created["objectId"]), {}, status=200)
    expect.error(parse.fetch(game_score, created["objectId"]), 101, status=404)


def test_javascript_sdk_creates_and_stores_no_credentials(
    parse: ParseClient, js_sdk: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A POST with the credentials in its body creates an object without any of them."""
    game_score = new_class("GameScore")
    created = js_sdk.create(game_score, {"score": 1})
    expect.body(created, {"objectId": an_object_id, "createdAt": a_date}, status=201)
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(game_score, created["objectId"]), row, status=200)


def test_javascript_sdk_reads_updates_and_deletes(
    parse: ParseClient, js_sdk: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """GET, PUT, queries and DELETE work with credentials and _method in the body."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    object_id = created["objectId"]
    updated = js_sdk.update(game_score, object_id, {"score": 2})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    row = {"score": 2, **created.json, **updated.json}
    expect.body(js_sdk.fetch(game_score, object_id), row, status=200)
    expect.body(js_sdk.find(game_score, {"score": 2}), {"results": [row]}, status=200)
    expect.body(js_sdk.destroy(game_score, object_id), {}, status=200)
    expect.error(parse.fetch(game_score, object_id), 101, status=404)


def test_session_token_in_the_body(
    js_sdk: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """The session token in the body opens the user's private objects; without it they are shut."""
    alice, note = new_guest("alice"), new_class("Note")
    acl = {alice.id: {"read": True, "write": True}}
    object_id = js_sdk.as_user(alice.token).create(note, {"text": "a", "ACL": acl})["objectId"]
    found = js_sdk.as_user(alice.token).fetch(note, object_id)
    expect.contains(found, {"text": "a", "ACL": acl}, status=200)
    expect.error(js_sdk.fetch(note, object_id), 101, status=404)


@pytest.mark.level("should")
def test_method_override_header_reads(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST with X-HTTP-Method-Override: GET and a form as its body runs a query (recorded)."""
    post = new_class("Post")
    created = parse.create(post, {"n": 1})
    reply = parse.post(
        f"classes/{post}",
        data=b"where=%7B%22n%22%3A1%7D",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-HTTP-Method-Override": "GET",
        },
    )
    row = {"n": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(reply, {"results": [row]}, status=200)
