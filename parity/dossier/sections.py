"""What the jobs found, by subject: data, sizing, settings, deployment, ….

The sections know no job's tables: whatever a job writes down is shown by its title.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from parity.dossier.model import CheckLine, JobReport, Section
from parity.dossier.uses import Use, source
from parity.gate import GateResult, Now, StepResult
from parity.gate.runs import Run
from parity.model import Outcome
from parity.model.evidence import CheckEvent

SECTIONS: Final = (
    ("behaviour", "Behaviour of the server", ("suites",)),
    ("data", "Data", ("preflight", "verify", "audit", "files")),
    ("sizing", "Sizing", ("size", "indexes")),
    ("settings", "App settings", ("settings",)),
    ("deployment", "Deployment and web", ("deployment", "web")),
    ("code", "Cloud code and clients", ("scan",)),
)
"""Id, heading and jobs of each section."""
MOST_CHECKS: Final = 300
"""A run with more checks is counted by area, and its checks are left to its own report."""


def sections(
    uses: Iterable[Use], gates: Iterable[GateResult], steps: Iterable[StepResult], now: Now
) -> tuple[Section, ...]:
    """Return the sections.

    Args:
        uses: What gates and steps were judged by.
        gates: The gates, for what they ask for and do not have.
        steps: The steps, for the same.
        now: The evidence. A job that no rule asks for is shown by its newest run on each target.
    """
    uses = tuple(uses)
    results = [rule for gate in gates for rule in gate.rules]
    results += [rule for step in steps for rule in step.rules]
    wanted = {
        (result.rule.job, result.rule.command): None
        for result in results
        if result.rule.kind == "checks" and not result.proofs
    }
    return tuple(
        Section(
            name,
            title,
            tuple(report for job in jobs for report in _reports(job, uses, now)),
            tuple((job, command) for job, command in wanted if job in jobs),
        )
        for name, title, jobs in SECTIONS
    )


def _reports(job: str, uses: tuple[Use, ...], now: Now) -> Iterator[JobReport]:
    found: dict[tuple[str, str], tuple[Run, str, list[str]]] = {}
    for use in uses:
        if use.run.job == job and use.proves:
            key = (use.run.run_id, use.target)
            found.setdefault(key, (use.run, use.target, []))[2].append(use.by)
    if not found:
        targets = (now.file.targets.server, now.file.targets.deployed)
        for target in targets:
            for run in now.runs.of(job, target)[:1]:
                found[run.run_id, target] = (run, target, [])
    for run, target, by in found.values():
        yield _report(run, target, by, now)


def _report(run: Run, target: str, judged_by: list[str], now: Now) -> JobReport:
    checks = run.checks(target)
    areas = sorted({check.area for check in checks})
    return JobReport(
        source=source(run, target, now, judged_by),
        counts=_counts(checks),
        areas={area: _counts([c for c in checks if c.area == area]) for area in areas},
        checks=tuple(map(_line, checks)) if len(checks) <= MOST_CHECKS else (),
        totals=_totals(run),
        tables=run.evidence.tables,
        notices=tuple(
            notice.message
            for notice in run.evidence.notices
            if notice.level != "info" and (notice.target is None or target in ("*", notice.target))
        ),
    )


def _line(check: CheckEvent) -> CheckLine:
    remedy = "" if check.finding is None else check.finding.remedy
    return CheckLine(check.id, check.title or check.id, str(check.outcome), check.reason, remedy)


def _counts(checks: Iterable[CheckEvent]) -> dict[str, int]:
    counts = Counter(check.outcome for check in checks)
    return {str(each): counts[each] for each in Outcome if counts[each]}


def _totals(run: Run) -> Mapping[str, int]:
    """Add up the columns of the table ``collections`` whose cells are all whole numbers."""
    table = run.table("collections")
    if table is None or not table.rows:
        return {}
    totals = {"collections": len(table.rows)}
    for number, name in enumerate(table.columns):
        cells = [row[number] for row in table.rows]
        if all(isinstance(cell, int) and not isinstance(cell, bool) for cell in cells):
            totals[name] = sum(cells)
    return totals
