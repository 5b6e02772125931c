"""The connection of a load user: kept, opened again when it was closed, and never sending twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from parity.jobs.size.load import http
from parity.jobs.size.load.http import Connection, NoAnswer

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
Serve = Callable[[socket.socket, int], None]


class Seen:
    """What a server saw."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/parse"
        self.connections = 0


@contextmanager
def server(serve: Serve) -> Iterator[Seen]:
    """Run a server that does with its n-th connection what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        seen = Seen(listening.getsockname()[1])

        def run() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                seen.connections += 1
                with connection:
                    serve(connection, seen.connections)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def read(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        got = connection.recv(4096)
        if not got:
            return b""
        data += got
    return data


def answer_all(connection: socket.socket, _: int) -> None:
    while read(connection):
        connection.sendall(ANSWER)


def answer_one(connection: socket.socket, _: int) -> None:
    if read(connection):
        connection.sendall(ANSWER)


def test_one_connection_serves_all_requests() -> None:
    with server(answer_all) as seen:
        connection = Connection(seen.url, 5.0)
        assert [connection.send(REQUEST).body for _ in range(20)] == [b"{}"] * 20
        connection.close()
    assert seen.connections == 1


def test_a_server_that_closes_after_each_answer_gets_a_new_connection_each_time() -> None:
    def closing(connection: socket.socket, _: int) -> None:
        if read(connection):
            connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    with server(closing) as seen:
        connection = Connection(seen.url, 5.0)
        assert [connection.send(REQUEST).status for _ in range(3)] == [200] * 3
        connection.close()
    assert seen.connections == 3


def test_an_idle_connection_that_was_closed_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "_IDLE_S", -1.0)
    with server(answer_one) as seen:
        connection = Connection(seen.url, 5.0)
        assert connection.send(REQUEST).status == 200
        # The end of the connection arrives before it is used again.
        assert connection._socket.recv(1, socket.MSG_PEEK) == b""
        assert connection.send(REQUEST).status == 200
        connection.close()
    assert seen.connections == 2


def test_a_request_that_breaks_is_not_sent_again() -> None:
    def breaking(connection: socket.socket, _: int) -> None:
        read(connection)

    with server(breaking) as seen:
        connection = Connection(seen.url, 5.0)
        with pytest.raises(NoAnswer, match="closed before the answer was complete"):
            connection.send(REQUEST)
        connection.close()
    assert seen.connections == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "no answer within 0.2 s"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "no answer within 0.2 s"),
        (b"nonsense\r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(sent: bytes, said: str) -> None:
    over = threading.Event()

    def serve(connection: socket.socket, _: int) -> None:
        read(connection)
        connection.sendall(sent)
        over.wait(10)

    with server(serve) as seen:
        connection = Connection(seen.url, 0.2)
        with pytest.raises(NoAnswer, match=said):
            connection.send(REQUEST)
        over.set()


def test_a_body_in_chunks_is_whole() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def serve(connection: socket.socket, _: int) -> None:
        read(connection)
        for part in (chunked, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"):
            connection.sendall(part)
        read(connection)

    with server(serve) as seen:
        connection = Connection(seen.url, 5.0)
        assert connection.send(REQUEST).body == b"abcde"
        connection.close()
