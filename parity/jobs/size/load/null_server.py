"""A null server: answers with fixed bytes, so that what is measured is the load generator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from parity.model import Secret, Style, Target, Writes
from parity.model.errors import HarnessError

ROW: Final = (
    b'{"objectId":"null000001","createdAt":"2026-01-01T00:00:00.000Z",'
    b'"updatedAt":"2026-01-01T00:00:00.000Z","title":"a row of the usual size","score":1337,'
    b'"text":"' + b"x" * 250 + b'"}'
)
_END_S: Final = 10.0
MADE: Final = b'{"objectId":"null000001","createdAt":"2026-01-01T00:00:00.000Z"}'


def _answer(status: bytes, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json; charset=utf-8\r\n"
        b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body


_READ: Final = _answer(b"200 OK", ROW)
_FOUND: Final = _answer(b"200 OK", b'{"results":[' + ROW + b"]}")
_WRITTEN: Final = _answer(b"201 Created", MADE)


class NullProtocol(asyncio.Protocol):
    """One connection; every request gets one of three fixed answers."""

    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            length = 0
            if self._data.startswith(b"GET"):
                answer = _FOUND if b"?" in self._data[: self._data.find(b"\r")] else _READ
            else:
                answer = _WRITTEN
                head = self._data[:end].lower()
                if (at := head.find(b"content-length:")) >= 0:
                    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            self._transport.write(answer)


async def serve() -> None:
    """Serve on a free loopback port, print it, and end when stdin is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(NullProtocol, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Run the server."""
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())


@contextmanager
def null_server() -> Iterator[Target]:
    """Run the server in a process of its own; give it as a target.

    Raises:
        HarnessError: It did not start.
    """
    server = subprocess.Popen(
        [sys.executable, "-m", "parity.jobs.size.load.null_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4])},
        process_group=0,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline() or 0)
        if not port:
            raise HarnessError("the null server did not start")
        yield Target(
            name="null-server",
            style=Style.PARSE_SERVER,
            url=f"http://127.0.0.1:{port}/parse",
            app_id=Secret("calibration"),
            writes=Writes.DISPOSABLE,
            embedded=True,
        )
    finally:
        server.stdin.close()
        server.wait(_END_S)
        server.stdout.close()


if __name__ == "__main__":
    main()
