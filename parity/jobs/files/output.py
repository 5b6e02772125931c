"""What ``parity files --json`` prints; the schema is ``schemas/files.schema.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parity.jobs.files.results import Bench, Found
from parity.jobs.files.store import store_of
from parity.wire import Redactor


def json_of(
    found: Sequence[Found], bench: Bench, left: Sequence[str], redactor: Redactor
) -> dict[str, Any]:
    """Return a trial as JSON.

    Args:
        found: What became of each step.
        bench: What was stored.
        left: What could not be removed.
        redactor: Keeps secrets out.
    """
    return {
        "format": "parity-files",
        "version": 1,
        "tried": [
            {
                "name": each.name,
                "outcome": str(each.outcome),
                "code": None if each.code is None else str(each.code),
                "reason": redactor.text(each.reason),
            }
            for each in found
        ],
        "stored": [
            {
                "file": each.sample.why,
                "bytes": each.sample.size,
                "store": store_of(each.url, bench.target, each.stored),
                "encrypted": each.encrypted,
            }
            for each in (*bench.kept, *bench.others)
        ],
        "left": [redactor.text(each) for each in left],
    }
