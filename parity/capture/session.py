"""One capture from its first request to its footer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from parity import __version__
from parity.capture.accounting import Accounts
from parity.capture.proxy import Proxy, Rules
from parity.capture.recorder import Bounds, Recorder
from parity.capture.recording import RecordingHeader, RecordingWriter
from parity.capture.upstream import Upstream, UpstreamSettings
from parity.model import UserError
from parity.model.evidence import utc_now
from parity.wire import Redactor

GRACE_S = 10.0
"""Seconds that requests in flight have to finish when a capture ends."""
STATUS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """What to capture, where to, and when to stop.

    Attributes:
        upstream: The server that requests are passed on to.
        out: The recording, a new file.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        rules: What is recorded.
        bounds: When to stop by itself.
        minutes: The same, by time; ``None`` for no end.
        redactor: Redacts what is written; ``None`` writes secrets as they are.
        fsync: Whether a write is on the disk before its response is passed on.
        source: What the recording says it is of: ``"hosted"``.
        grace_s: Seconds for requests in flight at the end.
    """

    upstream: UpstreamSettings
    out: Path
    host: str = "127.0.0.1"
    port: int = 0
    rules: Rules = field(default_factory=Rules)
    bounds: Bounds = field(default_factory=Bounds)
    minutes: float | None = None
    redactor: Redactor | None = None
    fsync: bool = True
    source: str = ""
    grace_s: float = GRACE_S


@dataclass(frozen=True, slots=True)
class Captured:
    """How a capture ended.

    Attributes:
        counts: See :class:`parity.capture.accounting.Accounts`.
        seconds: How long it ran.
        failure: Why the recording is not whole; ``None`` if it is.
    """

    counts: dict[str, int]
    seconds: float
    failure: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told what while a capture runs; all are called in the event loop.

    Attributes:
        ready: The port, once it listens.
        status: The accounts and the seconds since the start, now and then.
        problem: A sentence about what went wrong.
    """

    ready: Callable[[int], None]
    status: Callable[[Accounts, float], None]
    problem: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """How a capture is told to end; make it in the event loop.

    Attributes:
        soon: No new requests; those in flight get some time, then comes the footer.
        now: Do not wait for those in flight.
    """

    soon: asyncio.Event = field(default_factory=asyncio.Event)
    now: asyncio.Event = field(default_factory=asyncio.Event)


async def capture(settings: CaptureSettings, stop: Stop, told: Told) -> Captured:
    """Listen, pass on and record until told to stop or a bound is reached.

    Args:
        settings: What to do.
        stop: Ends it.
        told: Who is told what.

    Returns:
        How it ended.

    Raises:
        UserError: The recording cannot be written, or the address is not free.
    """
    accounts = Accounts()
    listener = _listener(settings)
    with contextlib.closing(listener):
        async with Upstream(settings.upstream) as upstream:
            writer = RecordingWriter(settings.out, _header(settings), redactor=settings.redactor)
            recorder = Recorder(
                writer,
                accounts,
                bounds=settings.bounds,
                fsync=settings.fsync,
                on_end=stop.soon.set,
                on_failure=told.problem,
            )
            try:
                proxy = Proxy(upstream, recorder, accounts, settings.rules)
                seconds = await _serve(settings, listener, proxy.server(), accounts, stop, told)
            finally:
                await recorder.close()
    return Captured(accounts.as_dict(), seconds, _failure(recorder, accounts))


async def _serve(
    settings: CaptureSettings,
    listener: socket.socket,
    web_server: web.Server,
    accounts: Accounts,
    stop: Stop,
    told: Told,
) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    server = await loop.create_server(web_server, sock=listener)
    try:
        told.ready(listener.getsockname()[1])
        ends_at = None if settings.minutes is None else started + 60 * settings.minutes
        while not stop.soon.is_set() and (ends_at is None or loop.time() < ends_at):
            told.status(accounts, loop.time() - started)
            wait_s = (
                STATUS_EVERY_S if ends_at is None else min(STATUS_EVERY_S, ends_at - loop.time())
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.soon.wait(), max(wait_s, 0))
    finally:
        server.close()
        web_server.pre_shutdown()
        gives_up_at = loop.time() + settings.grace_s
        while accounts.in_flight and loop.time() < gives_up_at and not stop.now.is_set():
            await asyncio.sleep(0.02)
        await web_server.shutdown(0.001)  # 0 would wait for ever
    return loop.time() - started


def _listener(settings: CaptureSettings) -> socket.socket:
    upstream = urlsplit(settings.upstream.url)
    if settings.port and (upstream.hostname, upstream.port) == (settings.host, settings.port):
        raise UserError(
            f"the upstream {settings.upstream.url} is the address to listen on",
            "Give another port with --listen; the app is pointed at that one.",
            code="capture-loop",
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        raise UserError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
            "Give another address with --listen, for example 127.0.0.1:8082.",
            code="capture-listen",
        ) from error


def _header(settings: CaptureSettings) -> RecordingHeader:
    facts = {"sample": str(settings.rules.sample)} if settings.rules.sample < 1 else {}
    if settings.rules.ignore:
        facts["ignore"] = " ".join(settings.rules.ignore)
    return RecordingHeader(
        base_url=settings.upstream.url,
        created_at=utc_now(),
        source=f"capture of {settings.source or settings.upstream.url}",
        redacted=settings.redactor is not None,
        tool=f"parse-parity {__version__}",
        facts=facts,
    )


def _failure(recorder: Recorder, accounts: Accounts) -> str | None:
    if recorder.failure is not None:
        return recorder.failure
    if lost := accounts["lost"]:
        return f"{lost} exchanges could not be written"
    if unaccounted := accounts.unaccounted:
        return f"{unaccounted} requests are not accounted for, an error in parse-parity itself"
    return None
