"""What every importer gives: exchanges as a file has them, and what could not be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from parity.capture.bodies import TooLongError, UndecodableError, decoded
from parity.capture.exchanges import (
    TRUNCATED_BODY,
    Headers,
    RecordedRequest,
    RecordedResponse,
)
from parity.model import UserError

NOT_HTTP: Final = "not_http"
UNREADABLE: Final = "unreadable"
DEFAULT_MAX_BODY: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    """One exchange as a file has it.

    Attributes:
        number: Its number in the file, from 1; entries that could not be used count too.
        at: When it was sent, seconds since the epoch; ``None`` if the file does not say.
        elapsed_ms: Milliseconds it took; ``None`` if the file does not say.
        connection: What tells clients apart in the file; may be empty.
        request: What was sent; its ``url`` is absolute here.
        response: What came back; ``None`` if nothing was recorded.
        notes: What was not as usual.
    """

    number: int
    at: float | None
    elapsed_ms: float | None
    connection: str
    request: RecordedRequest
    response: RecordedResponse | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry that could not be used.

    Attributes:
        kind: :data:`UNREADABLE`, or :data:`NOT_HTTP` for what is no exchange of this protocol.
        where: Position in the file: ``"line 12"``.
        reason: Why.
    """

    kind: str
    where: str
    reason: str


Entries = Iterator[Imported | Problem]


class UnreadableSource(UserError):
    """A file of which nothing can be used."""

    def __init__(self, path: Path, reason: str, remedy: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"{path}: {reason}",
            remedy
            or "Supported are HAR 1.2, VCR and vcrpy cassettes (YAML, JSON), and verbose logs of "
            "Parse Server.",
            code="import-unreadable",
        )


class ObjectTag(UnreadableSource):
    """A YAML file that asks for objects to be made, which is how such files run code."""

    def __init__(self, path: Path, tag: str, line: int) -> None:
        super().__init__(
            path,
            f"line {line} has the tag {tag:.80}, which makes objects; the file is refused",
            "Nothing of it was executed. Record the cassette with plain values, or remove the tag.",
        )


class BadEntry(ValueError):
    """An entry that is not what its format says; the message says why."""


def kept_body(body: bytes, headers: Headers, max_body: int) -> tuple[bytes, tuple[str, ...]]:
    """Return a body as a recording keeps it, and what has to be noted about it.

    A body that is still encoded is decoded: some tools keep the bytes of the wire, some do not,
    and both keep the ``Content-Encoding`` header.

    Args:
        body: The body as the file has it.
        headers: The headers beside it.
        max_body: Longest body to keep, in bytes; a longer one is left out.
    """
    encoding = header(headers, "content-encoding")
    if body and encoding:
        try:
            body = decoded(body, encoding, max_body)
        except TooLongError:
            return b"", (TRUNCATED_BODY,)
        except UndecodableError:
            pass  # It was decoded before; a header alone says nothing.
    return (b"", (TRUNCATED_BODY,)) if len(body) > max_body else (body, ())


def notes_of(request: tuple[str, ...], response: tuple[str, ...]) -> tuple[str, ...]:
    """Put the notes about both bodies together, each also with the body that it is about."""
    sided = [each for note in request for each in (note, f"{note}: request")]
    sided += [each for note in response for each in (note, f"{note}: response")]
    return tuple(dict.fromkeys(sided))


def header(headers: Headers, name: str) -> str:
    """Return the first value of a header, or the empty string; ``name`` in lower case."""
    return next((value for key, value in headers if key.lower() == name), "")


def epoch(text: object) -> float | None:
    """Read an ISO 8601 or HTTP date; return seconds since the epoch, or ``None``."""
    if not isinstance(text, str) or not text.strip():
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(text.strip())
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
