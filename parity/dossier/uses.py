"""Which runs the gates and the steps were judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parity.dossier.model import Source
from parity.gate import GateResult, Now, StepResult
from parity.gate.evaluate import proof
from parity.gate.result import RuleResult
from parity.gate.rules import Rule
from parity.gate.runs import Run


@dataclass(frozen=True, slots=True)
class Use:
    """A run that something was judged by.

    Attributes:
        run: The run.
        target: The target that was looked at, or ``*``.
        rule: The rule.
        by: ``gate 8``, ``step 6``.
        proves: Whether the rule was judged by all of it; else the rule names it only because
            something in it went wrong.
    """

    run: Run
    target: str
    rule: Rule
    by: str
    proves: bool


def of_gates(gates: Iterable[GateResult], now: Now) -> tuple[Use, ...]:
    """Return what the rules of gates were judged by, in the order of the rules.

    Args:
        gates: The gates, judged.
        now: The evidence that they were judged by.
    """
    return tuple(
        use
        for gate in gates
        for result in gate.rules
        for use in _of_rule(result, f"gate {gate.number}", now)
    )


def of_steps(steps: Iterable[StepResult], now: Now) -> tuple[Use, ...]:
    """Return what the rules of steps were judged by."""
    return tuple(
        use
        for step in steps
        for result in step.rules
        for use in _of_rule(result, f"step {step.step.number}", now)
    )


def _of_rule(result: RuleResult, by: str, now: Now) -> Iterator[Use]:
    target = now.file.targets.name(result.rule.target)
    proofs = {(each.run, each.sha256) for each in result.proofs}
    named = {reason.run for reason in result.reasons if reason.run} - {run for run, _ in proofs}
    for run in now.runs.good:
        proves = (run.run_id, run.sha256) in proofs
        if proves or (run.run_id in named and run.job == result.rule.job):
            yield Use(run, target, result.rule, by, proves)


def source(run: Run, target: str, now: Now, judged_by: Iterable[str] = ()) -> Source:
    """Return what to write down of a run.

    Args:
        run: The run.
        target: Name of the target, or ``*``.
        now: The time.
        judged_by: Gates and steps that judged by it.
    """
    shown = proof(run, target, now)
    facts = run.targets.get(target)
    judged = run.verdict.targets.get(target, run.verdict)
    return Source(
        run=run.run_id,
        folder=run.folder.name,
        job=run.job,
        target=target,
        verdict=shown.verdict,
        sentence=judged.sentence,
        started_at=shown.started_at,
        age_days=shown.age_days,
        server_version=shown.server_version,
        embedded=any(
            each.embedded
            for each in run.targets.values()
            if facts is None or each.name == facts.name
        ),
        judged_by=tuple(dict.fromkeys(judged_by)),
    )
