"""A capture inside the test's process, so that tests are fast and can look into it."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from parity.capture.recording import RecordedExchange, open_recording
from parity.capture.session import Captured, CaptureSettings, Stop, Told, capture
from parity.capture.upstream import UpstreamSettings

DEADLINE_S = 60.0


@dataclass(slots=True)
class Inside:
    """A running capture.

    Attributes:
        port: Its port.
        out: Its recording.
        problems: What it complained about.
    """

    out: Path
    loop: asyncio.AbstractEventLoop
    stop: Stop
    port: int = 0
    problems: list[str] = field(default_factory=list)
    done: Future[Captured] = field(default_factory=Future)

    def end(self) -> Captured:
        """End it and return how it ended."""
        if not self.done.done():
            self.loop.call_soon_threadsafe(self.stop.soon.set)
        return self.done.result(DEADLINE_S)

    def exchanges(self) -> list[RecordedExchange]:
        """End it and return what was recorded."""
        self.end()
        with open_recording(self.out) as recording:
            return list(recording)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    def ask(
        self,
        method: str = "GET",
        target: str = "/parse/classes/A",
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()


@contextmanager
def inside(url: str, out: Path, **settings: Any) -> Iterator[Inside]:
    """Capture in front of an upstream while the context lasts.

    Args:
        url: The upstream.
        out: The recording.
        **settings: Of :class:`CaptureSettings`; ``ca``, ``timeout_s`` and ``keep_host`` of
            :class:`UpstreamSettings`.
    """
    of_upstream = {
        name: settings.pop(name) for name in ("ca", "timeout_s", "keep_host") if name in settings
    }
    made = CaptureSettings(UpstreamSettings(url, **of_upstream), out, **settings)
    started: Future[Inside] = Future()

    async def run() -> None:
        running = Inside(out, asyncio.get_running_loop(), Stop())

        def ready(port: int) -> None:
            running.port = port
            started.set_result(running)

        told = Told(ready=ready, status=lambda *_: None, problem=running.problems.append)
        try:
            running.done.set_result(await capture(made, running.stop, told))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            (running.done if started.done() else started).set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    running = started.result(DEADLINE_S)
    try:
        yield running
    finally:
        running.end()
        thread.join(DEADLINE_S)


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
