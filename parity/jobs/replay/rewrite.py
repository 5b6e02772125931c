"""Turns a recorded request into the one that is sent: ids, tokens, mount and keys of the target."""

from __future__ import annotations

import base64
import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

import orjson

from parity.capture.recording import RecordedRequest
from parity.jobs.replay.access import strings
from parity.jobs.replay.moments import Lookup, Moment, shifted
from parity.model import Keys, Target
from parity.wire.headers import (
    APPLICATION_ID,
    KEY_BODY_FIELDS,
    KEY_HEADERS,
    METHOD_FIELD,
    REQUEST_ID,
)
from parity.wire.ids import parse_file_url

_DROPPED: Final = frozenset(
    {
        *("host", "content-length", "connection", "transfer-encoding", "keep-alive", "te"),
        *("trailer", "upgrade", "expect", "accept-encoding", "cookie", "content-encoding"),
        *("proxy-authorization", "proxy-connection", "x-forwarded-for", "x-forwarded-proto"),
        *("x-forwarded-host", "forwarded", "x-real-ip", "via", "accept"),
    }
)
"""About one transfer or one network path, not about what the client asks for."""

_KEY_OF_HEADER = {header.lower(): name for name, header in KEY_HEADERS.items()}
_KEY_OF_FIELD = {body_field: name for name, body_field in KEY_BODY_FIELDS.items()}
_CLIENT_KEYS: Final = tuple(name for name in KEY_HEADERS if name != "master_key")
_SAFE = "$:,*()'!~@"
_APP = APPLICATION_ID.lower()


class MissingKey(Exception):
    """The recorded request was sent with the master key, and the target has none.

    The message says so in a sentence.
    """


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A request as it is sent.

    Attributes:
        url: Full URL.
        headers: Without those of the transfer.
        body: The body.
    """

    url: str
    headers: dict[str, str]
    body: bytes


class Rewriter:
    """Rewrites requests for one target.

    Args:
        target: Where they go.
        mount: Path of the recorded mount: ``/1``.
        live: Gives the live value for a recorded one, or ``None``.
        moment: Gives the live time for one that a client computed from its clock; ``None`` where
            the target has the recorded times.
    """

    def __init__(
        self, target: Target, mount: str, live: Lookup, moment: Moment | None = None
    ) -> None:
        parts = urlsplit(target.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.mount = mount
        self.live_mount = parts.path.rstrip("/")
        self._keys = _texts(target.keys)
        self._app_id = target.app_id.value
        self._live = live
        self._moment = moment

    def rewrite(self, request: RecordedRequest, parsed: Any, *, refused: bool = False) -> Rewritten:
        """Return the request to send.

        Args:
            request: As recorded.
            parsed: Its body as JSON; ``None`` if it is none.
            refused: Whether its keys were refused when it was recorded: then they stay as they
                are, because the right ones would not be refused again.

        Raises:
            MissingKey: It needs the master key, and the target has none.
        """
        headers = self._headers(request.headers, refused=refused)
        body = request.body
        if parsed is not None:
            body = self._body(body, parsed, refused=refused)
        return Rewritten(self._origin + self.path(request.url), headers, body)

    def path(self, url: str) -> str:
        """Return path and query for the target.

        Args:
            url: Path and query as recorded.
        """
        path, mark, query = url.partition("?")
        if path.startswith(self.mount + "/") or path == self.mount:
            path = self.live_mount + path[len(self.mount) :]
        segments = path.split("/")
        if segments[-3:-2] == ["files"]:  # /files/<application id>/<name>
            segments[-2] = quote(self._app_id, safe="")
        path = "/".join(self._segment(segment) for segment in segments)
        if not mark:
            return path
        return f"{path}?{'&'.join(self._pair(each) for each in query.split('&'))}"

    def _segment(self, segment: str) -> str:
        found = self._live(segment if "%" not in segment else unquote(segment))
        return segment if found is None else quote(found, safe=_SAFE)

    def _pair(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        decoded = unquote_plus(value)
        if name in _KEY_OF_FIELD or name == "_ApplicationId":
            return f"{name}={quote(self._credential(name), safe=_SAFE)}" if value else pair
        if decoded[:1] in ("{", "["):
            try:
                changed = self._text(decoded, orjson.loads(decoded))
            except orjson.JSONDecodeError:
                return pair
        else:
            changed = self._live(decoded) or decoded
        return pair if changed == decoded else f"{name}{equals}{quote(changed, safe=_SAFE)}"

    def _credential(self, body_field: str) -> str:
        if body_field == "_ApplicationId":
            return self._app_id
        if body_field == "_MasterKey" and "master_key" not in self._keys:
            raise MissingKey("it was sent with the master key, and the target has none")
        return self._keys.get(_KEY_OF_FIELD[body_field], "")

    def _headers(self, recorded: tuple[tuple[str, str], ...], *, refused: bool) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name, value in recorded:
            lower = name.lower()
            if lower in _DROPPED:
                continue
            if not value.strip() and (lower in _KEY_OF_HEADER or lower == _APP):
                headers[name] = value  # an empty key is no key, and must not become one
            elif refused and (lower in _KEY_OF_HEADER or lower in (_APP, "authorization")):
                headers[name] = value
            elif lower == _APP:
                headers[name] = self._app_id
            elif lower in _KEY_OF_HEADER:
                self._key(headers, name, _KEY_OF_HEADER[lower])
            elif lower == "authorization":
                headers[name] = self._basic(value)
            elif lower == REQUEST_ID.lower():
                # A server that knows the id would not do it a second time.
                headers[name] = str(uuid.uuid4())
            else:
                headers[name] = self._live(value) or value
        return headers if refused else headers | self._other_client_key(recorded, headers)

    def _other_client_key(
        self, recorded: tuple[tuple[str, str], ...], headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Return a client key in place of one of a kind that the target has none of.

        All kinds give the same rights, and a target that has one of them asks for one.
        """
        sent, meant = (
            {_KEY_OF_HEADER.get(name.lower()) for name, value in one if value.strip()} - {None}
            for one in (headers.items(), recorded)
        )
        if sent or not meant.intersection(_CLIENT_KEYS):
            return {}
        other = next((name for name in _CLIENT_KEYS if name in self._keys), None)
        return {} if other is None else {KEY_HEADERS[other]: self._keys[other]}

    def _key(self, headers: dict[str, str], header: str, key: str) -> None:
        if key in self._keys:
            headers[header] = self._keys[key]
        elif key == "master_key":
            raise MissingKey("it was sent with the master key, and the target has none")
        # Any other key that the target does not have, it does not ask for either.

    def _basic(self, value: str) -> str:
        scheme, _, encoded = value.partition(" ")
        if scheme.lower() != "basic":
            return value
        try:
            _, colon, key = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return value
        if not key:
            # Without a key it gives no rights, and it must not get any here.
            return value if not colon else self._encoded("")
        name = "javascript_key" if key.startswith("javascript-key=") else "master_key"
        if name not in self._keys:
            raise MissingKey(f"it was sent with the {name} in HTTP Basic, and the target has none")
        prefix = "javascript-key=" if name == "javascript_key" else ""
        return self._encoded(prefix + self._keys[name])

    def _encoded(self, key: str) -> str:
        return "Basic " + base64.b64encode(f"{self._app_id}:{key}".encode()).decode()

    def _body(self, body: bytes, parsed: Any, *, refused: bool) -> bytes:
        changes = self._changes(parsed)
        credentials = {}
        if isinstance(parsed, dict) and not refused:
            for name in ("_ApplicationId", *_KEY_OF_FIELD):
                if isinstance(parsed.get(name), str) and parsed[name]:
                    credentials[name] = self._credential(name)
        if changes:
            body = _replaced(body, parsed, changes)
        return _with_credentials(body, parsed, credentials) if credentials else body

    def _text(self, text: str, parsed: Any) -> str:
        changes = self._changes(parsed)
        return _replaced(text.encode(), parsed, changes).decode() if changes else text

    def _changes(self, parsed: Any) -> dict[str, str]:
        changes: dict[str, str] = {}
        paths = _paths(parsed)
        for text in strings(parsed):
            if (found := self._live(text)) is not None:
                if found != text:
                    changes[text] = found
            elif "://" in text and (url := self._file_url(text)) is not None:
                changes[text] = url
        if self._moment is not None:
            changes |= shifted(parsed, self._live, self._moment)
        for path in paths:
            if (changed := self.path(path)) != path:
                changes[path] = changed
        tunnelled = isinstance(parsed, dict) and parsed.get(METHOD_FIELD) == "GET"
        where = parsed.get("where") if tunnelled else None
        if isinstance(where, str) and where[:1] == "{":
            # A request that is tunnelled through POST may hold its query as text.
            with contextlib.suppress(orjson.JSONDecodeError):
                if (changed := self._text(where, orjson.loads(where))) != where:
                    changes[where] = changed
        return changes

    def _file_url(self, text: str) -> str | None:
        parts = parse_file_url(text)
        name = self._live(parts.name) if parts is not None else None
        if name is None:
            return None
        owner, stored = quote(self._app_id, safe=""), quote(name, safe=_SAFE)
        return f"{self._origin}{self.live_mount}/files/{owner}/{stored}"


def _paths(parsed: Any) -> list[str]:
    """Return the paths of the commands of a batch."""
    commands = parsed.get("requests") if isinstance(parsed, dict) else None
    return [
        each["path"]
        for each in (commands if isinstance(commands, list) else [])
        if isinstance(each, dict) and isinstance(each.get("path"), str)
    ]


def _texts(keys: Keys) -> Mapping[str, str]:
    return {name: secret.value for name, secret in keys.items()}


def _replaced(body: bytes, parsed: Any, changes: dict[str, str]) -> bytes:
    """Replace whole strings in JSON; everything else stays as the client wrote it."""
    if not changes.keys().isdisjoint(changes.values()):
        return orjson.dumps(_walk(parsed, changes))  # one after the other would change some twice
    for old, new in changes.items():
        quoted = orjson.dumps(old)
        if quoted not in body:
            # The client wrote the string in another way (escapes), so write all of it anew.
            return orjson.dumps(_walk(parsed, changes))
        body = body.replace(quoted, orjson.dumps(new))
    return body


def _with_credentials(body: bytes, parsed: dict[str, Any], credentials: dict[str, str]) -> bytes:
    """Replace credentials where they stand, and nowhere else: an app's data may be the same."""
    for name, new in credentials.items():
        field = orjson.dumps(name) + b":"
        pair = field + orjson.dumps(parsed[name])
        if body.count(pair) != 1:
            return orjson.dumps(orjson.loads(body) | credentials)
        body = body.replace(pair, field + orjson.dumps(new))
    return body


def _walk(value: Any, changes: dict[str, str]) -> Any:
    if isinstance(value, str):
        return changes.get(value, value)
    if isinstance(value, list):
        return [_walk(each, changes) for each in value]
    if isinstance(value, dict):
        return {changes.get(key, key): _walk(each, changes) for key, each in value.items()}
    return value
