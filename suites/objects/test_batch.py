from __future__ import annotations

from typing import Any

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects"), pytest.mark.spec("rest/objects#batch-operations")]

CREATED = {"success": {"objectId": an_object_id, "createdAt": a_date}}
UPDATED = {"success": {"updatedAt": a_date}}
NO_ID = "noSuchId00"


def post(class_name: str, **fields: Any) -> dict[str, Any]:
    """Return the command that creates an object."""
    return {"method": "POST", "path": f"classes/{class_name}", "body": fields}


def put(class_name: str, object_id: str, **fields: Any) -> dict[str, Any]:
    """Return the command that updates an object."""
    return {"method": "PUT", "path": f"classes/{class_name}/{object_id}", "body": fields}


def delete(class_name: str, object_id: str) -> dict[str, Any]:
    """Return the command that deletes an object; it has no body."""
    return {"method": "DELETE", "path": f"classes/{class_name}/{object_id}"}


def test_batch_creates_objects(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """POST batch answers 200 and one success for each object, and both objects are stored.

    Parse Server 8.5.0 and later with the npm package router 2.3.0 answers 500 to every batch.
    """
    game_score = new_class("GameScore")
    reply = parse.batch(
        [
            post(game_score, score=1337, playerName="Sean Plott"),
            post(game_score, score=1338, playerName="ZeroCool"),
        ]
    )
    expect.body(reply, [CREATED, CREATED], status=200)
    rows = [
        {"score": 1337, "playerName": "Sean Plott"},
        {"score": 1338, "playerName": "ZeroCool"},
    ]
    stored = [
        {**row, **each["success"], "updatedAt": each["success"]["createdAt"]}
        for row, each in zip(rows, reply.json, strict=True)
    ]
    expect.body(parse.find(game_score, order="score"), {"results": stored}, status=200)


def test_batch_updates_and_deletes(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A batch updates and deletes; the elements are the normal replies to PUT and DELETE."""
    game_score = new_class("GameScore")
    changed, gone = parse.create(game_score, {"n": 1}), parse.create(game_score, {"n": 2})
    reply = parse.batch(
        [put(game_score, changed["objectId"], n=999999), delete(game_score, gone["objectId"])]
    )
    expect.body(reply, [UPDATED, {"success": {}}], status=200)
    row = {"n": 999999, **changed.json, **reply.json[0]["success"]}
    expect.body(parse.find(game_score), {"results": [row]}, status=200)


def test_replies_are_in_the_order_of_the_commands(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The list of replies has one element for each command, in their order; 50 are allowed."""
    game_score = new_class("GameScore")
    reply = parse.batch([post(game_score, n=n) for n in range(50)])
    expect.body(reply, [CREATED] * 50, status=200)
    rows = parse.find(game_score, limit=100, order="n").results
    replied = [each["success"]["objectId"] for each in reply.json]
    expect.equal([row["objectId"] for row in rows], replied, at="$.ids by n")


@pytest.mark.spec("rest/errors#api-issues")
def test_error_in_the_middle_stops_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A command that fails has an error with code and message; the others are carried out."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"n": 1}), 201)
    reply = parse.batch(
        [
            post(game_score, n=2),
            put(game_score, NO_ID, n=3),
            post(game_score, n="three"),
            post(game_score, n=4),
        ]
    )
    expect.status(reply, 200)
    expect.equal(
        [list(each) for each in reply.json], [["success"], ["error"], ["error"], ["success"]]
    )
    codes = [each.get("error", {}).get("code") for each in reply.json]
    expect.equal(codes, [None, 101, 111, None], at="$.codes")
    rows = parse.find(game_score, order="n").results
    expect.equal([row["n"] for row in rows], [1, 2, 4], at="$.n")


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues")
def test_message_of_a_failed_delete(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The error of a DELETE of a missing object is the documented one, with exactly two keys."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"n": 1}), 201)
    expect.body(
        parse.batch([delete(game_score, NO_ID)]),
        [{"error": {"code": 101, "error": "object not found for delete"}}],
        status=200,
    )


def test_commands_run_in_the_order_given(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A command of a batch sees what the commands before it have done."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {"n": 1})["objectId"]
    path = f"classes/{game_score}/{object_id}"
    # New fields make the update take longer than a read that did not wait for it.
    changes = {"n": 2, "first": 1, "second": "x"}
    reply = parse.batch(
        [put(game_score, object_id, **changes), {"method": "GET", "path": path, "body": {}}]
    )
    expect.status(reply, 200)
    expect.equal(reply.json[1].get("success", {}).get("n"), 2, at="$[1].success.n")


@pytest.mark.level("may")
def test_batch_reads(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """GET works in a batch too: its element is the object, or the rows of a query."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"n": 1})
    row = {"n": 1, **created.json, "updatedAt": created["createdAt"]}
    path = f"classes/{game_score}"
    reply = parse.batch(
        [
            {"method": "GET", "path": f"{path}/{created['objectId']}", "body": {}},
            {"method": "GET", "path": path, "body": {"where": {"n": 1}}},
            {"method": "GET", "path": path, "body": {"where": {"n": 2}}},
        ]
    )
    expect.body(
        reply,
        [{"success": row}, {"success": {"results": [row]}}, {"success": {"results": []}}],
        status=200,
    )


def test_increments_in_one_batch_are_all_kept(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Twenty increments of one field in a batch add up to twenty, each with its own reply."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {"n": 0})["objectId"]
    reply = parse.batch([put(game_score, object_id, n={"__op": "Increment", "amount": 1})] * 20)
    expect.status(reply, 200)
    values = sorted(each["success"]["n"] for each in reply.json)
    expect.equal(values, list(range(1, 21)), at="$.values")
    expect.contains(parse.fetch(game_score, object_id), {"n": 20})


@pytest.mark.spec("rest/security#object-level-access-control")
def test_batch_respects_acl(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """In a batch an ACL holds as elsewhere: the owner's commands work, a stranger's get 101."""
    alice, note = new_guest("alice"), new_class("Note")
    acl = {alice.id: {"read": True, "write": True}}
    object_id = alice.client.create(note, {"text": "a", "ACL": acl})["objectId"]
    refused = parse.batch([put(note, object_id, text="b"), delete(note, object_id)])
    expect.status(refused, 200)
    codes = [each.get("error", {}).get("code") for each in refused.json]
    expect.equal(codes, [101, 101], at="$.codes")
    allowed = alice.client.batch([put(note, object_id, text="c")])
    expect.body(allowed, [UPDATED], status=200)
    expect.contains(alice.client.fetch(note, object_id), {"text": "c"}, status=200)


@pytest.mark.level("should")
@pytest.mark.requires("client_class_creation")
def test_paths_of_the_hosted_service_work(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A command whose path starts with /1/, as documented, is carried out."""
    command = {"method": "POST", "path": f"/1/classes/{new_class('GameScore')}", "body": {"n": 1}}
    expect.body(parse.post("batch", {"requests": [command]}), [CREATED], status=200)


@pytest.mark.level("may")
@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "/classes/{name}", id="path-without-mount"),
        pytest.param("POST", "/elsewhere/classes/{name}", id="path-with-another-mount"),
        pytest.param("POST", "{mount}/nosuch/{name}", id="unknown-endpoint"),
        pytest.param("PATCH", "{mount}/classes/{name}", id="unknown-method"),
    ],
)
def test_command_that_leads_nowhere_is_107(
    parse: ParseClient, expect: Expect, new_class: NewClass, method: str, path: str
) -> None:
    """A batch with a path or method that leads nowhere answers 400 with code 107."""
    game_score = new_class("GameScore")
    where = path.format(mount=parse.mount, name=game_score)
    command = {"method": method, "path": where, "body": {"n": 1}}
    expect.error(parse.post("batch", {"requests": [command]}), 107)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.level("may")
def test_empty_batch(parse: ParseClient, expect: Expect) -> None:
    """A batch without commands answers 200 and an empty list."""
    expect.body(parse.batch([]), [], status=200)


@pytest.mark.level("may")
@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize(
    "body", [pytest.param({}, id="none"), pytest.param({"requests": {"a": 1}}, id="object")]
)
def test_batch_without_a_list_is_107(
    parse: ParseClient, expect: Expect, body: dict[str, Any]
) -> None:
    """A batch whose requests are missing or no list answers 400 with code 107."""
    reply = parse.post("batch", data=_json(body), headers={"Content-Type": "application/json"})
    expect.error(reply, 107)


def _json(body: dict[str, Any]) -> bytes:
    return str(body).replace("'", '"').encode()
