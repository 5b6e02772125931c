"""What became of rules and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parity.gate.rules import Rule, Waiver


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


class Word(StrEnum):
    """The three verdicts of a gate."""

    PASS = "pass"
    FAIL = "fail"
    COULD_NOT_JUDGE = "could-not-judge"


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
    return min((each.state for each in reasons), key=order.index, default=State.HOLDS)
