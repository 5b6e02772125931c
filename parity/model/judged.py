"""What became of one check, before it is a line of a run's evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.model.events import CheckEvent, DifferenceFact, Effect, Level
from parity.model.finding import Finding, worst_first
from parity.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Judged:
    """One check of one target. Make it with :func:`judged`, :func:`untested`, :func:`doubtful`.

    Attributes:
        name: The check within its job, for gates and scripts: ``tls``, ``PRE-ROOM``.
        title: What is judged, as a sentence that holds when all is well.
        outcome: One of the five.
        seen: What was seen, with units, or why nothing was.
        findings: What a person must know, those that fail the check first.
        remedy: What to do where it could not be looked at.
        numbers: Measured values by name, for machines.
    """

    name: str
    title: str
    outcome: Outcome
    seen: str
    findings: tuple[Finding, ...] = ()
    remedy: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def warns(self) -> bool:
        """Whether it passes, but with a warning."""
        return self.outcome is Outcome.PASS and bool(self.findings)

    def event(
        self,
        job: str,
        target: str,
        *,
        area: str,
        level: Level = "must",
        effect: Effect = "reads",
        duration_s: float = 0.0,
        differences: tuple[DifferenceFact, ...] = (),
    ) -> CheckEvent:
        """Return the line of evidence.

        Args:
            job: Name of the job; the check's id is ``<job>/<name>``.
            target: Name of the target that was judged.
            area: Area of the API, or of the migration.
            level: How much an app depends on it.
            effect: What the check does to the target.
            duration_s: How long it took, in seconds.
            differences: Where what was seen is not what was expected.
        """
        said = [self.seen, *(f"{f.code}: {f.seen}" for f in self.findings if f.seen), self.remedy]
        # A pass has no reason in evidence, but a warning is worth one.
        quiet = self.outcome is Outcome.PASS and not self.findings
        return CheckEvent(
            id=f"{job}/{self.name}",
            nodeid=f"{job}/{self.name}[{target}]",
            target=target,
            area=area,
            level=level,
            effect=effect,
            spec=(),
            title=self.title,
            outcome=self.outcome,
            reason="" if quiet else ". ".join(text.rstrip(".") for text in said if text),
            duration_s=duration_s,
            differences=differences,
            findings=self.findings,
        )


def judged(
    name: str,
    title: str,
    seen: str,
    findings: Iterable[Finding] = (),
    *,
    numbers: Mapping[str, Any] | None = None,
) -> Judged:
    """Return a check that was looked at: it fails by any finding that is no warning."""
    ordered = worst_first(findings)
    fails = any(finding.fails for finding in ordered)
    outcome = Outcome.FAIL if fails else Outcome.PASS
    return Judged(name, title, outcome, seen, ordered, numbers=numbers or {})


def untested(name: str, title: str, why: str, remedy: str = "") -> Judged:
    """Return a check that could not be looked at; a gate that demands it does not open."""
    return Judged(name, title, Outcome.UNSUPPORTED, why, remedy=remedy)


def doubtful(
    name: str,
    title: str,
    why: str,
    remedy: str = "",
    *,
    numbers: Mapping[str, Any] | None = None,
) -> Judged:
    """Return a check that the network or this machine kept from being judged."""
    return Judged(name, title, Outcome.ERROR, why, remedy=remedy, numbers=numbers or {})
