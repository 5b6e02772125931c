"""Who sends a request, and whether it changes something: what a capture has to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from parity.capture.exchanges import Headers
from parity.wire.headers import INSTALLATION_ID, METHOD_FIELD, SESSION_TOKEN

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_INSTALLATION = INSTALLATION_ID.lower()
_SESSION = SESSION_TOKEN.lower()
_FIELDS = (b'"_method"', b'"_InstallationId"', b'"_SessionToken"')


@dataclass(frozen=True, slots=True)
class Client:
    """What a request says of its sender.

    Attributes:
        writes: Whether the request may change something on the server.
        installation_id: As sent, in the header or in the body.
        token: The session token, likewise.
    """

    writes: bool
    installation_id: str | None
    token: str | None


def client_of(method: str, path: str, headers: Headers, body: bytes) -> Client:
    """Read who sends a request.

    Args:
        method: HTTP method.
        path: Path without the query.
        headers: As sent.
        body: The decoded body.

    Returns:
        What it says; the effective method is that of ``_method`` in a POST, as the JavaScript SDK
        tunnels it, and a log-in writes whatever its method, because it makes a session.
    """
    sent = {name.lower(): value for name, value in headers}
    fields = _fields(body)
    if method == "POST" and isinstance(tunnelled := fields.get(METHOD_FIELD), str):
        method = tunnelled.upper()
    return Client(
        writes=method not in READING or path.endswith("/login"),
        installation_id=_text(sent.get(_INSTALLATION) or fields.get("_InstallationId")),
        token=_text(sent.get(_SESSION) or fields.get("_SessionToken")),
    )


def _fields(body: bytes) -> dict[str, Any]:
    # Parsing costs, and most bodies have none of them.
    if not any(name in body for name in _FIELDS):
        return {}
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
