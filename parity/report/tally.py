"""Counting checks by outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parity.model import Outcome
from parity.model.evidence import CheckEvent

JUDGED = (Outcome.PASS, Outcome.FAIL, Outcome.KNOWN_DIFFERENCE)
"""The outcomes for which a server's behaviour was seen and judged."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of checks for each outcome.

    Attributes:
        counts: All five outcomes, in the order of :class:`Outcome`.
    """

    counts: dict[Outcome, int]

    @classmethod
    def of(cls, checks: Iterable[CheckEvent]) -> Tally:
        """Count the outcomes of some checks."""
        counts = dict.fromkeys(Outcome, 0)
        for check in checks:
            counts[check.outcome] += 1
        return cls(counts)

    def __getitem__(self, outcome: Outcome) -> int:
        return self.counts[outcome]

    @property
    def total(self) -> int:
        """Number of checks, whatever became of them."""
        return sum(self.counts.values())

    @property
    def judged(self) -> int:
        """Number of checks that judged the server: pass, fail and known difference."""
        return sum(self.counts[each] for each in JUDGED)

    def as_json(self) -> dict[str, int]:
        """Return the counts with the outcomes' names as keys."""
        return {str(outcome): number for outcome, number in self.counts.items()}


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 check``, ``2 checks``, ``1,200 checks``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
