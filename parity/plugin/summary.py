"""The one section that the plugin adds to pytest's summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from parity.model import Outcome
from parity.model.evidence import CheckEvent, Evidence
from parity.report.causes import causes
from parity.report.untested import NotTested, untested

SHORT = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.KNOWN_DIFFERENCE: "known",
    Outcome.UNSUPPORTED: "unsup.",
    Outcome.ERROR: "error",
}
SHOWN_REASONS = 8


def print_summary(reporter: Any, evidence: Evidence, shown_folder: Path) -> None:
    """Print outcomes by area and target, known differences, what was not tested, the report.

    Args:
        reporter: pytest's terminal reporter.
        evidence: The merged evidence.
        shown_folder: The run's folder as the user would type it.
    """
    if reporter.verbosity < 0:
        reporter.write_line(f"parity: report in {shown_folder / 'report.html'}")
        return
    reporter.section("parse-parity")
    for line in _causes(evidence):
        reporter.write_line(line)
    for target in evidence.header.targets:
        checks = [check for check in evidence.checks if check.target == target.name]
        version = target.server_version or "version unknown"
        note = f", {target.note}" if target.note else ""
        reporter.write_line(f"{target.name} ({target.style} {version}){note}")
        for line in _table(checks):
            reporter.write_line(f"  {line}")
    left_out = untested(evidence)
    for line in [
        *_known(evidence),
        *_unsupported(left_out.unsupported),
        *_not_run(left_out.not_run),
    ]:
        reporter.write_line(line)
    for notice in evidence.notices:
        if notice.level == "info" and reporter.verbosity < 1:
            continue
        reporter.write_line(f"{notice.level}: {notice.target or 'run'}: {notice.message}")
    reporter.write_line(f"report: {shown_folder / 'report.html'}")
    reporter.write_line(f"evidence: {shown_folder / 'evidence.jsonl'}")


def _causes(evidence: Evidence) -> list[str]:
    """Say what went wrong once for each cause, known causes with their remedy first."""
    groups = causes(evidence)
    lines = []
    for group in groups[:SHOWN_REASONS]:
        lines.append(f"cause on {group.target}: {group.cause.text}: {group.counted()}")
        if group.cause.remedy:
            lines.append(f"  what to do: {group.cause.remedy}")
    if len(groups) > SHOWN_REASONS:
        lines.append(f"and {len(groups) - SHOWN_REASONS} more causes, see the report")
    return lines


def _table(checks: list[CheckEvent]) -> list[str]:
    counts: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for check in checks:
        counts[check.area][check.outcome] += 1
        counts["total"][check.outcome] += 1
    width = max(map(len, counts), default=5)
    head = f"{'area':<{width}}" + "".join(f"{name:>8}" for name in SHORT.values())
    order = [*sorted(area for area in counts if area != "total"), "total"]
    rows = [
        f"{area:<{width}}" + "".join(f"{counts[area][each] or '·':>8}" for each in SHORT)
        for area in order
        if area in counts
    ]
    return [head, *rows]


def _known(evidence: Evidence) -> list[str]:
    observed = [known for known in evidence.known_differences if known.observed]
    if not observed:
        return []
    severities = Counter(known.severity for known in observed)
    told = ", ".join(f"{count} {name}" for name, count in sorted(severities.items()))
    lines = [f"known differences observed: {len(observed)} ({told})"]
    serious = [known for known in observed if known.severity != "benign"]
    lines += [
        f"  {known.id} {known.severity}: {known.title} ({', '.join(known.targets)})"
        for known in serious[:SHOWN_REASONS]
    ]
    if len(serious) > SHOWN_REASONS:
        lines.append(
            f"  and {len(serious) - SHOWN_REASONS} more that are not benign, see the report"
        )
    return lines


def _unsupported(groups: tuple[NotTested, ...]) -> list[str]:
    if not groups:
        return []
    lines = [f"not tested: {sum(len(group.checks) for group in groups)}"]
    lines += [
        f"  {len(group.checks)} on {group.target}: {group.reason}"
        for group in groups[:SHOWN_REASONS]
    ]
    if len(groups) > SHOWN_REASONS:
        lines.append(f"  and for {len(groups) - SHOWN_REASONS} more reasons, see the report")
    return lines


def _not_run(groups: tuple[NotTested, ...]) -> list[str]:
    return [
        f"{len(group.checks)} checks were not run on {group.target}, which is down: {group.reason}"
        for group in groups
    ]
