"""How long a seed takes, against inserting the same documents when they are already encoded.

All go to the same mongod, in turns, with one client each. Limit: three times as long as its peer,
which makes the same database: documents and indexes. Beside the
wall clock it prints processor time of client and mongod together, which a busy machine does not
stretch.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from parity.seed import SeedPlan, SeedReport, encoded_batches, seed_database
from parity.seed.schema import INDEXES
from tests.mongod import running_mongod

ROUNDS = 3
DOCUMENTS = 200_000
LIMIT = 3.0
TITLES = {
    "insert": "inserted, encoded beforehand",
    "index": "the same, then indexes",
    "make": "made, not stored",
    "seed": "seeded, with indexes",
}
Seconds = tuple[float, float]
"""By the clock, and of processors."""


def main(documents: int = DOCUMENTS) -> None:
    """Measure in turns and print medians and ratios."""
    plan = SeedPlan.sized(documents)
    ready = [
        (name, [RawBSONDocument(each) for each in batch]) for name, batch in encoded_batches(plan)
    ]
    reports: list[SeedReport] = []
    client: MongoClient[Any]
    with running_mongod() as mongod, mongod.client() as client:

        def insert() -> None:
            for name, batch in ready:
                client["bench"][name].insert_many(batch, ordered=False)

        def index() -> None:
            insert()
            for each in INDEXES:
                client["bench"][each.collection].create_index(list(each.keys), **each.options)

        def seed() -> None:
            reports.append(seed_database(client["bench"], plan))

        def make() -> None:
            for _ in encoded_batches(plan):
                pass

        steps: dict[str, Callable[[], None]] = {
            "insert": insert,
            "index": index,
            "make": make,
            "seed": seed,
        }
        found: dict[str, list[Seconds]] = {name: [] for name in steps}
        for _ in range(ROUNDS):
            for name, step in steps.items():
                found[name].append(_measure(step, mongod.pid))
                client.drop_database("bench")
    _print(reports[0], found)


def _print(report: SeedReport, found: dict[str, list[Seconds]]) -> None:
    rows = sum(report.collections.values())
    print(f"seed: {rows:,} documents of {report.bytes / rows:.0f} bytes, {ROUNDS} rounds, medians")
    medians = {
        name: tuple(statistics.median(each) for each in zip(*values, strict=True))
        for name, values in found.items()
    }
    for name, title in TITLES.items():
        clock, cpu = medians[name]
        text = f"  {title:30} {clock:7.2f} s  {cpu:7.2f} s of processors"
        print(f"{text}  {rows / clock:9,.0f} documents/s")
    for name, title in (
        ("index", f"the same documents and indexes, limit {LIMIT:.0f}"),
        ("insert", "the documents without any index"),
    ):
        clock, cpu = (a / b for a, b in zip(medians["seed"], medians[name], strict=True))
        print(f"  ratio to {title}: {clock:.2f} (processor time {cpu:.2f})")


def _measure(step: Callable[[], None], pid: int) -> Seconds:
    started = time.perf_counter(), time.process_time() + _cpu_of(pid)
    step()
    return time.perf_counter() - started[0], time.process_time() + _cpu_of(pid) - started[1]


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
