"""A trial of files as evidence: a check for each thing that was tried, and a table of files."""

from __future__ import annotations

from dataclasses import replace

from parity.jobs.files.codes import EXPLAINED
from parity.jobs.files.results import Bench, Found
from parity.jobs.files.store import store_of
from parity.model import Outcome
from parity.model.evidence import CheckEvent, Finding, TableEvent
from parity.wire import Redactor

SHOWN = 20
"""Files that one check shows."""
_LESS = frozenset({"range", "head", "empty", "name", "limit"})
"""Things that many apps do without."""


def check_of(found: Found, target: str, redactor: Redactor, seconds: float) -> CheckEvent:
    """Return the check of one step.

    Args:
        found: What became of it.
        target: Name of the target.
        redactor: Keeps secrets out.
        seconds: How long it took.
    """
    finding = None
    if found.code is not None and found.outcome is Outcome.FAIL:
        text = EXPLAINED[found.code]
        finding = Finding(str(found.code), text.severity, text.cause, text.remedy)
    name = f"files/{found.name}"
    return CheckEvent(
        id=name,
        nodeid=f"{name}[{target}]",
        target=target,
        area="files",
        level="should" if found.name in _LESS else "must",
        effect="writes",
        spec=("rest/files",),
        title=found.title,
        outcome=found.outcome,
        reason=redactor.text(found.reason),
        duration_s=seconds,
        requests=found.requests,
        differences=tuple(
            replace(
                each,
                path=redactor.text(each.path),
                expected=redactor.json(each.expected),
                actual=redactor.json(each.actual),
            )
            for each in found.differences[:SHOWN]
        ),
        findings=(finding,) if finding else (),
    )


def files_table(bench: Bench, redactor: Redactor) -> TableEvent:
    """Return what was stored, where, and how long it took."""
    rows = []
    for kept in (*bench.kept, *bench.others):
        answer = bench.fetched.get(kept.name)
        rows.append(
            (
                kept.sample.why,
                kept.sample.size,
                kept.sample.content_type,
                store_of(kept.url, bench.target, kept.stored),
                "yes" if kept.encrypted else "no" if kept.stored else "not known",
                redactor.url(kept.url),
                round(kept.upload_ms, 1),
                None if answer is None else round(answer.elapsed_ms, 1),
            )
        )
    columns = ("file", "bytes", "content type", "store", "encrypted", "URL", "upload ms", "read ms")
    note = "All of them were made by this run and are removed at its end."
    return TableEvent("stored", "Files that were stored", columns, tuple(rows), note)
