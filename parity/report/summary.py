"""The run in numbers, for scripts: ``summary.json``."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from parity.model import Outcome
from parity.model.evidence import CheckEvent, Evidence, read_evidence
from parity.report.files import write_text
from parity.report.tally import Tally
from parity.report.verdict import verdict

FORMAT = "parity-summary"
VERSION = 2


def write_summary(evidence: Path, out: Path) -> None:
    """Write the summary of a run; its shape is in ``schemas/summary.schema.json``.

    Args:
        evidence: A complete evidence file.
        out: The JSON file; an older one is replaced.

    Raises:
        EvidenceError: If the evidence cannot be used, see :func:`read_evidence`.
        UserError: If ``out`` cannot be written.
    """
    summary = summarise(read_evidence(evidence))
    write_text(out, json.dumps(summary, indent=2) + "\n")


def summarise(evidence: Evidence) -> dict[str, Any]:
    """Return the summary as a JSON value."""
    header, footer, judged = evidence.header, evidence.footer, verdict(evidence)
    return {
        "format": FORMAT,
        "version": VERSION,
        "run_id": header.run_id,
        "job": header.job,
        "suite_version": header.suite_version,
        "verdict": judged.word,
        "sentence": judged.sentence,
        "started_at": header.started_at,
        "finished_at": footer.finished_at,
        "duration_s": run_seconds(evidence),
        "server_s": round(sum(each.server_s for each in evidence.checks), 3),
        "requests": sum(each.requests for each in evidence.checks),
        "interrupted": footer.interrupted,
        "exit_status": footer.exit_status,
        "counts": Tally.of(evidence.checks).as_json(),
        "targets": [
            {
                "name": name,
                "verdict": each.word,
                "sentence": each.sentence,
                **_counts([check for check in evidence.checks if check.target == name]),
            }
            for name, each in judged.targets.items()
        ],
        "known_differences": [
            {"id": each.id, "severity": each.severity, "observed": each.observed}
            for each in evidence.known_differences
        ],
        "tables": [
            {
                "id": each.id,
                "title": each.title,
                "columns": each.columns,
                "rows": each.rows,
                "note": each.note,
            }
            for each in evidence.tables
        ],
        "failures": _nodeids(evidence, Outcome.FAIL),
        "errors": _nodeids(evidence, Outcome.ERROR),
    }


def run_seconds(evidence: Evidence) -> float:
    """Return the run's wall time in seconds; zero if the clock was set back meanwhile."""
    started = datetime.fromisoformat(evidence.header.started_at)
    finished = datetime.fromisoformat(evidence.footer.finished_at)
    return max(0.0, (finished - started).total_seconds())


def _counts(checks: list[CheckEvent]) -> dict[str, Any]:
    areas = sorted({each.area for each in checks})
    return {
        "counts": Tally.of(checks).as_json(),
        "areas": {
            area: Tally.of(each for each in checks if each.area == area).as_json() for area in areas
        },
    }


def _nodeids(evidence: Evidence, outcome: Outcome) -> list[str]:
    return [each.nodeid for each in evidence.checks if each.outcome is outcome]
