"""A server that sends exactly the bytes it is told to, right or wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

Handler = Callable[["Visit"], Awaitable[None]]
T = TypeVar("T")


@dataclass(slots=True)
class Visit:
    """One connection that a client made.

    Attributes:
        number: How many came before.
        reader: What the client sends.
        writer: What it gets.
        requests: Heads and bodies that were read from any connection.
    """

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes]

    async def read(self) -> bytes:
        """Return the next request; empty when the client is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        request = head + (await self.reader.readexactly(length) if length else b"")
        self.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        """Send bytes, and see that they are on their way."""
        self.writer.write(data)
        await self.writer.drain()


@dataclass(slots=True)
class Server:
    """A running server.

    Attributes:
        port: Where.
        requests: What was asked.
        visits: Number of connections.
        gone: Set whenever a client has left.
    """

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    visits: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Run a server; each connection gets the handler, and is closed when that returns."""
    state = Server()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(state.visits, reader, writer, state.requests)
        state.visits += 1
        try:
            await handler(visit)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            state.gone.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()


def always(answer: bytes, *, closes: bool = False) -> Handler:
    """Return a handler that answers each request with these bytes."""

    async def handler(visit: Visit) -> None:
        while await visit.read():
            await visit.send(answer)
            if closes:
                return

    return handler


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, within a deadline."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
    assert condition(), what


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test; none takes longer than its deadline."""

    async def bounded() -> T:
        async with asyncio.timeout(30):
            return await main

    return asyncio.run(bounded())
