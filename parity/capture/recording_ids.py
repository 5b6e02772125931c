"""Whether an id was seen before, in little memory for ids that count up."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

_NUMBERED = re.compile(r"(?:.*#)?(?:0|[1-9]\d{0,14})", re.ASCII | re.DOTALL)


class SeenIds:
    """The ids of one recording.

    ``17`` and ``app.har#17`` count up per prefix, so runs of numbers are kept instead of the
    ids: 1,000,000 consecutive ids take a few hundred bytes. Other ids are kept one by one.
    """

    def __init__(self) -> None:
        self._runs: dict[str, tuple[array[int], array[int]]] = {}
        self._others: set[str] = set()

    def add(self, identifier: str) -> bool:
        """Remember an id; return whether it is new."""
        if not _NUMBERED.fullmatch(identifier):
            return self._other(identifier)
        prefix, mark, digits = identifier.rpartition("#")
        number = int(digits)
        runs = self._runs.get(prefix + mark)
        if runs is None:
            self._runs[prefix + mark] = (array("q", (number,)), array("q", (number,)))
            return True
        starts, ends = runs
        if number == ends[-1] + 1:
            ends[-1] = number
            return True
        if number > ends[-1]:
            starts.append(number)
            ends.append(number)
            return True
        run = bisect_right(starts, number) - 1
        return False if run >= 0 and number <= ends[run] else self._other(identifier)

    def _other(self, identifier: str) -> bool:
        if identifier in self._others:
            return False
        self._others.add(identifier)
        return True
