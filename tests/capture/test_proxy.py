"""What goes through a capture arrives as it was sent, and is in the recording."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import zstandard

from tests.capture.inside import Inside, inside
from tests.capture.upstreams import Conversation, Upstream, hang_up, ok, zipped

TEXT = json.dumps({"results": [{"text": "Ünï-cødé ✓"}] * 50}, ensure_ascii=False).encode()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "app.jsonl"


def raw(running: Inside, request: bytes) -> bytes:
    """Send bytes and read until the proxy closes the connection."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


@pytest.mark.parametrize(
    "url",
    [
        "/parse/classes/A?where=%7B%22a%22%3A1%7D&limit=10",
        '/parse/classes/A?where={"a":"%2F"}',
        "/parse//classes/../A/./b?x=%2e%2E&&=",
        "/parse/files/a%20b%2Fc.txt",
        "/parse/classes/A?where=" + "x" * 60_000,
    ],
)
def test_paths_and_queries_are_passed_on_byte_for_byte(out: Path, url: str) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        raw(running, f"GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert upstream.seen[0].target == url
        (exchange,) = running.exchanges()
        assert exchange.request.url == url


def test_response_headers_are_those_of_the_upstream_and_no_others(out: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.answer(b"x", "Set-Cookie: a=1", "X-Odd-CASE: é", "Set-Cookie: b=2")

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        answer = raw(running, b"GET /parse/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        assert sorted(head) == sorted(
            ["HTTP/1.1 200 OK", "Set-Cookie: a=1", "X-Odd-CASE: é", "Set-Cookie: b=2",
             "Content-Length: 1", "Connection: close"]
        )  # fmt: skip
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert [value for name, value in exchange.response.headers if name == "Set-Cookie"] == [
            "a=1",
            "b=2",
        ]


def test_request_headers_are_passed_on_without_those_of_the_connection(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        raw(
            running,
            b"POST /parse/a HTTP/1.1\r\nHost: app.example\r\nConnection: close, X-Private\r\n"
            b"X-Private: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Kept: 1\r\n"
            b"X-Forwarded-For: 10.1.1.1\r\nContent-Length: 2\r\n\r\n{}",
        )
        got = upstream.seen[0].headers
        assert not {"x-private", "keep-alive", "te", "upgrade"} & set(got)
        assert got["x-kept"] == "1"
        assert got["x-forwarded-for"] == "10.1.1.1, 127.0.0.1"
        assert got["x-forwarded-proto"] == "http"
        assert got["x-forwarded-host"] == "app.example"
        assert got["host"] == upstream.url.split("/")[2]
        assert "content-type" not in got
        assert "user-agent" not in got
        (exchange,) = running.exchanges()
        assert ("X-Private", "1") in exchange.request.headers
        assert not any(name.lower() == "x-forwarded-host" for name, _ in exchange.request.headers)


def test_the_host_of_the_client_stays_if_asked_for(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out, keep_host=True) as running:
        running.ask(headers={"Host": "app.example"})
        assert upstream.seen[0].headers["host"] == "app.example"


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": zipped,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "deflate, gzip": lambda body: zipped(zlib.compress(body)),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoded_body_is_passed_on_as_it_is_and_recorded_decoded(
    out: Path, encoding: str
) -> None:
    encoded = ENCODED[encoding](TEXT)
    header = f"Content-Encoding: {encoding}"

    with (
        Upstream(lambda talk: talk.answer(encoded, header)) as upstream,
        inside(upstream.url, out) as running,
    ):
        _, headers, body = running.ask(
            "POST", body=encoded, headers={"Content-Encoding": encoding, "Accept-Encoding": "x"}
        )
        assert body == encoded == upstream.seen[0].body
        assert headers["Content-Encoding"] == encoding
        assert upstream.seen[0].headers["accept-encoding"] == "x"
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.response.body == exchange.request.body == TEXT
        assert exchange.notes == ()


def test_a_raw_deflate_stream_is_decoded_too(out: Path) -> None:
    packer = zlib.compressobj(wbits=-15)
    encoded = packer.compress(TEXT) + packer.flush()
    with (
        Upstream(lambda talk: talk.answer(encoded, "Content-Encoding: deflate")) as upstream,
        inside(upstream.url, out) as running,
    ):
        running.ask()
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.response.body == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", zipped(TEXT)[:-20]),
        ("br", b"\xff" * 40),
        ("zstd", b"no zstd"),
        ("rot13", b"grkg"),
    ],
)
def test_a_body_that_is_not_what_its_encoding_says_is_kept_as_sent_and_noted(
    out: Path, encoding: str, body: bytes
) -> None:
    header = f"Content-Encoding: {encoding}"
    with (
        Upstream(lambda talk: talk.answer(body, header)) as upstream,
        inside(upstream.url, out) as running,
    ):
        assert running.ask()[2] == body
        counts = running.end().counts
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.response.body == body
        assert exchange.notes == (f"response body is not {encoding!r}, kept as sent",)
        assert counts["undecodable"] == 1


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_small_body_that_decodes_to_a_huge_one_does_not_fill_the_memory(
    out: Path, encoding: str
) -> None:
    bomb = ENCODED[encoding](b"0" * 30_000_000)
    header = f"Content-Encoding: {encoding}"
    with (
        Upstream(lambda talk: talk.answer(bomb, header)) as upstream,
        inside(upstream.url, out) as running,
    ):
        assert running.ask()[2] == bomb
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.response.body == b""
        assert "truncated body" in exchange.notes


def test_binary_bodies_survive_both_ways(out: Path) -> None:
    body = bytes(range(256)) * 300
    with Upstream(lambda talk: talk.answer(talk.body)) as upstream:
        with inside(upstream.url, out) as running:
            assert running.ask("POST", "/parse/files/a.png", body)[2] == body
            (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.request.body == exchange.response.body == body


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_responses_without_a_body_are_passed_on(out: Path, status: str) -> None:
    def script(talk: Conversation) -> None:
        talk.send(f"HTTP/1.1 {status}\r\nETag: W/1\r\n\r\n".encode())

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        connection = running.connect()
        for _ in range(2):
            connection.request("GET", "/parse/classes/A")
            response = connection.getresponse()
            assert response.read() == b""
            assert f"{response.status} {response.reason}" == status
            assert response.headers["ETag"] == "W/1"
            assert response.headers["Content-Type"] is None
        connection.close()
        assert [
            exchange.response and exchange.response.status for exchange in running.exchanges()
        ] == [int(status[:3])] * 2


def test_head_keeps_the_length_and_the_connection(out: Path) -> None:
    def script(talk: Conversation) -> None:
        talk.answer(b"" if talk.method == "HEAD" else b"x" * 12, length=12)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        connection = running.connect()
        for method, length in (("HEAD", 0), ("GET", 12), ("HEAD", 0)):
            connection.request(method, "/parse/classes/A")
            response = connection.getresponse()
            assert response.headers["Content-Length"] == "12"
            assert len(response.read()) == length
        connection.close()
        assert len(running.exchanges()) == 3


def test_chunked_bodies_stream_both_ways(out: Path) -> None:
    with (
        Upstream(lambda talk: talk.chunks(talk.body[:5], talk.body[5:])) as upstream,
        inside(upstream.url, out) as running,
    ):
        status, headers, body = running.ask("POST", body=iter([b"hel", b"lo, ", b"world"]))
        assert (status, body) == (200, b"hello, world")
        assert headers["Transfer-Encoding"] == "chunked"
        assert upstream.seen[0].headers["transfer-encoding"] == "chunked"
        (exchange,) = running.exchanges()
        assert exchange.response is not None
        assert exchange.request.body == exchange.response.body == b"hello, world"


def test_expect_continue_is_answered_before_the_body_comes(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
            connection.sendall(
                b"POST /parse/classes/A HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                b"Content-Length: 7\r\nConnection: close\r\n\r\n"
            )
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b'{"a":1}')
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert upstream.seen[0].body == b'{"a":1}'
        assert "expect" not in upstream.seen[0].headers


def test_http_1_0_gets_its_response_until_the_connection_closes(out: Path) -> None:
    with (
        Upstream(lambda talk: talk.chunks(b"a", b"b")) as upstream,
        inside(upstream.url, out) as running,
    ):
        answer = raw(running, b"GET /parse/a HTTP/1.0\r\n\r\n")
        assert answer.endswith(b"\r\n\r\nab")


@pytest.mark.parametrize(
    "line",
    [
        "GET http://evil.example/parse/a HTTP/1.1",
        "GET https://evil.example/ HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "\x00\x01 nonsense",
        "GET /parse/é HTTP/1.1",
        "GET /parse/a?b=ü HTTP/1.1",
    ],
)
def test_it_is_no_open_proxy(
    out: Path, line: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        answer = raw(running, f"{line}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
        assert upstream.seen == []
        counts = running.end().counts
        assert (counts["seen"], counts["refused"], counts["kept"]) == (1, 1, 0)
    # A line that cannot be read may hold a token; nothing quotes it.
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_paths_outside_the_mount_are_passed_on_and_not_recorded(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        for target in ("/", "/parseX/classes/A", "/other?x=/parse/"):
            assert running.ask(target=target)[0] == 200
        running.ask(target="/parse")
        assert len(upstream.seen) == 4
        counts = running.end().counts
        assert (counts["dropped_outside_mount"], counts["kept"]) == (3, 1)


def test_a_write_is_not_sent_twice_when_a_kept_connection_closes(out: Path) -> None:
    # A PUT may increment; aiohttp would send it again.
    def script(talk: Conversation) -> None:
        if "first" in talk.target:
            ok(talk)
        else:
            hang_up(talk)

    with Upstream(script) as upstream, inside(upstream.url, out) as running:
        for method in ("PUT", "DELETE", "POST"):
            running.ask(target="/parse/first")
            status, _, body = running.ask(method, f"/parse/{method}")
            assert status == 502
            assert "closed the connection without an answer" in json.loads(body)["error"]
            assert [talk.method for talk in upstream.seen].count(method) == 1
        running.ask(target="/parse/first")
        assert running.ask("GET", "/parse/second")[0] == 502
        assert [talk.target for talk in upstream.seen].count("/parse/second") == 2
