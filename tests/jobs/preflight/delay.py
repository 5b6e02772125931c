"""A TCP proxy on loopback that passes everything on, later."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def delaying_proxy(port: int, delay_s: float) -> Iterator[int]:
    """Run a proxy in front of a port of this machine.

    Args:
        port: Where to pass bytes on to.
        delay_s: Seconds that bytes from the client wait; a round trip takes that much longer.

    Yields:
        The proxy's own port.
    """
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    ports: list[int] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, wait_s: float) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                await asyncio.sleep(wait_s)
                sink.write(data)
                await sink.drain()
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, there_writer, delay_s), pump(there_reader, writer, 0.0))

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.run_until_complete(main())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
