"""Cassettes of Ruby VCR (2 and 3) and vcrpy (version 1), in YAML and JSON.

Sources: recorded cassettes of VCR 3.0.1; VCR 6 ``lib/vcr/structs.rb`` (``base64_string``, lists
of header values); vcrpy 7 ``vcr/serialize.py`` and ``vcr/serializers/compat.py``.
No object is ever made from a tag; see :mod:`parity.capture.importers.yaml_values`.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from parity.capture.exchanges import (
    MISSING_BODY,
    TRUNCATED_BODY,
    Headers,
    RecordedRequest,
    RecordedResponse,
)
from parity.capture.importers import cassette_text, json_items
from parity.capture.importers.entries import (
    UNREADABLE,
    BadEntry,
    Entries,
    Imported,
    ObjectTag,
    Problem,
    UnreadableSource,
    epoch,
    header,
    kept_body,
    notes_of,
)
from parity.capture.importers.yaml_values import BadYaml, TaggedYaml, YamlReader, as_text

_LISTS = ("http_interactions", "interactions")
_ESCAPED = 6
_CUTS = {cassette_text.CUT, json_items.CUT}
_LARGEST_FILE = 256 * 1024 * 1024


def read_json_cassette(path: Path, max_body: int) -> Entries:
    """Give the exchanges of a cassette in JSON; see :func:`read_yaml_cassette`."""
    array = json_items.JsonArray(path, _LISTS, "request", max_body * _ESCAPED + 1024)
    try:
        for number, element in enumerate(array.elements(), 1):
            if isinstance(element, json_items.BadElement):
                where = f"line {element.line}, column {element.column}"
                yield Problem(UNREADABLE, where, element.reason)
            else:
                yield _entry(element.value, number, element.line, max_body)
    except ValueError as error:
        raise UnreadableSource(path, f"no cassette: {error}") from None
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from None


def read_yaml_cassette(path: Path, max_body: int) -> Entries:
    """Give the exchanges of a cassette in its order.

    Args:
        path: The file.
        max_body: Longest body to keep, in bytes.

    Raises:
        ObjectTag: It has a tag that makes objects; nothing of the file is used.
        UnreadableSource: It is no cassette.
    """
    # All is read before anything is given: a tag anywhere refuses the whole file.
    entries: list[Imported | Problem] = []
    try:
        for value, line in _interactions(path, max_body):
            if isinstance(value, BadYaml):
                entries.append(Problem(UNREADABLE, f"line {value.line}", value.reason))
            else:
                entries.append(_entry(value, len(entries) + 1, line, max_body))
    except TaggedYaml as error:
        raise ObjectTag(path, error.tag, error.line) from None
    except BadYaml as error:
        raise UnreadableSource(path, str(error)) from None
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from None
    yield from entries


def _interactions(path: Path, max_body: int) -> Iterator[tuple[Any, int]]:
    if path.stat().st_size > _LARGEST_FILE:
        raise BadYaml(1, f"it has more than {_LARGEST_FILE >> 20} MB; split it")
    text = path.read_bytes().removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    reader = YamlReader()
    for piece in cassette_text.pieces(text, max_body * 2 + 65_536):
        try:
            value = reader.value(piece.text, piece.line)
        except TaggedYaml:
            raise
        except BadYaml as error:
            if piece.whole:
                raise
            yield error, piece.line
            continue
        listed = value
        if isinstance(value, dict):
            listed = next((value[name] for name in _LISTS if name in value), None)
        if not isinstance(listed, list):
            raise BadYaml(piece.line, "no cassette: it has no list of interactions")
        yield from ((each, piece.line) for each in listed)


def _entry(value: Any, number: int, line: int, max_body: int) -> Imported | Problem:
    try:
        return _imported(value, number, max_body)
    except ValueError as error:
        return Problem(UNREADABLE, f"interaction {number}, line {line}", str(error))


def _imported(value: Any, number: int, max_body: int) -> Imported:
    request = value.get("request") if isinstance(value, dict) else None
    if not isinstance(request, dict):
        raise BadEntry("request: a mapping is expected")
    url, method = request.get("uri") or request.get("url"), request.get("method")
    if not isinstance(url, str | bytes) or not isinstance(method, str | bytes):
        raise BadEntry("request: a uri and a method are expected")
    url, method = as_text(url), as_text(method)
    headers = _headers(request.get("headers"))
    body, notes = _body(request.get("body"), headers, max_body)
    response, more = _response(value.get("response"), max_body)
    if method.lower().endswith("head") or (response and response.status in {204, 304}):
        more = ()  # Their Content-Length is about a body that is never sent.
    recorded_at = value.get("recorded_at")
    at = epoch(as_text(recorded_at) if isinstance(recorded_at, bytes) else recorded_at)
    if at is None and response is not None:
        at = epoch(header(response.headers, "date"))
    return Imported(
        number,
        at,
        None,
        "",
        RecordedRequest(method.lstrip(":").upper(), url, headers, body),
        response,
        notes_of(notes, more),
    )


def _response(value: Any, max_body: int) -> tuple[RecordedResponse | None, tuple[str, ...]]:
    if value is None:
        return None, ()
    if not isinstance(value, dict):
        raise BadEntry("response: a mapping is expected")
    status = value.get("status")
    code = status.get("code") if isinstance(status, dict) else status
    if code is None:
        code = value.get("status_code")  # vcrpy's stub for httpx
    try:
        number = int(code)  # type: ignore[arg-type] # the error is what is asked for
    except (TypeError, ValueError):
        raise BadEntry("response: a status is expected") from None
    if number == 0:
        return None, ()
    if not 100 <= number <= 999:
        raise BadEntry(f"response: {number} is no status")
    headers = _headers(value.get("headers"))
    raw = value.get("body", value.get("content"))
    body, notes = _body(raw, headers, max_body)
    length = header(headers, "content-length")
    if not body and not notes and length.isdecimal() and int(length) > 0:
        notes = (MISSING_BODY,)
    return RecordedResponse(number, headers, body), notes


def _body(value: Any, headers: Headers, max_body: int) -> tuple[bytes, tuple[str, ...]]:
    if isinstance(value, dict):
        encoded = value.get("base64_string")
        if isinstance(encoded, str) and encoded not in _CUTS:
            try:
                return kept_body(base64.b64decode(encoded), headers, max_body)
            except binascii.Error as error:
                raise BadEntry(f"base64_string: {error}") from None
        value = value.get("string", encoded)
    if value is None:
        return b"", ()
    if isinstance(value, str):
        if value.strip() in _CUTS:
            return b"", (TRUNCATED_BODY,)
        value = value.encode()
    if isinstance(value, dict | list):  # vcrpy's JSON bodies, written as what they say
        value = orjson.dumps(value, default=as_text)
    if not isinstance(value, bytes):
        raise BadEntry("a body: a string is expected")
    return kept_body(value, headers, max_body)


def _headers(value: Any) -> Headers:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise BadEntry("headers: a mapping is expected")
    pairs = []
    for name, texts in value.items():
        for text in texts if isinstance(texts, list) else [texts]:
            if not isinstance(text, str | bytes):
                raise BadEntry("headers: strings are expected")
            pairs.append((name, as_text(text)))
    return tuple(pairs)
