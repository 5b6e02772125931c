"""Small pieces of evidence that the tests of writer, merger and reader share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parity.model import Outcome, Style, Writes
from parity.model.evidence import (
    CapabilityFact,
    CheckEvent,
    Event,
    EvidenceWriter,
    Header,
    KnownDifferenceEvent,
    Seal,
    TargetFacts,
)

TARGETS = ("hosted", "selfhosted")


def facts(name: str) -> TargetFacts:
    return TargetFacts(
        name=name,
        style=Style.PARSE_SERVER,
        url=f"http://127.0.0.1:1337/{name}",
        server_version="9.10.0",
        embedded=True,
        note="",
        writes=Writes.DISPOSABLE,
        keys=("rest_key", "master_key"),
        capabilities=(CapabilityFact("master_key", available=True, reason="accepted"),),
    )


def header(worker: str = "main", run_id: str = "run-1") -> Header:
    return Header(
        run_id=run_id,
        started_at="2026-07-30T12:34:56.789Z",
        suite_version="0.1.0",
        seed=7,
        arguments=("suites/", "-q"),
        targets=tuple(facts(name) for name in TARGETS),
        worker=worker,
        digests={"suites": "ab12"},
    )


def check(number: int = 1, outcome: Outcome = Outcome.PASS, target: str = "hosted") -> CheckEvent:
    name = f"suites/objects/test_create.py::test_{number:03}"
    return CheckEvent(
        id=name,
        nodeid=f"{name}[{target}]",
        target=target,
        area="objects",
        level="must",
        effect="writes",
        spec=("rest/objects#creating-objects",),
        title="A new object gets an id.",
        outcome=outcome,
    )


def known(observed: int, targets: tuple[str, ...] = ("hosted",)) -> KnownDifferenceEvent:
    return KnownDifferenceEvent(
        "KD-0001", "title", "benign", "cause", "effect", "remedy", "source", targets, observed
    )


def write(path: Path, events: list[Event], head: Header | None = None) -> Path:
    with EvidenceWriter(path, head or header()) as writer:
        for event in events:
            writer.write(event)
    return path


def lines(path: Path) -> Iterator[Any]:
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield json.loads(line)


def reseal(path: Path) -> None:
    """Make the seal of an evidence file fit again, as who forges it would."""
    *lines, footer = path.read_bytes().splitlines(keepends=True)
    seal = Seal()
    for line in lines:
        seal.add(line)
    unsealed = re.sub(rb'"seal":"[^"]*"', b'"seal":""', footer)
    fitting = f'"seal":"{seal.over(unsealed)}"'.encode()
    path.write_bytes(b"".join(lines) + unsealed.replace(b'"seal":""', fitting))
