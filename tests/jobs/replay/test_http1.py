"""One HTTP/1.1 connection, with servers that speak it well and badly."""

from __future__ import annotations

import asyncio

import pytest

from parity.jobs.replay import http1
from parity.jobs.replay.http1 import BrokenConnection, Connection
from parity.model import HarnessError
from tests.jobs.replay.misbehaving import Handler, Visit, always, run, serving, until

OK = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi"
Got = tuple[int, dict[str, str], bytes]


async def connected(port: int) -> Connection:
    """Connect to a server on this machine."""
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(Connection, "127.0.0.1", port))[1]


def asked(handler: Handler, method: str = "GET") -> tuple[Got, bool]:
    """Ask a server once; return its answer, and whether the connection can be used again."""

    async def main() -> tuple[Got, bool]:
        async with serving(handler) as server:
            connection = await connected(server.port)
            try:
                return await connection.exchange(method, "/x", "h", {}, b""), connection.is_open
            finally:
                connection.close()

    return run(main())


def test_an_answer_has_a_status_headers_and_a_body() -> None:
    assert asked(always(OK)) == (
        (200, {"content-type": "a/b", "content-length": "2"}, b"hi"),
        True,
    )


def test_an_answer_may_come_byte_by_byte() -> None:
    async def slowly(visit: Visit) -> None:
        await visit.read()
        for byte in OK:
            await visit.send(bytes([byte]))
            await asyncio.sleep(0)
        await visit.read()

    (status, _, body), is_open = asked(slowly)
    assert (status, body, is_open) == (200, b"hi", True)


def test_an_answer_may_come_in_chunks() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n"
    )
    (_, _, body), is_open = asked(always(answer))
    assert (body, is_open) == (b"hi ho", True)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"
    (_, _, body), is_open = asked(always(answer, closes=True))
    assert (body, is_open) == (b"all of it", False)


def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    answer = OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n")
    (_, _, body), is_open = asked(always(answer))
    assert (body, is_open) == (b"hi", False)


def test_a_server_of_the_old_version_closes_as_well() -> None:
    assert asked(always(OK.replace(b"HTTP/1.1", b"HTTP/1.0")))[1] is False


def test_an_answer_may_be_announced() -> None:
    continued = b"HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n"
    (status, headers, body), is_open = asked(always(continued + OK), "POST")
    assert (status, body, is_open) == (200, b"hi", True)
    assert "x-not" not in headers


def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    (status, headers, body), _ = asked(always(answer), "HEAD")
    assert (status, headers["content-length"], body) == (200, "500", b"")


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body_and_no_length(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\n\r\n".encode()
    assert asked(always(answer)) == ((status, {}, b""), True)


def test_an_answer_may_offer_another_protocol() -> None:
    answer = OK.replace(b"200 OK\r\n", b"200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n")
    assert asked(always(answer))[0][2] == b"hi"


def test_of_a_repeated_header_the_last_counts() -> None:
    answer = OK.replace(b"a/b", b"x/y\r\nContent-Type: a/b")
    assert asked(always(answer))[0][1]["content-type"] == "a/b"


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_breaks_off_is_none(part: bytes) -> None:
    with pytest.raises(BrokenConnection):
        asked(always(part, closes=True))


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_http_is_an_error_of_the_run(garbage: bytes) -> None:
    with pytest.raises(HarnessError, match="no HTTP"):
        asked(always(garbage))


def test_of_two_answers_to_one_request_the_second_changes_nothing() -> None:
    second = b"HTTP/1.1 500 No\r\nX-Second: yes\r\nContent-Type: c/d\r\nContent-Length: 2\r\n\r\nno"
    (status, headers, body), is_open = asked(always(OK + second))
    assert (status, body, is_open) == (200, b"hi", False)
    assert headers == {"content-type": "a/b", "content-length": "2"}


def test_what_nobody_asked_for_ends_the_connection() -> None:
    async def main() -> None:
        talk = asyncio.Event()

        async def handler(visit: Visit) -> None:
            await visit.read()
            await visit.send(OK)
            await talk.wait()
            await visit.send(OK)
            await visit.read()

        async with serving(handler) as server:
            connection = await connected(server.port)
            await connection.exchange("GET", "/x", "h", {}, b"")
            assert connection.is_open
            talk.set()
            await until(lambda: not connection.is_open, "it is closed")

    run(main())


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_is_too_large_is_an_error_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
    chunked: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(http1, "LARGEST_ANSWER", 1000)
    kind = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 2000"
    body = b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n" if chunked else b"x" * 2000
    with pytest.raises(HarnessError, match="more than 1000 bytes"):
        asked(always(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n\r\n" + body))


def test_an_answer_may_be_as_large_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "LARGEST_ANSWER", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
    assert len(asked(always(answer))[0][2]) == 1000


def sent(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> list[bytes]:
    """Send a request; return what the server read, whatever became of it."""
    seen: list[bytes] = []

    async def main() -> None:
        async with serving(always(OK)) as server:
            connection = await connected(server.port)
            try:
                await connection.exchange(method, path, "host:1", headers, body)
            finally:
                connection.close()
                seen.extend(server.requests)

    run(main())
    return seen


def test_a_request_is_sent_as_it_is() -> None:
    assert sent("POST", "/x?a=b", {"X-One": "é"}, b"body") == [
        "POST /x?a=b HTTP/1.1\r\nHost: host:1\r\nX-One: é\r\nContent-Length: 4\r\n\r\nbody".encode(
            "latin-1"
        )
    ]


def test_a_request_without_a_body_says_so_where_one_is_expected() -> None:
    assert b"Content-Length: 0\r\n" in sent("POST", "/", {})[0]
    assert b"Content-Length" not in sent("GET", "/", {})[0]


@pytest.mark.parametrize(
    "evil", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rb", "a\r\n\r\nGET / HTTP/1.1"]
)
@pytest.mark.parametrize("where", ["value", "name", "path", "method"])
def test_a_recording_cannot_write_lines_of_its_own(evil: str, where: str) -> None:
    headers = {"X-A": evil} if where == "value" else {evil: "a"} if where == "name" else {}
    with pytest.raises(HarnessError, match="line break"):
        sent(evil if where == "method" else "GET", evil if where == "path" else "/", headers)


def test_nothing_is_sent_of_a_request_with_lines_of_its_own() -> None:
    async def main() -> list[bytes]:
        async with serving(always(OK)) as server:
            connection = await connected(server.port)
            with pytest.raises(HarnessError):
                await connection.exchange("GET", "/", "h", {"X-A": "a\r\nX-Evil: 1"}, b"")
            await connection.exchange("GET", "/good", "h", {}, b"")
            connection.close()
            return server.requests

    (request,) = run(main())
    assert request.startswith(b"GET /good ")
