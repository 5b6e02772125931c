"""What a request costs Parse Server, MongoDB and the generator, in microseconds of CPU.

CPU time and not wall time, so that other work on the machine matters little.
``docs/scale.md`` and :data:`parity.jobs.size.scale.MEASURED` hold what it printed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import gevent
import psutil
from gevent.pool import Pool
from gevent.queue import LifoQueue

from parity.jobs.size.load.http import Connection
from parity.jobs.size.load.rest_store import Wire, encoded, json_of, text_of
from parity.jobs.size.scale import Cost
from parity.model import Target
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.stack.stack import Stack
from parity.targets import ParseClient

ROWS = 2000
CLIENTS = 4
REQUESTS = 600
SLOW_REQUESTS = 40
"""Of operations that hash a password or have many parts."""
WARM_UP = 400
IDLE_S = 3.0
RESPONSE_HEADERS = 400
"""Bytes, about."""
CLASS = "ParityScale"


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds that each side has used, and the time."""

    server: float
    mongod: float
    generator: float
    at: float


class Bench:
    """One embedded Parse Server with rows, and the connections of REST users."""

    def __init__(self, stack: Stack, target: Target) -> None:
        self.target = target
        self.wire = Wire(target)
        self.free: LifoQueue[Connection] = LifoQueue()
        for _ in range(CLIENTS):
            self.free.put(self.wire.connection())
        children = psutil.Process(stack.supervisor_pid).children(recursive=True)
        self.server = [child for child in children if "mongod" not in child.name()]
        self.mongod = [child for child in children if "mongod" in child.name()]
        self.number = 0
        self.bytes = [0, 0]
        self.ids: list[str] = []
        self.token = ""

    def send(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Send a request and return its JSON; anything but success ends the benchmark."""
        data = None if body is None else encoded(body)
        request = self.wire.request(method, path, data, token)
        connection = self.free.get()
        try:
            answer = connection.send(request)
        finally:
            self.free.put(connection)
        self.bytes[0] += len(request)
        self.bytes[1] += len(answer.body) + RESPONSE_HEADERS
        return json_of(answer, 200, 201)

    def fill(self) -> None:
        """Make rows, the index that the queries need, and a user who is logged in."""
        fields = {"owner": {"type": "String"}, "score": {"type": "Number"}}
        schema = {"className": CLASS, "fields": fields, "indexes": {"own": {"owner": 1}}}
        client = ParseClient(self.target)
        client.as_master().post(f"schemas/{CLASS}", schema)
        client.close()
        for start in range(0, ROWS, 50):
            requests = [
                {"method": "POST", "path": f"/parse/classes/{CLASS}", "body": _row(start + number)}
                for number in range(50)
            ]
            replies = self.send("POST", "batch", {"requests": requests})
            self.ids += [reply["success"]["objectId"] for reply in replies]
        user = {"username": "scale", "password": "secret"}
        self.token = self.send("POST", "users", user)["sessionToken"]

    def used(self) -> Used:
        """Return what was used until now."""
        return Used(
            sum(_cpu(each) for each in self.server),
            sum(_cpu(each) for each in self.mongod),
            time.process_time(),
            time.monotonic(),
        )

    def measure(self, operation: Callable[[int], None], requests: int, idle: Used) -> Cost:
        """Send an operation so often and return what one costs.

        Args:
            operation: Gets the number of the request.
            requests: How many.
            idle: What each side uses in a second without requests.
        """
        pool = Pool(CLIENTS)
        for _ in range(WARM_UP if requests == REQUESTS else 4):
            pool.spawn(operation, self.next())
        pool.join(raise_error=True)
        self.bytes = [0, 0]
        before = self.used()
        for _ in range(requests):
            pool.spawn(operation, self.next())
        pool.join(raise_error=True)
        after = self.used()
        wall = after.at - before.at
        micro = 1e6 / requests
        return Cost(
            server_us=(after.server - before.server - idle.server * wall) * micro,
            mongod_us=(after.mongod - before.mongod - idle.mongod * wall) * micro,
            generator_us=(after.generator - before.generator) * micro,
            bytes_in=self.bytes[0] / requests,
            bytes_out=self.bytes[1] / requests,
        )

    def next(self) -> int:
        """Return a number that was not used yet."""
        self.number += 1
        return self.number

    def idle(self) -> Used:
        """Return what each side uses in a second without requests."""
        before = self.used()
        gevent.sleep(IDLE_S)
        after = self.used()
        wall = after.at - before.at
        return Used(
            (after.server - before.server) / wall, (after.mongod - before.mongod) / wall, 0.0, wall
        )

    def operations(self) -> Iterator[tuple[str, Callable[[int], Any], int]]:
        """Yield what is measured: its name, itself, and how often."""
        own = f"classes/{CLASS}"
        where = quote(text_of({"owner": "owner 7"}))
        count = f"{own}?where={where}&count=1&limit=0"
        page = f"{own}?where={where}&limit=20"

        def some(number: int) -> str:
            return f"{own}/{self.ids[number % ROWS]}"

        def batch(number: int) -> Any:
            parts = [
                {"method": "POST", "path": f"/parse/{own}", "body": _row(number)} for _ in range(20)
            ]
            return self.send("POST", "batch", {"requests": parts})

        user = "username=scale&password=secret"
        yield "get", lambda n: self.send("GET", some(n)), REQUESTS
        yield "get, logged in", lambda n: self.send("GET", some(n), token=self.token), REQUESTS
        yield "query of 20 rows", lambda _: self.send("GET", page), REQUESTS
        yield "count", lambda _: self.send("GET", count), REQUESTS
        yield "create", lambda n: self.send("POST", own, _row(n)), REQUESTS
        yield "update", lambda n: self.send("PUT", some(n), {"score": n}), REQUESTS
        yield "batch of 20 creates", batch, SLOW_REQUESTS
        yield "log-in", lambda _: self.send("GET", f"login?{user}"), SLOW_REQUESTS
        yield (
            "sign-up",
            lambda n: self.send("POST", "users", {"username": f"u{n}", "password": "secret"}),
            SLOW_REQUESTS,
        )


def main() -> None:
    """Measure each operation and print a table."""
    stack = start_stack([selfhosted_member()])
    try:
        [target] = stack.targets
        bench = Bench(stack, target)
        bench.fill()
        idle = bench.idle()
        print(
            f"scale: CPU of a request, Parse Server {target.version}, {os.cpu_count()} cores, "
            f"{CLIENTS} clients; idle {idle.server:.3f} and {idle.mongod:.3f} cores"
        )
        print(f"  {'operation':<22}{'Parse Server':>14}{'mongod':>10}{'generator':>12}   us")
        for name, operation, requests in bench.operations():
            cost = bench.measure(operation, requests, idle)
            print(_line(name, cost))
    finally:
        stop_stack(stack)


def _line(name: str, cost: Cost) -> str:
    return (
        f"  {name:<22}{cost.server_us:14,.0f}{cost.mongod_us:10,.0f}{cost.generator_us:12,.0f}"
        f"   {cost.bytes_in:,.0f} B in, {cost.bytes_out:,.0f} B out"
    )


def _row(number: int) -> Mapping[str, Any]:
    return {"owner": f"owner {number % 100}", "score": number, "text": "x" * 100}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
