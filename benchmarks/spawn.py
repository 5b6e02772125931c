"""How long the embedded default takes from spawn to the first successful POST on both targets.

Its peers, measured in the same run and in turns with it: the same parts started one after the
other. Its limit: the slowest part alone, which no order of starting can beat.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from parity.stack import Member, hosted_member, selfhosted_member, start_stack, stop_stack
from parity.stack.install import cache_root, server_folder
from parity.stack.launch import server_order
from parity.stack.mongo import MongoStart
from parity.stack.parts import find_mongod, find_node
from parity.stack.processes import Child, clean_environment, kill, spawn
from parity.stack.stack import new_keys
from parity.stack.supervisor import SERVER_SCRIPT

ROUNDS = 5
LIMIT_S = 3.0


def main() -> None:
    """Measure in turns and print medians, ratios and limits."""
    stop_stack(start_stack())  # installs what is missing, and warms the page cache for all alike
    measures: dict[str, Callable[[], float]] = {
        "stack": stack_s,
        "mongod": mongod_s,
        "hosted": lambda: server_s(hosted_member()),
        "selfhosted": lambda: server_s(selfhosted_member()),
    }
    seconds: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name, measure in measures.items():
            seconds[name].append(measure())
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    stack = medians.pop("stack")
    one_by_one = sum(medians.values())
    slowest = max(medians, key=lambda name: medians[name])
    print(f"spawn to the first POST on both targets: {ROUNDS} rounds, medians")
    _line("stack", stack, f"limit {LIMIT_S:.0f} s   ratio {stack / LIMIT_S:.2f}")
    for name, value in medians.items():
        _line(f"{name} alone", value, "")
    _line("one after another", one_by_one, f"stack / this {stack / one_by_one:.2f}")
    _line("slowest part", medians[slowest], f"stack / this {stack / medians[slowest]:.2f}")


def stack_s() -> float:
    """Return the seconds from nothing to a POST on both targets."""
    started = time.perf_counter()
    stack = start_stack()
    try:
        for target in stack.targets:
            assert target.keys.rest_key is not None
            _post(target.url, target.app_id.value, target.keys.rest_key.value)
        return time.perf_counter() - started
    finally:
        stop_stack(stack)


def mongod_s() -> float:
    """Return the seconds from spawning mongod to a writable primary."""
    with _mongod() as (_, seconds):
        return seconds


def server_s(member: Member) -> float:
    """Return the seconds from spawning one Parse Server, with mongod running, to a POST."""
    app_id, keys = new_keys(member.name)
    folder = server_folder(member.version, cache_root())
    order = server_order(member, (app_id, keys), folder, None)
    with _mongod() as (mongo, _):
        started = time.perf_counter()
        command = [find_node().command[0], str(SERVER_SCRIPT), str(folder), *order.fixes]
        with _spawner() as spawned:
            child = spawned(member.name, command, None, talk=True)
            assert child.popen.stdin is not None
            assert child.popen.stdout is not None
            options = {**order.options, "databaseURI": f"{mongo.uri()}/{member.name}"}
            line = json.dumps({"mount": member.mount, "options": options})
            child.popen.stdin.write(line.encode() + b"\n")
            child.popen.stdin.flush()
            port = json.loads(child.popen.stdout.readline())["port"]
            assert keys.rest_key is not None
            _post(f"http://127.0.0.1:{port}{member.mount}", app_id.value, keys.rest_key.value)
            return time.perf_counter() - started


def _line(name: str, seconds: float, beside: str) -> None:
    print(f"  {name:18} {seconds:7.2f} s   {beside}".rstrip())


@contextmanager
def _spawner() -> Iterator[Callable[..., Child]]:
    with tempfile.TemporaryDirectory() as folder:
        children: list[Child] = []

        def start(name: str, command: list[str], log: Path | None, *, talk: bool) -> Child:
            log = log or Path(folder) / "log"
            env = clean_environment(os.environ)
            children.append(spawn(name, command, log=log, cwd=Path(folder), talk=talk, env=env))
            return children[-1]

        try:
            yield start
        finally:
            kill(children)


@contextmanager
def _mongod() -> Iterator[tuple[MongoStart, float]]:
    with tempfile.TemporaryDirectory() as folder, _spawner() as spawned:
        started = time.perf_counter()
        mongo = MongoStart(find_mongod().command[0], Path(folder), spawned)
        mongo.spawn()
        while not mongo.is_ready():
            time.sleep(0.01)
        yield mongo, time.perf_counter() - started


def _post(url: str, app_id: str, rest_key: str) -> None:
    headers = {"X-Parse-Application-Id": app_id, "X-Parse-REST-API-Key": rest_key}
    body = {"score": 1337, "playerName": "Sean Plott", "cheatMode": False}
    reply = requests.post(f"{url}/classes/GameScore", json=body, headers=headers, timeout=30)
    reply.raise_for_status()


if __name__ == "__main__":
    main()
