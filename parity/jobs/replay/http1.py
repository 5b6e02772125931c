"""One HTTP/1.1 connection of a replay, on uvloop and httptools.

aiohttp takes 70 microseconds of CPU for an exchange and this a third of it (``make bench``), which
is what lets one process keep several Parse Servers busy and still compare every answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import cast

import httptools

from parity.model import HarnessError

LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes of an answer that are read; a larger one is an error of the run, not a Difference."""
_WITHOUT_LENGTH = (b"content-length", b"transfer-encoding")


class BrokenConnection(ConnectionError):
    """The server closed the connection before its answer was complete."""


class Connection(asyncio.Protocol):
    """One connection: one request at a time.

    Attributes:
        busy_since: When the request under way was sent, by :func:`time.monotonic`; 0 if none is.
        is_open: Whether another request can be sent.
    """

    def __init__(self) -> None:
        self.busy_since = 0.0
        self.is_open = True
        self._transport: asyncio.WriteTransport
        self._parser: httptools.HttpResponseParser
        self._answer: asyncio.Future[tuple[int, dict[str, str], bytes]]
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._status = 0
        self._ends_at_close = False
        self._has_no_body = False

    async def exchange(
        self, method: str, path: str, host: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and return the answer: status, headers by lower-case name, body.

        Args:
            method: HTTP method.
            path: Path and query, encoded.
            host: For the header ``Host``.
            headers: All others, without those of the transfer.
            body: May be empty.

        Raises:
            BrokenConnection: The connection ended before the answer was complete.
            HarnessError: The answer is no HTTP, or too large.
        """
        lines = [f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}\r\n")
        head = "".join(lines)
        # Counted, because a whole CR LF within a value would look like the end of a line of ours.
        if not head.count("\r") == head.count("\n") == len(lines) + 1:
            raise HarnessError("a recorded header holds a line break and cannot be sent")
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body, self._size = {}, [], 0
        self._ends_at_close, self._has_no_body = False, method == "HEAD"
        self.busy_since = time.monotonic()
        self._transport.write(head.encode("latin-1", "replace") + b"\r\n" + body)
        try:
            return await self._answer
        finally:
            self.busy_since = 0.0

    def close(self) -> None:
        """End the connection; a request under way is broken."""
        self.is_open = False
        self._transport.close()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop has a class of its own that does all that asyncio's does.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse a piece of an answer."""
        if not self.busy_since:
            self.close()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(HarnessError("the answer is no HTTP: it changes to another protocol"))
        except httptools.HttpParserError as error:
            self._fail(HarnessError(f"the answer is no HTTP: {error}"))

    def connection_lost(self, _error: Exception | None) -> None:
        """Note that the server has closed the connection."""
        self.is_open = False
        if self.busy_since and not self._answer.done():
            if self._ends_at_close:
                self._finish()
            else:
                self._fail(BrokenConnection("it was closed before the answer was complete"))

    # What httptools calls

    def on_message_begin(self) -> None:
        """Take no second answer to one request: what follows could be taken for the next one."""
        if self._answer.done():
            self._headers = {}
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; of repeated ones the last."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Decide how the body ends."""
        self._status = self._parser.get_status_code()
        if self._status < 200:
            self._headers = {}  # 100 Continue: the answer is still to come
        elif self._has_no_body:
            self.is_open = False  # the parser waits for a body that HEAD does not have
            self._finish()
            self._transport.close()
        else:
            self._ends_at_close = not (
                self._status in (204, 304)
                or any(name.decode() in self._headers for name in _WITHOUT_LENGTH)
            )

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self._size += len(data)
        if self._size > LARGEST_ANSWER:
            self._fail(HarnessError(f"an answer has more than {LARGEST_ANSWER} bytes"))
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Give the answer to who waits for it."""
        if self._status < 200:
            return
        if not self._parser.should_keep_alive():
            self.close()
        self._finish()

    def _finish(self) -> None:
        if not self._answer.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._answer.set_result((self._status, self._headers, body))

    def _fail(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)
        self.close()
