"""A server that does not exist: a queue with known service times, seen by probes as a real one is.

Time is its own, so that a minute of load takes no minute.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from parity.jobs.size.probes import (
    MachineSample,
    MongoFacts,
    MongoSample,
    ProcessSample,
    Role,
    Sample,
)
from parity.jobs.size.probes.cgroups import Limits
from parity.jobs.size.window import Window
from parity.model.latency import EDGES_MS

START = 1_800_000_000.0
CACHE = 256 << 20


@dataclass(slots=True)
class System:
    """A Parse Server with one event loop, and a MongoDB behind it.

    Attributes:
        parse_ms: CPU that Parse Server takes for a request.
        mongo_ms: What MongoDB takes for it; many at the same time, as many as it has cores.
        mongo_cores: Cores of MongoDB.
        quota: Share of a core that Parse Server may use.
        stalls: Seconds of the run at which everything stops, and for how long.
        connections: Connections that MongoDB accepts.
        cache_miss: Share of the reads that are not in the cache; each then takes four times.
        lag_ms: How late the generator sends.
        ceiling: Most requests a second that the generator sends.
        others: Cores that something else on the machine uses.
        wrong: Share of the answers that are wrong, whatever the rate.
        cold: So many first requests take Parse Server twice as long.
        visible: Whether Parse Server's process can be seen.
    """

    parse_ms: float = 2.0
    mongo_ms: float = 0.5
    mongo_cores: int = 2
    quota: float | None = None
    stalls: Mapping[float, float] = field(default_factory=dict)
    connections: int = 1000
    cache_miss: float = 0.0
    lag_ms: float = 0.0
    ceiling: float = 1e9
    others: float = 0.0
    wrong: float = 0.0
    cold: int = 0
    visible: bool = True

    @property
    def capacity(self) -> float:
        """Requests a second at which a queue grows for ever."""
        speed = self.quota or 1.0
        mongo = self.mongo_ms * (1 + 3 * self.cache_miss)
        return min(1000 / self.parse_ms * speed, 1000 / mongo * self.mongo_cores)


class SimulatedSampler:
    """Holds samples as :class:`parity.jobs.size.probes.Sampler` does."""

    def __init__(self, system: System) -> None:
        self.samples: list[Sample] = []
        self.system = system
        self.link = None
        self.facts = MongoFacts(
            "6.0.5", 1, "here", float(system.mongo_cores), 8 << 30, "app", 10_000_000, 5_000_000,
            1_000_000, 100 << 30, 10 << 30, {},
        )  # fmt: skip

    def of(self, role: Role) -> _Watched | None:
        if role is Role.PARSE_SERVER and not self.system.visible:
            return None
        limits = Limits(self.system.quota) if role is Role.PARSE_SERVER else Limits()
        return _Watched(limits)


@dataclass(frozen=True, slots=True)
class _Watched:
    limits: Limits


class SimulatedGenerator:
    """Open-loop load on a system, in no time; fills the sampler as it goes."""

    workers = 1

    def __init__(self, system: System, sampler: SimulatedSampler, seed: int = 1) -> None:
        self.system = system
        self.sampler = sampler
        self.rng = random.Random(seed)
        self.now = START
        self.loop_free = 0.0
        self.mongo_free = [0.0] * system.mongo_cores
        self.count: dict[str, float] = dict.fromkeys(
            ("parse", "mongo", "ops", "read", "periods", "throttled", "others"), 0.0
        )
        self.held: list[tuple[float, float]] = []
        self._sample(5)

    def hold(self, rate: float, seconds: float) -> Iterator[Window]:
        begun = self.now
        waiting: list[tuple[float, float, float, bool]] = []  # ended, latency, service, wrong
        for second in range(round(seconds)):
            start = begun + second
            intended = max(1, round(rate))
            sent = min(intended, round(self.system.ceiling))
            times = sorted(start + self.rng.random() for _ in range(sent))
            busy = self.count["parse"]
            for at in times:
                heapq.heappush(waiting, self._request(at))
            self.now = start + 1
            ended = []
            while waiting and waiting[0][0] <= self.now:
                ended.append(heapq.heappop(waiting))
            self._sample(5 + len(waiting), busy_share=self.count["parse"] - busy)
            yield self._window(start, intended, sent, ended)
        # What is under way ends before anything else begins.
        self.now = max([self.now, *(each[0] for each in waiting[-100:])]) + 0.5
        self._sample(5)

    def _request(self, at: float) -> tuple[float, float, float, bool]:
        system = self.system
        sent = at + system.lag_ms / 1000
        speed = system.quota or 1.0
        cpu = self.rng.uniform(0.7, 1.3) * system.parse_ms / 1000
        cpu *= 2 if self.count["ops"] < system.cold else 1
        self.loop_free = max(self.loop_free, self._after_stall(sent)) + cpu / speed
        miss = self.rng.random() < system.cache_miss
        mongo = self.rng.uniform(0.7, 1.3) * system.mongo_ms / 1000 * (4 if miss else 1)
        first = heapq.heappop(self.mongo_free)
        ended = max(first, self.loop_free) + mongo
        heapq.heappush(self.mongo_free, ended)
        waited = max(0.0, first - self.loop_free)
        self.count["parse"] += cpu
        self.count["mongo"] += mongo
        self.count["ops_us"] = self.count.get("ops_us", 0.0) + 1e6 * (mongo + waited)
        self.count["read"] += 32_768 * miss
        self.count["misses"] = self.count.get("misses", 0.0) + miss
        self.count["ops"] += 1
        busy = sum(free > ended - mongo for free in self.mongo_free) + (ended - sent) * 50
        wrong = self.rng.random() < system.wrong or busy > system.connections
        return ended, ended - at, ended - sent, wrong

    def _after_stall(self, at: float) -> float:
        for begun, length in self.system.stalls.items():
            if START + begun <= at < START + begun + length:
                return START + begun + length
        return at

    def _window(
        self, at: float, intended: int, sent: int, ended: list[tuple[float, float, float, bool]]
    ) -> Window:
        wrong = sum(each[3] for each in ended)
        return Window(
            at=at,
            seconds=1.0,
            intended=intended,
            sent=sent,
            done=len(ended),
            failed={"status 500": wrong} if wrong else {},
            latency=_histogram([each[1] for each in ended]),
            service=_histogram([each[2] for each in ended]),
            generator_cpu=min(1.0, sent / 2000),
            generator_lag_ms=self.system.lag_ms,
        )

    def _sample(self, connections: float, busy_share: float = 0.0) -> None:
        system, count = self.system, self.count
        count["periods"] += 10
        if system.quota:
            # It is throttled in as many periods as it still has work to do when its share is used.
            count["throttled"] += 10 * min(1.0, busy_share / system.quota)
        count["others"] += system.others
        mongo = MongoSample(
            self.now,
            {
                "connections": min(connections, system.connections),
                "connections_free": max(0.0, system.connections - connections),
                "cache_max": CACHE,
                "cache_bytes": (0.8 if system.cache_miss else 0.2) * CACHE,
                "cache_dirty": 0.0,
                "cache_read_bytes": count["read"],
                "cache_read_pages": count.get("misses", 0.0),
                "cache_read_us": 0.75 * count.get("misses", 0.0) * system.mongo_ms * 4000,
                "read_out": 0.0,
                "read_tickets": 128.0,
                "queued": 0.0,
                "read_us": count.get("ops_us", 0.0),
                "write_us": 0.0,
                "user_us": 1e6 * count["mongo"] * (0.3 if system.cache_miss else 1),
                "system_us": 0.0,
                "examined": count["ops"],
                "returned": count["ops"],
            },
        )
        used = count["parse"]
        server = ProcessSample(
            1, used, used, 0.0, 0, 0, int(count["periods"]), int(count["throttled"]), 1 << 27
        )
        database = ProcessSample(1, count["mongo"], None, None, 0, 0, 0, 0, 1 << 28)
        processes = {Role.MONGOD: database}
        if system.visible:
            processes[Role.PARSE_SERVER] = server
        busy = count["parse"] + count["mongo"] + count["others"]
        machine = MachineSample(2, busy, 0.0, 0.0, 4 << 30)
        self.sampler.samples.append(Sample(self.now, mongo, machine, processes))


def _histogram(seconds: list[float]) -> tuple[int, ...]:
    counts = [0] * len(EDGES_MS)
    for second in seconds:
        counts[min(bisect_left(EDGES_MS, second * 1000), len(EDGES_MS) - 1)] += 1
    return tuple(counts)
