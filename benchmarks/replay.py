"""How fast a replay is, and what an exchange costs.

Its peers, measured in the same run and in turns with it: a bare aiohttp loop on uvloop that sends
the same requests to the same trivial server, and ``wrk`` on the same mix against the same Parse
Server. With ``--large`` also 1,000,000 exchanges: the cost of one has to stay what it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
from yarl import URL

from benchmarks.fast_parse import CREATED, FIELDS, UPDATED, row
from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
)
from parity.compare import Register
from parity.jobs.replay.engine import Options, Progress
from parity.jobs.replay.evidence import Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.run import Examples, replay, run_loop
from parity.jobs.replay.source import open_source
from parity.jobs.replay.survey import survey
from parity.model import Keys, Secret, Style, Target, Writes
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.wire import Redactor

SIZES = (10_000, 50_000)
LARGE = 1_000_000
ROUNDS = 3
LANES = 16
CLIENTS = 64
REDACTOR = Redactor({}, b"0123456789abcdef")
APP = "bench-app"
HEADERS = (
    ("X-Parse-Application-Id", APP),
    ("X-Parse-REST-API-Key", "bench-key"),
    ("Content-Type", "application/json"),
    ("User-Agent", "bench"),
)
WRK_SECONDS = 8
ONE = "--one"


def main() -> None:
    """Measure in turns and print rates and ratios."""
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as name, fast_server() as port:
        folder = Path(name)
        against_a_bare_loop(folder, port)
        costs(folder, port)
    if shutil.which("wrk") is None:
        print("replay against wrk: not measured, wrk is missing (apt-get install wrk)")
        return
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as name:
        against_wrk(Path(name))


def against_a_bare_loop(folder: Path, port: int) -> None:
    """Compare a replay with a loop that only sends."""
    path = write_recording(folder / "mix.jsonl", SIZES[0] * 2)
    rates: dict[str, list[float]] = {"bare": [], "replay": []}
    for _ in range(ROUNDS):
        rates["bare"].append(bare_rate(path, port))
        rates["replay"].append(replay_rate(path, folder, fast_target(port))[0])
    bare, ours = max(rates["bare"]), max(rates["replay"])
    print(f"replay against a trivial server: {ROUNDS} rounds, best of each")
    print(f"  bare aiohttp + uvloop  {bare:9,.0f} requests/s")
    print(f"  parity replay          {ours:9,.0f} requests/s   replay / bare {ours / bare:.2f}"
          "   (at least 0.50)")  # fmt: skip


def costs(folder: Path, port: int) -> None:
    """Print what one exchange costs, for recordings of growing size."""
    sizes = (*SIZES, LARGE) if "--large" in sys.argv else SIZES
    print("cost of an exchange by size of the recording")
    for size in sizes:
        path = write_recording(folder / f"mix-{size}.jsonl", size)
        # In a process of its own, so that its memory is its own as well.
        command = [sys.executable, "-m", "benchmarks.replay", ONE, str(path), str(port)]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        rate, cpu, memory = json.loads(out.stdout)
        print(
            f"  {size:9,} exchanges: {cpu * 1e6:5.0f} us of CPU each, {rate:7,.0f}/s, "
            f"{memory / 1024:4.0f} MB"
        )
        path.unlink()


def one(path: Path, port: int) -> None:
    """Replay one recording in this process; print rate, CPU seconds for each, and peak memory."""
    rate, cpu = replay_rate(path, path.parent, fast_target(port))
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([rate, cpu, peak_kb]))


def against_wrk(folder: Path) -> None:
    """Compare a replay with wrk on one Parse Server."""
    stack = start_stack([selfhosted_member()])
    try:
        target = stack.targets[0]
        setup, mix = write_real(folder, 2_000)
        replay_rate(setup, folder, target)
        rates: dict[str, list[float]] = {"wrk": [], "replay": []}
        script = write_wrk(folder, target)
        for number in range(ROUNDS):
            rates["wrk"].append(wrk_rate(script, target))
            rates["replay"].append(replay_rate(mix[number], folder, target)[0])
    finally:
        stop_stack(stack)
    wrk, ours = max(rates["wrk"]), max(rates["replay"])
    print(f"replay against one Parse Server: {ROUNDS} rounds, best of each")
    print(f"  wrk, {CLIENTS} connections    {wrk:9,.0f} requests/s")
    print(f"  parity replay          {ours:9,.0f} requests/s   replay / wrk {ours / wrk:.2f}"
          "   (at least 0.90)")  # fmt: skip


@contextlib.contextmanager
def fast_server() -> Iterator[int]:
    """Run the trivial server in a process of its own; give its port."""
    command = [sys.executable, "-m", "benchmarks.fast_parse"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def fast_target(port: int) -> Target:
    """Return the trivial server as a target."""
    return Target(
        name="fast",
        style=Style.PARSE_SERVER,
        url=f"http://127.0.0.1:{port}/parse",
        app_id=Secret(APP),
        keys=Keys(rest_key=Secret("bench-key")),
        writes=Writes.DISPOSABLE,
    )


def replay_rate(path: Path, folder: Path, target: Target) -> tuple[float, float]:
    """Replay a recording; return exchanges a second and CPU seconds for each.

    Raises:
        AssertionError: An exchange was not equal, so that something else was measured.
    """
    source = open_source(path, folder, REDACTOR, allow_truncated=False)
    started, cpu = time.perf_counter(), time.process_time()
    found = survey(source.lines(), source.mount)
    last = Progress()

    def watch(progress: Progress) -> None:
        nonlocal last
        last = progress

    journal = folder / f"journal-{time.monotonic_ns()}.jsonl"
    replay(
        source,
        target,
        survey=found,
        register=Register({}),
        options=Options(lanes=LANES if target.name == "fast" else CLIENTS),
        journal=journal,
        inputs={},
        folder=folder,
        examples=Examples(Subject(path.name, target.name), source.origin, REDACTOR),
        watch=watch,
    )
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    journal.unlink(missing_ok=True)
    assert last.tally.outcomes == {Class.EQUAL: found.exchanges}, last.tally.outcomes
    return found.exchanges / seconds, cpu / found.exchanges


def bare_rate(path: Path, port: int) -> float:
    """Send the requests of a recording in a loop that does nothing else; return the rate."""
    source = open_source(path, path.parent, REDACTOR, allow_truncated=False)
    requests = [(each.request.method, each.request.url, each.request.body) for each in source]

    async def send() -> float:
        connector = aiohttp.TCPConnector(limit=0)
        waiting = iter(requests)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def work() -> None:
                for method, url, body in waiting:
                    target = URL(f"http://127.0.0.1:{port}{url}", encoded=True)
                    async with session.request(
                        method, target, headers=dict(HEADERS), data=body or None
                    ) as response:
                        await response.read()

            started = time.perf_counter()
            await asyncio.gather(*(work() for _ in range(LANES)))
            return len(requests) / (time.perf_counter() - started)

    return run_loop(send())


def write_recording(path: Path, size: int) -> Path:
    """Write a recording of the trivial server: 30 % POST, 40 % GET, 15 % PUT, 15 % queries."""
    rng = random.Random(1)
    header = RecordingHeader("http://recorded/parse", CREATED, "benchmark", False, "bench")
    recent: list[str] = []
    with RecordingWriter(path, header, redactor=None) as writer:
        for number in range(size):
            dice = rng.random()
            if dice < 0.3 or not recent:
                object_id = f"R{number:09d}"
                recent = [*recent[-499:], object_id]
                writer.write(_creation(number, object_id))
                continue
            object_id = rng.choice(recent)
            if dice < 0.7:
                exchange = _exchange(number, "GET", _path(object_id), b"", 200, row(object_id))
            elif dice < 0.85:
                answer = f'{{"updatedAt":"{UPDATED}"}}'
                exchange = _exchange(number, "PUT", _path(object_id), b'{"a":1}', 200, answer)
            else:
                where = quote(f'{{"objectId":"{object_id}"}}', safe="")
                url = f"/parse/classes/GameScore?where={where}"
                exchange = _exchange(
                    number, "GET", url, b"", 200, f'{{"results":[{row(object_id)}]}}'
                )
            writer.write(exchange)
    return path


def write_real(folder: Path, rows: int) -> tuple[Path, list[Path]]:
    """Write a recording that makes rows, and recordings of a mix of requests about new rows."""
    header = RecordingHeader("http://recorded/parse", CREATED, "benchmark", False, "bench")
    setup = folder / "setup.jsonl"
    with RecordingWriter(setup, header, redactor=None) as writer:
        for number in range(rows):
            writer.write(_creation(number, f"S{number:09d}"))
    mixes = []
    for turn in range(ROUNDS):
        path = folder / f"real-{turn}.jsonl"
        rng = random.Random(turn)
        made: list[str] = []
        with RecordingWriter(path, header, redactor=None) as writer:
            for number in range(6_000):
                if number < 100 or rng.random() < 0.3:
                    made.append(f"{'ABC'[turn]}{number:09d}")
                    writer.write(_creation(number, made[-1]))
                else:
                    one = rng.choice(made[:-CLIENTS] or made)
                    writer.write(_exchange(number, "GET", _path(one), b"", 200, row(one)))
        mixes.append(path)
    return setup, mixes


def write_wrk(folder: Path, target: Target) -> Path:
    """Write the same mix as a script of wrk: 30 % POST, 70 % GET by id."""
    import requests  # noqa: PLC0415 - only here

    headers = {
        "X-Parse-Application-Id": target.app_id.value,
        "X-Parse-REST-API-Key": target.keys.rest_key.value if target.keys.rest_key else "",
        "Content-Type": "application/json",
    }
    url = f"{target.url}/classes/GameScore?limit=1000&keys=objectId"
    ids = [
        each["objectId"]
        for each in requests.get(url, headers=headers, timeout=30).json()["results"]
    ]
    mount = URL(target.url).path
    lua = folder / "mix.lua"
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    lua.write_text(
        "\n".join(lines)
        + f"\nlocal ids = {{{','.join(json.dumps(id_) for id_ in ids)}}}\n"
        + f"local body = {json.dumps('{' + FIELDS + '}')}\n"
        + "request = function()\n"
        + "  if math.random() < 0.3 then\n"
        + f'    return wrk.format("POST", "{mount}/classes/GameScore", nil, body)\n'
        + "  end\n"
        + f'  return wrk.format("GET", "{mount}/classes/GameScore/" .. ids[math.random(#ids)])\n'
        + "end\n",
        encoding="utf-8",
    )
    return lua


def wrk_rate(script: Path, target: Target) -> float:
    """Run wrk; return its requests a second."""
    origin = str(URL(target.url).origin())
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{WRK_SECONDS}s", "-s", str(script), origin]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = next(each for each in out.splitlines() if each.startswith("Requests/sec"))
    return float(line.split(":")[1])


def _creation(number: int, object_id: str) -> RecordedExchange:
    answer = f'{{"objectId":"{object_id}","createdAt":"{CREATED}"}}'
    body = f"{{{FIELDS}}}".encode()
    return _exchange(number, "POST", "/parse/classes/GameScore", body, 201, answer)


def _path(object_id: str) -> str:
    return f"/parse/classes/GameScore/{object_id}"


def _exchange(
    number: int, method: str, url: str, body: bytes, status: int, answer: str
) -> RecordedExchange:
    response_headers = (("Content-Type", "application/json; charset=utf-8"),)
    return RecordedExchange(
        id=str(number + 1),
        lane=f"client-{number % CLIENTS}",
        at=1_000_000.0 + number / 1000,
        elapsed_ms=2.0,
        request=RecordedRequest(method, url, HEADERS, body),
        response=RecordedResponse(status, response_headers, answer.encode()),
        origin="bench",
    )


if __name__ == "__main__":
    if ONE in sys.argv:
        one(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
