from __future__ import annotations

import base64
import json

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/quick-reference#request-format"),
]

APP, KEY = "X-Parse-Application-Id", "X-Parse-REST-API-Key"
WRONG = "wrongwrongwrongwrongwrongwrongwrongwrong"
UNAUTHORIZED = {"error": "unauthorized"}
REFUSED = {
    "no-application-id": {APP: ""},
    "wrong-application-id": {APP: WRONG},
    "no-key": {KEY: ""},
    "wrong-key": {KEY: WRONG},
}


def basic(user: str, password: str) -> dict[str, str]:
    """Return the headers of a request that authenticates by HTTP Basic alone."""
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {APP: "", KEY: "", "Authorization": f"Basic {value}"}


@pytest.mark.level("should")
@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
def test_request_with_bad_credentials_is_unauthorized(
    no_key: ParseClient,
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    headers: dict[str, str],
) -> None:
    """A request without, or with a wrong, application id or key answers 401 unauthorized."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"score": 1}), 201)
    client = parse if APP in headers else no_key
    reply = client.get(f"classes/{game_score}", headers=headers)
    expect.body(reply, UNAUTHORIZED, status=401)


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
def test_bad_credentials_write_nothing(
    no_key: ParseClient,
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    headers: dict[str, str],
) -> None:
    """With bad credentials POST, PUT and DELETE are refused and change nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    client = parse if APP in headers else no_key
    path = f"classes/{game_score}"
    own = f"{path}/{created['objectId']}"
    replies = [
        client.post(path, {"score": 2}, headers=headers),
        client.put(own, {"score": 2}, headers=headers),
        client.delete(own, headers=headers),
    ]
    expect.equal([reply.ok for reply in replies], [False] * 3, at="$.accepted")
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.find(game_score), {"results": [row]}, status=200)


@pytest.mark.requires("master_key")
def test_wrong_master_key_opens_nothing(
    no_key: ParseClient, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A wrong master key alone is refused; beside a right REST key it gives no more rights."""
    note = new_class("Note")
    object_id = parse.create(note, {"text": "a", "ACL": {}})["objectId"]
    path, headers = f"classes/{note}/{object_id}", {"X-Parse-Master-Key": WRONG}
    alone = no_key.get(path, headers=headers)
    expect.equal(alone.ok, False, at="$.accepted")
    beside = parse.get(path, headers=headers)
    expect.equal(beside.ok, False, at="$.accepted")


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues", "rest/quick-reference#calling-from-client-apps")
def test_wrong_javascript_key_in_the_body_is_unauthorized(
    no_key: ParseClient, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A wrong JavaScript key in the body answers 401 unauthorized and creates nothing."""
    game_score = new_class("GameScore")
    body = {
        "score": 1,
        "_ApplicationId": no_key.target.app_id.value,
        "_JavaScriptKey": WRONG,
        "_ClientVersion": "js1.6.14",
    }
    reply = no_key.post(
        f"classes/{game_score}",
        data=json.dumps(body).encode(),
        headers={APP: "", "Content-Type": "text/plain"},
    )
    expect.body(reply, UNAUTHORIZED, status=401)
    expect.body(parse.find(game_score), {"results": []}, status=200)


def test_basic_authentication_with_the_javascript_key(
    js_sdk: ParseClient, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """HTTP Basic with the application id and javascript-key=KEY reads an object."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    keys = js_sdk.target.keys
    assert keys.javascript_key is not None
    headers = basic(parse.target.app_id.value, f"javascript-key={keys.javascript_key.value}")
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    reply = parse.get(f"classes/{game_score}/{created['objectId']}", headers=headers)
    expect.body(reply, row, status=200)


@pytest.mark.level("should")
def test_basic_authentication_with_the_master_key(
    master: ParseClient, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """HTTP Basic with application id and master key has the rights of that key (recorded 2014)."""
    note = new_class("Note")
    object_id = parse.create(note, {"text": "a", "ACL": {}})["objectId"]
    key = master.target.keys.master_key
    assert key is not None
    headers = basic(parse.target.app_id.value, key.value)
    reply = parse.get(f"classes/{note}/{object_id}", headers=headers)
    expect.contains(reply, {"text": "a", "ACL": {}}, status=200)


@pytest.mark.level("should")
@pytest.mark.parametrize(
    "password", [WRONG, f"javascript-key={WRONG}"], ids=["master", "javascript"]
)
def test_basic_authentication_with_a_wrong_key_is_unauthorized(
    no_key: ParseClient, parse: ParseClient, expect: Expect, new_class: NewClass, password: str
) -> None:
    """HTTP Basic with a wrong key answers 401 unauthorized."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"score": 1}), 201)
    headers = basic(no_key.target.app_id.value, password)
    expect.body(no_key.get(f"classes/{game_score}", headers=headers), UNAUTHORIZED, status=401)
