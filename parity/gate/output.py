"""Gates and the board for machines (JSON) and for a pull request (Markdown)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from parity.gate.board import StepResult, StepState
from parity.gate.result import GATE, GateReport, GateResult, RuleReport, State
from parity.gate.rules import Decision
from parity.gate.text import markdown
from parity.model.formats import Format
from parity.model.verdict import Word

STATUS_VERSION: Final = 1
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


@dataclass(frozen=True, slots=True)
class StepReport:
    """How far one of the twelve steps is.

    Attributes:
        number: 1 to 12.
        title: What it is.
        holds: What must hold for it to be done.
        decides: Who decides: ``evidence``, or the role of a person who has to say so.
        state: How far it is.
        why: Why it is not done, or what closes it.
        due: The day on which it shall be done, if the user said so.
        overdue: Whether that day is over and it is not done.
        guide_date: Until when the guide asked for it, in its own time; may be empty.
        decision: What a person said of it.
        rules: What became of the evidence that it wants.
    """

    number: int
    title: str
    holds: str
    decides: str
    state: StepState
    why: tuple[str, ...]
    due: str | None
    overdue: bool
    guide_date: str
    decision: Decision | None
    rules: tuple[RuleReport, ...]

    @classmethod
    def of(cls, result: StepResult) -> StepReport:
        """Return what to write of a step."""
        step = result.step
        return cls(
            number=step.number,
            title=step.title,
            holds=step.holds,
            decides=step.decides,
            state=result.state,
            why=result.why,
            due=None if result.due is None else result.due.isoformat(),
            overdue=result.overdue,
            guide_date=step.guide_date,
            decision=result.decision,
            rules=tuple(map(RuleReport.of, result.rules)),
        )


@dataclass(frozen=True, slots=True)
class Board:
    """The twelve steps of the migration.

    Attributes:
        judged_at: When, in UTC.
        done: Number of the steps that are done.
        steps: All twelve.
    """

    judged_at: str
    done: int
    steps: tuple[StepReport, ...]
    format: Literal["parity-status"] = "parity-status"
    version: Literal[1] = STATUS_VERSION


STATUS: Final = Format[Board](Board)


def gate_json(result: GateResult) -> dict[str, Any]:
    """Return a gate as a JSON value; its shape is in ``schemas/gate.schema.json``."""
    return dict(GATE.plain(GateReport.of(result)))


def board_json(steps: tuple[StepResult, ...], judged_at: str) -> dict[str, Any]:
    """Return the board as a JSON value; its shape is in ``schemas/status.schema.json``."""
    done = sum(step.state is StepState.DONE for step in steps)
    return dict(STATUS.plain(Board(judged_at, done, tuple(map(StepReport.of, steps)))))


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
    for rule in result.rules:
        why = "<br>".join(markdown(reason.text) for reason in rule.reasons)
        runs = "<br>".join(
            f"{markdown(proof.run)} ({markdown(proof.verdict)}, {proof.age_days:.1f} days)"
            for proof in rule.proofs
        )
        yield f"| {markdown(rule.rule.id)} | {STATES[rule.state]} | {why} | {runs} |"
    yield from _asides(result)
    yield from (f"- {markdown(note)}" for note in result.notes)
    yield ""
    yield f"Judged {result.judged_at} by parse-parity {markdown(result.suite_version)}."


def _asides(result: GateResult) -> Iterator[str]:
    yield ""
    for rule in result.rules:
        name = markdown(rule.rule.id)
        if rule.waiver is not None:
            waiver = rule.waiver
            yield (
                f"- **{name}** is waived by {markdown(waiver.name)} until {waiver.expires}: "
                f"{markdown(waiver.reason)}"
            )
        if rule.carried:
            yield f"- **{name}**: {markdown(rule.carried)}"
        for change in rule.changed:
            yield f"- **{name}** was changed: {markdown(change)}"
