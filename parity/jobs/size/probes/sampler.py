"""Samples once a second beside the load, and keeps account of what that costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from parity.jobs.size.probes.mongo import MongoFacts, MongoProbe, MongoSample
from parity.jobs.size.probes.network import Link, LinkSample, link_to, sample_link
from parity.jobs.size.probes.processes import (
    MachineSample,
    ProcessSample,
    Role,
    Watched,
    disk_of,
    machine_sample,
    mongod,
    parse_servers,
)
from parity.model import Secret

EVERY_S = 1.0
LOOK_EVERY_S = 0.07
"""A process that is stopped and let go again (cpulimit does it every 0.1 s) is seen as such."""
RARELY = 5
"""Every so many samples the dearer questions are asked: currentOp, replSetGetStatus."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What all probes saw at one moment.

    Attributes:
        at: When, seconds since the epoch.
        mongo: MongoDB; ``None`` if it did not answer.
        machine: Our machine.
        processes: By role; roles that are not visible are missing.
        slow_operations: Operations that have run for a second; ``None`` if not asked or allowed.
        replication_lag_s: How far the slowest secondary is behind.
        link: The network to the server; ``None`` if it is not known.
    """

    at: float
    mongo: MongoSample | None
    machine: MachineSample
    processes: Mapping[Role, ProcessSample] = field(default_factory=dict)
    slow_operations: int | None = None
    replication_lag_s: float | None = None
    link: LinkSample | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What looking costs.

    Attributes:
        client_cores: Cores that the probes used on our side.
        server_cores: At most so much of a core on MongoDB's side: the time of its answers.
        bytes_s: Bytes a second that MongoDB sent for it.
        samples: Number of samples.
    """

    client_cores: float
    server_cores: float
    bytes_s: float
    samples: int


class Sampler:
    """Takes samples in a thread of its own. A context manager.

    Args:
        probe: The connection to MongoDB; ``None`` for a target whose database is not known.
        facts: What the probe said of it.
        watched: The processes that are visible.
        hidden: Why others are not, by role; why the network is not known.
        link: The network between the load and the server, if it is known.
        every_s: Time between two samples.
    """

    def __init__(
        self,
        probe: MongoProbe | None,
        facts: MongoFacts | None,
        watched: tuple[Watched, ...],
        hidden: Mapping[str, str],
        link: Link | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        self.probe = probe
        self.facts = facts
        self.watched = watched
        self.hidden = dict(hidden)
        self.link = link
        self.samples: list[Sample] = []
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._cpu_s = 0.0
        self._begun = 0.0
        self._disk = next((disk_of(w.pids[0]) for w in watched if w.role is Role.MONGOD), None)

    def of(self, role: Role) -> Watched | None:
        """Return the processes of a role if they are visible."""
        return next((watched for watched in self.watched if watched.role is role), None)

    def cost(self) -> Cost:
        """Return what the samples have cost until now."""
        elapsed = max(time.monotonic() - self._begun, 0.001)
        return Cost(
            client_cores=self._cpu_s / elapsed,
            server_cores=self.probe.round_trip_s / elapsed if self.probe else 0.0,
            bytes_s=self.probe.bytes / elapsed if self.probe else 0.0,
            samples=len(self.samples),
        )

    def take(self) -> Sample:
        """Take one sample now, in the calling thread."""
        rare = len(self.samples) % RARELY == 0 and self.probe is not None
        sample = Sample(
            at=time.time(),
            mongo=self.probe.sample() if self.probe else None,
            machine=machine_sample(self._disk),
            processes={
                watched.role: counters
                for watched in self.watched
                if (counters := watched.sample()) is not None
            },
            slow_operations=self.probe.slow_operations() if rare and self.probe else None,
            replication_lag_s=self.probe.replication_lag_s() if rare and self.probe else None,
            link=sample_link(self.link) if self.link else None,
        )
        self.samples.append(sample)
        return sample

    def __enter__(self) -> Sampler:
        self._begun = time.monotonic()
        self.take()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2 * self._every_s + 10)
        for watched in self.watched:
            watched.close()
        if self.probe is not None:
            self.probe.close()

    def _run(self) -> None:
        due = time.monotonic() + self._every_s
        while not self._stop.wait(LOOK_EVERY_S):
            for watched in self.watched:
                watched.look()
            if time.monotonic() >= due:
                due = max(due + self._every_s, time.monotonic())
                self.take()
            self._cpu_s = time.thread_time()


def open_probes(
    url: str, mongo: Secret | None, database: str, *, network_mbit: float | None = None
) -> Sampler:
    """Connect and find out what is visible of a target.

    Args:
        url: URL of the Parse Server.
        mongo: URI of its MongoDB, if known.
        database: Name of the database.
        network_mbit: What the network to the server carries, if its interface does not say.

    Raises:
        PyMongoError: MongoDB cannot be reached.
    """
    watched: list[Watched] = []
    hidden: dict[str, str] = {}
    server, why = parse_servers(url)
    if server is not None:
        watched.append(server)
    else:
        hidden[Role.PARSE_SERVER] = why
    probe = facts = None
    if mongo is None:
        hidden[Role.MONGOD] = "the target has no mongo"
    else:
        probe = MongoProbe(mongo, database)
        facts = probe.facts()
        addresses = frozenset(host for host, _ in probe.client.nodes)
        database_process, why = mongod(facts.pid, addresses)
        if database_process is not None:
            watched.append(database_process)
        else:
            hidden[Role.MONGOD] = why
    link, why = link_to(url, network_mbit)
    if link is None:
        hidden["network"] = why
    return Sampler(probe, facts, tuple(watched), hidden, link)
