"""What one request costs the load generator, beside plain Locust, wrk and a bare PyMongo loop.

The REST user parses and checks every answer and keeps histograms from intended times; plain
FastHttpUser does neither. Both ask one null server, in turns, in one run. CPU for each
request holds on a busy machine as well; the rate is what it is just now.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo import MongoClient

from parity.jobs.size.load.generator import LocustGenerator
from parity.jobs.size.load.null_server import null_server
from parity.model import Secret, Style, Target, Writes
from parity.profiles.profile import Ask, Operation, Profile
from parity.stack import selfhosted_member, start_stack, stop_stack

ROUNDS = 4
SECONDS = 5
USERS = 50
ENOUGH = 30_000.0
"""Requests a second that no worker reaches, so that its users are never idle."""
DOCUMENTS = 20_000
THREADS = 16
GET = Profile("get", (Operation(Ask.GET, 1, "Post"),), 1.0, 1.0)

Measured = tuple[float, float]
"""Requests a second, and microseconds of CPU of each."""


def main() -> None:
    """Measure in turns and print the best of each and ratios."""
    with null_server() as target:
        against_locust(target)
        against_wrk(target)
    stack = start_stack([selfhosted_member()])
    try:
        against_pymongo(stack.targets[0])
    finally:
        stop_stack(stack)


def against_locust(target: Target) -> None:
    """Compare the REST user with plain FastHttpUser."""
    plain, ours = in_turns(lambda: plain_user(target), lambda: our_user(target, "rest"))
    print(f"load: GET of one row from a null server, {ROUNDS} rounds in turns, best of each")
    _line("plain FastHttpUser", plain)
    _line("REST user, checked", ours)
    print(f"  requests/s per core, REST user / plain  {plain[1] / ours[1]:.2f}   (at least 0.80)")


def against_wrk(target: Target) -> None:
    """Compare the REST user with wrk, which is what one core can send at all."""
    if shutil.which("wrk") is None:
        print("  wrk: not measured, it is missing (apt-get install wrk)")
        return
    wrk, ours = in_turns(lambda: wrk_user(target), lambda: our_user(target, "rest"))
    _line("wrk", wrk)
    print(f"  requests/s per core, REST user / wrk    {wrk[1] / ours[1]:.2f}")


def against_pymongo(target: Target) -> None:
    """Compare the Mongo user with threads that only find by id."""
    assert target.mongo is not None
    name = f"bench{uuid.uuid4().hex[:8]}"
    uri = target.mongo.value.rsplit("/", 1)[0] + f"/{name}"
    with MongoClient[dict[str, Any]](uri) as client:
        posts = client[name]["Post"]
        posts.insert_many({"_id": f"{n:010d}", "text": "x" * 300, "n": n} for n in range(DOCUMENTS))
        mongo = Target(
            "bench", Style.PARSE_SERVER, target.url, target.app_id, mongo=Secret(uri),
            writes=Writes.DISPOSABLE,
        )  # fmt: skip
        bare, ours = in_turns(
            lambda: pymongo_loop(uri, name), lambda: our_user(mongo, "mongo", THREADS, ENOUGH / 3)
        )
        client.drop_database(name)
    print(f"load: find by id in MongoDB, {ROUNDS} rounds in turns, best of each")
    _line(f"bare loop, {THREADS} threads", bare)
    _line("Mongo user, checked", ours)
    print(f"  operations/s, Mongo user / bare loop    {ours[0] / bare[0]:.2f}   (at least 0.75)")
    print(f"  the same per core                       {bare[1] / ours[1]:.2f}")


def in_turns(
    first: Callable[[], Measured], second: Callable[[], Measured]
) -> tuple[Measured, Measured]:
    """Measure two things in turns and return the best of both."""
    rounds = [(first(), second()) for _ in range(ROUNDS)]
    one, other = ([round_[n] for round_ in rounds] for n in (0, 1))
    return _best(one), _best(other)


def our_user(target: Target, kind: str, users: int = USERS, rate: float = ENOUGH) -> Measured:
    """Run our users as fast as they can."""
    with LocustGenerator(target, GET, kind=kind, users=users, read_only=True) as generator:
        list(generator.hold(200, 1))
        windows = list(generator.hold(rate, SECONDS))
    done = sum(window.done for window in windows)
    assert not any(window.failed for window in windows), windows[0].failed
    seconds = sum(window.seconds for window in windows)
    cpu = sum(window.generator_cpu * window.seconds for window in windows)
    return done / seconds, 1e6 * cpu / done


def plain_user(target: Target) -> Measured:
    """Run plain FastHttpUser."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(target.url))
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
        out = Path(folder) / "out.json"
        subprocess.run(
            [sys.executable, "-m", "locust", "-f", "benchmarks/load_plain.py", "--headless",
             "-u", str(USERS), "-r", str(USERS), "-t", f"{SECONDS + 1}s", "--only-summary",
             "--host", origin],
            check=True, env={**os.environ, "BENCH_OUT": str(out)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        found = json.loads(out.read_text("utf-8"))
    return found["requests"] / found["seconds"], 1e6 * found["cpu"] / found["requests"]


def wrk_user(target: Target) -> Measured:
    """Run wrk with one thread."""
    before = os.times()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", f"{target.url}/classes/Post/null000001"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    lines = done.stdout.splitlines()
    requests = int(next(line for line in lines if " requests in " in line).split()[0])
    rate = float(next(line for line in lines if "Requests/sec" in line).split(":")[1])
    return rate, 1e6 * cpu / requests


def pymongo_loop(uri: str, name: str) -> Measured:
    """Find by id in threads that do nothing else."""
    with MongoClient[dict[str, Any]](uri, maxPoolSize=THREADS) as client:
        posts = client[name]["Post"]
        counts = [0] * THREADS
        end = time.monotonic() + SECONDS

        def work(number: int) -> None:
            rng = random.Random(number)
            while time.monotonic() < end:
                assert posts.find_one({"_id": f"{rng.randrange(DOCUMENTS):010d}"}) is not None
                counts[number] += 1

        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        cpu, clock = time.process_time(), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    return sum(counts) / clock, 1e6 * cpu / sum(counts)


def _best(values: list[Measured]) -> Measured:
    return max(rate for rate, _ in values), min(cpu for _, cpu in values)


def _line(name: str, found: Measured) -> None:
    print(f"  {name:24} {found[0]:9,.0f}/s {found[1]:7,.0f} us of CPU each")


if __name__ == "__main__":
    main()
