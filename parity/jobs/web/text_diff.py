"""Where two texts differ, and which of it the old site changes by itself from answer to answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from parity.model import Kind
from parity.model.evidence import DifferenceFact

SHOWN: Final = 10
"""Differences of one page that are shown."""
_MOST_CELLS: Final = 4_000_000
_TOKEN: Final = re.compile(r"<[^<>]*>|[^<>\n]+|\n|[<>]")
_LEAST_STABLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class TextDiff:
    """What became of two texts.

    Attributes:
        differences: Where they differ, apart from what changes by itself.
        unstable: Share of the expected text that changes by itself, 0 to 1.
    """

    differences: tuple[DifferenceFact, ...]
    unstable: float = 0.0

    @property
    def judged(self) -> bool:
        """Whether enough of the text stays the same to compare it at all."""
        return self.unstable <= _LEAST_STABLE


def diff_texts(expected: str, actual: str, again: str | None = None) -> TextDiff:
    """Compare two texts: tags and what is between them of HTML, lines of anything else.

    Args:
        expected: What the old site answered.
        actual: What the new site answered.
        again: What the old site answered another time; ``None`` if nobody asked.
    """
    if expected == actual:
        return TextDiff(())
    old, new = _tokens(expected), _tokens(actual)
    noise, gaps = _noise(old, _tokens(again)) if again is not None else (set[int](), set[int]())
    unstable = sum(len(old[index]) for index in noise) / max(sum(map(len, old)), 1)
    found = []
    for first, last, new_first, new_last in _changes(old, new):
        removed = range(first, last)
        by_itself = all(index in noise for index in removed) if removed else first in gaps
        if not by_itself:
            line = 1 + sum(token.count("\n") for token in old[:first])
            was, now = "".join(old[first:last]), "".join(new[new_first:new_last])
            found.append(_difference(line, was, now))
    return TextDiff(tuple(found), unstable)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _noise(old: list[str], again: list[str]) -> tuple[set[int], set[int]]:
    """Return the tokens that the other answer has not, and the places where it has more."""
    noise: set[int] = set()
    gaps: set[int] = set()
    for first, last, _, _ in _changes(old, again):
        noise.update(range(first, last))
        gaps.update(range(first, last + 1))
    return noise, gaps


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    one, other = old[start : len(old) - end], new[start : len(new) - end]
    if len(one) * len(other) > _MOST_CELLS:
        return [(start, len(old) - end, start, len(new) - end)]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return [
        (start + a, start + b, start + c, start + d)
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]


def _difference(line: int, was: str, now: str) -> DifferenceFact:
    kind = Kind.MISSING if not now else Kind.EXTRA if not was else Kind.VALUE
    return DifferenceFact(f"$body:{line}", kind, was, now)
