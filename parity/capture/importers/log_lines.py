"""Entries of a log of winston, whatever form they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from parity.capture.importers.entries import epoch

PREFIX: Final = (
    r"(?:(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) +)?(?:[\w.-]+ +)?"
    r"(?P<source>[\w.-]+(?:\[[\w./-]+\]|/[\w.-]+)(?=:)|[\w.-]+(?= +\|)):?(?: +\|)? ?"
)
"""What platforms and log collectors write in front of each line: ``… app[web.1]: ``, ``web_1 | ``,
``Jan 20 10:00:00 host node[17]: ``."""
_PREFIX = re.compile(PREFIX)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TEXT = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\d[T ][\d:.,]+Z?)[ -]+)?"
    r"(?P<level>error|warn|info|http|verbose|debug|silly): (?P<message>.*)",
    re.DOTALL,
)
# The fields of 2.x's console: a value may hold a comma, but a name never holds a space.
_PAIR = re.compile(
    r"(?:^|, )(?P<name>[A-Za-z][\w.-]*)=(?P<value>.*?)(?=, [A-Za-z][\w.-]*=|$)", re.DOTALL
)
_BODY_START = re.compile(r": (?=[{\[])")
_COLONS = 20
_LONGEST_LINE = 256 * 1024 * 1024
_LONGEST_ENTRY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry.

    Attributes:
        line: Where it begins, from 1.
        at: Its time, seconds since the epoch; the console does not write it.
        level: ``"verbose"``, ``"error"``, …
        message: Its text, ending with the JSON of the body for requests and responses.
        fields: What was logged beside the message.
    """

    line: int
    at: float | None
    level: str
    message: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogFault:
    """A line that cannot be used."""

    line: int
    reason: str


def log_entries(path: Path) -> Iterator[LogEntry | LogFault]:
    """Give the entries of a log; what no logger wrote is passed over.

    Raises:
        OSError: It cannot be read.
    """
    # By the process that wrote them: a platform mixes the lines of all processes of an app.
    pending: dict[str, _Pending] = {}
    prefixed = False
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
            line = _COLOUR.sub("", raw.decode("utf-8", "replace"))
            source, at, rest = _without_prefix(line)
            if source and (prefixed or _begins(rest)):
                prefixed, line = True, rest
            else:
                source, at = "", None
            starts, before = _begins(line), pending.get(source)
            if before is not None and (starts or before.size > _LONGEST_ENTRY):
                yield from _text_entry(pending.pop(source))
            if line.startswith('{"'):
                yield from _json_entry(line, number, at)
            elif starts:
                pending[source] = _Pending(number, at, [line], len(line))
            elif source in pending:
                pending[source].lines.append(line)
                pending[source].size += len(line)
    for last in sorted(pending.values(), key=lambda entry: entry.line):
        yield from _text_entry(last)


@dataclass(slots=True)
class _Pending:
    """An entry of several lines that is not at its end."""

    line: int
    at: float | None
    lines: list[str]
    size: int


def _begins(line: str) -> bool:
    return line.startswith('{"') or _TEXT.match(line) is not None


def _without_prefix(line: str) -> tuple[str, float | None, str]:
    """Return which process a platform says has written a line, when, and the line itself."""
    match = _PREFIX.match(line)
    if match is None:
        return "", None, line
    at = epoch(match["time"]) if match["time"] else None
    return match["source"], at, line[match.end() :]


def _json_entry(line: str, number: int, at: float | None) -> Iterator[LogEntry | LogFault]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield LogFault(number, f"no JSON: {error.msg} at column {error.pos + 1}")
        return
    level, message = fields.get("level"), fields.get("message")
    if isinstance(level, str) and isinstance(message, str):
        yield LogEntry(number, epoch(fields.get("timestamp")) or at, level, message, fields)


def _text_entry(pending: _Pending) -> Iterator[LogEntry | LogFault]:
    number, match = pending.line, _TEXT.match("".join(pending.lines))
    if match is None:
        return
    message = match["message"].rstrip("\r\n")
    at = epoch(match["time"].replace(",", ".")) if match["time"] else pending.at
    if not message.startswith(("REQUEST for [", "RESPONSE from [")):
        yield LogEntry(number, at, match["level"], *_plain_fields(message))
        return
    end = _end_of_body(message)
    if end is None:
        yield LogFault(number, "a request or response without its body; was the log cut here?")
        return
    fields = _fields(message[end:].strip())
    yield LogEntry(number, at, match["level"], message[:end], fields)


def _end_of_body(message: str) -> int | None:
    """Return where the JSON behind the URL ends."""
    for match in islice(_BODY_START.finditer(message), _COLONS):
        try:
            return json.JSONDecoder().raw_decode(message, match.end())[1]
        except (ValueError, RecursionError):
            continue
    return None


def _fields(text: str) -> dict[str, Any]:
    if text.startswith("{"):
        try:
            fields = orjson.loads(text)
        except orjson.JSONDecodeError:
            return {}
        return fields if isinstance(fields, dict) else {}
    pairs = {match["name"]: match["value"] for match in _PAIR.finditer(text)}
    # All fields are in one row here; what is beside the headers does no harm among them.
    known = ("accept", "host", "user-agent", "connection", "content-", "x-", "authorization")
    headers = {name: value for name, value in pairs.items() if name.startswith(known)}
    return {"headers": headers} if "host" in pairs else {}


def _plain_fields(message: str) -> tuple[str, dict[str, Any]]:
    """Split ``Object not found. {"code":101}`` (9.x) and ``… code=101`` (2.x)."""
    if (start := message.rfind(' {"')) >= 0:
        fields = _fields(message[start + 1 :])
        if fields:
            return message[:start], fields
    match = re.search(r" code=(\d+)(?:, message=(?P<text>.*))?$", message, re.DOTALL)
    if match is None:
        return message, {}
    return match["text"] or message[: match.start()], {"code": int(match[1])}
