"""Sends requests over as many connections as there are lanes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from parity.capture.bodies import TooLongError, UndecodableError, decoded
from parity.jobs.replay.http1 import LARGEST_ANSWER, BrokenConnection, Connection
from parity.jobs.replay.judgement import Answer
from parity.jobs.replay.rewrite import Rewritten
from parity.model import HarnessError, TargetDown, TargetTimeout
from parity.targets.tls import client_context

LOOK_EVERY_S = 0.25


class Sender:
    """An HTTP client for one target; an asynchronous context manager.

    Args:
        target: The target's name, for messages.
        url: Its base URL; requests go to its host whatever their own says.
        timeout_s: Seconds for a whole exchange.
        ca: PEM file of a private certificate authority, trusted beside those of the system.
    """

    def __init__(self, target: str, url: str, timeout_s: float, ca: Path | None = None) -> None:
        parts = urlsplit(url)
        self._target = target
        self._timeout_s = timeout_s
        self._address = (
            parts.hostname or "",
            parts.port or (443 if parts.scheme == "https" else 80),
        )
        self._host = parts.netloc.rpartition("@")[2]
        self._origin_length = len(f"{parts.scheme}://{parts.netloc}")
        self._tls = client_context(ca) if parts.scheme == "https" else None
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._late: set[Connection] = set()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._watch = asyncio.create_task(self._close_late_ones())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        for each in [*self._idle, *self._busy]:
            each.close()

    async def send(self, method: str, request: Rewritten, *, again: bool) -> Answer:
        """Send a request and read the answer.

        Args:
            method: HTTP method.
            request: What to send.
            again: Whether it may be sent a second time if the connection breaks before an answer:
                it changes nothing.

        Raises:
            TargetDown: Nobody answers, or the connection broke.
            TargetTimeout: No answer in time.
            HarnessError: The answer is no HTTP, or too large.
        """
        started = time.perf_counter()
        connection = self._take() or await self._connect()
        self._busy.add(connection)
        try:
            status, headers, body = await connection.exchange(
                method,
                request.url[self._origin_length :],
                self._host,
                request.headers,
                request.body,
            )
        except BrokenConnection as error:
            if connection in self._late:
                self._late.discard(connection)
                raise TargetTimeout(
                    f"{self._target} did not answer within {self._timeout_s:g} s"
                ) from error
            # A server may close an idle connection just when it is used again.
            if again:
                return await self.send(method, request, again=False)
            raise TargetDown(f"{self._target} broke the connection: {error}") from error
        except BaseException:
            connection.close()  # nobody else knows of it
            raise
        finally:
            self._busy.discard(connection)
        elapsed_ms = (time.perf_counter() - started) * 1000
        if connection.is_open:
            self._idle.append(connection)
        if "content-encoding" in headers:
            body = _decoded(body, headers["content-encoding"])
        return Answer(status, headers, body, elapsed_ms)

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                _, connection = await loop.create_connection(
                    Connection, *self._address, ssl=self._tls
                )
        except TimeoutError as error:
            raise TargetTimeout(
                f"{self._target} did not take a connection within {self._timeout_s:g} s"
            ) from error
        except ssl.SSLError as error:
            raise HarnessError(f"{self._target}: TLS failed: {error}") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise TargetDown(f"{self._target} does not answer: {reason}") from error
        return connection

    async def _close_late_ones(self) -> None:
        # One look at all of them instead of a timer for each exchange.
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            limit = time.monotonic() - self._timeout_s
            for connection in list(self._busy):
                if 0 < connection.busy_since < limit:
                    self._late.add(connection)
                    connection.close()


def _decoded(body: bytes, encoding: str) -> bytes:
    # Nothing asked for an encoding, but some proxies use one all the same.
    try:
        return decoded(body, encoding, LARGEST_ANSWER)
    except (UndecodableError, TooLongError) as error:
        raise HarnessError(f"an answer cannot be decoded: {error}") from error
