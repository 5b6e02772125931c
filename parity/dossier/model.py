"""What a person signs: the verdicts, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from parity.gate import GateResult, StepResult
from parity.gate.result import State
from parity.gate.rules import Decision, Waiver
from parity.model.evidence import TableEvent, TargetFacts
from parity.model.verdict import Word

Weight = Literal["security", "breaking", "benign", "unregistered"]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many.

    Attributes:
        part: The number.
        whole: Of how many.
    """

    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Source:
    """The run that something was read from.

    Attributes:
        run: Its id.
        folder: Name of its folder in the folder of reports.
        job: What ran.
        target: The target that was looked at, or ``*``.
        verdict: ``pass``, ``fail`` or ``could-not-judge`` on that target.
        sentence: Why.
        started_at: When, in UTC.
        age_days: Its age when the dossier was made.
        server_version: Version of the server; ``None`` if nobody said.
        embedded: Whether that server was thrown away afterwards.
        judged_by: Gates (``gate 8``) and steps (``step 6``) that judged by this run; may be empty.
    """

    run: str
    folder: str
    job: str
    target: str
    verdict: str
    sentence: str
    started_at: str
    age_days: float
    server_version: str | None
    embedded: bool
    judged_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of recorded traffic was judged.

    Attributes:
        source: The replay.
        recording: Digest of the recording; empty if the evidence does not say it.
        total: Requests of the recording.
        requests: Judged requests that behave the same, of all judged: the share weighted by
            traffic.
        signatures: The same of the signatures.
        clients: The same of the clients.
        all_signatures: Signatures of the recording, judged or not.
        became: What became of the requests: outcome, number, what it means.
        not_judged: Why requests were not judged, or in part only: reason, number.
        note: What the replay says of the recording.
    """

    source: Source
    recording: str
    total: int
    requests: Share
    signatures: Share
    clients: Share
    all_signatures: int
    became: tuple[tuple[str, int, str], ...]
    not_judged: tuple[tuple[str, int], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Met:
    """Where a difference was met, and how often: its cost.

    Attributes:
        run: Id of the run.
        job: What ran.
        target: The target.
        unit: What is counted, in the singular: ``request``, ``check``.
        count: How many, of all that were judged.
        clients: How many clients it hit; ``None`` if the evidence does not say it.
    """

    run: str
    job: str
    target: str
    unit: str
    count: Share
    clients: Share | None = None


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """One difference between the hosted service and the new server.

    Attributes:
        id: Id of the check that fails, or of the registered entry.
        known: Whether it is registered and explained.
        title: What differs.
        severity: What it does to an app.
        effect: What an app notices, or what the check saw.
        remedy: What to do; empty if nobody knows.
        reproduce: A command that shows it again; may be empty.
        met: Where, and how often.
        counted: Whether a rule of the gates looks at it.
        allowed: For known ones: why the gates let it pass; empty if they do not.
    """

    id: str
    known: bool
    title: str
    severity: Weight
    effect: str
    remedy: str
    reproduce: str
    met: tuple[Met, ...]
    counted: bool = True
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of a job.

    Attributes:
        id: Its id.
        title: What holds if it passes.
        outcome: One of the five.
        reason: Why; empty for a pass.
        remedy: What to do; may be empty.
    """

    id: str
    title: str
    outcome: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class JobReport:
    """What one run of a job found.

    Attributes:
        source: The run.
        counts: Checks by outcome.
        areas: The same by area.
        checks: All checks; empty where there are too many for a page, as of the suites.
        totals: Sums over the rows of the table ``collections``, by column.
        tables: The tables of the run.
        notices: Warnings and errors of the run.
    """

    source: Source
    counts: Mapping[str, int]
    areas: Mapping[str, Mapping[str, int]]
    checks: tuple[CheckLine, ...]
    totals: Mapping[str, int]
    tables: tuple[TableEvent, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What the jobs of one subject found.

    Attributes:
        id: ``data``, ``sizing``, ….
        title: Its heading.
        reports: What the runs found.
        missing: What a gate or a step asks for and has no run: job and command.
    """

    id: str
    title: str
    reports: tuple[JobReport, ...]
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a gate demands and that is not shown.

    Attributes:
        gates: Numbers of the gates.
        rule: Id of the rule.
        title: What would hold.
        state: Why it does not count: failed, lapsed, not tested, could not judge.
        reasons: The same in words.
        command: How to make the evidence; may be empty.
        waived: Who takes the responsibility; empty if nobody does.
    """

    gates: tuple[str, ...]
    rule: str
    title: str
    state: State
    reasons: tuple[str, ...]
    command: str
    waived: str = ""


@dataclass(frozen=True, slots=True)
class WaiverLine:
    """A waiver, and what it does.

    Attributes:
        waiver: Rule, name, reason, expiry.
        state: ``in use``, ``not needed``, ``expired``, ``of no rule that was asked``.
        gates: Numbers of the gates in which it is in use.
    """

    waiver: Waiver
    state: Literal["in use", "not needed", "expired", "of no rule that was asked"]
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasuredOn:
    """One thing that evidence was measured on.

    Attributes:
        what: ``server version of selfhosted``, ``digest of recording``, ….
        value: Its version or digest.
        runs: The runs that say so.
    """

    what: str
    value: str
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One file that the dossier was made from.

    Attributes:
        path: Below the folder of reports.
        sha256: Its digest, ``sha256:…``.
        job: What ran; empty if that cannot be read.
        verdict: What its run says; ``unreadable`` if it cannot be used.
        rules: Ids of the rules that were judged by it.
    """

    path: str
    sha256: str
    job: str
    verdict: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the result file of a gate says, which was written when ``parity gate`` ran.

    Attributes:
        gate: Number of the gate.
        word: Its verdict then; ``None`` if there is no file, or it cannot be read.
        judged_at: When; empty if unknown.
        problem: What is wrong with the file; empty if nothing.
    """

    gate: str
    word: Word | None
    judged_at: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything a person signs.

    Attributes:
        made_at: When, in UTC.
        suite_version: Version of the parse-parity that made it.
        word: The worst verdict of the gates.
        answer: The answer in one or two sentences.
        gates: The gates that were asked, judged now.
        kept: What their result files say.
        steps: The twelve steps.
        signs: Who has to sign: role, and for what.
        decisions: What persons decided, on record.
        traffic: Coverage of recorded traffic.
        unknown: Differences that nothing explains.
        known: Registered differences that were met.
        sections: What the jobs found.
        gaps: What is demanded and not shown.
        warnings: What else the signer has to know.
        changed: What the gate file changed in the rules: gates, rule, change.
        waivers: All waivers.
        measured_on: Versions and digests of what was measured.
        targets: The servers and databases that were measured.
        files: Every file that this was made from.
        gate_file: Path of the user's file; empty if there was none.
        gate_file_sha256: Its digest; empty if there was none.
    """

    made_at: str
    suite_version: str
    word: Word
    answer: str
    gates: tuple[GateResult, ...]
    kept: tuple[Kept, ...]
    steps: tuple[StepResult, ...]
    signs: tuple[tuple[str, str], ...]
    decisions: tuple[Decision, ...]
    traffic: tuple[Coverage, ...]
    unknown: tuple[OpenDifference, ...]
    known: tuple[OpenDifference, ...]
    sections: tuple[Section, ...]
    gaps: tuple[Gap, ...]
    warnings: tuple[str, ...]
    changed: tuple[tuple[tuple[str, ...], str, str], ...]
    waivers: tuple[WaiverLine, ...]
    measured_on: tuple[MeasuredOn, ...]
    targets: tuple[TargetFacts, ...]
    files: tuple[EvidenceFile, ...]
    gate_file: str = ""
    gate_file_sha256: str = ""
