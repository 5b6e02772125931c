from __future__ import annotations

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient, Reply

pytestmark = [pytest.mark.area("objects")]

JSON_TYPE = "application/json; charset=utf-8"
ORIGIN = {"Origin": "https://app.example"}
NEEDED = ("X-Parse-Application-Id", "X-Parse-REST-API-Key", "X-Parse-Session-Token", "Content-Type")


@pytest.fixture
def replies(parse: ParseClient, new_class: NewClass) -> list[Reply]:
    """The replies to one request of each kind, and to one that fails."""
    game_score = new_class("GameScore")
    path = f"classes/{game_score}"
    created = parse.post(path, {"score": 1}, headers=ORIGIN)
    own = f"{path}/{created['objectId']}"
    return [
        created,
        parse.get(own, headers=ORIGIN),
        parse.put(own, {"score": 2}, headers=ORIGIN),
        parse.get(path, headers=ORIGIN),
        parse.delete(own, headers=ORIGIN),
        parse.get(own, headers=ORIGIN),
    ]


@pytest.mark.spec("rest/quick-reference#response-format")
def test_every_reply_is_typed_as_json(replies: list[Reply], expect: Expect) -> None:
    """Replies to POST, GET, PUT, queries and DELETE, and errors, are JSON in UTF-8."""
    for reply in replies:
        expect.header(reply, "Content-Type", JSON_TYPE)


@pytest.mark.spec("rest/quick-reference#request-format")
def test_every_reply_may_be_read_from_any_origin(replies: list[Reply], expect: Expect) -> None:
    """Every reply, also an error, has Access-Control-Allow-Origin: * (recorded)."""
    for reply in replies:
        expect.header(reply, "Access-Control-Allow-Origin", "*")


@pytest.mark.level("should")
@pytest.mark.spec("rest/quick-reference#request-format")
def test_every_method_is_allowed_from_any_origin(replies: list[Reply], expect: Expect) -> None:
    """Replies have Access-Control-Allow-Methods: * (recorded)."""
    for reply in replies:
        expect.header(reply, "Access-Control-Allow-Methods", "*")


@pytest.mark.effect("reads")
@pytest.mark.spec("rest/quick-reference#request-format")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_browser_may_send_the_headers_of_the_api(
    parse: ParseClient, expect: Expect, namespace: object, method: str
) -> None:
    """The answer to a CORS preflight allows the documented headers and methods."""
    # A browser sends a preflight without credentials.
    reply = parse.using(key=None).request(
        "OPTIONS",
        "classes/GameScore",
        headers={
            **ORIGIN,
            "X-Parse-Application-Id": "",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ", ".join(NEEDED).lower(),
        },
        raw=True,
    )
    expect.equal(reply.ok, True, at="$.ok")
    expect.header(reply, "Access-Control-Allow-Origin", "*")
    allowed = reply.headers.get("Access-Control-Allow-Headers", "").lower()
    refused = [name for name in NEEDED if name.lower() not in allowed]
    expect.equal(refused, [], at="$.refused headers")
    methods = reply.headers.get("Access-Control-Allow-Methods", "")
    expect.equal(method in methods or methods == "*", True, at="$.method is allowed")
