"""What became of rules and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from parity.gate.rules import Rule, RuleKind, Waiver
from parity.model.formats import Format
from parity.model.verdict import Word

VERSION: Final = 1
"""Of the format of a gate's result; a change of a field below raises it."""


class State(StrEnum):
    """What became of a rule; the worst comes first."""

    FAILED = "failed"
    """Something that it demands was tested and is not so."""
    LAPSED = "lapsed"
    """It was tested, on something else or too long ago."""
    MISSING = "missing"
    """It was not tested, or in part only."""
    DOUBTFUL = "could-not-judge"
    """It was tested, and the test went wrong, or its evidence cannot be read."""
    WAIVED = "waived"
    """It does not hold, and a person takes the responsibility."""
    HOLDS = "holds"
    """There is evidence for all of it."""


FAILS = frozenset({State.FAILED, State.LAPSED, State.MISSING})
"""States with which a gate fails: what is required and was not tested is no pass."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule does not hold.

    Attributes:
        state: What it makes of the rule.
        text: One sentence without a full stop.
        cause: Name of the lapse, for machines; empty for other reasons.
        run: Run that shows it; may be empty.
    """

    state: State
    text: str
    cause: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A run that a rule was judged by.

    Attributes:
        run: Its id, which is also its folder.
        job: What ran.
        target: The target that was looked at, or ``*``.
        verdict: What its report says of that target.
        started_at: When, in UTC.
        age_days: Its age when the gate was judged.
        sha256: Digest of its evidence.
        server_version: Version of the server; ``None`` if nobody said.
        digests: What it was measured on.
    """

    run: str
    job: str
    target: str
    verdict: str
    started_at: str
    age_days: float
    sha256: str
    server_version: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What became of one rule.

    Attributes:
        rule: The rule.
        state: What became of it.
        reasons: Why it does not hold, the worst first; a waived rule keeps them.
        facts: What the evidence shows, and what else is worth knowing.
        proofs: The runs that it was judged by.
        waiver: The waiver for it, whether or not it is needed.
        carried: What it owes to an earlier gate; may be empty.
        changed: What the user changed in it.
    """

    rule: Rule
    state: State
    reasons: tuple[Reason, ...] = ()
    facts: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    waiver: Waiver | None = None
    carried: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate.

    Attributes:
        number: ``8`` or ``11``.
        title: The question.
        word: The verdict.
        sentence: Why.
        judged_at: When, in UTC.
        suite_version: Version of the parse-parity that judged.
        rules: What became of each rule.
        notes: What no rule says: bad evidence, a waiver that nobody needs.
        gate_file: The user's file; empty if there was none.
    """

    number: str
    title: str
    word: Word
    sentence: str
    judged_at: str
    suite_version: str
    rules: tuple[RuleResult, ...]
    notes: tuple[str, ...] = ()
    gate_file: str = ""


def worst(reasons: tuple[Reason, ...]) -> State:
    """Return the state that some reasons make; ``holds`` without any."""
    order = list(State)
    return min((reason.state for reason in reasons), key=order.index, default=State.HOLDS)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What became of one rule, as a result file says it.

    Attributes:
        id: Stable name of the rule.
        title: What holds if the rule does.
        kind: How it is judged.
        job: The run that proves it; empty where none does.
        command: How to make such a run; may be empty.
        state: What became of it.
        reasons: Why it does not hold, the worst first; a waived rule keeps them.
        facts: What the evidence shows.
        proofs: The runs that it was judged by.
        waiver: The waiver for it, whether or not it is needed.
        carried: What it owes to an earlier gate; may be empty.
        changed: What the user's file changed in it.
    """

    id: str
    title: str
    kind: RuleKind
    job: str
    command: str
    state: State
    reasons: tuple[Reason, ...]
    facts: tuple[str, ...]
    proofs: tuple[Proof, ...]
    waiver: Waiver | None
    carried: str
    changed: tuple[str, ...]

    @classmethod
    def of(cls, result: RuleResult) -> RuleReport:
        """Return what to write of a rule."""
        rule = result.rule
        return cls(
            id=rule.id,
            title=rule.title,
            kind=rule.kind,
            job=rule.job,
            command=rule.command,
            state=result.state,
            reasons=result.reasons,
            facts=result.facts,
            proofs=result.proofs,
            waiver=result.waiver,
            carried=result.carried,
            changed=result.changed,
        )


@dataclass(frozen=True, slots=True)
class GateReport:
    """The result file of a gate.

    Attributes:
        gate: Its number.
        title: The question that it answers.
        verdict: The answer.
        sentence: Why.
        judged_at: When, in UTC.
        suite_version: Version of the parse-parity that judged.
        gate_file: The user's file; empty if there was none.
        rules: What became of each rule.
        notes: What no rule says.
    """

    gate: str
    title: str
    verdict: Word
    sentence: str
    judged_at: str
    suite_version: str
    gate_file: str
    rules: tuple[RuleReport, ...]
    notes: tuple[str, ...]
    format: Literal["parity-gate"] = "parity-gate"
    version: Literal[1] = VERSION

    @classmethod
    def of(cls, result: GateResult) -> GateReport:
        """Return what to write of a gate."""
        return cls(
            gate=result.number,
            title=result.title,
            verdict=result.word,
            sentence=result.sentence,
            judged_at=result.judged_at,
            suite_version=result.suite_version,
            gate_file=result.gate_file,
            rules=tuple(map(RuleReport.of, result.rules)),
            notes=result.notes,
        )


GATE: Final = Format[GateReport](GateReport)
