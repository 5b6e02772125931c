"""What the parts of the system used during a trial, from the samples taken beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from parity.jobs.size.probes import MachineSample, MongoFacts, ProcessSample, Role, Sample, Sampler
from parity.jobs.size.probes.cgroups import Limits
from parity.jobs.size.probes.network import LinkSample

STALE_S = 0.6
"""A sample this long before or after a trial still belongs to it: they come every second."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What each part may use.

    Attributes:
        parse_cores: Cores of Parse Server: one for each process, or the limit of its group.
        parse_quota: Whether that is the limit of a group.
        mongod_cores: Cores of mongod: its machine's, or the limit of its group.
        machine_cores: Cores of our machine.
        memory_bytes: Memory of MongoDB's machine or container.
        parse_here: Whether Parse Server runs on this machine.
        mongod_here: Whether mongod does.
        network_bytes_s: Bytes a second that the network to the server carries in one direction.
    """

    parse_cores: float | None
    parse_quota: bool
    mongod_cores: float | None
    machine_cores: int
    memory_bytes: int | None
    parse_here: bool
    mongod_here: bool
    network_bytes_s: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Averages over a trial; ``None`` where a quantity is not visible.

    Attributes:
        seconds: Between the first and the last sample.
        parse_cpu: Cores that Parse Server used.
        parse_held: Share of the time for which it was held back by a CPU limit or a signal.
        parse_wait: Share for which its main threads were ready and had no CPU.
        mongod_cpu: Cores that mongod used.
        mongod_held: Share for which mongod was held back.
        machine_busy: Share of the machine's cores in use.
        machine_other: Cores used by anything but the server and the load.
        steal: Cores taken by other guests of the host.
        iowait: Cores idle while a disk was waited for.
        disk_busy: Share of the time for which the disk was busy.
        disk_read_ms: Mean time of a read of the disk.
        cache_bytes: Bytes in the cache at the end.
        cache_max: Size of the cache.
        cache_dirty: Dirty bytes, at most.
        cache_read_s: Bytes read into the cache a second.
        cache_read_pages_s: Pages read into it a second.
        cache_read_share: Share of the time of MongoDB's operations that went into these reads.
        evicted_by_app_s: Pages a second that operations had to evict themselves.
        tickets_out: Tickets out, at most, as a share of all.
        queued: Operations that waited for a ticket or a lock: mean of the samples.
        queued_share: Share of the samples with a queue.
        connections: Connections in use, at most.
        connections_limit: Connections that MongoDB accepts.
        connections_refused: Connections that it refused.
        mongo_ms: Milliseconds of MongoDB's time for a request of the load.
        examined_s: Documents examined a second.
        returned_s: Documents returned a second.
        scans_s: Collection scans a second.
        sorts_s: Sorts in memory a second.
        bytes_s: Bytes a second in and out of MongoDB.
        network_s: Bytes a second on the network to the server, in the busier direction.
        network_most_s: The same in the busiest second.
        slow: Operations that ran for a second, at most.
        lag_s: How far the slowest secondary was behind, at most.
        memory_free: Free memory of our machine, at least.
    """

    seconds: float = 0.0
    parse_cpu: float | None = None
    parse_held: float | None = None
    parse_wait: float | None = None
    mongod_cpu: float | None = None
    mongod_held: float | None = None
    machine_busy: float | None = None
    machine_other: float | None = None
    steal: float | None = None
    iowait: float | None = None
    disk_busy: float | None = None
    disk_read_ms: float | None = None
    cache_bytes: float | None = None
    cache_max: float | None = None
    cache_dirty: float | None = None
    cache_read_s: float | None = None
    cache_read_pages_s: float | None = None
    cache_read_share: float | None = None
    evicted_by_app_s: float | None = None
    tickets_out: float | None = None
    queued: float | None = None
    queued_share: float | None = None
    connections: float | None = None
    connections_limit: float | None = None
    connections_refused: float | None = None
    mongo_ms: float | None = None
    examined_s: float | None = None
    returned_s: float | None = None
    scans_s: float | None = None
    sorts_s: float | None = None
    bytes_s: float | None = None
    network_s: float | None = None
    network_most_s: float | None = None
    slow: int | None = None
    lag_s: float | None = None
    memory_free: float | None = None


def capacity_of(sampler: Sampler, sample: Sample) -> Capacity:
    """Work out what each part may use.

    Args:
        sampler: Knows what is visible.
        sample: Any sample with processes.
    """
    server, database = sampler.of(Role.PARSE_SERVER), sampler.of(Role.MONGOD)
    processes = sample.processes.get(Role.PARSE_SERVER)
    parse_cores = None
    quota = server.limits.cores if server else None
    if server is not None and processes is not None:
        # JavaScript runs on one thread of each process.
        parse_cores = float(processes.processes)
        if quota is not None:
            parse_cores = min(parse_cores, quota)
    limits = database.limits if database else Limits()
    facts = sampler.facts
    cores = _least(limits.cores, facts.cores if facts else None)
    return Capacity(
        parse_cores=parse_cores,
        parse_quota=quota is not None and parse_cores == quota,
        mongod_cores=cores,
        machine_cores=sample.machine.cores,
        memory_bytes=_memory(facts, limits),
        parse_here=server is not None,
        mongod_here=database is not None,
        network_bytes_s=sampler.link.bytes_s if sampler.link else None,
    )


def usage_of(
    samples: Sequence[Sample], begun: float, ended: float, *, requests: int, generator: float
) -> Usage:
    """Sum up the samples of a trial.

    Args:
        samples: All samples in order.
        begun: When the judged part began.
        ended: When it ended.
        requests: Requests of the load that ended in it.
        generator: Cores that the generator used.
    """
    inside = [sample for sample in samples if begun - STALE_S <= sample.at <= ended + STALE_S]
    if len(inside) < 2:
        return Usage()
    first, last = inside[0], inside[-1]
    seconds = max(last.at - first.at, 0.001)
    values: dict[str, float] = {}
    for part in (
        _processes(first, last, seconds),
        _machine(first, last, seconds, generator),
        _mongo(inside, requests, ended - begun),
        _network(inside),
    ):
        values.update({name: value for name, value in part.items() if value is not None})
    return Usage(
        seconds=seconds,
        slow=max(
            (s.slow_operations for s in inside if s.slow_operations is not None), default=None
        ),
        lag_s=max(
            (s.replication_lag_s for s in inside if s.replication_lag_s is not None), default=None
        ),
        **values,
    )


def _processes(first: Sample, last: Sample, seconds: float) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for role, name in ((Role.PARSE_SERVER, "parse"), (Role.MONGOD, "mongod")):
        before, after = first.processes.get(role), last.processes.get(role)
        if before is None or after is None:
            continue
        found[f"{name}_cpu"] = (after.cpu_s - before.cpu_s) / seconds
        found[f"{name}_held"] = _held(before, after)
        if role is Role.PARSE_SERVER and None not in (before.main_wait_s, after.main_wait_s):
            assert after.main_wait_s is not None
            assert before.main_wait_s is not None
            waited = after.main_wait_s - before.main_wait_s
            found["parse_wait"] = waited / seconds / after.processes
    return found


def _held(before: ProcessSample, after: ProcessSample) -> float:
    """Return the share of the time that a limit took: throttled periods, or stopped by a signal."""
    periods, looks = after.periods - before.periods, after.looks - before.looks
    throttled = (after.throttled - before.throttled) / periods if periods else 0.0
    stopped = (after.stopped - before.stopped) / looks if looks else 0.0
    return max(throttled, stopped)


def _machine(
    first: Sample, last: Sample, seconds: float, generator: float
) -> dict[str, float | None]:
    before, after = first.machine, last.machine
    busy = (after.busy_s - before.busy_s) / seconds
    ours = generator + sum(
        (after_.cpu_s - first.processes[role].cpu_s) / seconds
        for role, after_ in last.processes.items()
        if role in first.processes
    )
    steal = (after.steal_s - before.steal_s) / seconds
    return {
        "machine_busy": min(1.0, (busy + steal) / after.cores),
        "machine_other": max(0.0, busy - ours),
        "steal": steal,
        "iowait": (after.iowait_s - before.iowait_s) / seconds,
        **_disk(before, after, seconds),
        "memory_free": float(min(before.memory_free_bytes, after.memory_free_bytes)),
    }


def _disk(before: MachineSample, after: MachineSample, seconds: float) -> dict[str, float | None]:
    if None in (before.disk_busy_s, after.disk_busy_s, before.disk_reads, after.disk_reads):
        return {}
    reads = (after.disk_reads or 0) - (before.disk_reads or 0)
    read_s = (after.disk_read_s or 0) - (before.disk_read_s or 0)
    return {
        "disk_busy": ((after.disk_busy_s or 0) - (before.disk_busy_s or 0)) / seconds,
        "disk_read_ms": 1000 * read_s / reads if reads else None,
    }


def _network(inside: Sequence[Sample]) -> dict[str, float | None]:
    seen = [(sample.at, sample.link) for sample in inside if sample.link is not None]
    if len(seen) < 2:
        return {}

    def rate(first: tuple[float, LinkSample], last: tuple[float, LinkSample]) -> float:
        received = last[1].received - first[1].received
        return max(received, last[1].sent - first[1].sent) / max(last[0] - first[0], 0.001)

    return {
        "network_s": rate(seen[0], seen[-1]),
        "network_most_s": max(rate(*two) for two in pairwise(seen)),
    }


def _mongo(inside: Sequence[Sample], requests: int, load_s: float) -> dict[str, float | None]:
    seen = [sample.mongo for sample in inside if sample.mongo is not None]
    if len(seen) < 2:
        return {}
    first, last = seen[0], seen[-1]
    seconds = max(last.at - first.at, 0.001)

    def grown(name: str) -> float | None:
        before, after = first.get(name), last.get(name)
        return None if before is None or after is None else after - before

    def rate(*names: str) -> float | None:
        parts = [grown(name) for name in names]
        return None if None in parts else sum(part or 0.0 for part in parts) / seconds

    def most(value: Callable[[Mapping[str, float]], float | None]) -> float | None:
        return max((v for sample in seen if (v := value(sample.values)) is not None), default=None)

    cpu = rate("user_us", "system_us")
    operations_us = rate("read_us", "write_us")
    read_us = rate("cache_read_us")
    queues = [sample.values["queued"] for sample in seen if "queued" in sample.values]
    return {
        "mongod_cpu": None if cpu is None else cpu / 1e6,
        "cache_bytes": last.get("cache_bytes"),
        "cache_max": last.get("cache_max"),
        "cache_dirty": most(lambda values: values.get("cache_dirty")),
        "cache_read_s": rate("cache_read_bytes"),
        "cache_read_pages_s": rate("cache_read_pages"),
        "cache_read_share": (
            min(1.0, read_us / operations_us) if read_us is not None and operations_us else None
        ),
        "evicted_by_app_s": rate("cache_evicted_by_app"),
        "tickets_out": most(_tickets),
        "queued": sum(queues) / len(queues) if queues else None,
        "queued_share": sum(queued > 0 for queued in queues) / len(queues) if queues else None,
        "connections": most(lambda values: values.get("connections")),
        "connections_limit": most(_connections_limit),
        "connections_refused": grown("connections_refused"),
        "mongo_ms": (
            operations_us / 1000 * load_s / requests
            if operations_us is not None and requests
            else None
        ),
        "examined_s": rate("examined"),
        "returned_s": rate("returned"),
        "scans_s": rate("collection_scans"),
        "sorts_s": rate("sorts_in_memory"),
        "bytes_s": rate("bytes_in", "bytes_out"),
    }


def _tickets(values: Mapping[str, float]) -> float | None:
    shares = [
        values[f"{kind}_out"] / values[f"{kind}_tickets"]
        for kind in ("read", "write")
        if f"{kind}_out" in values and values.get(f"{kind}_tickets")
    ]
    return max(shares, default=None)


def _connections_limit(values: Mapping[str, float]) -> float | None:
    if "connections" not in values or "connections_free" not in values:
        return None
    return values["connections"] + values["connections_free"]


def _memory(facts: MongoFacts | None, limits: Limits) -> int | None:
    seen = (limits.memory_bytes, facts.memory_bytes if facts else None)
    return min((value for value in seen if value is not None), default=None)


def _least(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)
