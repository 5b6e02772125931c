"""The answer of a run, a gate or a part of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """The three verdicts."""

    PASS = "pass"
    FAIL = "fail"
    COULD_NOT_JUDGE = "could-not-judge"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with the sentence that says why.

    Attributes:
        word: Pass, fail, or could not judge.
        sentence: Why, in one or more plain sentences.
        targets: The verdict on each target by name, in the header's order; their own
            ``targets`` are empty.
    """

    word: Word
    sentence: str
    targets: dict[str, Verdict]
