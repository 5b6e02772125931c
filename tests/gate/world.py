"""A migration in evidence: one run for everything that the gates want, small, and all is well.

A test changes one thing of it and looks which rule notices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from parity.gate import GateFile, GateResult, Now, judge, load_gate, read_result, read_runs
from parity.gate.output import gate_json
from parity.gate.rules import Waiver
from parity.model import Kind, Outcome, Style, Writes
from parity.model.evidence import (
    AskedFact,
    CheckEvent,
    ChosenFact,
    DifferenceFact,
    Event,
    EvidenceWriter,
    Finding,
    Header,
    KnownDifferenceEvent,
    Level,
    SelectionEvent,
    Severity,
    TableEvent,
    TargetFacts,
)
from parity.report import verdict

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
VERSION = "9.10.0"
SUITE_VERSION = "0.1.0"
AREAS = ("smoke", "objects", "queries", "users", "sessions", "files", "cloud", "compat")
COLLECTIONS = ("_User", "_SCHEMA", "Post")
DEPLOYMENT = (
    "tls",
    "health",
    "cors",
    "latency",
    "default-keys",
    "master-key",
    "dashboard",
    "public-url",
    "restart",
)
SETTINGS = (
    "REVOCABLE-SESSIONS",
    "SESSION-EXPIRY",
    "REVOKE-ON-PASSWORD-CHANGE",
    "USERNAME-SIGN-UP",
    "ANONYMOUS-USERS",
    "FACEBOOK-LOGIN",
    "FACEBOOK-APP",
    "CLIENT-CLASSES",
    "PUBLIC-FILE-UPLOAD",
    "PUBLIC-USERS",
    "PASSWORD-RESET",
    "LOCKOUT",
)
# The shipped numbers of checks are those of the shipped suites; here each area has two.
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "8": {
        "preflight": {"minimum": 3},
        "audit": {"minimum": 3},
        "file-store": {"minimum": 5},
        "settings": {"minimum": 12},
        "suites": {"areas": dict.fromkeys(AREAS, 2)},
        "replay": {"least_requests": 100, "least_signatures": 1},
        "scan-cloud": {"areas": {"cloud-code": 1}},
        "scan-clients": {"areas": {"clients": 1}},
    },
    "11": {"smoke-deployed": {"areas": {"smoke": 2}}},
}


# What each job is told when it is told nothing; the peak and the objective are the recorded ones.
USUAL: dict[str, dict[str, Any]] = {
    "preflight": {
        "pings": 200, "connections": 200, "room_factor": 10.0, "median_ms": 20.0, "p99_ms": 100.0,
        "clock_s": 1.0,
    },
    "verify": {"exclude": [], "classes": [], "strict": False},
    "audit": {"accepted": [], "check_files": 300, "max_mb_s": 0.0},
    "files": {"store": "gridfs", "limit": None},
    "settings": {"allow_mail": False},
    "replay": {
        "only": None, "repeat": None, "noise": None, "read_only": False, "lanes": 16, "app": None,
        "allow_truncated": False, "control": False, "compared_with": [],
    },
    "scan": {"max_bytes": 2_000_000},
    "size": {
        "peak": 12.0, "need": 2.0, "seconds": None, "p95_ms": 500.0, "p99_ms": 2000.0,
        "errors_percent": 1.0, "quick": False, "read_only": False, "max_rate": None,
        "disk_bytes": None, "growth": None, "hosted_bytes": None, "network_mbit": None,
    },
    "indexes": {
        "samples": 5, "max_time_ms": 10_000, "budget_s": 300.0, "server_version": "9.10.0",
    },
    "deployment": {
        "min_days": 14, "samples": 40, "health_asks": 5, "max_latency_ms": 20.0, "http_port": 80,
        "from_inside": False, "allowed_hosts": [],
    },
}  # fmt: skip


def usual(job: str) -> dict[str, AskedFact]:
    """Return what a job is told by the command that its rule shows."""
    return {name: AskedFact(value, value) for name, value in USUAL.get(job, {}).items()}


def small_toml() -> str:
    """Return a gate file that asks for as little as the evidence of these tests holds."""
    lines = []
    for gate, rules in SMALL.items():
        for rule, fields in rules.items():
            lines.append(f"[gate.{gate}.rules.{rule}]")
            for name, value in fields.items():
                pairs = value.items() if isinstance(value, dict) else ()
                inline = ", ".join(f"{key} = {number}" for key, number in pairs)
                lines.append(f"{name} = {{ {inline} }}" if inline else f"{name} = {value}")
    return "\n".join(lines) + "\n"


def facts(
    name: str = "selfhosted", version: str | None = VERSION, *, embedded: bool = False
) -> TargetFacts:
    return TargetFacts(
        name=name,
        style=Style.PARSE_SERVER,
        url=f"https://{name}.example.org/parse",
        server_version=version,
        embedded=embedded,
        note="",
        writes=Writes.NAMESPACED,
        keys=("rest_key",),
        capabilities=(),
    )


def check(
    name: str,
    *,
    area: str = "data",
    target: str = "selfhosted",
    level: Level = "must",
    outcome: Outcome = Outcome.PASS,
    known: str | None = None,
    code: str = "",
) -> CheckEvent:
    difference = DifferenceFact("$.score", Kind.VALUE, 1, 2, known)
    finding = Finding(code, "breaking", "cause", "remedy") if code else None
    return CheckEvent(
        id=name,
        nodeid=f"{name}[{target}]",
        target=target,
        area=area,
        level=level,
        effect="reads",
        spec=(),
        title=name,
        outcome=outcome,
        reason="" if outcome is Outcome.PASS else "because",
        differences=(difference,) if known else (),
        findings=(finding,) if finding else (),
    )


def entry(name: str, severity: Severity = "benign", target: str = "selfhosted") -> Event:
    return KnownDifferenceEvent(name, name, severity, "c", "e", "r", "p", (target,), 1)


@dataclass(slots=True)
class Spec:
    """One run as a test describes it."""

    job: str
    events: list[Event]
    age_days: float = 1.0
    target: TargetFacts = field(default_factory=facts)
    digests: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    asked: dict[str, AskedFact] | None = None
    chosen: SelectionEvent | None = None
    suite_version: str = SUITE_VERSION
    interrupted: bool = False
    name: str = ""

    def header(self) -> Header:
        started = (NOW - timedelta(days=self.age_days)).isoformat(timespec="milliseconds")
        return Header(
            run_id=self.name or f"run-{self.job}",
            started_at=started.replace("+00:00", "Z"),
            suite_version=self.suite_version,
            seed=None,
            arguments=self.arguments,
            targets=(self.target,),
            digests=self.digests,
            job=self.job,
            asked=usual(self.job) if self.asked is None else self.asked,
        )

    def selection(self) -> SelectionEvent:
        """Return the selection of a run that left nothing out."""
        groups: dict[tuple[str, str, Level], list[str]] = {}
        for event in self.events:
            if isinstance(event, CheckEvent):
                key = (event.target, event.area, event.level)
                groups.setdefault(key, []).append(event.nodeid)
        chosen = tuple(ChosenFact(*key, tuple(each)) for key, each in groups.items())
        return SelectionEvent(chosen, ())

    def ask(self, name: str, given: Any) -> None:
        """Tell the run something else than what is shipped."""
        self.asked = {**usual(self.job), **(self.asked or {})}
        shipped = self.asked[name].shipped if name in self.asked else None
        self.asked[name] = AskedFact(given, shipped)

    def write(self, reports: Path) -> Path:
        head = self.header()
        path = reports / head.run_id / "evidence.jsonl"
        with EvidenceWriter(path, head) as writer:
            for event in self.events:
                writer.write(event)
            if self.job == "suites":
                writer.write(self.chosen or self.selection())
            writer.close(interrupted=self.interrupted)
        return path

    def change(self, name: str, **changes: Any) -> None:
        """Change one check; there has to be one of this name."""
        index = next(
            number
            for number, each in enumerate(self.events)
            if isinstance(each, CheckEvent) and each.id == name
        )
        self.events[index] = replace(self.events[index], **changes)

    def drop(self, name: str) -> None:
        """Leave one check or table out."""
        kept = [event for event in self.events if getattr(event, "id", "") != name]
        assert len(kept) == len(self.events) - 1
        self.events = kept

    def put_table(self, table: TableEvent) -> None:
        """Put a table, in the place of the one with its id."""
        self.events = [
            event
            for event in self.events
            if not (isinstance(event, TableEvent) and event.id == table.id)
        ]
        self.events.append(table)


def suites(**more: Any) -> Spec:
    checks: list[Event] = [
        check(f"suites/{area}/test_it.py::test_{number}", area=area)
        for area in AREAS
        for number in range(2)
    ]
    return Spec("suites", checks, digests={"known_differences": "sha256:kd"}, **more)


def shares(
    same: int = 120, judged: int = 120, signatures: tuple[int, int] = (3, 3), clients: int = 7
) -> TableEvent:
    rows = (
        ("requests", same, judged, "-"),
        ("signatures", *signatures, "-"),
        ("clients", clients, 7, "-"),
    )
    return TableEvent("verdict", "Shares", ("of", "the same", "judged", "share"), rows)


def exchanges(*rows: tuple[str, int]) -> TableEvent:
    columns = ("outcome", "requests", "what it means")
    return TableEvent("exchanges", "Requests", columns, tuple((*row, "-") for row in rows))


def replay(**more: Any) -> Spec:
    names = ("GET /classes/Post", "POST /classes/Post", "POST /login")
    events: list[Event] = [check(f"replay/{name}", area="objects") for name in names]
    events += [shares(), exchanges(("equal", 120))]
    return Spec("replay", events, digests={"recording": "sha256:rec"}, **more)


def collections(*rows: tuple[str, str]) -> TableEvent:
    return TableEvent("collections", "Collections", ("collection", "state"), rows)


def verify(**more: Any) -> Spec:
    events: list[Event] = [check(f"verify/{name}") for name in COLLECTIONS]
    events.append(collections(*((name, "verified") for name in COLLECTIONS)))
    return Spec("verify", events, **more)


def audit(**more: Any) -> Spec:
    codes = ("AUD-ID-TYPE", "AUD-POINTER-MISSING", "AUD-FILE-UNREACHABLE")
    return Spec("audit", [check(f"audit/{code}") for code in codes], **more)


def preflight(**more: Any) -> Spec:
    codes = ("PRE-AUTH", "PRE-PRIVILEGES", "PRE-ROOM")
    return Spec("preflight", [check(f"preflight/{code}") for code in codes], **more)


def scan(**more: Any) -> Spec:
    events: list[Event] = [
        check("scan/SCAN-MODULE", area="cloud-code", target="code"),
        check("scan/SCAN-SDK-OLD", area="clients", target="code"),
        check("scan/SCAN-TRAFFIC-OLD", area="clients", target="code"),
    ]
    return Spec("scan", events, target=facts("code", None), **more)


SIZED = ("knee", "cache", "connections", "storage", "errors", "generator")


def size(**more: Any) -> Spec:
    return Spec("size", [check(f"size/{name}") for name in SIZED], **more)


def indexes(**more: Any) -> Spec:
    return Spec("indexes", [check("indexes/GET /classes/Post where(author)")], **more)


FILES = ("upload", "read-back", "store", "delete", "gone")


def file_store(**more: Any) -> Spec:
    return Spec("files", [check(f"files/{name}", area="files") for name in FILES], **more)


def app_settings(**more: Any) -> Spec:
    checks: list[Event] = [check(f"settings/{name}", area="users") for name in SETTINGS]
    return Spec("settings", checks, digests={"hosted_settings": "sha256:set"}, **more)


def website(**more: Any) -> Spec:
    names = ("GET /", "GET /about", "hosted-links")
    return Spec("web", [check(f"web/{name}", area="web") for name in names], **more)


def smoke_deployed(**more: Any) -> Spec:
    checks: list[Event] = [
        check(f"suites/smoke/test_it.py::test_{number}", area="smoke", target="deployed")
        for number in range(2)
    ]
    return Spec("suites", checks, target=facts("deployed"), name="run-smoke-deployed", **more)


def deployment(**more: Any) -> Spec:
    checks: list[Event] = [
        check(f"deployment/{name}", area="deployment", target="deployed") for name in DEPLOYMENT
    ]
    return Spec("deployment", checks, target=facts("deployed"), **more)


FOR_8: Mapping[str, Callable[[], Spec]] = {
    "suites": suites,
    "replay": replay,
    "verify": verify,
    "audit": audit,
    "preflight": preflight,
    "scan": scan,
    "size": size,
    "indexes": indexes,
    "files": file_store,
    "settings": app_settings,
}
FOR_11: Mapping[str, Callable[[], Spec]] = {
    **FOR_8,
    "smoke-deployed": smoke_deployed,
    "deployment": deployment,
}
MINE = {
    "preflight": ("preflight",),
    "verify": ("verify",),
    "audit": ("audit", "files"),
    "suites": ("suites",),
    "replay": ("replay",),
    "scan": ("scan-cloud", "scan-clients", "scan-traffic"),
    "size": ("sizing",),
    "indexes": ("indexes",),
    "files": ("file-store",),
    "settings": ("settings",),
    "smoke-deployed": ("smoke-deployed",),
    "deployment": ("deployment",),
}
"""The rules that each run proves."""


@dataclass(slots=True)
class World:
    """A folder of reports, and what the user says."""

    reports: Path
    number: str = "8"
    specs: dict[str, Spec] = field(default_factory=dict)
    file: GateFile = field(default_factory=lambda: GateFile(overrides=SMALL))
    at: datetime = NOW
    written: bool = False

    def write(self) -> World:
        if not self.written:
            for spec in self.specs.values():
                spec.write(self.reports)
        self.written = True
        return self

    def now(self) -> Now:
        self.write()
        return Now(read_runs(self.reports, verdict), self.file, self.at, SUITE_VERSION)

    def judge(self, number: str | None = None) -> GateResult:
        number = number or self.number
        results = {each: read_result(self.reports / f"gate-{each}.json", each) for each in ("8",)}
        return judge(load_gate(number, self.file), self.now(), results)

    def keep(self, result: GateResult) -> None:
        """Write a result where the next gate looks for it."""

        path = self.reports / f"gate-{result.number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(gate_json(result)), encoding="utf-8")

    def allow(self, **changes: Any) -> None:
        self.file = replace(self.file, **changes)

    def override(self, number: str, rule: str, **changes: Any) -> None:
        old = self.file.overrides
        gate = {**old.get(number, {})}
        gate[rule] = {**gate.get(rule, {}), **changes}
        self.file = replace(self.file, overrides={**old, number: gate})


def world(reports: Path, number: str = "8") -> World:
    """Return a world in which gate 8 passes; for gate 11 one in which it has passed already."""
    made = {name: each() for name, each in (FOR_8 if number == "8" else FOR_11).items()}
    found = World(reports, number, made)
    if number == "11":
        # Other runs, which are not here any more: what a test changes has not been accepted.
        before = {name: each() for name, each in FOR_8.items()}
        for name, each in before.items():
            each.name = f"first-{name}"
        result = World(reports / "first", "8", before).judge()
        assert result.word == "pass", result.sentence
        found.keep(result)
    return found


def waiver(rule: str, expires: str = "2026-08-31") -> Waiver:
    return Waiver(rule, "Ada", "it is measured next week", expires)


def states(result: GateResult) -> dict[str, str]:
    """Return the rules that do not hold, with their states."""
    return {rule.rule.id: rule.state.value for rule in result.rules if rule.state.value != "holds"}


def reasons(result: GateResult, rule: str) -> str:
    """Return why a rule does not hold, as one text."""
    (found,) = (each for each in result.rules if each.rule.id == rule)
    return "\n".join(reason.text for reason in found.reasons)


def causes(result: GateResult, rule: str) -> set[str]:
    """Return the names of the lapses of a rule."""
    (found,) = (each for each in result.rules if each.rule.id == rule)
    return {reason.cause for reason in found.reasons if reason.cause}
