"""What passes through the proxy, as values that a fault can change one thing of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

Headers = tuple[tuple[str, str], ...]
ROW_ROUTE = re.compile(r"(?:classes/[^/]+|users|roles|sessions|installations)/(?!me$)[^/]+")
LIST_ROUTE = re.compile(r"classes/[^/]+|users|roles|sessions|installations")
CREDENTIAL_FIELDS = ("_SessionToken", "_MasterKey")


class Message:
    """What a request and a response have in common.

    Attributes:
        headers: Names and values as they came, in order.
        body: Raw bytes.
    """

    headers: Headers
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The parsed body; ``None`` if it is not JSON. Treat it as read-only."""
        if self.body[:1] not in (b"{", b"["):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def members(self) -> dict[str, Any]:
        """The parsed body if it is an object, else an empty one."""
        return self.json if isinstance(self.json, dict) else {}

    def header(self, name: str) -> str:
        """Return a header's value without regard to the case of its name; empty if none."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")


def changed_headers(headers: Headers, changes: Iterable[tuple[str, str | None]]) -> Headers:
    """Return headers with some replaced (or added); ``None`` removes one."""
    wanted = dict(changes)
    lower = {name.lower() for name in wanted}
    kept = tuple((n, v) for n, v in headers if n.lower() not in lower)
    return kept + tuple((n, v) for n, v in wanted.items() if v is not None)


def dumps(value: Any) -> bytes:
    """Write JSON as compactly as the server does."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def same(first: Any, second: Any) -> bool:
    """Return whether two JSON values are the same; to Python, ``0`` and ``False`` are equal."""
    return dumps(first) == dumps(second)


@dataclass(frozen=True)
class Request(Message):
    """A request.

    Attributes:
        method: HTTP method as sent.
        mount: Path of the mount, with a leading slash.
        target: Path and query as sent, percent-encoded.
        headers: See :class:`Message`.
        body: See :class:`Message`.
        check: Node id of the check that sent it; empty if nobody said.
        times: How often the server gets it; the last reply is the one that counts.
    """

    method: str
    mount: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    check: str = ""
    times: int = 1

    @cached_property
    def route(self) -> str:
        """Path below the mount, ``classes/GameScore``; empty for the mount and other paths."""
        path = self.target.partition("?")[0]
        return path[len(self.mount) + 1 :] if path.startswith(self.mount + "/") else ""

    @cached_property
    def verb(self) -> str:
        """The effective method: SDKs send everything as POST with ``_method``."""
        told = self.members.get("_method")
        return told if self.method == "POST" and isinstance(told, str) else self.method

    @property
    def _tunnelled(self) -> bool:
        return self.verb != self.method

    @cached_property
    def params(self) -> dict[str, Any]:
        """Query parameters as text, or members of the body of a tunnelled GET."""
        query = dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))
        if self.verb == "GET" and self._tunnelled:
            return {**query, **{k: v for k, v in self.members.items() if k[:1] != "_"}}
        return query

    @cached_property
    def where(self) -> dict[str, Any]:
        """The constraints of a query; empty if there are none or they are no JSON object."""
        raw = self.params.get("where", {})
        try:
            value = json.loads(raw) if isinstance(raw, str) else raw
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def is_read(self) -> bool:
        """Whether it only reads; a log-in by GET makes a session."""
        return self.verb == "GET" and self.route != "login"

    @property
    def is_find(self) -> bool:
        """Whether it queries a class."""
        return self.verb == "GET" and LIST_ROUTE.fullmatch(self.route) is not None

    @property
    def is_fetch(self) -> bool:
        """Whether it retrieves one object."""
        return self.verb == "GET" and ROW_ROUTE.fullmatch(self.route) is not None

    @property
    def is_create(self) -> bool:
        """Whether it creates an object."""
        return self.verb == "POST" and LIST_ROUTE.fullmatch(self.route) is not None

    @property
    def is_update(self) -> bool:
        """Whether it updates an object."""
        return self.verb == "PUT" and ROW_ROUTE.fullmatch(self.route) is not None

    @property
    def is_delete(self) -> bool:
        """Whether it deletes an object."""
        return self.verb == "DELETE" and ROW_ROUTE.fullmatch(self.route) is not None

    @property
    def on_row(self) -> bool:
        """Whether it retrieves, updates or deletes one object."""
        return self.is_fetch or self.is_update or self.is_delete

    @property
    def of_class(self) -> bool:
        """Whether it is about a class of the app, not a system class."""
        return self.route.startswith("classes/") and not self.route.startswith("classes/_")

    @property
    def session(self) -> str:
        """The session token, from the header or the body; empty if none."""
        return self.header("X-Parse-Session-Token") or str(self.members.get("_SessionToken", ""))

    @property
    def is_master(self) -> bool:
        """Whether it carries a master key."""
        return bool(self.header("X-Parse-Master-Key") or self.members.get("_MasterKey"))

    def with_headers(self, **changes: str | None) -> Request:
        """Return it with headers replaced; ``X_Parse_Session_Token=None`` removes one."""
        pairs = ((name.replace("_", "-"), value) for name, value in changes.items())
        return replace(self, headers=changed_headers(self.headers, pairs))

    def with_json(self, value: Any) -> Request:
        """Return it with another JSON body; unchanged if it is the same."""
        return self if self.body and same(value, self.json) else replace(self, body=dumps(value))

    def with_route(self, route: str) -> Request:
        """Return it with another path below the mount, and the same query."""
        query = self.target.partition("?")[2]
        return replace(self, target=f"{self.mount}/{route}" + (f"?{query}" if query else ""))

    def with_params(self, **changes: Any) -> Request:
        """Return it with query parameters replaced; ``None`` removes one."""
        if self.verb == "GET" and self._tunnelled:
            kept = {k: v for k, v in self.members.items() if k not in changes}
            return self.with_json({**kept, **{k: v for k, v in changes.items() if v is not None}})
        kept = {k: v for k, v in self.params.items() if k not in changes}
        for name, value in changes.items():
            if value is not None:
                kept[name] = value if isinstance(value, str) else dumps(value).decode()
        query = urlencode(kept, quote_via=quote)
        path = self.target.partition("?")[0]
        return replace(self, target=path + (f"?{query}" if query else ""))

    def with_where(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Request:
        """Return it with other constraints, if it has any; unchanged if they stay the same."""
        if not self.where:
            return self
        after = change(self.where)
        return self if same(after, self.where) else self.with_params(where=after)

    def without_session(self) -> Request:
        """Return it without a session token."""
        bare = self.with_headers(X_Parse_Session_Token=None)
        if "_SessionToken" not in self.members:
            return bare
        return bare.with_json({k: v for k, v in self.members.items() if k != "_SessionToken"})

    def as_master(self, master_key: str) -> Request:
        """Return it with the master key and without a session."""
        return self.without_session().with_headers(X_Parse_Master_Key=master_key)


@dataclass(frozen=True)
class Response(Message):
    """A response.

    Attributes:
        status: HTTP status.
        headers: See :class:`Message`.
        body: See :class:`Message`.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> Any:
        """The Parse error code, or ``None``."""
        return None if self.ok else self.members.get("code")

    @property
    def rows(self) -> list[Any]:
        """The rows of a query; empty for anything else."""
        rows = self.members.get("results")
        return rows if isinstance(rows, list) else []

    def with_status(self, status: int) -> Response:
        """Return it with another status."""
        return replace(self, status=status)

    def with_json(self, value: Any) -> Response:
        """Return it with another JSON body; unchanged if it is the same."""
        return self if self.body and same(value, self.json) else replace(self, body=dumps(value))

    def with_members(self, **changes: Any) -> Response:
        """Return it with members of its body replaced or added."""
        return self.with_json({**self.members, **changes})

    def without(self, *names: str) -> Response:
        """Return it without these members of its body."""
        return self.with_json({k: v for k, v in self.members.items() if k not in names})

    def with_rows(self, rows: list[Any]) -> Response:
        """Return it with other rows."""
        return self.with_members(results=rows)

    def with_headers(self, **changes: str | None) -> Response:
        """Return it with headers replaced; ``Location=None`` removes one."""
        pairs = ((name.replace("_", "-"), value) for name, value in changes.items())
        return replace(self, headers=changed_headers(self.headers, pairs))

    def each_object(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
        """Apply a change to every row of a query, or to the object that was retrieved."""
        if "results" in self.members:
            rows = [change(row) if isinstance(row, dict) else row for row in self.rows]
            return self.with_rows(rows)
        return self.with_json(change(self.members)) if self.members else self


JSON = (("Content-Type", "application/json; charset=utf-8"), ("Access-Control-Allow-Origin", "*"))


def answer(status: int, value: Any) -> Response:
    """Make up a reply."""
    return Response(status, JSON, dumps(value))


def refusal(code: int, error: str, status: int = 400) -> Response:
    """Make up a Parse error."""
    return answer(status, {"code": code, "error": error})


def map_values(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a JSON value with ``change`` applied to every value in it, the innermost first."""
    if isinstance(value, dict):
        value = {key: map_values(each, change) for key, each in value.items()}
    elif isinstance(value, list):
        value = [map_values(each, change) for each in value]
    return change(value)
