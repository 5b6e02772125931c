"""One file that is no cloud code, with what is code in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from parity.jobs.scan.languages import Reading, read_source
from parity.jobs.scan.model import Place


class Source:
    """A file, with what is code in it.

    Args:
        name: Path as the user knows it.
        data: Its bytes.
        ending: The end of its name.
    """

    def __init__(self, name: str, data: bytes, ending: str) -> None:
        self.name, self.data, self.ending = name, data, ending
        self.reading: Reading = read_source(data, ending)
        self.code = self.reading.code

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.code))]

    def place(self, offset: int) -> Place:
        """Return where an offset of the code is; columns count characters, not bytes."""
        line = bisect_right(self._starts, offset)
        before = self.data[self._starts[line - 1] : offset].decode("utf-8", "replace")
        return Place(self.name, line, len(before) + 1)

    def find(self, pattern: re.Pattern[str]) -> Iterator[int]:
        """Yield where a pattern stands in code, not in a text."""
        for match in pattern.finditer(self.code):
            at = match.start() + len(match[0]) - len(match[0].lstrip())
            if not self.reading.is_text(at):
                yield at
