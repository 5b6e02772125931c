"""The elements of one array in a large JSON file, one by one, in little memory.

An element that is broken is reported with its position, and the search goes on behind it.
Strings that are longer than a limit are cut out before anything is parsed.
"""

from __future__ import annotations

import mmap
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

CUT: Final = f"parity-cut-{secrets.token_hex(16)}"
"""Stands for a string that was too long; random, so that no file can contain it."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*"|[{}\[\]]', re.DOTALL)
_OBJECT = re.compile(rb'\{\s*"[^"\\]{1,80}"\s*:')
_BLOCK = 1024 * 1024
_LONGEST_ELEMENT = 256 * 1024 * 1024
_CANDIDATES = 500
_CANDIDATE_LENGTH = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was parsed, with the line on which it begins."""

    value: dict[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class BadElement:
    """An element that could not be parsed.

    Attributes:
        line: Where the fault is, from 1.
        column: The same, from 1.
        reason: What is wrong.
    """

    line: int
    column: int
    reason: str


@dataclass(slots=True)
class _Extent:
    start: int
    end: int
    whole: bool
    cuts: list[tuple[int, int]] = field(default_factory=list)


class JsonArray:
    """One array of objects in a JSON file.

    Args:
        path: The file.
        names: The array is the value of the first of these names that occurs in it.
        needed: A field that every element has; by it an element is found again after a fault.
        longest: Bytes of a string; a longer one becomes :data:`CUT`.
    """

    def __init__(self, path: Path, names: tuple[str, ...], needed: str, longest: int) -> None:
        self._path = path
        self._start = re.compile(rb'"(?:%s)"\s*:\s*\[' % "|".join(names).encode())
        self._needed = needed
        self._longest = longest

    def elements(self) -> Iterator[Element | BadElement]:
        """Give the elements in order.

        Raises:
            ValueError: The file has no such array.
        """
        with self._path.open("rb") as file:
            try:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise ValueError("the file is empty") from None
            with data:
                if not (array := self._start.search(data)):
                    raise ValueError("it does not have the array that its format needs")
                yield from self._from(data, array.end())

    def _from(self, data: mmap.mmap, position: int) -> Iterator[Element | BadElement]:
        lines = _Lines(data)
        while (extent := self._next(data, position)) is not None:
            gap = data[position : min(extent.start, position + 200)].strip(b" \t\r\n,")
            if gap:
                # Not shown: it may be half of something secret.
                yield lines.bad(position, "something unexpected between two entries")
            value, error = self._parsed(data, extent)
            if value is not None:
                yield Element(value, lines.line(extent.start))
                position = extent.end
                continue
            yield lines.bad(*error)
            position = self._resume(data, extent)
            if position < 0:
                return

    def _next(self, data: mmap.mmap, position: int, limit: int | None = None) -> _Extent | None:
        """Find the next element from a position on; ``None`` at the end of the array."""
        depth, extent = 0, _Extent(-1, len(data), whole=False)
        for token in _TOKEN.finditer(data, position, limit or len(data)):
            start, end = token.span()
            kind = data[start]
            if kind == 0x22:  # "
                if depth and end - start > self._longest:
                    extent.cuts.append((start, end))
            elif kind in b"{[":
                if depth == 0:
                    extent.start = start
                depth += 1
            elif depth == 0:
                if kind == 0x5D:  # ]
                    return None
                # A } that is too much, behind an element that lost its {.
            else:
                depth -= 1
                if depth == 0:
                    extent.end, extent.whole = end, True
                    return extent
        return extent if depth else None

    def _parsed(
        self, data: mmap.mmap, extent: _Extent
    ) -> tuple[dict[str, Any] | None, tuple[int, str]]:
        if not extent.whole:
            return None, (extent.start, "the file ends within this entry, or a quote is missing")
        pieces, position = [], extent.start
        for start, end in extent.cuts:
            pieces += [data[position:start], f'"{CUT}"'.encode()]
            position = end
        if sum(map(len, pieces)) + extent.end - position > _LONGEST_ELEMENT:
            return None, (extent.start, "the entry is too large")
        text = b"".join([*pieces, data[position : extent.end]])
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            offset = extent.start + (error.pos if not extent.cuts else 0)
            return None, (offset, f"no JSON: {error.msg}")
        if not isinstance(value, dict):
            return None, (extent.start, "an object is expected")
        return value, (0, "")

    def _resume(self, data: mmap.mmap, broken: _Extent) -> int:
        """Return where the next good element starts after a broken one; -1 if there is none.

        A missing quote or brace makes a broken element swallow those behind it.
        """
        for count, match in enumerate(_OBJECT.finditer(data, broken.start + 1, broken.end)):
            if count > _CANDIDATES:
                break
            start = match.start()
            found = self._next(data, start, min(len(data), start + _CANDIDATE_LENGTH))
            if found is not None and found.whole:
                value, _ = self._parsed(data, found)
                if value is not None and isinstance(value.get(self._needed), dict):
                    return start
        return broken.end if broken.whole else -1


class _Lines:
    """Line numbers of positions, counted from where the last one was asked for."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._position = 0
        self._line = 1

    def line(self, position: int) -> int:
        if position < self._position:
            self._position, self._line = 0, 1
        while self._position < position:
            end = min(self._position + _BLOCK, position)
            self._line += self._data[self._position : end].count(b"\n")
            self._position = end
        return self._line

    def bad(self, position: int, reason: str) -> BadElement:
        column = position - self._data.rfind(b"\n", 0, position)
        return BadElement(self.line(position), column, reason)
