"""The twelve steps: done, open, stale or failed, with the evidence for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from parity.gate.judge import Results, judge, judge_rules
from parity.gate.lapse import Now
from parity.gate.load import load_gate
from parity.gate.result import Reason, RuleResult, State
from parity.gate.rules import Decision, Step
from parity.model.verdict import Word


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    OPEN = "open"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """How far one step is.

    Attributes:
        step: The step.
        state: How far it is.
        why: Why it is not done, or what closes it; one sentence each.
        rules: What became of the evidence it wants.
        decision: What a person said of it.
        due: When it shall be done, if the user said so.
        overdue: Whether that day is over and it is not done.
    """

    step: Step
    state: StepState
    why: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    decision: Decision | None = None
    due: date | None = None
    overdue: bool = False


def board(steps: tuple[Step, ...], now: Now, results: Results) -> tuple[StepResult, ...]:
    """Judge all steps.

    Args:
        steps: The steps.
        now: The evidence, the user's file, the time.
        results: Results of the gates.
    """
    return tuple(_step(step, now, results) for step in steps)


def _step(step: Step, now: Now, results: Results) -> StepResult:
    rules = judge_rules(step.rules, now, results)
    rules = tuple(_still(rule, now, results) for rule in rules)
    decisions = [each for each in now.file.decisions if each.step == step.number]
    decision = decisions[-1] if decisions else None
    state, why = _state(step, rules, decision)
    due = now.file.schedule.get(step.number)
    late = due is not None and due < now.at.date() and state is not StepState.DONE
    return StepResult(step, state, tuple(why), rules, decision, due, late)


def _still(result: RuleResult, now: Now, results: Results) -> RuleResult:
    """Judge a gate again that was open: what it saw may have lapsed since."""
    if result.rule.kind != "gate" or result.state is not State.HOLDS:
        return result
    again = judge(load_gate(result.rule.gate, now.file), now, results)
    if again.word is Word.PASS:
        return result
    text = f"gate {again.number} would not pass now: {again.sentence.rstrip('.')}"
    return replace(result, state=State.LAPSED, reasons=(Reason(State.LAPSED, text, "gate"),))


def _state(
    step: Step, rules: tuple[RuleResult, ...], decision: Decision | None
) -> tuple[StepState, Iterator[str] | list[str]]:
    if decision is not None and decision.state == "not applicable":
        return StepState.DONE, [f"not applicable, says {decision.name}: {decision.note}"]
    states = {rule.state for rule in rules}
    why = [
        f"{rule.rule.id}: {reason.text}"
        for rule in rules
        if rule.state not in (State.HOLDS, State.WAIVED)
        for reason in rule.reasons
    ]
    if State.FAILED in states:
        return StepState.FAILED, why
    if State.LAPSED in states:
        return StepState.STALE, why
    if states & {State.MISSING, State.DOUBTFUL}:
        return StepState.OPEN, why
    waived = [
        f"{rule.rule.id} is waived by {rule.waiver.name} until {rule.waiver.expires}"
        for rule in rules
        if rule.state is State.WAIVED and rule.waiver is not None
    ]
    if step.needs_person and decision is None:
        return StepState.OPEN, [*waived, f"the {step.decides} has to say so: [[decision]]"]
    if decision is not None:
        waived.append(f"{decision.name}, {decision.date}: {decision.note}")
    return StepState.DONE, waived
