"""What every client needs of the server before it can do anything else."""

from __future__ import annotations

import gzip
import json

import pytest

from parity.compare import AnyOf, Matching, a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient, Reply

pytestmark = [
    pytest.mark.area("smoke"),
    pytest.mark.spec("rest/quick-reference#response-format"),
]

JSON = Matching(r"application/json(;.*)?", "JSON")
# A Parse Server says which parameters are for the master key alone, once the app has any.
# Source: parse-server src/Routers/GlobalConfigRouter.js; observed with 9.10.0.
MASTER_KEY_ONLY = ("masterKeyOnly",)
NEW = {"objectId": an_object_id, "createdAt": a_date}
PARSE_HEADERS = (
    "X-Parse-Application-Id",
    "X-Parse-REST-API-Key",
    "X-Parse-Javascript-Key",
    "X-Parse-Session-Token",
    "X-Parse-Client-Version",
    "Content-Type",
)


@pytest.mark.effect("reads")
@pytest.mark.spec("rest/config")
def test_config_answers_its_parameters(parse: ParseClient, expect: Expect) -> None:
    """GET config answers JSON with the parameters of the app."""
    reply = parse.get("config")

    expect.status(reply, 200)
    expect.header(reply, "Content-Type", JSON)
    expect.keys(reply, ["params"], optional=MASTER_KEY_ONLY)
    expect.equal(isinstance(reply["params"], dict), True, at="$.params.isObject")


@pytest.mark.effect("reads")
@pytest.mark.level("may")
def test_health_says_ok(parse: ParseClient, expect: Expect) -> None:
    """GET health answers that the server is ready."""
    expect.body(parse.get("health", raw=True), {"status": "ok"}, status=200)


@pytest.mark.effect("reads")
@pytest.mark.level("may")
def test_server_info_has_the_version(master: ParseClient, expect: Expect) -> None:
    """GET serverInfo with the master key answers which version it is."""
    reply = master.get("serverInfo")

    version = Matching(r"\d+\.\d+\.\d+.*", "a version")
    expect.contains(reply, {"parseServerVersion": version}, status=200)


@pytest.mark.effect("reads")
@pytest.mark.level("should")
@pytest.mark.parametrize("path", ["", "nosuch"], ids=["mount", "get"])
def test_unknown_endpoint_is_404_in_json(parse: ParseClient, expect: Expect, path: str) -> None:
    """An endpoint that does not exist answers 404 with an error in JSON."""
    _is_no_endpoint(parse.get(path, raw=True), expect)


@pytest.mark.level("should")
def test_unknown_endpoint_is_404_in_json_to_delete(parse: ParseClient, expect: Expect) -> None:
    """DELETE of an endpoint that does not exist answers 404 with an error in JSON."""
    _is_no_endpoint(parse.delete("nosuch/x", raw=True), expect)


@pytest.mark.level("should")
def test_unknown_method_is_404_in_json(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PATCH, which no endpoint has, answers 404 with an error in JSON."""
    _is_no_endpoint(parse.request("PATCH", f"classes/{new_class('A')}/b", raw=True), expect)


def _is_no_endpoint(reply: Reply, expect: Expect) -> None:
    expect.status(reply, 404)
    body = reply.text if reply.json is None else reply.json
    expect.equal(body, {"error": "invalid endpoint"}, at="$body")


def _origin(parse: ParseClient) -> str:
    """Return a web origin of the app: a server may be open to those alone."""
    return (parse.target.origins or ("https://app.example",))[0]


@pytest.mark.effect("reads")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_preflight_allows_browsers(parse: ParseClient, expect: Expect, method: str) -> None:
    """A preflight without keys is answered 200 and lets pages of the app's origin use the API."""
    asked = {
        "Origin": _origin(parse),
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ", ".join(PARSE_HEADERS).lower(),
        "X-Parse-Application-Id": "",
        "X-Parse-REST-API-Key": "",
    }
    reply = parse.request("OPTIONS", "classes/GameScore", headers=asked, raw=True)

    expect.status(reply, 200)
    origin = AnyOf("*", _origin(parse))
    expect.header(reply, "Access-Control-Allow-Origin", origin)
    methods = Matching(rf"\*|(.*[ ,])?{method}([ ,].*)?", f"methods with {method}")
    expect.header(reply, "Access-Control-Allow-Methods", methods)


@pytest.mark.effect("reads")
@pytest.mark.parametrize("name", PARSE_HEADERS)
def test_preflight_allows_the_headers_of_the_sdks(
    parse: ParseClient, expect: Expect, name: str
) -> None:
    """A preflight allows the headers that clients in browsers send."""
    asked = {
        "Origin": _origin(parse),
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": name.lower(),
    }
    reply = parse.request("OPTIONS", "classes/GameScore", headers=asked, raw=True)

    allowed = Matching(rf"(?i)\*|(.*[ ,])?{name}([ ,].*)?", f"headers with {name}")
    expect.header(reply, "Access-Control-Allow-Headers", allowed)


@pytest.mark.level("may")
def test_slash_at_the_end_makes_no_difference(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A path with a slash at its end is the path without it."""
    game_score = new_class("GameScore")

    made = parse.post(f"classes/{game_score}/", {"score": 1})
    expect.body(made, NEW, status=201)

    row = {"score": 1, **made.json, "updatedAt": made["createdAt"]}
    expect.body(parse.get(f"classes/{game_score}/"), {"results": [row]}, status=200)
    expect.body(parse.get(f"classes/{game_score}/{made['objectId']}/"), row, status=200)


@pytest.mark.level("may")
def test_head_answers_the_headers_alone(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """HEAD answers the status and headers of GET without a body."""
    game_score = new_class("GameScore")
    parse.create(game_score, {"score": 1})

    head = parse.request("HEAD", f"classes/{game_score}", raw=True)

    expect.status(head, 200)
    expect.header(head, "Content-Type", JSON)
    length = str(len(parse.get(f"classes/{game_score}").body))
    expect.header(head, "Content-Length", length)
    expect.equal(head.text, "", at="$body")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"],
    ids=["plain", "charset", "capitals"],
)
def test_json_body_is_read_in_utf_8(
    parse: ParseClient, expect: Expect, new_class: NewClass, content_type: str
) -> None:
    """A JSON body is read as UTF-8, whether its content type says so or not."""
    game_score = new_class("GameScore")
    body = json.dumps({"playerName": "Zoë ✓ 🎉"}, ensure_ascii=False).encode()

    made = parse.request(
        "POST", f"classes/{game_score}", data=body, headers={"Content-Type": content_type}
    )

    expect.body(made, NEW, status=201)
    expect.contains(parse.fetch(game_score, made["objectId"]), {"playerName": "Zoë ✓ 🎉"})


@pytest.mark.effect("reads")
def test_header_names_ignore_case(parse: ParseClient, expect: Expect) -> None:
    """The names of the Parse headers may be in any case."""
    key = parse.target.keys.rest_key
    if key is None:
        pytest.skip("no rest_key is configured")
    lower = {
        "X-Parse-Application-Id": "",
        "X-Parse-REST-API-Key": "",
        "x-parse-application-id": parse.target.app_id.value,
        "x-parse-rest-api-key": key.value,
    }

    expect.status(parse.get("config", headers=lower), 200)


@pytest.mark.level("may")
def test_compressed_body_is_read(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A body that is compressed with gzip is read."""
    game_score = new_class("GameScore")
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    made = parse.request(
        "POST",
        f"classes/{game_score}",
        data=gzip.compress(b'{"score": 1337}'),
        headers=headers,
    )

    expect.body(made, NEW, status=201)
    expect.contains(parse.fetch(game_score, made["objectId"]), {"score": 1337})


@pytest.mark.effect("reads")
@pytest.mark.parametrize("encoding", ["gzip", "identity", "gzip;q=1.0,deflate;q=0.6"])
def test_any_accepted_encoding_is_answered(
    parse: ParseClient, expect: Expect, encoding: str
) -> None:
    """A client may accept compressed replies or not, and gets the same JSON."""
    reply = parse.get("config", headers={"Accept-Encoding": encoding})

    expect.keys(reply, ["params"], optional=MASTER_KEY_ONLY)
    expect.status(reply, 200)


@pytest.mark.effect("reads")
@pytest.mark.level("may")
@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_connection_stays_open_as_asked(
    parse: ParseClient, expect: Expect, connection: str
) -> None:
    """The connection is kept open or closed after the reply as the client asks for it."""
    reply = parse.get("config", headers={"Connection": connection})

    expect.status(reply, 200)
    expect.header(reply, "Connection", connection)


@pytest.mark.spec("migration-guide#2-set-up-a-local-parse-server")
def test_application_id_alone_is_refused(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The guide's call with the application id alone is refused where client keys are set."""
    game_score = new_class("GameScore")

    reply = parse.using(key=None).create(game_score, {"score": 1337})

    expect.error(reply, None, status=401, message="unauthorized")
    expect.body(parse.find(game_score), {"results": []}, status=200)
