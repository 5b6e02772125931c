"""A trivial local server, and users that ask it: how fast can the generator be at all?

The users do with each answer what those of :mod:`parity.jobs.size.load.rest` do with the cheapest
ones: parse it and look for what must be in it. The server answers with fixed bytes.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, cast

from parity.profiles.profile import READS

ROW: Final = (
    b'{"objectId":"nothing001","createdAt":"2026-01-01T00:00:00.000Z",'
    b'"updatedAt":"2026-01-01T00:00:00.000Z","title":"a row of the usual size","score":1337,'
    b'"text":"' + b"x" * 250 + b'"}'
)
MADE: Final = b'{"objectId":"nothing001","createdAt":"2026-01-01T00:00:00.000Z"}'


def _answer(status: bytes, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json; charset=utf-8\r\n"
        b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body


_READ: Final = _answer(b"200 OK", ROW)
_FOUND: Final = _answer(b"200 OK", b'{"results":[' + ROW + b"]}")
_WRITTEN: Final = _answer(b"201 Created", MADE)


class Trivial(asyncio.Protocol):
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
    server = await loop.create_server(Trivial, "127.0.0.1", 0)
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


class NothingLoad:
    """What the users of one process share; arguments as of ``RestLoad``."""

    def __init__(self, order: Any, _arrangement: Any, worker: int) -> None:
        from parity.jobs.size.load.rest_http import Wire  # noqa: PLC0415 - only inside of Locust

        self.order = order
        self.wire = Wire(order)
        self.rng = random.Random(worker)  # noqa: S311 - protects nothing

    def client(self) -> NothingClient:
        """Return a new user."""
        return NothingClient(self)

    def take_files(self) -> Sequence[str]:
        """Nothing is uploaded."""
        return ()

    def close(self) -> None:
        """Nothing is shared that would have to be closed."""


class NothingClient:
    """One user."""

    def __init__(self, load: NothingLoad) -> None:
        self.load = load
        self.connection = load.wire.connection()

    def perform(self, operation: int) -> Any:
        """Send a read or a write, as the operation of the profile is one."""
        from parity.jobs.size.load.acting import Outcome  # noqa: PLC0415 - only inside of Locust
        from parity.jobs.size.load.http import NoAnswer  # noqa: PLC0415
        from parity.jobs.size.load.rest_http import (  # noqa: PLC0415
            Wrong,
            encoded,
            object_of,
            string_of,
        )

        wanted = self.load.order.profile.operations[operation]
        if wanted.ask in READS:
            request = self.load.wire.get("classes/Nothing/nothing001")
        else:
            body = encoded({"parityPad": "x" * wanted.payload_bytes})
            request = self.load.wire.request("POST", "classes/Nothing", body)
        sent = monotonic()
        try:
            answer = self.connection.send(request)
            string_of(object_of(answer, 200, 201), "objectId")
        except (Wrong, NoAnswer) as error:
            return Outcome(wanted.name, sent, monotonic(), f"{wanted.ask}: {error}")
        return Outcome(wanted.name, sent, answer.ended, "", len(answer.body))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


if __name__ == "__main__":
    main()
