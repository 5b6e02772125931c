"""Requests of a Parse client as bytes, and answers as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson

from parity.jobs.size.load.arranging import client_key
from parity.jobs.size.load.http import Answer, Connection
from parity.jobs.size.load.order import LoadOrder
from parity.model import Keys
from parity.wire import Auth, auth_headers
from parity.wire.headers import REVOCABLE_SESSION, SESSION_TOKEN

JSON: Final = "application/json"
_AGENT: Final = "parse-parity load test"


class Wire:
    """What requests to one target have in common, made once for a process."""

    def __init__(self, order: LoadOrder) -> None:
        parts = urlsplit(order.target.url)
        self.mount = parts.path
        self.url = order.target.url
        self.app_id = order.target.app_id.value
        self.timeout_s = order.target.timeout_s
        key = client_key(order)
        keys = Keys(**{key: getattr(order.target.keys, key)}) if key else Keys()
        headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": _AGENT,
            **auth_headers(Auth(app_id=order.target.app_id, keys=keys)),
            REVOCABLE_SESSION: "1",
        }
        self.head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def get(self, path: str, params: Mapping[str, str] | None = None, token: str = "") -> bytes:
        """Return a GET.

        Args:
            path: Path below the mount: ``classes/Post``.
            params: Query parameters, not yet encoded.
            token: Session token; empty for none.
        """
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in (params or {}).items()
        )
        return self.request("GET", f"{path}?{query}" if query else path, None, token)

    def request(
        self, method: str, path: str, body: bytes | None, token: str = "", content: str = JSON
    ) -> bytes:
        """Return any request; ``path`` may have a query, percent-encoded."""
        session = f"{SESSION_TOKEN}: {token}\r\n" if token else ""
        length = f"Content-Type: {content}\r\nContent-Length: {len(body)}\r\n" if body else ""
        if body is None or body:
            head = f"{method} {self.mount}/{path} HTTP/1.1\r\n{self.head}{session}{length}\r\n"
        else:
            zero = "Content-Length: 0\r\n"
            head = f"{method} {self.mount}/{path} HTTP/1.1\r\n{self.head}{session}{zero}\r\n"
        return head.encode("latin-1") + (body or b"")

    def connection(self) -> Connection:
        """Return a new connection to the target."""
        return Connection(self.url, self.timeout_s)


class Wrong(Exception):
    """An answer that a Parse server would not give; the text says what is wrong with it."""


def encoded(value: Any) -> bytes:
    """Return a body as JSON."""
    return orjson.dumps(value)


def text_of(value: Any) -> str:
    """Return a parameter as JSON text."""
    return orjson.dumps(value).decode()


def json_of(answer: Answer, *statuses: int) -> Any:
    """Return the JSON of an answer.

    Args:
        answer: What came.
        *statuses: Statuses that are right.

    Raises:
        Wrong: Another status, or no JSON.
    """
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        if answer.status in statuses:
            raise Wrong("the body is not JSON") from None
        raise Wrong(f"status {answer.status}") from None
    if answer.status not in statuses:
        code = value.get("code") if isinstance(value, dict) else None
        raise Wrong(f"status {answer.status}" + (f", code {code}" if code is not None else ""))
    return value


def object_of(answer: Answer, *statuses: int) -> dict[str, Any]:
    """Return the JSON object of an answer; see :func:`json_of`."""
    value = json_of(answer, *statuses)
    if not isinstance(value, dict):
        raise Wrong("the body is no JSON object")
    return value


def string_of(value: Mapping[str, Any], name: str) -> str:
    """Return a text that an answer must have.

    Raises:
        Wrong: It has none.
    """
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise Wrong(f"no {name}")
    return found
