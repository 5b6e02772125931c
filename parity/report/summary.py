"""The run in numbers, for scripts: ``summary.json``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from parity.model import Outcome
from parity.model.events import Count, Counts, Seconds, Time
from parity.model.evidence import CheckEvent, Evidence, Severity, read_evidence
from parity.model.formats import Format
from parity.model.verdict import Verdict, Word
from parity.report.files import write_text
from parity.report.tally import Tally
from parity.report.verdict import verdict

VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """One target of a run.

    Attributes:
        name: The user's name for it.
        verdict: The verdict on it.
        sentence: Why, for people.
        counts: Checks by outcome.
        areas: The same by area.
    """

    name: str
    verdict: Word
    sentence: str
    counts: Counts
    areas: dict[str, Counts]


@dataclass(frozen=True, slots=True)
class KnownSummary:
    """One registered difference.

    Attributes:
        id: Its registered id.
        severity: What it does to an app.
        observed: Number of checks that observed it.
    """

    id: str
    severity: Severity
    observed: Count


@dataclass(frozen=True, slots=True)
class TableSummary:
    """Numbers that are no outcome of a check.

    Attributes:
        id: Stable name of the table.
        title: Its heading.
        columns: Names of the columns, with units.
        rows: Cells of each row.
        note: What the reader has to know; may be empty.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of one run.

    Attributes:
        run_id: Name of the run.
        job: ``suites``, or the command: ``replay``, ``verify``, ….
        suite_version: Version of parse-parity.
        verdict: The verdict on the run.
        sentence: Why, for people.
        started_at: UTC with milliseconds.
        finished_at: UTC with milliseconds.
        duration_s: Wall time in seconds.
        server_s: Seconds that the checks, added up, waited for servers.
        requests: Number of requests sent.
        interrupted: Whether somebody or a crash stopped the run.
        exit_status: pytest's.
        counts: Checks by outcome.
        targets: The same of each target.
        known_differences: Registered differences that apply or were observed.
        tables: Numbers that are no outcome of a check.
        failures: Ids of the checks that failed.
        errors: Ids of the checks that ended in an error.
    """

    run_id: str
    job: str
    suite_version: str
    verdict: Word
    sentence: str
    started_at: Time
    finished_at: Time
    duration_s: Seconds
    server_s: Seconds
    requests: Count
    interrupted: bool
    exit_status: int | None
    counts: Counts
    targets: tuple[TargetSummary, ...]
    known_differences: tuple[KnownSummary, ...]
    tables: tuple[TableSummary, ...]
    failures: tuple[str, ...]
    errors: tuple[str, ...]
    format: Literal["parity-summary"] = "parity-summary"
    version: Literal[2] = VERSION


SUMMARY: Final = Format[Summary](Summary)


def write_summary(evidence: Path, out: Path) -> None:
    """Write the summary of a run; its shape is in ``schemas/summary.schema.json``.

    Args:
        evidence: A complete evidence file.
        out: The JSON file; an older one is replaced.

    Raises:
        EvidenceError: If the evidence cannot be used, see :func:`read_evidence`.
        UserError: If ``out`` cannot be written.
    """
    write_text(out, SUMMARY.text(summarise(read_evidence(evidence))))


def summarise(evidence: Evidence) -> Summary:
    """Return the summary of a run."""
    header, footer, checks = evidence.header, evidence.footer, evidence.checks
    judged = verdict(evidence)
    return Summary(
        run_id=header.run_id,
        job=header.job,
        suite_version=header.suite_version,
        verdict=judged.word,
        sentence=judged.sentence,
        started_at=header.started_at,
        finished_at=footer.finished_at,
        duration_s=run_seconds(evidence),
        server_s=round(sum(check.server_s for check in checks), 3),
        requests=sum(check.requests for check in checks),
        interrupted=footer.interrupted,
        exit_status=footer.exit_status,
        counts=Tally.of(checks).as_json(),
        targets=tuple(
            _target(name, of_target, [check for check in checks if check.target == name])
            for name, of_target in judged.targets.items()
        ),
        known_differences=tuple(
            KnownSummary(entry.id, entry.severity, entry.observed)
            for entry in evidence.known_differences
        ),
        tables=tuple(
            TableSummary(table.id, table.title, table.columns, table.rows, table.note)
            for table in evidence.tables
        ),
        failures=_nodeids(evidence, Outcome.FAIL),
        errors=_nodeids(evidence, Outcome.ERROR),
    )


def run_seconds(evidence: Evidence) -> float:
    """Return the run's wall time in seconds; zero if the clock was set back meanwhile."""
    started = datetime.fromisoformat(evidence.header.started_at)
    finished = datetime.fromisoformat(evidence.footer.finished_at)
    return max(0.0, (finished - started).total_seconds())


def _target(name: str, judged: Verdict, checks: list[CheckEvent]) -> TargetSummary:
    by_area: dict[str, list[CheckEvent]] = {}
    for check in checks:
        by_area.setdefault(check.area, []).append(check)
    areas = {area: Tally.of(by_area[area]).as_json() for area in sorted(by_area)}
    counts = Tally.of(checks).as_json()
    return TargetSummary(name, judged.word, judged.sentence, counts, areas)


def _nodeids(evidence: Evidence, outcome: Outcome) -> tuple[str, ...]:
    return tuple(check.nodeid for check in evidence.checks if check.outcome is outcome)
