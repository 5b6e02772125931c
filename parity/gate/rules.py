"""What a gate demands, as data: rules, waivers, and what the user says of the measured things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from parity.model.evidence import Level, Severity

RuleKind = Literal["checks", "traffic", "known", "gate"]
"""``checks`` of a job pass; ``traffic`` was replayed and behaves the same; ``known`` differences
are allowed; the ``gate`` of another step is open."""
Measures = Literal["server", "database", "code"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold. Fields that a kind does not use are left at their defaults.

    Attributes:
        id: Stable name: ``suites``.
        title: What holds if the rule does, in one sentence.
        kind: How it is judged.
        job: The run that proves it: ``suites``, ``verify``, ….
        command: How to make such a run.
        target: ``server``, ``deployed`` (see :class:`Targets`), or ``*`` for whatever the run had.
        measures: What the evidence was measured on; a server's version must be known.
        max_age_days: Evidence older than this has lapsed.
        levels: Checks of other levels are not looked at.
        only: Only these checks are looked at, as patterns; without any, all of them.
        areas: Areas that must have been tested, each with the least number of checks.
        others_may_fail: Whether checks of other areas than these may fail; usually not, so that
            the suites that a team adds count.
        ids: Checks that must have been judged.
        minimum: Least number of checks in the whole.
        may_be_untested: Checks that may be unsupported, as patterns (``audit/AUD-LOGIN-*``).
        partial: Arguments with which a run tests only a part: it can fail, but not prove the rule.
        per_row: For each row of a table, the id of a check that must be there:
            ``{"collections": "verify/{}"}``.
        untested_states: Second cells of such rows whose check may be unsupported: ``empty``.
        empty_tables: Tables that must have no row.
        least_requests: Least number of requests of a replay.
        judged_requests: Least share of the requests that were judged, in percent.
        judged_signatures: The same of the signatures.
        same_requests: Least share of the judged requests that behave the same, in percent: the
            share weighted by traffic.
        same_signatures: The same of the signatures.
        same_clients: The same of the clients.
        severities: Severities of known differences that are allowed.
        allow: Ids of known differences that are allowed, whatever their severity.
        gate: Number of the gate that must be open.
        at_least: Least values of what a run was told, by name; ``"shipped"`` for the value that
            is in force without being told.
        at_most: Largest values, the same way.
        exactly: Values that it has to have been told; ``""`` for none.
        may_be_asked: What a run may be told besides, because it weakens nothing.
        least_signatures: Least number of different requests of a replay.
        least_clients: Least number of clients of a replay.
    """

    id: str
    title: str
    kind: RuleKind = "checks"
    job: str = ""
    command: str = ""
    target: str = "server"
    measures: Measures = "server"
    max_age_days: float = 7.0
    levels: tuple[Level, ...] = ("must", "should")
    only: tuple[str, ...] = ()
    areas: dict[str, int] = field(default_factory=dict)
    others_may_fail: bool = False
    ids: tuple[str, ...] = ()
    minimum: int = 1
    may_be_untested: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    per_row: dict[str, str] = field(default_factory=dict)
    untested_states: tuple[str, ...] = ()
    empty_tables: tuple[str, ...] = ()
    least_requests: int = 1
    judged_requests: float = 100.0
    judged_signatures: float = 100.0
    same_requests: float = 100.0
    same_signatures: float = 0.0
    same_clients: float = 0.0
    severities: tuple[Severity, ...] = ()
    allow: tuple[str, ...] = ()
    gate: str = ""
    at_least: dict[str, float | Literal["shipped"]] = field(default_factory=dict)
    at_most: dict[str, float | Literal["shipped"]] = field(default_factory=dict)
    exactly: dict[str, bool | float | str | tuple[str, ...]] = field(default_factory=dict)
    may_be_asked: tuple[str, ...] = ()
    least_signatures: int = 1
    least_clients: int = 1

    def __post_init__(self) -> None:
        if self.kind in ("checks", "traffic") and not self.job:
            raise ValueError("job is missing: it names the run that proves the rule")
        if self.max_age_days <= 0:
            raise ValueError("max_age_days is a number of days above 0")
        if self.kind == "checks" and (self.minimum < 1 or min(self.areas.values(), default=1) < 1):
            raise ValueError("a rule demands at least one check: that is what it is for")
        if self.kind == "checks" and not self.levels:
            raise ValueError("levels is empty: then nothing would be looked at")
        if self.kind == "traffic" and self.least_requests < 1:
            raise ValueError("least_requests is at least 1: no traffic proves nothing")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person takes the responsibility for a rule that does not hold.

    Attributes:
        rule: Id of the rule.
        name: Who.
        reason: Why.
        expires: The last day on which it counts.
    """

    rule: str
    name: str
    reason: str
    expires: str

    def __post_init__(self) -> None:
        for name in ("rule", "name", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")
        date.fromisoformat(self.expires)

    @property
    def until(self) -> date:
        """Return the last day on which it counts."""
        return date.fromisoformat(self.expires)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person says that a step is done, or that the app has nothing of the kind.

    Attributes:
        step: Number of the step.
        name: Who.
        date: When.
        note: What was decided.
        state: ``done``, or ``not applicable``: then no evidence is needed.
    """

    step: int
    name: str
    date: str
    note: str
    state: Literal["done", "not applicable"] = "done"

    def __post_init__(self) -> None:
        if not 1 <= self.step <= 12:
            raise ValueError("the steps are 1 to 12")
        for name in ("name", "note"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty")
        date.fromisoformat(self.date)


@dataclass(frozen=True, slots=True)
class Targets:
    """Which targets the rules speak of.

    Attributes:
        server: The new server and its database, as they were tested before step 8.
        deployed: The server that clients will reach, at step 9 and later.
    """

    server: str = "selfhosted"
    deployed: str = "deployed"

    def name(self, alias: str) -> str:
        """Return the target's name for a rule's ``target``."""
        return {"server": self.server, "deployed": self.deployed}.get(alias, alias)


@dataclass(frozen=True, slots=True)
class MeasuredOn:
    """What the user says is in use now; evidence of anything else has lapsed.

    Attributes:
        server_version: Version of the Parse Server.
        url: Base URL of the server.
        suite_version: Version of parse-parity.
        digests: Digests by name, as in a header of evidence: ``recording``, ``cloud``, ``suites``.
    """

    server_version: str | None = None
    url: str | None = None
    suite_version: str | None = None
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateFile:
    """What ``parity-gate.toml`` says.

    Attributes:
        targets: Which targets are meant.
        measured_on: What is in use now.
        waivers: Rules that a person waived.
        decisions: Steps that a person decided.
        schedule: The day on which a step shall be done, by its number.
        overrides: Fields of rules that differ from the shipped ones: gate, rule, field.
        allow_embedded: Whether evidence of servers that are thrown away afterwards counts.
        carry_max_age_days: How old evidence may be that gate 8 has already accepted.
        source: Where it was read from; empty for the shipped defaults alone.
    """

    targets: Targets = field(default_factory=Targets)
    measured_on: MeasuredOn = field(default_factory=MeasuredOn)
    waivers: tuple[Waiver, ...] = ()
    decisions: tuple[Decision, ...] = ()
    schedule: Mapping[int, date] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    allow_embedded: bool = False
    carry_max_age_days: float = 60.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate.

    Attributes:
        number: ``8`` or ``11``.
        title: The question that it answers.
        rules: What must hold.
        carried: Ids of the rules that come from an earlier gate.
        changed: What the user's file changed, by rule: ``max_age_days: 7 → 30``.
    """

    number: str
    title: str
    rules: tuple[Rule, ...]
    carried: frozenset[str] = frozenset()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the guide's twelve steps.

    Attributes:
        number: 1 to 12.
        title: What it is.
        holds: What must hold for it to be done.
        decides: Who decides: ``evidence``, or the role of a person who has to say so.
        rules: The evidence that proves it.
        page: The page of the documentation; may be empty.
        guide_date: Until when the guide asked for it, in its own time; may be empty.
    """

    number: int
    title: str
    holds: str
    decides: str
    rules: tuple[Rule, ...] = ()
    page: str = ""
    guide_date: str = ""

    @property
    def needs_person(self) -> bool:
        """Return whether evidence alone does not close the step."""
        return self.decides != "evidence"
