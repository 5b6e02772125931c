"""Gates and the board for machines (JSON) and for a pull request (Markdown)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from parity.gate.board import StepResult, StepState
from parity.gate.previous import FORMAT, VERSION
from parity.gate.result import GateResult, RuleResult, State, Word
from parity.gate.text import markdown

STATUS_FORMAT: Final = "parity-status"
WORDS: Final = {
    Word.PASS: "pass",
    Word.FAIL: "fail",
    Word.COULD_NOT_JUDGE: "could not judge",
}
STATES: Final = {
    State.HOLDS: "holds",
    State.WAIVED: "waived",
    State.DOUBTFUL: "could not judge",
    State.MISSING: "not tested",
    State.LAPSED: "lapsed",
    State.FAILED: "failed",
}


def gate_json(result: GateResult) -> dict[str, Any]:
    """Return a gate as a JSON value; its shape is in ``schemas/gate.schema.json``."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "gate": result.number,
        "title": result.title,
        "verdict": result.word,
        "sentence": result.sentence,
        "judged_at": result.judged_at,
        "suite_version": result.suite_version,
        "gate_file": result.gate_file,
        "rules": [rule_json(each) for each in result.rules],
        "notes": list(result.notes),
    }


def rule_json(result: RuleResult) -> dict[str, Any]:
    """Return a rule as a JSON value."""
    rule = result.rule
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "job": rule.job,
        "command": rule.command,
        "state": result.state,
        "reasons": [asdict(each) for each in result.reasons],
        "facts": list(result.facts),
        "proofs": [{**asdict(each), "digests": dict(each.digests)} for each in result.proofs],
        "waiver": None if result.waiver is None else asdict(result.waiver),
        "carried": result.carried,
        "changed": list(result.changed),
    }


def board_json(steps: tuple[StepResult, ...], judged_at: str) -> dict[str, Any]:
    """Return the board as a JSON value; its shape is in ``schemas/status.schema.json``."""
    return {
        "format": STATUS_FORMAT,
        "version": 1,
        "judged_at": judged_at,
        "done": sum(each.state is StepState.DONE for each in steps),
        "steps": [
            {
                "number": each.step.number,
                "title": each.step.title,
                "holds": each.step.holds,
                "decides": each.step.decides,
                "state": each.state,
                "why": list(each.why),
                "due": None if each.due is None else each.due.isoformat(),
                "overdue": each.overdue,
                "guide_date": each.step.guide_date,
                "decision": None if each.decision is None else asdict(each.decision),
                "rules": [rule_json(rule) for rule in each.rules],
            }
            for each in steps
        ],
    }


def gate_markdown(result: GateResult) -> str:
    """Return a gate as Markdown for the comment of a pull request."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: GateResult) -> Iterator[str]:
    yield f"## Gate {result.number}: {WORDS[result.word]}"
    yield ""
    yield f"{markdown(result.title)} {markdown(result.sentence)}"
    yield ""
    yield "| rule | state | why | evidence |"
    yield "| --- | --- | --- | --- |"
    for each in result.rules:
        why = "<br>".join(markdown(reason.text) for reason in each.reasons)
        runs = "<br>".join(
            f"{markdown(proof.run)} ({markdown(proof.verdict)}, {proof.age_days:.1f} days)"
            for proof in each.proofs
        )
        yield f"| {markdown(each.rule.id)} | {STATES[each.state]} | {why} | {runs} |"
    yield from _asides(result)
    yield from (f"- {markdown(each)}" for each in result.notes)
    yield ""
    yield f"Judged {result.judged_at} by parse-parity {markdown(result.suite_version)}."


def _asides(result: GateResult) -> Iterator[str]:
    yield ""
    for each in result.rules:
        name = markdown(each.rule.id)
        if each.waiver is not None:
            waiver = each.waiver
            yield (
                f"- **{name}** is waived by {markdown(waiver.name)} until {waiver.expires}: "
                f"{markdown(waiver.reason)}"
            )
        if each.carried:
            yield f"- **{name}**: {markdown(each.carried)}"
        for change in each.changed:
            yield f"- **{name}** was changed: {markdown(change)}"
