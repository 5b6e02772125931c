"""Every JSON Schema that is made from a type. ``python -m parity.schemas`` writes them anew.

A test compares what is published with what is made here, so a format cannot change by accident.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity import jobs
from parity.gate import output, result
from parity.job import Job, result_schema
from parity.model import events
from parity.model.evidence import ANY_LINE
from parity.report import summary

PACKAGE = Path(__file__).parent


def made() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the file of each schema, and the schema."""
    yield (
        _file("model", "evidence"),
        ANY_LINE.schema(
            f"evidence:{events.VERSION}", f"One line of parity evidence, version {events.VERSION}"
        ),
    )
    yield (
        _file("report", "summary"),
        summary.SUMMARY.schema(
            f"summary:{summary.VERSION}", f"Summary of one parity run, version {summary.VERSION}"
        ),
    )
    yield (
        _file("gate", "gate"),
        result.GATE.schema(
            f"gate:{result.VERSION}", f"Result of a gate of parse-parity, version {result.VERSION}"
        ),
    )
    yield (
        _file("gate", "status"),
        output.STATUS.schema(
            f"status:{output.STATUS_VERSION}", f"The twelve steps, version {output.STATUS_VERSION}"
        ),
    )
    for job in _jobs():
        schema = result_schema(job)
        if schema is not None:
            yield _file(f"jobs/{job.__module__.split('.')[2]}", job.name), schema


def text(schema: dict[str, Any]) -> str:
    """Return a schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all of them."""
    for file, schema in made():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(schema), encoding="utf-8")


def _jobs() -> Iterator[type[Job]]:
    """Yield the job of each package below ``jobs/`` that has a module ``job``."""
    for package in pkgutil.iter_modules(jobs.__path__):
        if (PACKAGE / "jobs" / package.name / "job.py").exists():
            module = importlib.import_module(f"parity.jobs.{package.name}.job")
            yield from (
                kind
                for kind in vars(module).values()
                if isinstance(kind, type)
                and issubclass(kind, Job)
                and kind.__module__ == module.__name__
            )


def _file(package: str, name: str) -> Path:
    return PACKAGE / package / "schemas" / f"{name}.schema.json"


if __name__ == "__main__":
    main()
