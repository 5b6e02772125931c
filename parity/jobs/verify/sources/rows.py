"""Reads ``{"results": [object, …]}`` object by object, from a file that may be many GB."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol

from parity.model.errors import ParityError

CHUNK_BYTES: Final = 1 << 20
OBJECT_CHARACTERS: Final = 64 << 20
"""Longest object that is read. A document of MongoDB has at most 16 MB, and JSON escapes
(``\\u0000``) make at most six characters of one byte; longer text is not an object of Parse."""
_NEAR_THE_END: Final = 16
"""An error this close to the end of what was read may be a token that was cut in two."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")


class Stream(Protocol):
    """Where bytes come from: an open file, a member of a zip."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, nothing at the end."""


class RowError(ParityError):
    """Text that is not what a source answers; the rest of it cannot be trusted.

    Args:
        reason: What is wrong.
        where: Line and character, or the byte, counted from 1.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        self.reason = reason
        self.where = where
        super().__init__(f"{where}: {reason}" if where else reason)


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a source.

    Attributes:
        value: The object as JSON.
        doubt: Why its meaning is not certain (a key that stands twice), or nothing.
    """

    value: dict[str, Any]
    doubt: str = ""


class StrictDecoder:
    """Decodes JSON as the standard means it, and remembers keys that stood twice."""

    def __init__(self) -> None:
        self.twice: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=_constant, parse_float=_float
        )

    def decode(self, text: str, start: int) -> tuple[Any, int]:
        """Return the value that starts at ``start``, and where it ends.

        Raises:
            ValueError: No JSON, or a number that no double can hold.
            RecursionError: Nested beyond reason.
        """
        self.twice.clear()
        value, end = self._decoder.raw_decode(text, start)
        return value, end

    def row(self, value: Any) -> Row:
        """Return the value just decoded as a row.

        Raises:
            ValueError: It is not an object.
        """
        if not isinstance(value, dict):
            raise ValueError(f"an object is expected in results, not {_shown(value)}")  # noqa: TRY004
        if not self.twice:
            return Row(value)
        return Row(value, f"the key {self.twice[0]!r} stands twice in one object")

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            self.twice += [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
        return made


def read_page(body: bytes) -> list[Row]:
    """Read the answer to a query as a whole.

    Args:
        body: The bytes of the response.

    Returns:
        Its rows.

    Raises:
        RowError: It is not ``{"results": […]}``; a page has no part that counts.
    """

    class Whole:
        def __init__(self) -> None:
            self.rest = memoryview(body)

        def read(self, size: int, /) -> bytes:
            head, self.rest = self.rest[:size], self.rest[size:]
            return bytes(head)

    return list(read_rows(Whole()))


def read_rows(stream: Stream) -> Iterator[Row]:
    """Yield each object of ``results``.

    Memory is bounded by the largest object. What stands beside ``results`` is read over.

    Args:
        stream: JSON in UTF-8, with or without a byte order mark.

    Yields:
        The rows, in the order of the file.

    Raises:
        RowError: At the first place that cannot be read; rows before it are good.
    """
    yield from _Reader(stream).rows()


class _Reader:
    """Text that is read as it is needed, and forgotten as it is consumed."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._json = StrictDecoder()
        self._text = ""
        self._at = 0
        self._end = False
        self._bytes = 0
        self._line, self._column = 1, 1

    def rows(self) -> Iterator[Row]:
        self._open()
        found = False
        while self._peek() != "}":
            key = self._value()
            if not isinstance(key, str):
                self._fail(f"a key is a string, not {_shown(key)}")
            self._take(":", f"after the key {_shown(key)}")
            if key == "results":
                if found:
                    self._fail('"results" stands twice')
                found = True
                yield from self._results()
            else:
                self._value()
            if self._peek() != "}":
                self._take(",", "between two members")
                if self._peek() == "}":
                    self._fail("a comma before }")
        self._take("}", "")
        if not found:
            self._fail('there is no "results"')
        if self._peek() != "":
            self._fail("more text after the end of the JSON")

    def _open(self) -> None:
        if self._peek() == "\ufeff":
            self._forward(self._at + 1)
            self._column = 1
        if self._peek() == "":
            self._fail("the file is empty")
        if self._peek() != "{":
            self._fail('expected {"results": […]}')
        self._take("{", "")

    def _results(self) -> Iterator[Row]:
        self._take("[", "as the value of results")
        if self._peek() == "]":
            self._take("]", "")
            return
        while True:
            start = self._place()
            try:
                row = self._json.row(self._value())
            except ValueError as error:
                raise RowError(str(error), start) from error
            yield row
            if self._peek() == "]":
                self._take("]", "")
                return
            self._take(",", "between two objects")

    def _value(self) -> Any:
        """Decode one value, reading on while it is not complete."""
        self._peek()
        while True:
            try:
                value, end = self._json.decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and self._more():
                    continue
                ended = self._end and self._may_be_cut(error)
                self._forward(error.pos)
                cut = " (the file ends before it is complete)" if ended else ""
                self._fail(error.msg + cut)
            except RecursionError:
                self._fail("nested too deeply")
            except ValueError as error:
                self._fail(str(error))
            if end < len(self._text) or not self._more():
                self._forward(end)
                return value

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        if len(self._text) - self._at > OBJECT_CHARACTERS:
            self._fail(f"an object of more than {OBJECT_CHARACTERS >> 20} million characters")
        unfinished = error.msg.startswith("Unterminated string")
        return unfinished or error.pos + _NEAR_THE_END >= len(self._text)

    def _peek(self) -> str:
        """Return the next character that is not space, or nothing at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._forward(match.end() if match else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, wanted: str, why: str) -> None:
        found = self._peek()
        if found != wanted:
            seen = repr(found) if found else "the end of the file"
            self._fail(f"expected {wanted} {why}".rstrip() + f", found {seen}")
        self._forward(self._at + 1)

    def _forward(self, end: int) -> None:
        passed = self._text[self._at : end]
        lines = passed.count("\n")
        if lines:
            self._line += lines
            self._column = len(passed) - passed.rfind("\n")
        else:
            self._column += len(passed)
        self._at = end

    def _more(self) -> bool:
        """Read on; what is consumed is dropped. Twice as much for an object that goes on."""
        if self._end:
            return False
        kept = self._text[self._at :]
        chunk = self._stream.read(max(CHUNK_BYTES, len(kept)))
        self._end = not chunk
        try:
            text = self._utf8.decode(chunk, final=self._end)
        except UnicodeDecodeError as error:
            byte = self._bytes + error.start + 1
            hint = (
                " (UTF-16?)" if self._bytes == 0 and chunk[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
            )
            raise RowError(f"not UTF-8{hint}", f"near byte {byte}") from error
        self._bytes += len(chunk)
        self._text, self._at = kept + text, 0
        return True

    def _place(self) -> str:
        return f"line {self._line}, character {self._column}"

    def _fail(self, reason: str) -> NoReturn:
        raise RowError(reason, self._place())


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        shown = text if len(text) <= 40 else text[:39] + "…"
        raise ValueError(f"no double can hold the number {shown}")
    return number
