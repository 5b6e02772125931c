"""HAR 1.2, as browsers and mitmproxy write it.

Source: HAR 1.2 specification (fields); Chromium and Firefox network panels and mitmproxy
``savehar`` for what they do beyond it: ``encoding: base64``, status 0 where nothing came back,
``_webSocketMessages``, no ``text`` where a body was not kept.
"""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from parity.capture.exchanges import (
    MISSING_BODY,
    TRUNCATED_BODY,
    Headers,
    RecordedRequest,
    RecordedResponse,
)
from parity.capture.importers.entries import (
    NOT_HTTP,
    UNREADABLE,
    BadEntry,
    Entries,
    Imported,
    Problem,
    UnreadableSource,
    epoch,
    kept_body,
    notes_of,
)
from parity.capture.importers.json_items import CUT, BadElement, JsonArray

_ESCAPED = 6
"""A character can take six bytes in JSON: ``\\u0000``."""


def read_har(path: Path, max_body: int) -> Entries:
    """Give the exchanges of a HAR file in its order.

    Args:
        path: The file.
        max_body: Longest body to keep, in bytes.

    Raises:
        UnreadableSource: It has no entries, or is no JSON at all.
    """
    array = JsonArray(path, ("entries",), "request", max_body * _ESCAPED + 1024)
    try:
        for number, element in enumerate(array.elements(), 1):
            if isinstance(element, BadElement):
                where = f"line {element.line}, column {element.column}"
                yield Problem(UNREADABLE, where, element.reason)
                continue
            try:
                yield _entry(element.value, number, max_body)
            except ValueError as error:  # BadEntry, or half a surrogate pair in a body
                yield Problem(UNREADABLE, f"entry {number}, line {element.line}", str(error))
    except ValueError as error:
        raise UnreadableSource(path, f"no HAR: {error}") from None
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from None


def _entry(entry: dict[str, Any], number: int, max_body: int) -> Imported | Problem:
    request = _object(entry, "request")
    url = _string(request, "url")
    response = entry.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    scheme = url.partition(":")[0].lower()
    if scheme not in {"http", "https"} or "_webSocketMessages" in entry or status == 101:
        return Problem(NOT_HTTP, f"entry {number}", "no exchange of HTTP")
    headers = _headers(request)
    body, notes = _posted(request.get("postData"), headers, max_body)
    answer, more = _response(response, max_body)
    elapsed = entry.get("time")
    known = isinstance(elapsed, int | float) and math.isfinite(elapsed) and elapsed >= 0
    return Imported(
        number,
        epoch(entry.get("startedDateTime")),
        float(elapsed) if known and elapsed is not None else None,
        str(entry.get("connection") or ""),
        RecordedRequest(_string(request, "method").upper(), url, headers, body),
        answer,
        tuple(dict.fromkeys(notes_of(notes, more) + _own_notes(entry.get("_notes")))),
    )


def _own_notes(value: Any) -> tuple[str, ...]:
    """Return the notes of an entry that ``parity export`` wrote."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _response(response: Any, max_body: int) -> tuple[RecordedResponse | None, tuple[str, ...]]:
    if not isinstance(response, dict):
        return None, ()
    status = response.get("status")
    if not isinstance(status, int) or not 100 <= status <= 999:
        return None, ()
    headers = _headers(response)
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text, size = content.get("text"), content.get("size")
    if text is None and isinstance(size, int) and size > 0:
        return RecordedResponse(status, headers, b""), (MISSING_BODY,)
    body, notes = _content(text, content.get("encoding"), headers, max_body)
    return RecordedResponse(status, headers, body), notes


def _posted(data: Any, headers: Headers, max_body: int) -> tuple[bytes, tuple[str, ...]]:
    if not isinstance(data, dict):
        return b"", ()
    text, params = data.get("text"), data.get("params")
    if not text and isinstance(params, list):
        pairs = [param for param in params if isinstance(param, dict)]
        text = "&".join(
            f"{quote_plus(str(pair.get('name', '')))}={quote_plus(str(pair.get('value', '')))}"
            for pair in pairs
        )
    return _content(text, data.get("encoding") or data.get("_encoding"), headers, max_body)


def _content(
    text: Any, encoding: Any, headers: Headers, max_body: int
) -> tuple[bytes, tuple[str, ...]]:
    if text == CUT:
        return b"", (TRUNCATED_BODY,)
    if text is None:
        return b"", ()
    if not isinstance(text, str):
        raise BadEntry("a body: a string is expected")
    if encoding != "base64":
        body = text.encode()
        return (b"", (TRUNCATED_BODY,)) if len(body) > max_body else (body, ())
    try:
        body = base64.b64decode(text, validate=False)
    except binascii.Error as error:
        raise BadEntry(f"a body that is no base64: {error}") from None
    return kept_body(body, headers, max_body)


def _headers(message: dict[str, Any]) -> Headers:
    fields = message.get("headers")
    if not isinstance(fields, list):
        raise BadEntry("headers: a list is expected")
    pairs = []
    for field in fields:
        name = field.get("name") if isinstance(field, dict) else None
        value = field.get("value") if isinstance(field, dict) else None
        if not isinstance(name, str) or not isinstance(value, str):
            raise BadEntry("headers: a name and a value are expected")
        if not name.startswith(":"):  # HTTP/2's own, which are no headers
            pairs.append((name, value))
    return tuple(pairs)


def _object(entry: dict[str, Any], name: str) -> dict[str, Any]:
    value = entry.get(name)
    if not isinstance(value, dict):
        raise BadEntry(f"{name}: an object is expected")
    return value


def _string(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise BadEntry(f"{name}: a string is expected")
    return value
