"""The recommended size: a plain calculation whose every number is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from parity.jobs.size.storage import GUIDE_FACTOR, TIMES, Storage
from parity.jobs.size.trial import Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.working_set import WorkingSet

BUSY = 0.70
"""A queue in front of a server that is 70 % busy is as long as its work takes, twice over; beyond
that it grows fast (M/M/1: 1 / (1 - 0.7) = 3.3 times the service time in all)."""
CACHE_FULL = 0.80
"""WiredTiger starts to evict at 80 % (``eviction_target``)."""
CACHE_SHARE = 0.5
"""The default cache is half of the memory above 1 GB. Source: MongoDB manual, "WiredTiger Storage
Engine", memory use."""
DISK_FULL = 0.80
MONTHS = 12
SPARE_CONNECTIONS = 50
"""For people, backups, monitoring, and a deploy during which old and new servers run."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number.

    Attributes:
        quantity: What it is.
        value: Its value.
        unit: Its unit; empty for a plain number.
        source: Where it comes from: ``measured``, ``given``, ``calculated``, or a document.
        formula: How it was calculated; empty if it was not.
    """

    quantity: str
    value: float
    unit: str
    source: str
    formula: str = ""


def recommendation(
    trial: Trial,
    usage: Usage,
    *,
    peak: float,
    need: float,
    working: WorkingSet | None,
    storage: Storage,
    processes: int | None,
) -> tuple[Line, ...]:
    """Calculate what would fit.

    Args:
        trial: A trial that met the objective, best the one that was held.
        usage: What was used in it.
        peak: The recorded peak, requests a second.
        need: Times the peak that has to fit.
        working: The working set, if visible.
        storage: The disk.
        processes: Parse Server processes, if visible.

    Returns:
        The lines in an order in which each uses only what is above it.
    """
    rate = peak * need
    lines = [
        Line("peak rate", peak, "requests/s", "given", "the profile's busiest minute, or --peak"),
        Line(
            "rate that has to fit", rate, "requests/s", "calculated", f"{peak:g} {TIMES} {need:g}"
        ),
    ]
    lines += _cpu("Parse Server", "processes", trial, usage.parse_cpu, rate)
    lines += _cpu("MongoDB", "cores", trial, usage.mongod_cpu, rate)
    lines += _memory(working)
    lines += _disk(storage)
    lines += _connections(lines, usage, processes)
    return tuple(lines)


def _cpu(who: str, what: str, trial: Trial, cores: float | None, rate: float) -> list[Line]:
    if cores is None or trial.achieved <= 0:
        return []
    each_ms = 1000 * cores / trial.achieved
    needed = rate * each_ms / 1000 / BUSY
    return [
        Line(
            f"CPU of {who} for a request", each_ms, "ms", "measured",
            f"{cores:.3f} cores / {trial.achieved:.1f} requests/s",
        ),
        Line(
            f"{who} {what}", math.ceil(needed), "", "calculated",
            f"{rate:g} requests/s {TIMES} {each_ms:.2f} ms / 1000 / {BUSY:g} busy = {needed:.2f}",
        ),
    ]  # fmt: skip


def _memory(working: WorkingSet | None) -> list[Line]:
    if working is None:
        return []
    cache = working.bytes / CACHE_FULL
    memory = cache / CACHE_SHARE + 1e9
    return [
        Line("working set", working.bytes / 1e9, "GB", f"measured, {working.bound}", working.how),
        Line(
            "cache of MongoDB", cache / 1e9, "GB", "calculated",
            f"{working.bytes / 1e9:.3f} GB / {CACHE_FULL:g} (eviction_target)",
        ),
        Line(
            "memory of MongoDB's machine", memory / 1e9, "GB", "calculated",
            f"{cache / 1e9:.3f} GB / {CACHE_SHARE:g} + 1 GB (MongoDB's default cache)",
        ),
    ]  # fmt: skip


def _disk(storage: Storage) -> list[Line]:
    lines = []
    needs = []
    if storage.hosted_bytes:
        hosted = storage.hosted_bytes / 1e9
        needs.append(GUIDE_FACTOR * hosted)
        lines.append(Line("hosted size", hosted, "GB", "given", "--hosted-size"))
    taken = storage.taken_bytes
    if taken is not None:
        lines.append(Line("data and indexes", taken / 1e9, "GB", "measured", "dbStats"))
        month = storage.growth.bytes_month / 1e9 if storage.growth else 0.0
        if storage.growth:
            lines.append(Line("growth a month", month, "GB", "measured", storage.growth.how))
        needs.append((taken / 1e9 + MONTHS * month) / DISK_FULL)
    if not needs:
        return lines
    parts = []
    if storage.hosted_bytes:
        parts.append(f"{GUIDE_FACTOR:g} {TIMES} hosted size (the guide)")
    if taken is not None:
        parts.append(f"(data and indexes + {MONTHS} {TIMES} growth) / {DISK_FULL:g}")
    lines.append(
        Line("disk of MongoDB", max(needs), "GB", "calculated", "the larger of " + ", ".join(parts))
        if len(parts) > 1
        else Line("disk of MongoDB", max(needs), "GB", "calculated", parts[0])
    )
    return lines


def _connections(before: list[Line], usage: Usage, processes: int | None) -> list[Line]:
    if usage.connections is None or not processes:
        return []
    wanted = next((line.value for line in before if line.quantity == "Parse Server processes"), 1)
    own = usage.connections / processes
    return [
        Line(
            "connections of a Parse Server process", own, "", "measured",
            f"{usage.connections:.0f} connections / {processes} processes, the probe's among them",
        ),
        Line(
            "connections of MongoDB", math.ceil(wanted * own + SPARE_CONNECTIONS), "",
            "calculated", f"{wanted:g} processes {TIMES} {own:.0f} + {SPARE_CONNECTIONS} spare",
        ),
    ]  # fmt: skip
