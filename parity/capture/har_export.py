"""Recordings as HAR 1.2, so that other tools can look at them.

Written as it is read, exchange by exchange: a recording may be larger than the memory.
Source: HAR 1.2 specification; fields that it wants and nobody knows here are -1, as it says.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from parity.capture.exchanges import (
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
)
from parity.capture.importers.entries import header as header_of


def write_har(
    header: RecordingHeader, exchanges: Iterable[RecordedExchange], out: IO[bytes]
) -> int:
    """Write exchanges as a HAR file.

    ``parity import`` of the result gives the same requests, responses, times and notes. An
    exchange without a response has status 0; ``connection`` is the lane; what HAR has no field
    for is in fields that begin with an underscore.

    Args:
        header: Of the recording; URLs are made absolute with its ``base_url``.
        exchanges: What to write.
        out: Where to.

    Returns:
        How many were written.
    """
    name, _, version = header.tool.partition(" ")
    facts = {"version": "1.2", "creator": {"name": name, "version": version}, "pages": []}
    head = orjson.dumps(facts).removesuffix(b"}")
    out.write(b'{"log":' + head + b',"entries":[')
    parts = urlsplit(header.base_url)
    count = 0
    for exchange in exchanges:
        out.write(b",\n" if count else b"\n")
        out.write(orjson.dumps(_entry(exchange, f"{parts.scheme}://{parts.netloc}")))
        count += 1
    out.write(b"\n]}}\n")
    return count


def _entry(exchange: RecordedExchange, origin: str) -> dict[str, Any]:
    elapsed = exchange.elapsed_ms
    entry: dict[str, Any] = {
        "startedDateTime": _time(exchange.at),
        "time": -1 if elapsed is None else elapsed,
        "request": _request(exchange.request, origin),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": -1 if elapsed is None else elapsed, "receive": 0},
        "connection": exchange.lane,
        "_id": exchange.id,
        "_origin": exchange.origin,
    }
    if exchange.notes:
        entry |= {"comment": "; ".join(exchange.notes), "_notes": exchange.notes}
    return entry


def _time(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):  # no year of the calendar
        return datetime.fromtimestamp(0, UTC).isoformat()


def _request(request: RecordedRequest, origin: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "method": request.method,
        "url": origin + request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        data["postData"] = {
            "mimeType": header_of(request.headers, "content-type"),
            **_text(request.body),
        }
    return data


def _response(response: RecordedResponse | None) -> dict[str, Any]:
    shown = response or RecordedResponse(0, (), b"")
    try:
        phrase = HTTPStatus(shown.status).phrase
    except ValueError:
        phrase = ""
    content: dict[str, Any] = {
        "size": len(shown.body),
        "mimeType": header_of(shown.headers, "content-type"),
    }
    if response is not None:
        content |= _text(shown.body)
    return {
        "status": shown.status,
        "statusText": phrase,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(shown.headers),
        "content": content,
        "redirectURL": header_of(shown.headers, "location"),
        "headersSize": -1,
        "bodySize": -1,
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
