"""One exchange for each registered difference that can be seen in traffic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from parity.capture.recording import RecordedExchange
from tests.jobs.replay.recorded import APP, JSON_TYPE, LIVE, MADE, dumped, exchange, parsed

OLD, NEW = "recorded00", "minted0000"
OLD_TOKEN, NEW_TOKEN = "r:" + "a" * 32, "r:" + "b" * 32
KEY = ("X-Parse-REST-API-Key", "recorded-key")
MASTER = ("X-Parse-Master-Key", "recorded-master")
TOKEN = ("X-Parse-Session-Token", OLD_TOKEN)
OVERRIDE = ("X-HTTP-Method-Override", "GET")
JSON_SENT = ("Content-Type", "application/json")
HTML = b"<!DOCTYPE html>\n<pre>Cannot GET /parse/nothing</pre>"
NO_POST = HTML.replace(b"GET", b"POST")
HTML_TYPE = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
BROKEN = {"code": 1, "message": "Internal server error."}
DONE, DONE_NOW = {"objectId": OLD, "createdAt": MADE}, {"objectId": NEW, "createdAt": LIVE}
SAVED, SAVED_NOW = {"updatedAt": MADE}, {"updatedAt": LIVE}
DENIED = {"code": 119, "error": "Permission denied"}
UNAUTHORIZED = {"error": "unauthorized"}
OLD_ACL = {"*": {"read": True}, OLD: {"read": True, "write": True}}
NEW_ACL = {NEW: {"read": True, "write": True}}
USER = {"objectId": OLD, "createdAt": MADE, "updatedAt": MADE, "username": "ann"}
USER_NOW = {"objectId": NEW, "createdAt": LIVE, "updatedAt": LIVE, "username": "ann"}
DEVICE = {"deviceType": "ios", "deviceToken": "d" * 64, "channels": ["a"]}
IDENTITY = {"authData": {"anonymous": {"id": "0f6ac4f2-2222-4f2f-8a22-1f2f3f4f5f6f"}}}
SESSION = {"createdWith": {"action": "create"}, "sessionToken": OLD_TOKEN}
SESSION_NOW = {
    "createdWith": {"action": "create"},
    "sessionToken": NEW_TOKEN,
    "user": {"__type": "Pointer", "className": "_User", "objectId": NEW},
    "expiresAt": {"__type": "Date", "iso": LIVE},
}


@dataclass(frozen=True, slots=True)
class Met:
    """One exchange that meets a registered difference.

    Attributes:
        recorded: Request and recorded answer.
        live: What the target answers.
        status: Its status.
        headers: Its headers.
        before: Exchanges that have to be known, with what the target answered.
    """

    recorded: RecordedExchange
    live: Any
    status: int
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    before: tuple[tuple[RecordedExchange, Any], ...] = ()


def met(
    request: str,
    recorded: tuple[int, Any],
    live: tuple[int, Any],
    *headers: tuple[str, str],
    body: Any = None,
) -> Met:
    """Return an exchange; ``request`` is method and path below the mount."""
    method, _, url = request.partition(" ")
    asked = exchange(
        method, url, body, headers=(APP, *headers), answer=recorded[1], status=recorded[0]
    )
    return Met(asked, live[1], live[0])


def where(query: Any, **more: Any) -> str:
    """Return a query on posts."""
    text = query if isinstance(query, str) else dumped(query).decode()
    return f"GET /classes/Post?where={quote(text)}" + ("&" + urlencode(more) if more else "")


def in_a_batch(case: Met) -> Met:
    """Return a batch with the request of a case as its only command."""
    request, response = case.recorded.request, case.recorded.response
    assert response is not None
    command = {"method": request.method, "path": request.url, "body": parsed(request.body) or {}}
    recorded = exchange(
        "POST",
        "/batch",
        {"requests": [command]},
        headers=request.headers,
        answer=[_part(response.status, parsed(response.body))],
    )
    return replace(case, recorded=recorded, live=[_part(case.status, case.live)], status=200)


def _part(status: int, body: Any) -> dict[str, Any]:
    return {"error" if status >= 400 else "success": body}


def refused(code: int, error: str = "no", status: int = 400) -> tuple[int, Any]:
    """Return an answer that is an error."""
    return status, {"code": code, "error": error}


def accepted(code: int, body: Any) -> Met:
    """Return a create that was refused and is carried out now."""
    return met("POST /classes/Post", refused(code), (201, DONE_NOW), body=body)


def rows(*found: Any, **more: Any) -> tuple[int, Any]:
    """Return the answer to a query."""
    return 200, {"results": list(found), **more}


def location(route: str, class_name: str, body: Any) -> Met:
    """Return a create whose Location is below another route."""
    old = ("Location", f"https://api.parse.com/1/{route}/{OLD}")
    found = exchange(
        "POST", f"/{route}", body, answer=DONE, status=201, answer_headers=(JSON_TYPE, old)
    )
    new = f"http://127.0.0.1:1337/parse/classes/{class_name}/{NEW}"
    return Met(found, DONE_NOW, 201, JSON | {"location": new})


def with_file_type() -> Met:
    """Return a download whose type is lost."""
    typed = (("Content-Type", "application/x-app"),)
    asked = exchange("GET", "/files/app/a.xyz", answer=b"abc", answer_headers=typed)
    return Met(asked, b"abc", 200, {"content-type": "false"})


BYTES = {"__type": "Bytes", "base64": "AQI="}
BSON = {"buffer": {"0": 1, "1": 2}, "position": 2, "sub_type": 0}
RELATION = {"__type": "Relation", "className": "Post"}
ROW = {"objectId": OLD, "createdAt": MADE, "updatedAt": MADE, "a": 1}
ROW_NOW = {"objectId": NEW, "createdAt": LIVE, "updatedAt": LIVE, "a": 1}
OBJECT = f"/classes/Post/{OLD}"
OTHER_SESSION = {"objectId": "recorded01", "user": {"__type": "Pointer", "className": "_User"}}
UPLOADED = {"name": "tfss-0f6ac4f2-2222-4f2f-8a22-1f2f3f4f5f6f-a.txt", "url": "http://f/a.txt"}
UNKNOWN_PAGE = exchange(
    "GET",
    "/nothing",
    status=404,
    answer={"error": "invalid endpoint"},
    answer_headers=(("Content-Type", "application/octet-stream"),),
)
TAKEN = "Account already exists for this username."
FULL = [
    {"objectId": f"row{number:07}", "a": number, "createdAt": MADE, "updatedAt": MADE}
    for number in range(1000)
]

NO_LENGTH = refused(105, "Invalid field name: length.")
MET: dict[str, Met] = {
    "KD-0001": Met(UNKNOWN_PAGE, HTML, 404, HTML_TYPE),
    "KD-0002": met("GET /config", (401, UNAUTHORIZED), (403, UNAUTHORIZED)),
    "KD-0101": met(
        f"GET {OBJECT}",
        refused(101, "object not found for get", 404),
        refused(101, "Object not found.", 404),
    ),
    "KD-0102": met(
        f"DELETE {OBJECT}",
        refused(101, "object not found for delete", 404),
        refused(101, "Object not found.", 404),
    ),
    "KD-0103": met("GET /config", (401, UNAUTHORIZED), (403, UNAUTHORIZED), KEY),
    "KD-0104": met(
        "POST /classes/Post",
        refused(107, "invalid JSON"),
        (400, {"error": "Unterminated string in JSON at position 11"}),
        JSON_SENT,
        body=b'{"a":',
    ),
    "KD-0105": met(
        "POST /classes/My-Class",
        refused(103),
        refused(107, "schema class name does not revalidate"),
        body={"a": 1},
    ),
    "KD-0106": met(
        f"GET {OBJECT}",
        (200, {**ROW, "inner": {"data": BYTES}}),
        (200, {**ROW_NOW, "inner": {"data": BSON}}),
    ),
    "KD-0107": met(
        f"PUT {OBJECT}",
        (200, SAVED),
        refused(111, "schema mismatch for Post.createdAt; expected Date but got String"),
        body={"createdAt": MADE},
    ),
    "KD-0108": accepted(102, {"at": {"__type": "GeoPoint", "latitude": 90.5, "longitude": 0}}),
    "KD-0109": met("POST /classes/Post", refused(105), (500, BROKEN), body={"a.b": 1}),
    "KD-0110": accepted(105, {"a.b": 1}),
    "KD-0112": met(
        "POST /batch",
        (200, [{"success": DONE}]),
        refused(107, "cannot route batch path /1/classes/Post"),
        body={"requests": [{"method": "POST", "path": "/1/classes/Post", "body": {}}]},
    ),
    "KD-0113": met(
        "POST /classes/Post", rows(ROW), (201, DONE_NOW), OVERRIDE, body=b"where=%7B%7D"
    ),
    "KD-0116": accepted(116, {"a": "x" * 140_000}),
    "KD-0117": accepted(123, {"ACL": "nobody"}),
    "KD-0118": accepted(106, {"to": {"__type": "Pointer", "className": "Player"}}),
    "KD-0119": accepted(107, b'{"a":"\xff"}'),
    "KD-0120": met(
        "POST /classes/Post",
        refused(105, "invalid field name: bl!ng"),
        refused(105, "Invalid field name: bl!ng."),
        body={"bl!ng": 1},
    ),
    "KD-0121": met("POST /classes/Post", refused(121), (500, BROKEN), body={"a": {"b": {"$c": 1}}}),
    "KD-0122": accepted(121, {"a": {"b": {"$c": 1}}}),
    "KD-0123": met(
        "POST /batch",
        refused(107),
        (200, [{"success": DONE_NOW}] * 51),
        body={"requests": [{"method": "POST", "path": "/1/classes/Post", "body": {}}] * 51},
    ),
    "KD-0124": in_a_batch(met(f"DELETE {OBJECT}", (200, True), (200, {}))),
    "KD-0125": replace(
        met(f"POST {OBJECT}", (200, SAVED), (404, NO_POST), OVERRIDE, body={}),
        headers=HTML_TYPE,
    ),
    "KD-0126": met(
        "POST /classes/Post",
        (201, DONE),
        NO_LENGTH,
        body={"length": 1},
    ),
    "KD-0127": met(
        f"PUT {OBJECT}",
        (200, SAVED),
        NO_LENGTH,
        body={"length": 1},
    ),
    "KD-0128": met(
        "POST /classes/Post",
        (201, DONE),
        (201, {**DONE_NOW, "list": [{"to": NEW}]}),
        body={"list": {"__op": "Add", "objects": [{"to": OLD}]}},
    ),
    "KD-0201": met(where({"createdAt": {"$gt": MADE}}), rows(ROW), rows()),
    "KD-0202": met(where('{"a":'), refused(107), (500, BROKEN)),
    "KD-0203": met(where({"a": {"$odd": 1}}), refused(102), refused(107, "bad constraint: $odd")),
    "KD-0204": met(
        where({"a": {"$regex": "(x"}}),
        refused(102),
        refused(1, "An internal server error occurred", 500),
    ),
    "KD-0205": met(
        where(
            {"at": {"$nearSphere": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}}}, count=1
        ),
        rows(count=1),
        (500, BROKEN),
    ),
    "KD-0207": met(
        "GET /classes/Post?keys=a",
        rows(ROW),
        rows({**ROW_NOW, "likes": RELATION}),
    ),
    "KD-0208": met("GET /classes/Post?limit=1001", rows(*FULL), rows(*FULL, ROW_NOW)),
    "KD-0209": met(
        "GET /classes/Post?_rand=1", rows(ROW), refused(102, "Invalid parameter for query: _rand")
    ),
    "KD-0210": met(where({"a": {"$all": list(range(10))}}), refused(102), rows(ROW_NOW)),
    "KD-0301": met(
        f"GET /users/{OLD}",
        (200, USER),
        (200, {**USER_NOW, "ACL": {"*": {"read": True}, **NEW_ACL}}),
    ),
    "KD-0302": met("GET /users", rows(USER), rows({**USER_NOW, "ACL": NEW_ACL})),
    "KD-0303": met("GET /users", rows(USER), rows()),
    "KD-0304": met("GET /users", rows({**USER, "email": "a@example.com"}), rows(USER_NOW)),
    "KD-0305": met(
        "GET /login?username=ann&password=x",
        refused(101, "invalid login parameters", 404),
        refused(101, "Invalid username/password.", 404),
    ),
    "KD-0306": replace(
        met(
            "POST /users",
            refused(202, "username ann already taken"),
            refused(202, TAKEN),
            body={"username": "ann"},
        ),
        before=(
            (exchange("POST", "/users", {"username": "ann"}, answer=DONE, status=201), DONE_NOW),
        ),
    ),
    "KD-0307": met(
        "POST /users",
        (201, {**DONE, "sessionToken": OLD_TOKEN}),
        refused(202, TAKEN),
        body={"username": "Ann"},
    ),
    "KD-0308": met(
        "GET /login?username=a@example.com&password=x",
        refused(101, "invalid login parameters", 404),
        (200, {**USER_NOW, "sessionToken": NEW_TOKEN}),
    ),
    "KD-0309": met(
        "POST /requestPasswordReset",
        (200, {}),
        refused(1, "An appName, publicServerURL, and emailAdapter are required for this.", 500),
        body={"email": "a@example.com"},
    ),
    "KD-0310": met(
        "GET /users/me",
        (200, USER),
        (200, {**USER_NOW, "__type": "Object", "className": "_User"}),
        TOKEN,
    ),
    "KD-0311": met(
        "GET /users/me",
        (200, USER),
        (200, {**USER_NOW, "__type": "Object", "className": "_User"}),
        TOKEN,
    ),
    "KD-0312": met(
        f"GET {OBJECT}",
        refused(209, "invalid session token"),
        refused(209, "Invalid session token"),
        TOKEN,
    ),
    "KD-0313": met(
        "GET /users/me", refused(101, "invalid session", 404), refused(209, "Permission denied")
    ),
    "KD-0314": met(
        "GET /users?where=" + quote('{"email":"a@example.com"}'), rows(USER), (400, DENIED), TOKEN
    ),
    "KD-0315": met(
        f"PUT /users/{OLD}",
        (200, SAVED),
        (200, {**SAVED_NOW, "sessionToken": "r:" + "c" * 32}),
        TOKEN,
        body={"password": "p"},
    ),
    "KD-0316": met(
        "POST /users", refused(252), (500, BROKEN), body={"authData": {"odd": {"id": "1"}}}
    ),
    "KD-0317": met(
        "POST /users", refused(252), refused(141), body={"authData": {"odd": {"id": "1"}}}
    ),
    "KD-0318": met(
        "POST /users", (201, DONE), (201, {**DONE_NOW, "authDataResponse": {}}), body=IDENTITY
    ),
    "KD-0319": replace(
        met("POST /users", (200, USER), (200, {**USER_NOW, "authDataResponse": {}}), body=IDENTITY),
        before=((exchange("POST", "/users", IDENTITY, answer=DONE, status=201), DONE_NOW),),
    ),
    "KD-0320": location("roles", "_Role", {"name": "a"}),
    "KD-0321": met("POST /roles", refused(139), (201, DONE_NOW), body={"name": "a?b"}),
    "KD-0322": met(f"PUT /roles/{OLD}", refused(136), (200, SAVED_NOW), body={"name": "b"}),
    "KD-0323": met(
        "POST /users",
        (201, DONE),
        refused(203, "Account already exists for this email address."),
        body={"username": "bob", "email": None},
    ),
    "KD-0339": met(
        "POST /users",
        (201, {**DONE, "sessionToken": OLD_TOKEN}),
        (201, DONE_NOW),
        MASTER,
        body={"username": "eve"},
    ),
    "KD-0340": met(
        "GET /users/me",
        (200, {**USER, "__type": "Object", "className": "_User"}),
        (200, USER_NOW),
        TOKEN,
    ),
    "KD-0341": met(
        f"GET /users/{OLD}", (200, {**USER, "ACL": OLD_ACL}), (200, {**USER_NOW, "ACL": NEW_ACL})
    ),
    "KD-0342": met("GET /users", rows({**USER, "sessionToken": OLD_TOKEN}), rows(USER_NOW), MASTER),
    "KD-0403": met(
        "GET /sessions/me",
        (200, {"sessionToken": OLD_TOKEN, "restricted": False}),
        (200, {"sessionToken": NEW_TOKEN}),
        TOKEN,
    ),
    "KD-0405": met(
        "POST /sessions", (201, {**SESSION, "createdAt": MADE}), (201, SESSION_NOW), TOKEN
    ),
    "KD-0406": met(
        "POST /sessions",
        (201, {"sessionToken": OLD_TOKEN, "restricted": True}),
        (201, {"sessionToken": NEW_TOKEN, "restricted": False}),
        TOKEN,
    ),
    "KD-0407": met(
        "POST /sessions",
        (201, {"sessionToken": OLD_TOKEN, "restricted": True}),
        (201, {"sessionToken": NEW_TOKEN}),
        TOKEN,
    ),
    "KD-0408": met(
        f"PUT /sessions/{OLD}", refused(105), (200, SAVED_NOW), TOKEN, body={"restricted": True}
    ),
    "KD-0409": met(
        "PUT /sessions/me",
        (200, {"installationId": "d", "updatedAt": MADE}),
        refused(101, "Object not found.", 404),
        TOKEN,
        body={},
    ),
    "KD-0410": met(
        "GET /sessions", rows(ROW), rows({**ROW_NOW, "sessionToken": "r:" + "c" * 32}), TOKEN
    ),
    "KD-0411": met(
        f"PUT /sessions/{OLD}", refused(101, status=404), (200, SAVED_NOW), TOKEN, body={"a": 1}
    ),
    "KD-0412": met(
        f"PUT /sessions/{OLD}", refused(101, status=404), (200, SAVED_NOW), TOKEN, body={"a": 1}
    ),
    "KD-0413": met(
        f"PUT /sessions/{OLD}", refused(105), (200, SAVED_NOW), TOKEN, body={"createdWith": {}}
    ),
    "KD-0414": met(
        f"PUT /sessions/{OLD}", refused(105), (200, SAVED_NOW), TOKEN, body={"expiresAt": 1}
    ),
    "KD-0415": met(
        f"PUT /sessions/{OLD}", refused(105), (400, {"code": 105}), TOKEN, body={"user": 1}
    ),
    "KD-0416": met(
        f"PUT /sessions/{OLD}", refused(105), (400, {"code": 105}), TOKEN, body={"expiresAt": 1}
    ),
    "KD-0417": met(
        "GET /login?username=ann&password=x",
        (200, {**USER, "sessionToken": OLD_TOKEN}),
        (200, {**USER_NOW, "sessionToken": "r:" + "c" * 32}),
    ),
    "KD-0503": met(
        "POST /files/a.bin",
        refused(129),
        (201, {"name": "0" * 32 + "_a.bin", "url": "http://h/files/a.bin"}),
        body=b"x" * 10_500_000,
    ),
    "KD-0504": met("POST /files/a.txt", (401, UNAUTHORIZED), (403, UNAUTHORIZED), body=b"x"),
    "KD-0505": met(
        "POST /files/a.html",
        (201, UPLOADED),
        refused(130, "File upload of extension html is disabled."),
        body=b"x",
    ),
    "KD-0506": met(
        "POST /files/a.svg",
        (201, UPLOADED),
        refused(130, "File upload of extension svg is disabled."),
        body=b"x",
    ),
    "KD-0507": with_file_type(),
    "KD-0510": met(
        "POST /files/a.2.txt",
        (201, UPLOADED),
        refused(130, "File upload of extension 2.txt is disabled."),
        body=b"x",
    ),
    "KD-0601": met("POST /classes/Post", refused(142), refused(141), body={}),
    "KD-0602": met("POST /functions/f", refused(142), (200, {"result": "done"}), body={}),
    "KD-0606": met(
        "POST /functions/f",
        (200, {"result": 1}),
        refused(141, "response.success is not a function"),
        body={},
    ),
    "KD-0608": met("GET /classes/Post", rows(ROW), rows({**ROW_NOW, "className": "Post"})),
    "KD-0609": met("POST /functions/f", (401, UNAUTHORIZED), (403, UNAUTHORIZED), body={}),
    "KD-0707": met(f"GET {OBJECT}", refused(1, "oops", 500), (500, BROKEN)),
    "KD-0712": replace(
        met("GET /apps/", (200, {"results": []}), (404, HTML), MASTER), headers=HTML_TYPE
    ),
    "KD-0713": met(
        "PUT /config", (404, {"error": "not found"}), (403, {"error": "Permission denied"}), body={}
    ),
    "KD-0714": met(
        "GET /config",
        (200, {"params": {"a": 1}}),
        (200, {"params": {"a": 1}, "masterKeyOnly": {"a": False}}),
    ),
    "KD-0715": replace(
        met(f"GET /classes/Post?where={'x' * 16_000}", (502, b"<html>"), (431, b"")), headers={}
    ),
    "KD-0801": replace(
        met(
            "POST /installations",
            (201, {**DONE, "updatedAt": MADE, **DEVICE}),
            (200, SAVED_NOW),
            body=DEVICE,
        ),
        before=((exchange("POST", "/installations", DEVICE, answer=DONE, status=201), DONE_NOW),),
    ),
    "KD-0802": met(
        "POST /installations",
        refused(114),
        (201, DONE_NOW),
        body={"deviceType": "ios", "deviceToken": "x"},
    ),
    "KD-0803": met("GET /installations", rows({"objectId": OLD, "a": 1}), (400, DENIED)),
    "KD-0804": location("installations", "_Installation", DEVICE),
    "KD-0811": met("POST /push", refused(115), (403, {"error": "Permission denied"}), body={}),
    "KD-0812": met(
        "POST /push",
        (200, {"result": True}),
        refused(115, "Missing push configuration"),
        MASTER,
        body={},
    ),
    "KD-0901": met("GET /schemas", (401, UNAUTHORIZED), (403, {"error": "Permission denied"})),
    "KD-0902": met("GET /classes/Post?count=1&limit=0", rows(count=1), (400, DENIED)),
}
