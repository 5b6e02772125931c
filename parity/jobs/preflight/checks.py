"""Conditions as checks of a run."""

from __future__ import annotations

from parity.jobs.preflight.codes import explain
from parity.jobs.preflight.judged import Judged
from parity.model import Outcome
from parity.model.evidence import CheckEvent, FindingFact


def check_of(judged: Judged, target: str) -> CheckEvent:
    """Return the check of one condition.

    Args:
        judged: What became of it.
        target: Name of the target.
    """
    text = explain(judged.code)
    finding = None
    if judged.outcome is Outcome.FAIL or judged.warns:
        finding = FindingFact(str(judged.code), judged.weight, text.cause, judged.advice)
    return CheckEvent(
        id=f"preflight/{judged.code}",
        nodeid=f"preflight/{judged.code}[{target}]",
        target=target,
        area="data",
        level="should" if judged.weight == "benign" else "must",
        effect="reads",
        spec=(),
        title=text.title,
        outcome=judged.outcome,
        # A pass has no reason in evidence, but a warning is worth one.
        reason=judged.measured if judged.outcome is not Outcome.PASS or judged.warns else "",
        finding=finding,
    )
