"""Upstreams that say exactly what a test wants, byte for byte."""

from __future__ import annotations

import gzip
import socket
import socketserver
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

Script = Callable[["Conversation"], None]


class Conversation:
    """One request that an upstream got, and the connection to answer it on.

    Attributes:
        line: The request line.
        headers: Names in lower case; repeated ones are joined with a comma.
        body: The body, chunks joined.
    """

    def __init__(self, connection: socket.socket, stream: Any) -> None:
        self.connection = connection
        self.line = stream.readline().decode("latin-1").strip()
        self.headers: dict[str, str] = {}
        while self.line and (line := stream.readline().decode("latin-1").strip()):
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.body = self._body(stream)

    @property
    def method(self) -> str:
        return str(self.line.split(" ")[0])

    @property
    def target(self) -> str:
        return str(self.line.split(" ")[1])

    def send(self, raw: bytes) -> None:
        self.connection.sendall(raw)

    def answer(
        self, body: bytes = b"{}", *headers: str, status: str = "200 OK", length: int | None = None
    ) -> None:
        """Send a response with a Content-Length."""
        lines = [
            f"HTTP/1.1 {status}",
            *headers,
            f"Content-Length: {len(body) if length is None else length}",
        ]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def chunks(self, *chunks: bytes, end: bool = True) -> None:
        """Send a response in chunks."""
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in chunks:
            self.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if end:
            self.send(b"0\r\n\r\n")

    def _body(self, stream: Any) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(stream.readline(), 16):
                parts.append(stream.read(size))
                stream.readline()
            stream.readline()
            return b"".join(parts)
        return bytes(stream.read(int(self.headers.get("content-length", "0"))))


class Upstream:
    """A context manager that answers every request with a script.

    Attributes:
        seen: The conversations so far.
    """

    def __init__(self, script: Script) -> None:
        self.seen: list[Conversation] = []
        upstream = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while True:
                    try:
                        talk = Conversation(self.connection, self.rfile)
                        if not talk.line:
                            return
                        upstream.seen.append(talk)
                        script(talk)
                    except (OSError, ValueError):
                        return
                    if getattr(talk, "hang_up", False):
                        return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        scheme = getattr(self, "scheme", "http")
        return f"{scheme}://127.0.0.1:{self.server.server_address[1]}/parse"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


def ok(talk: Conversation) -> None:
    """Answer as a Parse Server does to anything that is well."""
    body = b'{"objectId":"abcdefghij","createdAt":"2026-01-01T00:00:00.000Z"}'
    talk.answer(body, "Content-Type: application/json; charset=utf-8")


def hang_up(talk: Conversation) -> None:
    """Close the connection after this."""
    talk.hang_up = True  # type: ignore[attr-defined]


def zipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)
