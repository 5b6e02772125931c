"""What became of one condition."""

from __future__ import annotations

from dataclasses import dataclass

from parity.jobs.preflight.codes import Code, explain
from parity.model import Outcome
from parity.model.evidence import Severity


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition on one database.

    Attributes:
        code: Which.
        outcome: ``pass``, ``fail``, or ``unsupported`` if it could not be looked at.
        measured: What was found, with units: ``median 3.1 ms, p99 8.0 ms of 200 pings``.
        remedy: What to do, where it is more exact than the code's own.
        warns: Whether a condition that is merely good to have does not hold.
    """

    code: Code
    outcome: Outcome
    measured: str
    remedy: str = ""
    warns: bool = False

    @property
    def title(self) -> str:
        """The condition as a sentence."""
        return explain(self.code).title

    @property
    def weight(self) -> Severity:
        """What happens to an app where the condition does not hold."""
        return explain(self.code).severity

    @property
    def advice(self) -> str:
        """What to do where the condition does not hold."""
        return self.remedy or explain(self.code).remedy


def passed(code: Code, measured: str) -> Judged:
    """Return that a condition holds."""
    return Judged(code, Outcome.PASS, measured)


def failed(code: Code, measured: str, remedy: str = "") -> Judged:
    """Return that a condition does not hold; one that is benign is a warning and passes."""
    if explain(code).severity == "benign":
        return Judged(code, Outcome.PASS, measured, remedy, warns=True)
    return Judged(code, Outcome.FAIL, measured, remedy)


def unseen(code: Code, why: str) -> Judged:
    """Return that a condition could not be looked at."""
    return Judged(code, Outcome.UNSUPPORTED, why)
