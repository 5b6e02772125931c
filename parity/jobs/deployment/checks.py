"""What was judged, as checks and tables of a run, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from parity.jobs.deployment.codes import Check, explain
from parity.jobs.deployment.judged import Judged
from parity.model import Outcome
from parity.model.evidence import CheckEvent, Finding, TableEvent
from parity.wire import Redactor

WRITING = frozenset({Check.PUBLIC_URL, Check.RESTART})


def redacted(judged: Judged, redactor: Redactor) -> Judged:
    """Return the same without secrets; it is what is shown and written."""
    return replace(
        judged,
        measured=redactor.text(judged.measured),
        remedy=redactor.text(judged.remedy),
        findings=tuple(
            replace(each, measured=redactor.text(each.measured)) for each in judged.findings
        ),
    )


def check_of(judged: Judged, target: str, duration_s: float) -> CheckEvent:
    """Return the check of a run.

    Args:
        judged: What became of it, redacted.
        target: Name of the target.
        duration_s: How long it took.
    """
    worst = judged.findings[0] if judged.findings else None
    finding = None
    if worst is not None:
        text = explain(worst.code)
        finding = Finding(str(worst.code), text.severity, text.cause, worst.advice)
    said = [judged.measured, *(f"{each.code}: {each.measured}" for each in judged.findings)]
    if judged.remedy:
        said.append(judged.remedy)
    return CheckEvent(
        id=f"deployment/{judged.check}",
        nodeid=f"deployment/{judged.check}[{target}]",
        target=target,
        area="deployment",
        level="must",
        effect="writes" if judged.check in WRITING else "reads",
        spec=(),
        title=judged.title,
        outcome=judged.outcome,
        # A pass has no reason in evidence, but a warning is worth one.
        reason=". ".join(each.rstrip(".") for each in said)
        if judged.outcome is not Outcome.PASS or judged.findings
        else "",
        duration_s=duration_s,
        findings=(finding,) if finding else (),
    )


def tables(found: Iterable[Judged]) -> tuple[TableEvent, ...]:
    """Return everything that was seen, and every finding, as tables.

    Args:
        found: The checks, redacted.
    """
    found = tuple(found)
    seen = TableEvent(
        id="seen",
        title="What was seen",
        columns=("check", "outcome", "seen"),
        rows=tuple((str(each.check), str(each.outcome), each.measured) for each in found),
    )
    rows = tuple(
        (
            str(each.check),
            str(finding.code),
            "fails" if finding.fails else "warning",
            finding.measured,
            finding.advice,
        )
        for each in found
        for finding in each.findings
    )
    columns = ("check", "code", "weight", "seen", "what to do")
    findings = TableEvent(id="findings", title="Findings", columns=columns, rows=rows)
    return (seen, findings) if rows else (seen,)


def json_of(judged: Judged) -> dict[str, Any]:
    """Return a check as JSON; ``schemas/deployment.schema.json`` describes it."""
    return {
        "check": str(judged.check),
        "outcome": str(judged.outcome),
        "title": judged.title,
        "seen": judged.measured,
        "remedy": judged.remedy,
        "numbers": judged.numbers,
        "findings": [
            {
                "code": str(each.code),
                "severity": explain(each.code).severity,
                "fails": each.fails,
                "seen": each.measured,
                "cause": explain(each.code).cause,
                "remedy": each.advice,
            }
            for each in judged.findings
        ],
    }
