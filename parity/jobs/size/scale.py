"""How many workers and machines for so many requests a second; plain arithmetic.

Every number that goes in has a name and a source, and every step is a line that can be read.
That the arithmetic holds is shown by simulation: ``tests/jobs/size/test_scale.py``.

Sources: A. O. Allen, "Probability, Statistics, and Queueing Theory", 2nd ed., ch. 5 (Erlang C,
the Allen-Cunneen approximation of M/G/c). A Parse Server process works on one core: Node.js runs
JavaScript in one thread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request costs.

    Attributes:
        server_us: Microseconds of CPU in Parse Server.
        mongod_us: Microseconds of CPU in the primary's mongod.
        generator_us: Microseconds of CPU in the load generator.
        bytes_in: Bytes that a client sends.
        bytes_out: Bytes that it gets.
    """

    server_us: float
    mongod_us: float
    generator_us: float
    bytes_in: float = 0.0
    bytes_out: float = 0.0


MEASURED: Final[Mapping[str, Cost]] = {
    "get": Cost(1408, 325, 290, 257, 644),
    "get, logged in": Cost(1391, 341, 284, 316, 645),
    "query of 20 rows": Cost(2369, 569, 449, 297, 5301),
    "count": Cost(1474, 607, 363, 304, 425),
    "create": Cost(1074, 741, 353, 443, 464),
    "update": Cost(1506, 939, 365, 323, 440),
    "batch of 20 creates": Cost(7924, 9674, 567, 4398, 1941),
    "log-in": Cost(84435, 1935, 586, 263, 622),
    "sign-up": Cost(87169, 2419, 627, 325, 516),
}
"""By operation, with Parse Server 9.10.0 and mongod 6.0.5 on a quiet virtual machine with two
cores: ``python -m benchmarks.scale`` measures yours. Three runs differed by up to 40 % in single
cells. The generator is the connection of a REST user, without the checks of the body."""

READ_MOSTLY: Final[Mapping[str, float]] = {
    "get": 20,
    "get, logged in": 20,
    "query of 20 rows": 40,
    "count": 4,
    "create": 8,
    "update": 6,
    "log-in": 1.5,
    "sign-up": 0.5,
}
"""A mix of an app that mostly reads, in percent; of these operations 16 % write."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is decided and not measured.

    Attributes:
        server_utilisation: Share of a Parse Server's core that is used at the peak; the rest is
            for bursts. With 0.6 few requests wait (:func:`wait`).
        mongod_utilisation: Share of a mongod's cores that is used at the peak.
        generator_utilisation: Share of a generator's core; above it, it measures itself.
        server_cores: Cores of a machine for Parse Server: one process each.
        mongod_cores: Cores of a machine for mongod.
        generator_cores: Cores of a machine for the generator.
        spare: Machines for Parse Server that may be missing at the peak: N+1.
        members: Members of each replica set: 3 survive the loss of one.
        mongod_scaling: What a core is worth in a mongod with all its cores, against alone.
        broadcast: Share of operations whose query does not hold the shard key, so that every
            shard works on it.
        network_gbit: Network of a machine.
        network_utilisation: Share of it that is used.
        machine_factor: How fast a core is against the one that was measured on.
    """

    server_utilisation: float = 0.6
    mongod_utilisation: float = 0.6
    generator_utilisation: float = 0.7
    server_cores: int = 16
    mongod_cores: int = 32
    generator_cores: int = 16
    spare: int = 1
    members: int = 3
    mongod_scaling: float = 0.7
    broadcast: float = 0.0
    network_gbit: float = 10.0
    network_utilisation: float = 0.5
    machine_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation.

    Attributes:
        name: What is calculated.
        value: The result.
        formula: How, in words.
        numbers: The same with numbers.
    """

    name: str
    value: float
    formula: str
    numbers: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed for a rate.

    Attributes:
        rate: Requests a second.
        server_workers: Parse Server processes at work at the peak, without the spare machines.
        server_machines: Machines for them, spare ones included.
        shards: Shards of MongoDB; 1 is a replica set without sharding.
        mongod_machines: Machines for mongod.
        generator_workers: Processes of the generator.
        generator_machines: Machines for them.
        gbit: Traffic between clients and servers, both ways.
        possible: ``False`` if no number of shards is enough; ``shards`` is then 0.
        steps: The calculation.
    """

    rate: float
    server_workers: int
    server_machines: int
    shards: int
    mongod_machines: int
    generator_workers: int
    generator_machines: int
    gbit: float
    possible: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long requests wait for a worker.

    Attributes:
        utilisation: Share of the workers' time that is used.
        waiting: Share of the requests that wait at all.
        mean_s: Mean wait of all requests.
        p95_s: 95 % wait no longer.
    """

    utilisation: float
    waiting: float
    mean_s: float
    p95_s: float


def mean_cost(mix: Mapping[str, float], costs: Mapping[str, Cost]) -> Cost:
    """Return the cost of a mean request of a mix.

    Args:
        mix: Weight by operation, relative to their sum.
        costs: Cost by operation.

    Raises:
        KeyError: An operation has no cost.
        ValueError: The mix is empty.
    """
    total = sum(mix.values())
    if total <= 0:
        raise ValueError("a mix has at least one operation")

    def mean(name: str) -> float:
        parts = (share * float(getattr(costs[kind], name)) for kind, share in mix.items())
        return sum(parts) / total

    return Cost(*(mean(name) for name in Cost.__slots__))


def plan(rate: float, cost: Cost, given: Assumptions | None = None) -> Plan:
    """Calculate what is needed for a rate.

    Args:
        rate: Requests a second at the peak.
        cost: Of a mean request: :func:`mean_cost`.
        given: What is decided.
    """
    chosen = given or Assumptions()
    factor = chosen.machine_factor
    worker_rate = chosen.server_utilisation * 1e6 / cost.server_us * factor
    workers = math.ceil(rate / worker_rate)
    machines = math.ceil(workers / chosen.server_cores)
    shard_rate = (
        chosen.mongod_utilisation * chosen.mongod_cores * chosen.mongod_scaling * 1e6
        / cost.mongod_us * factor
    )  # fmt: skip
    shards = shards_for(rate, shard_rate, chosen.broadcast)
    generator_rate = chosen.generator_utilisation * 1e6 / cost.generator_us * factor
    generators = math.ceil(rate / generator_rate)
    gbit = rate * (cost.bytes_in + cost.bytes_out) * 8 / 1e9
    by_network = math.ceil(gbit / (chosen.network_gbit * chosen.network_utilisation))
    needed = max(machines, by_network)
    steps = (
        Step(
            "requests/s of a Parse Server process",
            worker_rate,
            "utilisation x 1,000,000 / us of CPU x machine factor",
            f"{chosen.server_utilisation:g} x 1,000,000 / {cost.server_us:,.0f} x {factor:g}",
        ),
        Step(
            "Parse Server processes",
            workers,
            "rate / that, rounded up",
            f"{rate:,.0f} / {worker_rate:,.1f}",
        ),
        Step(
            "machines by CPU",
            machines,
            "processes / cores of a machine, rounded up",
            f"{workers:,} / {chosen.server_cores}",
        ),
        Step("traffic in Gbit/s", gbit, "rate x bytes x 8",
             f"{rate:,.0f} x {cost.bytes_in + cost.bytes_out:,.0f} x 8"),
        Step(
            "machines by network",
            by_network,
            "traffic / (network x share that is used), rounded up",
            f"{gbit:,.2f} / ({chosen.network_gbit:g} x {chosen.network_utilisation:g})",
        ),
        Step(
            "machines for Parse Server",
            needed + chosen.spare,
            "the larger of both + spare",
            f"max({machines:,}, {by_network:,}) + {chosen.spare}",
        ),
        Step(
            "requests/s of a shard",
            shard_rate,
            "utilisation x cores x scaling x 1,000,000 / us of CPU x machine factor",
            f"{chosen.mongod_utilisation:g} x {chosen.mongod_cores} x {chosen.mongod_scaling:g} "
            f"x 1,000,000 / {cost.mongod_us:,.0f} x {factor:g}",
        ),
        Step(
            "shards",
            shards,
            "load x (1 - broadcast) / (1 - load x broadcast), load = rate / that; rounded up",
            f"load {rate / shard_rate:,.2f}, broadcast {chosen.broadcast:g}",
        ),
        Step("machines for mongod", shards * chosen.members, "shards x members",
             f"{shards:,} x {chosen.members}"),
        Step(
            "requests/s of a generator process",
            generator_rate,
            "utilisation x 1,000,000 / us of CPU x machine factor",
            f"{chosen.generator_utilisation:g} x 1,000,000 / {cost.generator_us:,.0f} x {factor:g}",
        ),
        Step("generator processes", generators, "rate / that, rounded up",
             f"{rate:,.0f} / {generator_rate:,.1f}"),
    )  # fmt: skip
    return Plan(
        rate=rate,
        server_workers=workers,
        server_machines=needed + chosen.spare,
        shards=shards,
        mongod_machines=shards * chosen.members,
        generator_workers=generators,
        generator_machines=math.ceil(generators / chosen.generator_cores),
        gbit=gbit,
        possible=shards > 0,
        steps=steps,
    )


def shards_for(rate: float, shard_rate: float, broadcast: float) -> int:
    """Return the shards that a rate needs; 0 if no number is enough.

    An operation that holds the shard key costs one shard; any other costs each of them. With a
    load of ``r = rate / shard_rate`` and a share ``b`` of others, ``s`` shards have to do
    ``r (1 - b + b s)``, so ``s >= r (1 - b) / (1 - r b)``; beyond ``r b = 1`` each shard is busy
    with what all of them have to do.

    Args:
        rate: Operations a second.
        shard_rate: Operations a second that one shard does.
        broadcast: Share of operations without the shard key, from 0 to 1.
    """
    load = rate / shard_rate
    if load <= 1:
        return 1
    left = 1 - load * broadcast
    return math.ceil(load * (1 - broadcast) / left - 1e-9) if left > 0 else 0


def erlang_c(servers: int, load: float) -> float:
    """Return the share of arrivals that wait in M/M/c.

    Args:
        servers: c.
        load: Arrival rate by service rate of one, below ``servers``.
    """
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    share = load / servers
    return blocked / (1 - share + share * blocked)


def wait(rate: float, workers: int, service_s: Sequence[tuple[float, float]]) -> Wait:
    """Predict how long requests wait: M/G/c by Allen and Cunneen.

    Args:
        rate: Requests a second.
        workers: c; 1 for each worker alone, if each gets its own share of the requests.
        service_s: Service times in seconds with their weights.

    Returns:
        The wait; times are infinite if there are too few workers.
    """
    total = sum(weight for _, weight in service_s)
    mean = sum(time * weight for time, weight in service_s) / total
    square = sum(time * time * weight for time, weight in service_s) / total
    load = rate * mean
    utilisation = load / workers
    if utilisation >= 1:
        return Wait(utilisation, 1.0, math.inf, math.inf)
    waiting = erlang_c(workers, load)
    variability = square / (mean * mean)  # 1 + squared coefficient of variation
    mean_wait = waiting * mean / (workers * (1 - utilisation)) * variability / 2
    # The wait of those that wait is taken to be exponential.
    p95 = max(0.0, math.log(waiting / 0.05)) * mean_wait / waiting if waiting > 0 else 0.0
    return Wait(utilisation, waiting, mean_wait, p95)
