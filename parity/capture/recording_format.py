"""The lines of a recording: values to JSON and back, each way checked.

``schemas/recording.schema.json`` says the same for other tools.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any, Final

import orjson

from parity.capture.exchanges import (
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingFooter,
    RecordingHeader,
)

FORMAT: Final = "parity-recording"
VERSION: Final = 1

_SURROGATES = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """A line that is not what the format says; the message says why."""


class NewerLine(ValueError):
    """A header of a later version; the message is that version."""


def header_line(header: RecordingHeader) -> bytes:
    """Return the first line of a recording."""
    return _line(
        {
            "kind": "header",
            "format": FORMAT,
            "version": VERSION,
            "base_url": header.base_url,
            "created_at": header.created_at,
            "source": header.source,
            "redacted": header.redacted,
            "tool": header.tool,
            "facts": header.facts,
        }
    )


def footer_line(footer: RecordingFooter) -> bytes:
    """Return the last line of a recording."""
    return _line(
        {
            "kind": "footer",
            "exchanges": footer.exchanges,
            "counts": footer.counts,
            "finished_at": footer.finished_at,
        }
    )


def exchange_line(exchange: RecordedExchange) -> bytes:
    """Return the line of an exchange.

    Raises:
        ValueError: A time is not finite, or a status is no number.
    """
    if not math.isfinite(exchange.at) or not math.isfinite(exchange.elapsed_ms or 0):
        raise ValueError(f"exchange {exchange.id}: a time is not finite")
    request, response = exchange.request, exchange.response
    return _line(
        {
            "kind": "exchange",
            "id": exchange.id,
            "lane": exchange.lane,
            "at": exchange.at,
            "elapsed_ms": exchange.elapsed_ms,
            "origin": exchange.origin,
            "notes": exchange.notes,
            "request": {
                "method": request.method,
                "url": request.url,
                "headers": request.headers,
                "body": _body_out(request.body),
            },
            "response": None
            if response is None
            else {
                "status": response.status,
                "headers": response.headers,
                "body": _body_out(response.body),
            },
        }
    )


def read_header(line: bytes) -> RecordingHeader:
    """Read the first line of a recording.

    Raises:
        BadLine: It is no header of a recording.
        NewerLine: It is one of a later version.
    """
    data = _parsed(line)
    if data.get("format") != FORMAT:
        raise BadLine("no header of a recording")
    version = data.get("version")
    if not isinstance(version, int) or version < 1:
        raise BadLine("version: a number from 1 is expected")
    if version > VERSION:
        raise NewerLine(str(version))
    facts = data.get("facts")
    if not isinstance(facts, dict) or not all(isinstance(fact, str) for fact in facts.values()):
        raise BadLine("facts: an object of strings is expected")
    redacted = data.get("redacted")
    if not isinstance(redacted, bool):
        raise BadLine("redacted: true or false is expected")
    base_url, created_at, source, tool = (
        _text(data, name) for name in ("base_url", "created_at", "source", "tool")
    )
    return RecordingHeader(base_url, created_at, source, redacted, tool, facts)


def read_line(line: bytes) -> RecordedExchange | RecordingFooter:
    """Read any line but the first.

    Raises:
        BadLine: It is neither an exchange nor a footer.
    """
    data = _parsed(line)
    kind = data.get("kind")
    if kind == "exchange":
        return _exchange(data)
    if kind == "footer":
        return _footer(data)
    raise BadLine(f"kind: exchange or footer is expected, not {kind!r:.40}")


def _line(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # Half a surrogate pair in a URL or a header: there is no UTF-8 for it.
        return orjson.dumps(_storable(data), option=orjson.OPT_APPEND_NEWLINE)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, tuple | list) else value


def _body_out(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _body_in(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("base64"), str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, ValueError):
            pass
    raise BadLine('body: a string or {"base64": …} is expected')


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLine(f"no JSON: {error}") from None
    if not isinstance(data, dict):
        raise BadLine("an object is expected")
    return data


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise BadLine(f"{name}: a string is expected")
    return value


def _headers(value: Any) -> Headers:
    try:
        headers = tuple([(name, text) for name, text in value])
    except (TypeError, ValueError):
        headers = ((None, None),)
    for name, text in headers:
        # `type` and not `isinstance`: this runs for every header of a million exchanges.
        if type(name) is not str or type(text) is not str:
            raise BadLine("headers: a list of [name, value] is expected")
    return headers


def _exchange(data: dict[str, Any]) -> RecordedExchange:
    at, elapsed, notes = data.get("at"), data.get("elapsed_ms"), data.get("notes")
    if type(at) is not float and type(at) is not int:
        raise BadLine("at: a number is expected")
    if elapsed is not None and type(elapsed) is not float and type(elapsed) is not int:
        raise BadLine("elapsed_ms: a number or null is expected")
    if type(notes) is not list or not all(type(note) is str for note in notes):
        raise BadLine("notes: a list of strings is expected")
    request, response = data.get("request"), data.get("response")
    if type(request) is not dict or (response is not None and type(response) is not dict):
        raise BadLine("request and response: objects are expected")
    url = _text(request, "url")
    if not url.startswith("/"):
        raise BadLine("url: a path is expected")
    return RecordedExchange(
        _text(data, "id"),
        _text(data, "lane"),
        at,
        elapsed,
        RecordedRequest(
            _text(request, "method"),
            url,
            _headers(request.get("headers")),
            _body_in(request.get("body")),
        ),
        None if response is None else _response(response),
        _text(data, "origin"),
        tuple(notes),
    )


def _response(data: dict[str, Any]) -> RecordedResponse:
    status = data.get("status")
    if type(status) is not int or not 100 <= status <= 999:
        raise BadLine("status: a number from 100 to 999 is expected")
    return RecordedResponse(status, _headers(data.get("headers")), _body_in(data.get("body")))


def _footer(data: dict[str, Any]) -> RecordingFooter:
    exchanges, counts = data.get("exchanges"), data.get("counts")
    if type(exchanges) is not int or exchanges < 0:
        raise BadLine("exchanges: a number is expected")
    if type(counts) is not dict or not all(type(count) is int for count in counts.values()):
        raise BadLine("counts: an object of numbers is expected")
    return RecordingFooter(exchanges, counts, _text(data, "finished_at"))
