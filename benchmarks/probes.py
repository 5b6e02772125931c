"""What looking costs: the probes of ``parity size`` on our side and on MongoDB's.

MongoDB's side is the processor time of an idle mongod with the probes less that without them, in
turns: whatever else it does in its sleep is in both. Beside a load, the same load is measured with
and without the probes; on a noisy machine that ratio says less than the processor times do.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import psutil
from pymongo import MongoClient

from benchmarks.load import DOCUMENTS, pymongo_loop
from parity.jobs.size.probes import open_probes
from parity.model import Secret, Target
from parity.stack import selfhosted_member, start_stack, stop_stack

ROUNDS = 3
IDLE_S = 15
COLLECTIONS = 30
"""As many classes as an app of some size has."""


def main() -> None:
    """Measure on an idle mongod and beside a load, and print shares of a core."""
    stack = start_stack([selfhosted_member()])
    try:
        target = stack.targets[0]
        assert target.mongo is not None
        name = f"bench{uuid.uuid4().hex[:8]}"
        uri = target.mongo.value.rsplit("/", 1)[0] + f"/{name}"
        with MongoClient[dict[str, Any]](uri) as client:
            fill(client, name)
            mongod = psutil.Process(client.admin.command("serverStatus")["pid"])
            idle(target, uri, name, mongod)
            beside_load(target, uri, name)
            client.drop_database(name)
    finally:
        stop_stack(stack)


def fill(client: MongoClient[dict[str, Any]], name: str) -> None:
    """Make the rows that the load reads, and further collections."""
    client[name]["Post"].insert_many({"_id": f"{n:010d}", "n": n} for n in range(DOCUMENTS))
    for number in range(COLLECTIONS):
        client[name][f"Class{number}"].insert_one({"n": number})


def idle(target: Target, uri: str, name: str, mongod: psutil.Process) -> None:
    """Print what the probes cost while nothing else happens."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        without = _cores(mongod, lambda: time.sleep(IDLE_S))
        with open_probes(target.url, Secret(uri), name) as sampler:
            theirs.append(_cores(mongod, lambda: time.sleep(IDLE_S)) - without)
            ours.append(sampler.cost().client_cores)
    print(f"probes: one sample a second, {ROUNDS} rounds of {IDLE_S} s, medians")
    print(f"  our side        {statistics.median(ours):7.2%} of a core   (less than 1 %)")
    print(f"  MongoDB's side  {statistics.median(theirs):7.2%} of a core   (less than 1 %)")


def beside_load(target: Target, uri: str, name: str) -> None:
    """Print how much of a load is left with the probes beside it."""
    without: list[float] = []
    beside: list[float] = []
    costs: list[float] = []
    # A process of its own, as the load of `parity size` is.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        _rate(pool, uri, name)
        for _ in range(ROUNDS):
            without.append(_rate(pool, uri, name))
            with open_probes(target.url, Secret(uri), name) as sampler:
                beside.append(_rate(pool, uri, name))
                costs.append(sampler.cost().client_cores)
    ratios = [one / other for one, other in zip(beside, without, strict=True)]
    print(f"  beside a load   {statistics.median(costs):7.2%} of a core on our side")
    print(
        f"  the load's rate with them / without     {statistics.median(ratios):.3f}"
        f"   ({min(ratios):.3f} to {max(ratios):.3f})"
    )


def _rate(pool: ProcessPoolExecutor, uri: str, name: str) -> float:
    return pool.submit(pymongo_loop, uri, name).result()[0]


def _cores(process: psutil.Process, work: Callable[[], None]) -> float:
    """Return the cores that a process used on average while something else was done."""
    before, begun = process.cpu_times(), time.monotonic()
    work()
    after, elapsed = process.cpu_times(), time.monotonic() - begun
    return float(after.user + after.system - before.user - before.system) / elapsed


if __name__ == "__main__":
    main()
