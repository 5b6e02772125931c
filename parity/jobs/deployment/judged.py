"""What became of one check of a deployed server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.jobs.deployment.codes import TITLES, Check, Code, explain
from parity.model import Outcome


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: Which.
        measured: What was seen, in one sentence.
        remedy: What to do, where it is more exact than the code's own.
    """

    code: Code
    measured: str
    remedy: str = ""

    @property
    def fails(self) -> bool:
        """Whether the check fails by it."""
        return explain(self.code).fails

    @property
    def advice(self) -> str:
        """What to do."""
        return self.remedy or explain(self.code).remedy


@dataclass(frozen=True, slots=True)
class Judged:
    """One check of one server.

    Attributes:
        check: Which.
        outcome: ``pass``, ``fail``, ``unsupported`` if it could not be looked at, ``error`` if the
            network or this machine kept it from being judged.
        measured: What was seen, or why nothing was.
        findings: What is wrong, the worst first.
        remedy: What to do where it could not be looked at.
        numbers: Measured values by name, for machines.
    """

    check: Check
    outcome: Outcome
    measured: str
    findings: tuple[Finding, ...] = ()
    remedy: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What is judged, as a sentence that holds when all is well."""
        return TITLES[self.check]


def judged(
    check: Check,
    measured: str,
    findings: Sequence[Finding] = (),
    numbers: dict[str, Any] | None = None,
) -> Judged:
    """Return a check that was looked at: it fails by any finding that is no warning."""
    ordered = tuple(sorted(findings, key=lambda each: not each.fails))
    fails = any(each.fails for each in ordered)
    outcome = Outcome.FAIL if fails else Outcome.PASS
    return Judged(check, outcome, measured, ordered, numbers=numbers or {})


def untested(check: Check, why: str, remedy: str) -> Judged:
    """Return a check that could not be looked at; a gate that demands it does not open."""
    return Judged(check, Outcome.UNSUPPORTED, why, remedy=remedy)


def doubtful(
    check: Check, why: str, remedy: str = "", numbers: dict[str, Any] | None = None
) -> Judged:
    """Return a check that the network or this machine kept from being judged."""
    return Judged(check, Outcome.ERROR, why, remedy=remedy, numbers=numbers or {})
