"""A trivial server that answers as a Parse server does, as fast as one process can.

It keeps nothing: a row is made of the id in the request. Run as a program it serves on a free
port and prints it.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

CREATED = "2026-11-23T06:00:00.000Z"
UPDATED = "2026-11-23T06:30:00.000Z"
FIELDS = '"score":1337,"playerName":"Sean Plott","cheatMode":false,"skills":["pwnage","flying"]'
_HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n"
    "Connection: keep-alive\r\nContent-Length: {length}\r\n{more}\r\n"
)


def row(object_id: str) -> str:
    """Return the JSON of a row."""
    return f'{{"objectId":"{object_id}",{FIELDS},"createdAt":"{CREATED}","updatedAt":"{CREATED}"}}'


class FastParse(asyncio.Protocol):
    """One connection."""

    minted = 0

    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop has a class of its own that does all that asyncio.Transport does.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end]
            length = 0
            lower = head.lower()
            if (at := lower.find(b"content-length:")) >= 0:
                length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._data) < end + 4 + length:
                return
            self._data = self._data[end + 4 + length :]
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        method, target, _ = head.split(b" ", 2)
        status, more = "200 OK", ""
        if method == b"POST":
            FastParse.minted += 1
            object_id = f"L{FastParse.minted:09d}"
            status = "201 Created"
            more = f"Location: http://127.0.0.1/parse/classes/GameScore/{object_id}\r\n"
            body = f'{{"objectId":"{object_id}","createdAt":"{CREATED}"}}'
        elif method == b"PUT":
            body = f'{{"updatedAt":"{UPDATED}"}}'
        elif b"?" in target:
            at = target.find(b"%22", target.find(b"objectId%22") + 11) + 3
            body = f'{{"results":[{row(target[at : at + 10].decode())}]}}'
        else:
            body = row(target[-10:].decode())
        text = body.encode()
        return _HEAD.format(status=status, length=len(text), more=more).encode() + text


async def serve() -> None:
    """Serve until stdin is closed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FastParse, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve())
