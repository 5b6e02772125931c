"""What a recording proxy costs: through ``parity capture`` against direct, in one run.

A trivial fast server answers every request with the same small object. The peer is a bare aiohttp
proxy (one handler, one session, the same event loop) that records nothing: what is above it is
recording, redaction and the disk.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import aiohttp
import uvloop
from aiohttp import web

from parity.capture.recording import open_recording
from parity.capture.session import CaptureSettings, Stop, Told, capture
from parity.capture.upstream import UpstreamSettings
from parity.wire import Redactor

ROUNDS = 3
REQUESTS = 3000
ALONE = 500
"""Requests on one connection."""
CONNECTIONS = 16
WRITES = 0.3
"""Share of requests that write."""
HEADERS = {
    "X-Parse-Application-Id": "an-application-id-of-some-length",
    "X-Parse-REST-API-Key": "a-rest-key-of-some-length",
    "X-Parse-Session-Token": f"r:{'0123456789abcdef' * 2}",
    "Content-Type": "application/json",
}
ANSWER = (
    b'{"results":[{"objectId":"abcdefghij","playerName":"Sean Plott","score":1337,'
    b'"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z",'
    b'"ACL":{"*":{"read":true}},"owner":{"__type":"Pointer","className":"_User",'
    b'"objectId":"klmnopqrst"},"text":"' + b"x" * 150 + b'"}]}'
)
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n" % len(ANSWER)
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to get to the server.

    Attributes:
        name: What the table calls it.
        settings: Of the capture; ``None`` for none.
        bare: Whether the peer is in between.
    """

    name: str
    settings: dict[str, Any] | None = None
    bare: bool = False


VARIANTS = (
    Variant("direct"),
    Variant("bare aiohttp proxy", bare=True),
    Variant("capture, nothing recorded", {"ignore": ("*",)}),
    Variant("capture, secrets kept", {"redacted": False, "fsync": False}),
    Variant("capture", {"fsync": False}),
    Variant("capture, fsync", {}),
    Variant("capture, fsync, zst", {"suffix": ".jsonl.zst"}),
)


@dataclass(slots=True)
class Measured:
    """A number a round.

    Attributes:
        rate: Requests a second on all connections.
        cpu_us: CPU of the process in between, in microseconds a request.
        p99_ms: Latency that 99 % of them stay below.
        alone_ms: Median latency of one connection alone.
    """

    rate: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    alone_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Measure the variants in turns and print medians and ratios."""
    measured = {variant.name: Measured() for variant in VARIANTS}
    with tempfile.TemporaryDirectory() as folder, _Process(_serve) as server:
        for number in range(ROUNDS):
            for variant in VARIANTS:
                out = Path(folder) / f"{number}-{VARIANTS.index(variant)}"
                _measure(variant, server, out, measured[variant.name])
    bare = statistics.median(measured["bare aiohttp proxy"].cpu_us)
    direct = statistics.median(measured["direct"].rate)
    print(
        f"capture: {REQUESTS} requests, {WRITES:.0%} writes, {CONNECTIONS} connections, "
        f"{ROUNDS} rounds in turns, medians"
    )
    for name, each in measured.items():
        rate, cpu = statistics.median(each.rate), statistics.median(each.cpu_us)
        between = f"{cpu:5.0f} us CPU/request, {cpu / bare:4.2f} of bare" if cpu else ""
        alone, p99 = statistics.median(each.alone_ms), statistics.median(each.p99_ms)
        print(
            f"  {name:26} {rate:6.0f} req/s  {rate / direct:4.2f} of direct  "
            f"p99 {p99:5.1f} ms  alone {alone:5.2f} ms  {between}".rstrip()
        )


def _measure(variant: Variant, server: _Process, out: Path, into: Measured) -> None:
    url = f"http://127.0.0.1:{server.port}/parse"
    if variant.bare:
        between: _Process | None = _Process(_bare, url)
    elif variant.settings is not None:
        out = out.with_suffix(variant.settings.get("suffix", ".jsonl"))
        between = _Process(_capture, url, str(out), variant.settings)
    else:
        between = None
    if between is None:
        _note(into, server.port, lambda: 0.0)
        return
    with between:
        _note(into, between.port, between.cpu_s)
    if variant.settings is not None and "ignore" not in variant.settings:
        with open_recording(out) as recording:
            assert recording.footer is not None
            assert recording.footer.exchanges == REQUESTS + ALONE


def _note(into: Measured, port: int, cpu_s: Callable[[], float]) -> None:
    # This comes first and warms up.
    into.alone_ms.append(1000 * statistics.median(_load(port, ALONE, connections=1)[1]))
    before = cpu_s()
    seconds, latencies = _load(port, REQUESTS, CONNECTIONS)
    into.rate.append(REQUESTS / seconds)
    into.cpu_us.append(1e6 * (cpu_s() - before) / REQUESTS)
    into.p99_ms.append(1000 * statistics.quantiles(latencies, n=100)[98])


def _load(port: int, requests: int, connections: int) -> tuple[float, list[float]]:
    """Send requests as fast as they are answered; return seconds and latencies in seconds."""

    async def run() -> tuple[float, list[float]]:
        latencies: list[float] = []
        numbers = iter(range(requests))

        async def one(session: aiohttp.ClientSession) -> None:
            for number in numbers:
                started = time.perf_counter()
                writes = number % 10 < 10 * WRITES
                async with session.request(
                    "POST" if writes else "GET",
                    f"http://127.0.0.1:{port}/parse/classes/GameScore",
                    data=b'{"score":%d,"playerName":"Sean Plott"}' % number if writes else None,
                    params=None if writes else {"where": f'{{"score":{number}}}'},
                    headers=HEADERS,
                ) as response:
                    assert await response.read() == ANSWER
                latencies.append(time.perf_counter() - started)

        async with aiohttp.ClientSession() as session:
            started = time.perf_counter()
            await asyncio.gather(*[one(session) for _ in range(connections)])
            return time.perf_counter() - started, latencies

    return uvloop.run(run())


class _Process:
    """A server in a process of its own, whose CPU time can be read."""

    def __init__(self, run: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_in_loop, args=(run, theirs, arguments), daemon=True
        )

    def __enter__(self) -> _Process:
        self._process.start()
        self.port: int = self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.send("end")
        self._process.join(30)
        self._process.kill()

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its threads so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _in_loop(
    run: Callable[..., Awaitable[None]], pipe: Connection, arguments: tuple[Any, ...]
) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
        await run(pipe.send, stop, *arguments)

    uvloop.run(main())


class _Answer(asyncio.Protocol):
    """Answers whatever it gets with the same object; requests here come in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        # A body that comes after its head is not a request of its own.
        if b" HTTP/1.1\r\n" in data:
            self._transport.write(HEAD + ANSWER)


async def _serve(ready: Callable[[int], None], stop: asyncio.Event) -> None:
    server = await asyncio.get_running_loop().create_server(_Answer, "127.0.0.1", 0)
    ready(server.sockets[0].getsockname()[1])
    await stop.wait()


async def _bare(ready: Callable[[int], None], stop: asyncio.Event, url: str) -> None:
    origin = url.removesuffix("/parse")

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        async with session.request(
            request.method,
            origin + request.raw_path,
            data=await request.read() or None,
            headers={name: value for name, value in request.headers.items() if name != "Host"},
        ) as response:
            return web.Response(
                status=response.status,
                body=await response.read(),
                headers={"Content-Type": response.headers["Content-Type"]},
            )

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
    ) as session:
        server = await asyncio.get_running_loop().create_server(
            web.Server(handle, access_log=None), "127.0.0.1", 0
        )
        ready(server.sockets[0].getsockname()[1])
        await stop.wait()


async def _capture(
    ready: Callable[[int], None], stop: asyncio.Event, url: str, out: str, settings: dict[str, Any]
) -> None:
    from parity.capture.proxy import Rules  # noqa: PLC0415 - in the other process

    redactor = Redactor({HEADERS["X-Parse-REST-API-Key"]: "$REST_KEY"}, b"k" * 32)
    made = CaptureSettings(
        UpstreamSettings(url),
        Path(out),
        rules=Rules(ignore=settings.get("ignore", ())),
        redactor=redactor if settings.get("redacted", True) else None,
        fsync=settings.get("fsync", True),
    )
    await capture(made, Stop(soon=stop), Told(ready, lambda *_: None, print))


if __name__ == "__main__":
    main()
