r"""Verbose logs of a Parse Server: its log files, and its console in both forms.

What 2.8.4 and 9.10.0 write with ``verbose`` on (looked at, and their ``LoggerController.js``
and ``WinstonLogger.js``):

- log files, and the console with ``jsonLogs``: one JSON object a line, ``{"level": "verbose",
  "message": "REQUEST for [POST] /parse/users: {…}", "method", "url", "headers", "body"}``;
- the console otherwise: ``verbose: REQUEST for [POST] /parse/users: {…}`` over several lines,
  then the same fields, as JSON (9.x) or as ``name=value`` pairs (2.x).

A log is not a full recording. Passwords are masked; uploads of files and refused requests are
not in it; a response has no request's number, so equal requests at one time are paired by order;
an error has just its code and message; what the JavaScript SDK sends in the body (the keys, the
session, the installation, ``_method``) was taken out before it was logged.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from parity.capture.exchanges import (
    TRUNCATED_BODY,
    Headers,
    RecordedRequest,
    RecordedResponse,
)
from parity.capture.importers.entries import (
    UNREADABLE,
    Entries,
    Imported,
    Problem,
    UnreadableSource,
    header,
    notes_of,
)
from parity.capture.importers.log_lines import LogEntry, LogFault, log_entries

PAIRED_BY_ORDER: Final = "response paired by order"
REBUILT_ERROR: Final = "response rebuilt from the error in the log"
KEYS_NOT_LOGGED: Final = "keys were in the body and not logged"
NOT_LOGGED: Final = "not-logged"

_MESSAGE = re.compile(
    r"(?P<kind>REQUEST for|RESPONSE from) \[(?P<method>[A-Z]+)\] (?P<rest>/.*)", re.DOTALL
)
_JSON = re.compile(r": (?=[{\[\"\dtfn-])")
_COLONS = 20
_WAITING = 512
_STALE_S = 60.0
_URL_SAFE = "/?&=%:@!$'()*+,;~-._"


@dataclass(slots=True)
class _Open:
    """A request that waits for its response."""

    number: int
    at: float | None
    method: str
    url: str
    headers: Headers
    body: Any
    response: RecordedResponse | None = None
    answered_at: float | None = None
    error: RecordedResponse | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.response is None


def read_parse_server_log(path: Path, max_body: int) -> Entries:
    """Give the exchanges of a log in the order of their requests.

    Args:
        path: The file.
        max_body: Longest body to keep, in bytes.

    Raises:
        UnreadableSource: No request is in it.
    """
    pairing = _Pairing(max_body)
    requests = 0
    try:
        for entry in log_entries(path):
            if isinstance(entry, LogFault):
                yield Problem(UNREADABLE, f"line {entry.line}", entry.reason)
                continue
            problem = pairing.take(entry)
            if problem is not None:
                yield problem
            for each in pairing.ready():
                requests += 1
                yield each
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from None
    for each in pairing.ready(all_of_them=True):
        requests += 1
        yield each
    if not requests:
        raise UnreadableSource(
            path,
            "no request is in this log",
            "Run the server with VERBOSE=1 (or logLevel verbose); the log file is "
            "logs/parse-server.info.<date>.",
        )


class _Pairing:
    """Puts responses to requests."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._all: deque[_Open] = deque()
        self._number = 0

    def take(self, entry: LogEntry) -> Problem | None:
        """Look at one entry; return what is wrong with it."""
        match = _MESSAGE.fullmatch(entry.message)
        if match is None:
            if entry.level == "error":
                self._error(entry)
            return None
        url, value, readable = _split(match["rest"])
        if match["kind"] == "REQUEST for":
            return self._request(entry, match["method"], url, value if readable else None)
        if not readable:
            value = entry.fields.get("result")
        if not isinstance(value, dict):
            return Problem(UNREADABLE, f"line {entry.line}", "a response that is no JSON")
        self._response(entry, match["method"], url, value)
        return None

    def ready(self, *, all_of_them: bool = False) -> Iterator[Imported]:
        """Give what is complete, in the order of the requests; do not wait for ever."""
        while self._all and (all_of_them or not self._all[0].is_open or len(self._all) > _WAITING):
            yield self._imported(self._all.popleft())

    def _request(self, entry: LogEntry, method: str, url: str, body: Any) -> Problem | None:
        self._number += 1
        headers = entry.fields.get("headers")
        if not isinstance(headers, dict):
            return Problem(UNREADABLE, f"line {entry.line}", "a request without its headers")
        if body is None:
            body = entry.fields.get("body")
        pairs = tuple(
            (name, str(value)) for name, value in headers.items() if isinstance(name, str)
        )
        self._all.append(_Open(self._number, entry.at, method, url, pairs, body))
        return None

    def _response(self, entry: LogEntry, method: str, url: str, result: dict[str, Any]) -> None:
        same = [
            each for each in self._all if each.is_open and (each.method, each.url) == (method, url)
        ]
        if not same:
            return
        request = same[0]
        if len([each for each in same if each.error is None]) > 1:
            for each in same:
                if PAIRED_BY_ORDER not in each.notes:
                    each.notes.append(PAIRED_BY_ORDER)
        status = result.get("status", 200)
        location, text = result.get("location"), result.get("text")
        headers = [("Content-Type", "application/json; charset=utf-8")]
        if isinstance(location, str):
            headers.append(("Location", location))
        body = text.encode() if isinstance(text, str) else orjson.dumps(result.get("response"))
        status = status if isinstance(status, int) and 100 <= status <= 999 else 200
        self._answer(request, RecordedResponse(status, tuple(headers), body), entry.at)

    def _error(self, entry: LogEntry) -> None:
        """Keep an error for the one request that it can be about, unless a response follows."""
        code = entry.fields.get("code")
        if type(code) is not int:
            return
        waiting = [
            each
            for each in self._all
            if each.is_open and each.error is None and not _stale(each, entry.at)
        ]
        if len(waiting) != 1:
            return
        # Parse Server, src/middlewares.js, handleParseErrors.
        status = {1: 500, 101: 404}.get(code, 400)
        body = orjson.dumps({"code": code, "error": entry.message})
        waiting[0].error = RecordedResponse(
            status, (("Content-Type", "application/json; charset=utf-8"),), body
        )
        waiting[0].answered_at = entry.at

    def _answer(self, request: _Open, response: RecordedResponse, at: float | None) -> None:
        request.response, request.answered_at = response, at

    def _imported(self, each: _Open) -> Imported:
        response, notes = each.response, list(each.notes)
        if response is None and each.error is not None:
            response = each.error
            notes.append(REBUILT_ERROR)
        request, more = _rebuilt(each)
        notes += more
        large: list[tuple[str, ...]] = [(), ()]
        if len(request.body) > self._max_body:
            request = RecordedRequest(request.method, request.url, request.headers, b"")
            large[0] = (TRUNCATED_BODY,)
        if response is not None and len(response.body) > self._max_body:
            response = RecordedResponse(response.status, response.headers, b"")
            large[1] = (TRUNCATED_BODY,)
        notes += notes_of(*large)
        elapsed = None
        if each.at is not None and each.answered_at is not None and each.answered_at >= each.at:
            elapsed = round((each.answered_at - each.at) * 1000, 3)
        return Imported(
            each.number, each.at, elapsed, "", request, response, tuple(dict.fromkeys(notes))
        )


def _rebuilt(each: _Open) -> tuple[RecordedRequest, list[str]]:
    """Return the request as a client sent it, as far as the log lets one know."""
    host = header(each.headers, "host") or "localhost"
    url = f"http://{host}{each.url}"
    body = each.body if isinstance(each.body, dict) else {}
    names = {name.lower() for name, _ in each.headers}
    in_body = not names & {"x-parse-application-id", "authorization"}
    kind = header(each.headers, "content-type").lower()
    if in_body and kind.startswith("text/plain"):
        # The JavaScript SDK: a POST of text, with the keys and the method that is meant in it.
        tunnelled = {} if each.method == "POST" else {"_method": each.method}
        keys = {"_ApplicationId": NOT_LOGGED, "_JavaScriptKey": NOT_LOGGED}
        data = orjson.dumps(body | tunnelled | keys)
        return RecordedRequest("POST", url, each.headers, data), [KEYS_NOT_LOGGED]
    if each.method in {"GET", "DELETE", "HEAD"} and not body:
        return RecordedRequest(each.method, url, each.headers, b""), []
    length = header(each.headers, "content-length")
    data = b"" if not body and length in {"", "0"} else orjson.dumps(body)
    return RecordedRequest(each.method, url, each.headers, data), []


def _split(rest: str) -> tuple[str, Any, bool]:
    """Split ``<url>: <JSON>``; the URL may hold a colon and a space itself."""
    for match in islice(_JSON.finditer(rest), _COLONS):
        try:
            value = orjson.loads(rest[match.end() :])
        except orjson.JSONDecodeError:
            continue
        return quote(rest[: match.start()], safe=_URL_SAFE), value, True
    return quote(rest.partition(": ")[0], safe=_URL_SAFE), None, False


def _stale(each: _Open, now: float | None) -> bool:
    return now is not None and each.at is not None and now - each.at > _STALE_S
