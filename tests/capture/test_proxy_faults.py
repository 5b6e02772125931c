"""Upstreams and clients that break off, refuse, hang: answered, recorded, counted."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from parity.capture.bodies import Budget
from parity.capture.proxy import Rules
from parity.capture.recording import RecordingWriter, open_recording
from tests.capture.inside import Inside, inside
from tests.capture.upstreams import Conversation, Upstream, hang_up, ok
from tests.ports import free_port
from tests.stack.observe import eventually

MB = 1024 * 1024


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "app.jsonl"


def error_of(body: bytes) -> str:
    """Return the message of an error as a Parse SDK reads it."""
    parsed = json.loads(body)
    assert parsed["code"] == 100
    return str(parsed["error"])


def test_a_refused_connection_is_a_502_that_says_so_and_no_response(out: Path) -> None:
    with inside(f"http://127.0.0.1:{free_port()}/parse", out) as running:
        status, headers, body = running.ask("POST", body=b'{"a":1}')
        assert status == 502
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert "no connection" in error_of(body)
        (exchange,) = running.exchanges()
        assert exchange.response is None
        assert exchange.request.body == b'{"a":1}'
        assert exchange.notes[0].startswith("no response: no connection")
        assert running.end().counts["no_response"] == 1


def test_an_upstream_that_hangs_is_a_504(out: Path) -> None:
    let_go = threading.Event()

    def script(talk: Conversation) -> None:
        let_go.wait(60)
        hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out, timeout_s=0.2) as running:
        status, _, body = running.ask()
        assert status == 504
        assert "did not answer in time" in error_of(body)
        let_go.set()
        assert running.exchanges()[0].response is None


def test_headers_that_come_in_drips_are_waited_for(out: Path) -> None:
    def script(talk: Conversation) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Slow: 1\r\n\r\n{}":
            talk.send(bytes([byte]))

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        status, headers, body = running.ask()
        assert (status, headers["X-Slow"], body) == (200, "1", b"{}")


def test_an_answer_that_is_no_http_is_a_502(out: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.send(b"SSH-2.0-OpenSSH\r\n")
        hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        assert running.ask("POST", body=b"{}")[0] == 502
        assert running.exchanges()[0].response is None


def test_a_short_response_that_breaks_off_is_a_502_and_counted_as_cut_off(out: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.answer(b'{"half":', length=100)
        hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        status, _, body = running.ask()
        assert status == 502
        assert "broke off" in error_of(body)
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.response.status == 200
        assert exchange.response.body == b""
        assert "truncated body" in exchange.notes
        assert running.end().counts["cut_off"] == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_long_response_that_breaks_off_breaks_off_for_the_client(
    out: Path, method: str, *, chunked: bool
) -> None:
    def script(talk: Conversation) -> None:
        if chunked:
            talk.chunks(b"x" * 100_000, b"y" * 100_000, end=False)
        else:
            talk.answer(b"x" * 200_000, length=300_000)
        hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            running.ask(method)
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert {"truncated body", "truncated body: response"} <= set(exchange.notes)
        assert exchange.response.body == b""
        assert running.end().counts["cut_off"] == 1


def test_a_response_that_is_longer_than_it_says_is_no_http(out: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.answer(b"0123456789", length=4)
        hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        status, _, body = running.ask()
        assert status == 502
        assert "no HTTP" in error_of(body)


def test_an_upload_and_a_download_of_any_size_pass_and_are_not_held(out: Path) -> None:
    size = 20 * MB

    def script(talk: Conversation) -> None:
        talk.answer(talk.body[::-1])

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        body = b"0123456789abcdef" * (size // 16)
        assert running.ask("POST", "/parse/files/a.bin", body)[2] == body[::-1]
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.request.body == exchange.response.body == b""
        assert exchange.notes == (
            "truncated body",
            "truncated body: request",
            "truncated body: response",
        )
        counts = running.end().counts
        assert counts["truncated"] == 1
        assert counts["request_bytes"] == counts["response_bytes"] == size


def test_a_body_of_exactly_the_limit_is_kept(out: Path) -> None:
    with (
        Upstream(lambda talk: talk.answer(talk.body)) as upstream,
        inside(upstream.url, out, rules=Rules(max_body=1000)) as running,
    ):
        running.ask("POST", body=b"x" * 1000)
        running.ask("POST", body=b"x" * 1001)
        first, second = running.exchanges()
        assert (len(first.request.body), first.notes) == (1000, ())
        assert (len(second.request.body), second.notes[0]) == (0, "truncated body")


def test_many_large_bodies_at_once_do_not_fill_the_memory(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Budget(100_000)
    monkeypatch.setattr("parity.capture.proxy.Budget", lambda: limit)
    with (
        Upstream(lambda talk: talk.answer(b"{}")) as upstream,
        inside(upstream.url, out) as running,
        ThreadPoolExecutor(8) as pool,
    ):
        body = b"x" * 99_000
        codes = pool.map(lambda _: running.ask("POST", body=body)[0], range(24))
        assert set(codes) == {200}
        running.end()
        sizes = {len(exchange.request.body) for exchange in running.exchanges()}
        assert sizes <= {0, 99_000}
        assert all(
            exchange.request.body or "truncated body" in exchange.notes
            for exchange in running.exchanges()
        )
        # Everything was given back.
        assert limit.take(100_000)


def test_a_client_that_goes_away_in_its_request_is_recorded_without_response(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        for length in (100, 1_000_000):
            with socket.create_connection(("127.0.0.1", running.port)) as connection:
                connection.sendall(
                    b"POST /parse/classes/A HTTP/1.1\r\nHost: a\r\n"
                    b"Content-Length: %d\r\n\r\n{" % length
                )
        eventually(lambda: in_file(out) == 2, "both are recorded")
        for exchange in running.exchanges():
            assert exchange.response is None
            assert {"the client went away", "truncated body: request"} <= set(exchange.notes)
            assert exchange.request.body == b""
        counts = running.end().counts
        assert (counts["kept"], counts["client_gone"], counts["no_response"]) == (2, 2, 2)


def test_a_client_that_goes_away_in_its_response_does_not_hide_the_write(out: Path) -> None:
    go_on = threading.Event()

    def script(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1\r\nx\r\n")
        go_on.wait(60)
        for _ in range(50):
            talk.send(b"%x\r\n%b\r\n" % (100_000, b"y" * 100_000))
        talk.send(b"0\r\n\r\n")

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        connection = socket.create_connection(("127.0.0.1", running.port))
        connection.sendall(b"POST /parse/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert connection.recv(1)
        # Reset it, so that the proxy's next write fails.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        go_on.set()
        eventually(lambda: in_file(out) == 1, "it is recorded")
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert len(exchange.response.body) == 5_000_002
        assert "the client went away" in exchange.notes


def in_file(out: Path) -> int:
    return out.read_bytes().count(b'"kind":"exchange"')


class Gate:
    """A disk that takes its time, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.reached = threading.Event()
        flush = RecordingWriter.flush

        def gated(writer: RecordingWriter) -> None:
            if writer.exchanges:
                self.reached.set()
                self.opened.wait(60)
            flush(writer)

        monkeypatch.setattr(RecordingWriter, "flush", gated)


def receive(running: Inside, request: bytes, got: list[bytes], end: threading.Event) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(request)
        while part := connection.recv(65536):
            got.append(part)
    end.set()


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", b"{}"), ("PUT", b"{}"), ("DELETE", b""), ("GET /parse/login", b"")],
)
def test_a_write_is_on_disk_before_its_response_is_passed_on(
    out: Path, monkeypatch: pytest.MonkeyPatch, method: str, body: bytes
) -> None:
    gate = Gate(monkeypatch)
    verb, _, path = method.partition(" ")
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        got: list[bytes] = []
        end = threading.Event()
        request = (
            f"{verb} {path or '/parse/classes/A'} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        threading.Thread(target=receive, args=(running, request, got, end), daemon=True).start()
        assert gate.reached.wait(60)
        assert not end.wait(0.2)
        assert got == []
        gate.opened.set()
        assert end.wait(60)
        assert b"".join(got).endswith(b'.000Z"}')


def test_the_end_of_a_streamed_write_waits_for_the_disk(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    with (
        Upstream(lambda talk: talk.chunks(b"first", b"second", b"last")) as upstream,
        inside(upstream.url, out) as running,
    ):
        got: list[bytes] = []
        end = threading.Event()
        request = (
            b"POST /parse/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        threading.Thread(target=receive, args=(running, request, got, end), daemon=True).start()
        assert gate.reached.wait(60)
        assert not end.wait(0.2)
        assert b"last" not in b"".join(got)
        gate.opened.set()
        assert end.wait(60)
        assert b"last\r\n0\r\n\r\n" in b"".join(got)


@pytest.mark.parametrize("body", [None, b'{"where":{"a":1},"_method":"GET"}'])
def test_a_read_does_not_wait_for_the_disk(
    out: Path, monkeypatch: pytest.MonkeyPatch, body: bytes | None
) -> None:
    gate = Gate(monkeypatch)
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        for _ in range(3):
            assert running.ask("POST" if body else "GET", body=body)[0] == 200
        assert not gate.opened.is_set()
        gate.opened.set()
        assert len(running.exchanges()) == 3


def test_an_exchange_that_cannot_be_redacted_is_lost_loudly_and_nothing_of_it_is_written(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = RecordingWriter.write

    def fail_sometimes(writer: RecordingWriter, exchange: Any, *, sync: bool = False) -> None:
        if b"bad" in exchange.request.body:
            raise RuntimeError(f"secret {exchange.request.body!r}")
        write(writer, exchange, sync=sync)

    monkeypatch.setattr(RecordingWriter, "write", fail_sometimes)
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        for body in (b"good", b"bad", b"good"):
            assert running.ask("POST", body=body)[0] == 200
        ended = running.end()
        assert (ended.counts["kept"], ended.counts["lost"]) == (2, 1)
        assert ended.failure == "1 exchanges could not be written"
        assert running.problems == ["an exchange was lost: RuntimeError in parse-parity"]
        assert len(running.exchanges()) == 2
    assert b"bad" not in out.read_bytes()


def test_an_error_of_ours_costs_the_exchange_and_not_the_response(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise RuntimeError("planted-secret")

    monkeypatch.setattr("parity.capture.passing.lane_of", broken)
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        assert running.ask("POST", body=b"{}")[0] == 200
        ended = running.end()
        assert (ended.counts["kept"], ended.counts["lost"]) == (0, 1)
        assert ended.failure == "1 exchanges could not be written"
        assert running.problems == ["an exchange was lost: RuntimeError in parse-parity"]


def test_a_disk_that_refuses_stops_the_recording_and_not_the_traffic(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = RecordingWriter.flush

    def full(writer: RecordingWriter) -> None:
        if writer.exchanges > 2:
            raise OSError(28, "No space left on device")
        flush(writer)

    monkeypatch.setattr(RecordingWriter, "flush", full)
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        for _ in range(5):
            assert running.ask("POST", body=b"{}")[0] == 200
        ended = running.end()
        assert ended.failure == "No space left on device"
        assert (ended.counts["kept"], ended.counts["lost"]) == (2, 3)
        (problem,) = running.problems
        assert problem.startswith("nothing is recorded any more: No space left on device.")
    with open_recording(out, allow_truncated=True) as recording:
        assert recording.truncated
        assert len(list(recording)) >= 2


@pytest.mark.parametrize(
    ("method", "fsync", "calls"), [("POST", True, 1), ("GET", True, 0), ("POST", False, 0)]
)
def test_only_writes_are_synchronised_with_the_disk_and_only_if_asked_for(
    out: Path, monkeypatch: pytest.MonkeyPatch, method: str, *, fsync: bool, calls: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("parity.capture.recorder.os.fsync", synced.append)
    with Upstream(ok) as upstream, inside(upstream.url, out, fsync=fsync) as running:
        running.ask(method, body=b"{}" if method == "POST" else None)
        assert len(synced) == calls
        running.end()
