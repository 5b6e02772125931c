"""Which client sent a request: exchanges of one client keep their order when replayed."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from parity.capture.exchanges import Headers
from parity.wire.headers import INSTALLATION_ID, SESSION_TOKEN
from parity.wire.ids import is_installation_id, token_format

_INSTALLATION = INSTALLATION_ID.lower()
_SESSION = SESSION_TOKEN.lower()


def lane_of(headers: Headers, body: bytes, connection: str, *, key: bytes = b"") -> str:
    """Name the lane of a request.

    The installation id (header, or ``_InstallationId`` in the body as the JavaScript SDK sends
    it) goes before the session token, and that before the connection. Values that do not have
    the form of an id or a token, such as a masked ``<X-Parse-Session-Token>``, say nothing.

    Args:
        headers: Headers of the request.
        body: Its decoded body.
        connection: Whatever else tells clients apart: a connection, the name of a cassette.
        key: Up to 64 secret bytes, so that nobody can look for a known id in the names.

    Returns:
        A short name, equal for equal clients: ``installation-1f0c9a…``; never the id itself.
    """
    sent = {name.lower(): value for name, value in headers}
    fields: dict[str, Any] = {}
    if _INSTALLATION not in sent or _SESSION not in sent:
        fields = _body_fields(body)
    installation = sent.get(_INSTALLATION) or fields.get("_InstallationId")
    if isinstance(installation, str) and is_installation_id(installation.lower()):
        return _named("installation", installation.lower(), key)
    session = sent.get(_SESSION) or fields.get("_SessionToken")
    if isinstance(session, str) and token_format(session):
        return _named("session", session, key)
    return _named("connection", connection, key)


def _body_fields(body: bytes) -> dict[str, Any]:
    # Parsing costs; most bodies of SDKs that send headers have neither name in them.
    if b"_InstallationId" not in body and b"_SessionToken" not in body:
        return {}
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _named(kind: str, value: str, key: bytes) -> str:
    data = value.encode("utf-8", "surrogatepass")
    return f"{kind}-{hashlib.blake2b(data, digest_size=6, key=key).hexdigest()}"
