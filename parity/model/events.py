"""The events that evidence is made of: one frozen dataclass for each kind of line.

``schemas/evidence.schema.json`` is generated from them (``python -m parity.schemas``);
``docs/evidence.md`` explains it.
Writing and reading them is :mod:`parity.model.evidence`.
Whoever builds an event redacts it first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from parity.model.chart import Chart, check_beside
from parity.model.difference import Kind
from parity.model.finding import Finding, Severity
from parity.model.outcome import Outcome
from parity.model.plain import plain
from parity.model.target import Style, Target, Writes

Time = Annotated[
    str, Field(json_schema_extra={"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"})
]
Count = Annotated[int, Field(json_schema_extra={"minimum": 0})]
Counts = Annotated[
    dict[str, Count],
    Field(json_schema_extra={"required": [str(outcome) for outcome in Outcome]}),
]
Seconds = Annotated[float, Field(json_schema_extra={"minimum": 0})]

FORMAT: Final = "parity-evidence"
VERSION: Final = 5
"""Of the format; a change of a field below raises it."""
NOT_RUN = "not run: "
"""How the reason of an error starts when the check was not even begun: its target is down."""
NOT_TESTED: Final = "not tested: "
"""How it starts when something else that is wrong, which the reason names, kept it from judging."""

Level = Literal["must", "should", "may"]
Effect = Literal["reads", "writes", "destructive"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True, slots=True)
class CapabilityFact:
    """What a probe found.

    Attributes:
        name: What was probed, for example ``master_key``.
        available: Whether the target can do it.
        reason: What the probe saw.
    """

    name: str
    available: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What a report says about a target; never a secret.

    Attributes:
        name: The user's name for it.
        style: Hosted or Parse Server conventions.
        url: Base URL.
        server_version: What the server or the settings said; ``None`` if nobody did.
        embedded: Whether it was started for the run and thrown away afterwards.
        note: One line beside the name, for example that it is a stand-in.
        writes: What may be written to it.
        keys: Names of the keys that were known, never their values.
        capabilities: What the probes found.
        digests: Digests of what it is made of, by name, for example ``options``.
    """

    name: str
    style: Style
    url: str
    server_version: str | None
    embedded: bool
    note: str
    writes: Writes
    keys: tuple[str, ...]
    capabilities: tuple[CapabilityFact, ...]
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        target: Target,
        *,
        server_version: str | None = None,
        capabilities: tuple[CapabilityFact, ...] = (),
        digests: Mapping[str, str] | None = None,
    ) -> TargetFacts:
        """Take what may be shown of a target.

        Args:
            target: The target of the settings.
            server_version: The version that the server told; else the configured one is used.
            capabilities: What the probes found.
            digests: Digests of what it is made of.
        """
        return cls(
            name=target.name,
            style=target.style,
            url=target.url,
            server_version=server_version or target.version,
            embedded=target.embedded,
            note=target.note,
            writes=target.writes,
            keys=tuple(name for name, _ in target.keys.items()),
            capabilities=capabilities,
            digests=dict(digests or {}),
        )


@dataclass(frozen=True, slots=True)
class AskedFact:
    """One thing that a run was told: a threshold, or what it leaves out.

    Attributes:
        given: JSON value that was in force, whichever way it was given.
        shipped: The value without being told.
    """

    given: Any
    shipped: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", plain(self.given))
        object.__setattr__(self, "shipped", plain(self.shipped))

    @property
    def is_shipped(self) -> bool:
        """Return whether it is as without being told."""
        return bool(self.given == self.shipped)


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: what ran against what.

    Attributes:
        run_id: Name of the run; also the folder's name under ``reports/``.
        started_at: UTC with milliseconds, ``2026-07-30T12:34:56.789Z``.
        suite_version: Version of parse-parity.
        seed: Seed of the run's random values, if there is one.
        arguments: The command line, redacted.
        targets: The targets in the order of the settings; names are unique.
        worker: ``main``, or pytest-xdist's ``gw0``, ``gw1``, …
        digests: Digests of the inputs by name, for example ``suites``.
        job: What ran: ``suites``, or the command: ``replay``, ``verify``, ``audit``, …
        unit: What a check of this run is about, for sentences: ``check``, ``collection``, ….
        asked: What the run was told, by name: ``need``, ``min_days``, ``exclude``.
    """

    run_id: str
    started_at: Time
    suite_version: str
    seed: int | None
    arguments: tuple[str, ...]
    targets: tuple[TargetFacts, ...]
    worker: str = "main"
    digests: dict[str, str] = field(default_factory=dict)
    job: str = "suites"
    unit: str = "check"
    asked: dict[str, AskedFact] = field(default_factory=dict)
    format: Literal["parity-evidence"] = field(default="parity-evidence", kw_only=True, repr=False)
    version: Literal[5] = field(default=VERSION, kw_only=True, repr=False)
    event: Literal["header"] = field(default="header", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        _check_time(self.started_at)
        names = [target.name for target in self.targets]
        if len(set(names)) != len(names):
            raise ValueError(f"two targets have the same name: {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class DifferenceFact:
    """One place where a response is not what a check expects.

    Attributes:
        path: JSON path, as in :class:`parity.model.Difference`.
        kind: How the values disagree.
        expected: JSON value or a description; anything else becomes its ``repr``.
        actual: The same for what was observed.
        known: Id of the registered difference that explains it, or ``None``.
        source: Where the expectation comes from, for example ``rest/objects#creating-objects``.
    """

    path: str
    kind: Kind
    expected: Any
    actual: Any
    known: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        # What a server sends may hold NaN, or nest deeper than a JSON writer can follow.
        object.__setattr__(self, "expected", plain(self.expected))
        object.__setattr__(self, "actual", plain(self.actual))


@dataclass(frozen=True, slots=True)
class ExchangeFact:
    """One request with its response, redacted and clipped.

    Attributes:
        method: HTTP method.
        url: Full URL.
        request_headers: Headers as sent, secrets masked.
        request_body: Text; empty if none. See :func:`body_text`.
        status: HTTP status; ``None`` if nothing came back.
        response_headers: Headers as received.
        response_body: Text; empty if none.
        elapsed_ms: Milliseconds from sending until the body was read.
        repeat: One shell line that sends it again, with ``$VARIABLES`` for secrets.
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: dict[str, str]
    response_body: str
    elapsed_ms: float
    repeat: str


@dataclass(frozen=True, slots=True)
class CheckEvent:
    """What became of one check on one target.

    Attributes:
        id: The check without its target: ``suites/objects/test_create.py::test_returns_201``.
        nodeid: pytest's id, with the target in brackets.
        target: Name of a target of the header.
        area: Area of the API, for example ``objects``.
        level: How much an app depends on it.
        effect: What it does to the target.
        spec: Sections that state the behaviour, for example ``rest/objects#creating-objects``.
        title: First line of the check's docstring.
        outcome: One of the five.
        reason: Why, in one sentence; empty for a pass.
        duration_s: Wall time of the check in seconds.
        server_s: The part of it spent waiting for the server.
        requests: Number of requests sent.
        worker: Who ran it.
        differences: Where the responses were not as expected.
        exchanges: The requests and responses, kept when the outcome is not a pass.
        findings: What a person must know, the worst first; cause and remedy with each.
    """

    id: str
    nodeid: str
    target: str
    area: str
    level: Level
    effect: Effect
    spec: tuple[str, ...]
    title: str
    outcome: Outcome
    reason: str = ""
    duration_s: Seconds = 0.0
    server_s: Seconds = 0.0
    requests: Count = 0
    worker: str = "main"
    differences: tuple[DifferenceFact, ...] = ()
    exchanges: tuple[ExchangeFact, ...] = ()
    findings: tuple[Finding, ...] = ()
    event: Literal["check"] = field(default="check", kw_only=True, repr=False)

    @property
    def finding(self) -> Finding | None:
        """The worst finding; ``None`` if there is none."""
        return self.findings[0] if self.findings else None


@dataclass(frozen=True, slots=True)
class TableEvent:
    """Numbers of a run that are no outcome of a check: shares, rates, latencies.

    Attributes:
        id: Stable name of the table, for machines: ``collections``.
        title: Its heading.
        columns: Names of the columns, with units.
        rows: Cells of each row, as many as there are columns: text, numbers, booleans or ``None``.
        note: What the reader has to know; empty if nothing.
        chart: How the report draws it; ``None`` for numbers only.
        links: Columns whose cells are paths of files beside the evidence: ``locust.html``.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    chart: Chart | None = None
    links: tuple[str, ...] = ()
    event: Literal["table"] = field(default="table", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        # What is in a cell may come from a server or a database.
        object.__setattr__(self, "rows", tuple(tuple(map(plain, row)) for row in self.rows))
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"row {number} has {len(row)} cells for {len(self.columns)} columns"
                )
        for name in (*(self.chart.columns if self.chart else ()), *self.links):
            if self.columns.count(name) != 1:
                raise ValueError(f"{self.columns.count(name)} columns are called {name!r}, not one")
        for place in map(self.columns.index, self.links):
            for path in (row[place] for row in self.rows if row[place] is not None):
                check_beside(str(path))


@dataclass(frozen=True, slots=True)
class KnownDifferenceEvent:
    """A registered difference that applies to a target of the run, or was observed.

    Attributes:
        id: Registered id, for example ``KD-0001``.
        title: What differs, in one line.
        severity: What it does to an app.
        cause: Why the servers differ.
        effect: What an app notices.
        remedy: What to do about it.
        provenance: How it is known: document section, source, or recording.
        targets: Names of the targets that it applies to.
        observed: Number of checks that observed it.
    """

    id: str
    title: str
    severity: Severity
    cause: str
    effect: str
    remedy: str
    provenance: str
    targets: tuple[str, ...]
    observed: Count
    event: Literal["known_difference"] = field(default="known_difference", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """Something about the run that no check says: a target is down, a sweep left rows behind.

    Attributes:
        level: ``error`` means that the run could not judge; ``answer`` is what came out of it, in
            the words of the question, and opens the sentence of its verdict.
        target: The target it concerns, or ``None`` for the whole run.
        message: One or two sentences.
    """

    level: Literal["answer", "info", "warning", "error"]
    target: str | None
    message: str
    event: Literal["notice"] = field(default="notice", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class ChosenFact:
    """Checks of one area and level on one target.

    Attributes:
        target: Name of the target.
        area: Area of the API.
        level: How much an app depends on them.
        checks: pytest's ids.
    """

    target: str
    area: str
    level: Level
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelectionEvent:
    """What pytest collected, and what of it was to be run, whatever chose: ``-k``, a hook, an ini.

    Attributes:
        selected: What was to be run.
        left_out: What was collected and was not to be run.
    """

    selected: tuple[ChosenFact, ...]
    left_out: tuple[ChosenFact, ...]
    event: Literal["selection"] = field(default="selection", kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Footer:
    """The last line; without it the file is truncated.

    Attributes:
        events: Number of lines between header and footer.
        counts: Checks by target and outcome; every target, every outcome.
        finished_at: UTC with milliseconds.
        interrupted: Whether somebody or a crash stopped the run.
        exit_status: pytest's exit status, if known.
        seal: Hash of every byte of the file but itself, with its algorithm in front; empty in
            evidence of versions 1 to 3.
    """

    events: Count
    counts: dict[str, Counts]
    finished_at: Time
    interrupted: bool
    exit_status: int | None
    seal: str = ""
    event: Literal["footer"] = field(default="footer", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        _check_time(self.finished_at)


Event = CheckEvent | KnownDifferenceEvent | NoticeEvent | SelectionEvent | TableEvent


@dataclass(frozen=True, slots=True)
class Evidence:
    """A whole run, complete.

    Attributes:
        header: What ran against what.
        checks: In the order of the file.
        known_differences: Registered differences that apply or were observed.
        notices: What no check says.
        footer: Counts and how the run ended.
        tables: Numbers that are no outcome.
        selections: What pytest chose to run; of another job there is none.
    """

    header: Header
    checks: tuple[CheckEvent, ...]
    known_differences: tuple[KnownDifferenceEvent, ...]
    notices: tuple[NoticeEvent, ...]
    footer: Footer
    tables: tuple[TableEvent, ...] = ()
    selections: tuple[SelectionEvent, ...] = ()


def _check_time(text: str) -> None:
    if not _TIME.fullmatch(text):
        raise ValueError(f"expected a time like 2026-07-30T12:34:56.789Z, got {text!r}")
    datetime.fromisoformat(text)
