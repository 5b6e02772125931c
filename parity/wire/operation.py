"""What a request asks a Parse server to do: its route, its class and object, its parameters.

Source: REST guide "API" (the table of URLs and verbs); parse-server ``src/Routers`` and
``src/middlewares.js`` (``allowMethodOverride``); Parse JavaScript SDK ``src/RESTController.js``
(every request is a POST with the method and the keys in the body).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

import orjson

from parity.wire.headers import BODY_FIELDS, METHOD_FIELD


class Action(StrEnum):
    """What a request does."""

    CREATE = "create"
    GET = "get"
    UPDATE = "update"
    DELETE = "delete"
    QUERY = "query"
    BATCH = "batch"
    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    ME = "me"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    DELETE_FILE = "delete-file"
    FUNCTION = "function"
    READ = "read"
    """Something of the app that is no object: its config, schemas, health."""
    CHANGE = "change"
    """The same, changed."""
    OUTSIDE = "outside"
    """Not below the mount: a web page, another router."""


SYSTEM_ROUTES: Final = {
    "users": "_User",
    "sessions": "_Session",
    "roles": "_Role",
    "installations": "_Installation",
    "push_audiences": "_Audience",
    "products": "_Product",
}
"""Routes of system classes. Source: parse-server ``src/Routers/*Router.js``."""

OUTBOUND: Final = {
    "push": "push",
    "requestPasswordReset": "email",
    "verificationEmailRequest": "email",
    "hooks": "webhooks",
}
"""Routes whose requests leave the server, with what they send."""
_OUTBOUND = {route.lower(): sent for route, sent in OUTBOUND.items()}

_BY_METHOD = {
    "GET": Action.GET,
    "HEAD": Action.GET,
    "PUT": Action.UPDATE,
    "PATCH": Action.UPDATE,
    "DELETE": Action.DELETE,
    "POST": Action.UPDATE,
}
_CHANGING = frozenset(
    {
        *(Action.CREATE, Action.UPDATE, Action.DELETE, Action.BATCH, Action.LOG_OUT),
        *(Action.UPLOAD, Action.DELETE_FILE, Action.FUNCTION, Action.CHANGE),
    }
)


_JSON_BODY: Final = re.compile(rb"\s*[\[{]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One request as a Parse server understands it.

    Attributes:
        method: The effective method: ``_method`` of the body goes before the request line.
        path: Path below the mount without a query: ``/classes/Post/abc``; for a request outside
            of the mount its whole path.
        segments: The decoded segments of ``path``.
        action: What it does.
        class_name: Class that it concerns, system classes by their real names; ``""`` if none.
        object_id: Object that it concerns; ``""`` if none.
        params: Parameters of a query, JSON decoded, from the URL or from the body of a tunnelled
            request.
        body: The parsed JSON body without the fields about the request; ``None`` if there is none.
        parts: The operations of a batch.
        sent: The whole body as JSON; ``None`` if it is no object and no array.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    action: Action
    class_name: str
    object_id: str
    params: dict[str, Any]
    body: Any
    parts: tuple[Operation, ...] = ()
    sent: Any = None

    @property
    def changes(self) -> bool:
        """Whether it may change the server; a log-in adds a session and counts as reading."""
        if self.action is Action.BATCH:
            return any(part.changes for part in self.parts)
        return self.action in _CHANGING

    @property
    def request(self) -> str:
        """Method and path, as the register of known differences names requests."""
        return f"{self.method} {self.path}"

    @property
    def outbound(self) -> str:
        """What would leave the server: ``push``, ``email``, ``webhooks``; empty if nothing."""
        for part in self.parts:  # a batch in a batch
            if part.outbound:
                return part.outbound
        if not self.segments or self.method == "GET":
            return ""
        return _OUTBOUND.get(self.segments[0].lower(), "")


def parse_operation(method: str, url: str, body: bytes, mount: str) -> Operation:
    """Understand a recorded request.

    Args:
        method: HTTP method of the request line.
        url: Path and query as sent.
        body: The body, content-decoded.
        mount: Path that the server was mounted at: ``/1``; ``""`` for the root.

    Returns:
        The operation; one that no Parse server has is :attr:`Action.OUTSIDE`.
    """
    path, _, query = url.partition("?")
    parsed = parse_json(body) if _JSON_BODY.match(body) else None
    if isinstance(parsed, dict) and method == "POST" and isinstance(parsed.get(METHOD_FIELD), str):
        method = parsed[METHOD_FIELD].upper()
    if not path.startswith(mount + "/"):
        segments = tuple(unquote(each) for each in path.split("/") if each)
        return Operation(method, path, segments, Action.OUTSIDE, "", "", {}, parsed)
    return _operation(method, path[len(mount) :], query, parsed, mount)


def _operation(method: str, path: str, query: str, parsed: Any, mount: str) -> Operation:
    segments = tuple(unquote(each) for each in path.split("/") if each)
    content, params = parsed, _params(query)
    if isinstance(parsed, dict):
        content = {key: value for key, value in parsed.items() if key not in BODY_FIELDS}
    if method == "GET" and isinstance(content, dict):
        params = {name: _maybe_json(value) for name, value in content.items()} | params
    action, class_name, object_id = _meaning(method, segments, content)
    parts: tuple[Operation, ...] = ()
    if action is Action.BATCH:
        parts = _parts(content, mount)
    return Operation(
        method, path, segments, action, class_name, object_id, params, content, parts, parsed
    )


def _parts(content: Any, mount: str) -> tuple[Operation, ...]:
    requests = content.get("requests") if isinstance(content, dict) else None
    found = []
    for each in requests if isinstance(requests, list) else []:
        each = each if isinstance(each, dict) else {}  # noqa: PLW2901 - what a server makes of it
        path, _, query = str(each.get("path", "")).partition("?")
        # A server refuses another mount than its own, so the path alone says where it goes.
        below = path[len(mount) :] if path.startswith(mount + "/") else path
        below = below if below.startswith("/") else "/" + below
        found.append(
            _operation(str(each.get("method", "")).upper(), below, query, each.get("body"), mount)
        )
    return tuple(found)


_FIXED: Final = {
    "batch": (Action.BATCH, ""),
    "login": (Action.LOG_IN, "_User"),
    "loginAs": (Action.LOG_IN, "_User"),
    "upgradeToRevocableSession": (Action.LOG_IN, "_User"),
    "verifyPassword": (Action.READ, "_User"),
    "logout": (Action.LOG_OUT, "_Session"),
    "functions": (Action.FUNCTION, ""),
    "jobs": (Action.FUNCTION, ""),
}


def _meaning(method: str, segments: tuple[str, ...], content: Any) -> tuple[Action, str, str]:
    head = segments[0] if segments else ""
    rest = segments[1:]
    if head in _FIXED:
        return *_FIXED[head], ""
    if head == "classes" and rest:
        return _of_class(method, rest[0], rest[1:], content)
    if head in SYSTEM_ROUTES:
        if rest == ("me",):
            action = Action.ME if method == "GET" else Action.UPDATE
            return action, SYSTEM_ROUTES[head], ""
        return _of_class(method, SYSTEM_ROUTES[head], rest, content)
    if head == "files":
        uploads = {"POST": Action.UPLOAD, "DELETE": Action.DELETE_FILE}
        return uploads.get(method, Action.DOWNLOAD), "", ""
    if head == "aggregate" and rest:
        return Action.QUERY, rest[0], ""
    return (Action.READ if method in ("GET", "HEAD", "OPTIONS") else Action.CHANGE), "", ""


def _of_class(
    method: str, class_name: str, rest: tuple[str, ...], content: Any
) -> tuple[Action, str, str]:
    if rest:
        return _BY_METHOD.get(method, Action.READ), class_name, rest[0]
    if method == "POST":
        return Action.CREATE, class_name, _own_id(content)
    return (Action.QUERY if method in ("GET", "HEAD") else Action.CHANGE), class_name, ""


def _own_id(content: Any) -> str:
    # With allowCustomObjectId a client chooses the id itself.
    value = content.get("objectId") if isinstance(content, dict) else None
    return value if isinstance(value, str) else ""


def _params(query: str) -> dict[str, Any]:
    if not query:
        return {}
    found = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        found[unquote_plus(name)] = _maybe_json(unquote_plus(value))
    return found


def _maybe_json(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def parse_json(body: bytes) -> Any:
    """Return a body as JSON; ``None`` if it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
