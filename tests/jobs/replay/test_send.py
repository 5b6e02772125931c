"""Requests over as many connections as needed, to servers that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trustme

from parity.jobs.replay import send
from parity.jobs.replay.judgement import Answer
from parity.jobs.replay.rewrite import Rewritten
from parity.jobs.replay.send import Sender
from parity.model import HarnessError, TargetDown, TargetTimeout
from tests.jobs.replay.misbehaving import Handler, Server, Visit, always, run, serving, until

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
TLS = Path(__file__).parents[2] / "capture" / "tls"


def with_sender(
    handler: Handler,
    action: Callable[[Sender, Server, Rewritten], Awaitable[T]],
    *,
    timeout_s: float = 20.0,
    tls: ssl.SSLContext | None = None,
) -> T:
    """Run an action with a sender for a server."""

    async def main() -> T:
        async with serving(handler, tls) as server:
            url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}/parse"
            async with Sender("selfhosted", url, timeout_s) as sender:
                return await action(sender, server, Rewritten(url + "/x?a=b", {"X-A": "b"}, b""))

    return run(main())


async def one(sender: Sender, _server: Server, request: Rewritten) -> Answer:
    """Send one request that may be sent again."""
    return await sender.send("GET", request, again=True)


async def one_write(sender: Sender, _server: Server, request: Rewritten) -> Answer:
    """Send one request that may not be sent again."""
    return await sender.send("POST", request, again=False)


def test_an_answer_is_given_as_it_came() -> None:
    answer = with_sender(always(OK), one)
    assert (answer.status, answer.body) == (200, b"hi")
    assert answer.elapsed_ms > 0


def test_path_and_host_are_those_of_the_target() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> list[bytes]:
        await one(sender, server, request)
        return server.requests

    (request,) = with_sender(always(OK), action)
    assert request.startswith(b"GET /parse/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nX-A: b\r\n" in request


def test_a_connection_is_used_again_and_others_only_when_it_is_busy() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> tuple[int, int]:
        for _ in range(5):
            await one(sender, server, request)
        first = server.visits
        await asyncio.gather(*(one(sender, server, request) for _ in range(4)))
        return first, server.visits

    first, then = with_sender(always(OK), action)
    assert first == 1
    assert 1 <= then <= 4


def test_a_connection_that_was_dropped_while_idle_is_not_used_again() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        await one(sender, server, request)
        (idle,) = sender._idle
        await until(lambda: not idle.is_open, "the client knows that it was dropped")
        await one_write(sender, server, request)
        return server.visits

    assert with_sender(always(OK, closes=True), action) == 2


async def second_time_silent(visit: Visit) -> None:
    """Answer the first request of the first connection; drop it at the second one."""
    await visit.read()
    await visit.send(OK)
    if visit.number:
        await visit.read()
        return
    await visit.read()


def test_a_read_is_sent_again_when_its_connection_breaks() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> tuple[bytes, int]:
        await one(sender, server, request)
        return (await one(sender, server, request)).body, len(server.requests)

    assert with_sender(second_time_silent, action) == (b"hi", 3)


def test_a_write_is_never_sent_again() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        await one(sender, server, request)
        with pytest.raises(TargetDown, match="selfhosted broke the connection"):
            await one_write(sender, server, request)
        return len(server.requests)

    assert with_sender(second_time_silent, action) == 2


def test_a_read_is_not_sent_for_ever() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        with pytest.raises(TargetDown):
            await one(sender, server, request)
        return len(server.requests)

    assert with_sender(always(b"HTTP/1.1 200 OK\r\nContent-Le", closes=True), action) == 2


def test_a_body_that_breaks_off_is_no_answer() -> None:
    handler = always(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", closes=True)
    with pytest.raises(TargetDown):
        with_sender(handler, one_write)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "LOOK_EVERY_S", 0.02)

    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        with pytest.raises(TargetTimeout, match=r"within 0\.1 s"):
            await one(sender, server, request)
        return len(server.requests)

    assert with_sender(always(b""), action, timeout_s=0.1) == 1


def test_a_server_that_stops_within_its_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(send, "LOOK_EVERY_S", 0.02)
    with pytest.raises(TargetTimeout):
        with_sender(always(OK[:-1]), one, timeout_s=0.1)


def test_nobody_listening_is_a_target_that_is_down() -> None:
    async def main() -> None:
        async with serving(always(OK)) as server:
            port = server.port
        async with Sender("selfhosted", f"http://127.0.0.1:{port}", 5) as sender:
            await sender.send("GET", Rewritten(f"http://127.0.0.1:{port}/", {}, b""), again=True)

    with pytest.raises(TargetDown, match="selfhosted does not answer"):
        run(main())


def encoded(body: bytes, encoding: bytes = b"gzip") -> bytes:
    """Return an answer with an encoding."""
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        encoding,
        len(body),
        body,
    )


def test_an_encoding_that_nobody_asked_for_is_decoded() -> None:
    assert with_sender(always(encoded(gzip.compress(b"{}"))), one).body == b"{}"


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd", b"rot13"])
def test_an_answer_that_cannot_be_decoded_is_an_error_of_the_run(encoding: bytes) -> None:
    with pytest.raises(HarnessError, match="cannot be decoded"):
        with_sender(always(encoded(b"garbage", encoding)), one)


def test_an_answer_that_becomes_too_large_is_an_error_of_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(send, "LARGEST_ANSWER", 1000)
    with pytest.raises(HarnessError, match="cannot be decoded"):
        with_sender(always(encoded(gzip.compress(b"x" * 100_000))), one)


def test_what_is_no_http_is_not_sent_again() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        with pytest.raises(HarnessError, match="no HTTP"):
            await one(sender, server, request)
        return len(server.requests)

    assert with_sender(always(b"SSH-2.0-x\r\n\r\n"), action) == 1


def test_a_certificate_that_nobody_vouches_for_is_an_error_and_no_answer() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")

    async def action(sender: Sender, server: Server, request: Rewritten) -> int:
        with pytest.raises(HarnessError, match="TLS failed"):
            await one(sender, server, request)
        return len(server.requests)

    assert with_sender(always(OK), action, tls=context) == 0


def test_a_private_authority_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def main() -> Answer:
        async with serving(always(OK), context) as server:
            url = f"https://127.0.0.1:{server.port}/parse"
            async with Sender("selfhosted", url, 20, tmp_path / "ca.pem") as sender:
                return await one(sender, server, Rewritten(url + "/x", {}, b""))

    assert run(main()).body == b"hi"


def test_a_server_without_tls_gives_no_answer_over_tls() -> None:
    async def main() -> None:
        async with serving(always(OK)) as server:
            url = f"https://127.0.0.1:{server.port}"
            async with Sender("selfhosted", url, 0.2) as sender:
                await sender.send("GET", Rewritten(url + "/", {}, b""), again=True)

    with pytest.raises(HarnessError):
        run(main())


def test_a_request_that_is_given_up_leaves_no_connection() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> bool:
        task = asyncio.create_task(one(sender, server, request))
        await until(lambda: bool(server.requests), "the request has come")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.gone.wait()
        return bool(sender._idle or sender._busy)

    assert with_sender(always(b""), action) is False


def test_a_request_that_cannot_be_sent_leaves_no_connection() -> None:
    async def action(sender: Sender, server: Server, request: Rewritten) -> None:
        bad = Rewritten(request.url, {"X-A": "a\r\nb"}, b"")
        with pytest.raises(HarnessError):
            await one(sender, server, bad)
        await server.gone.wait()

    with_sender(always(OK), action)


def test_idle_connections_end_with_the_sender() -> None:
    async def main() -> None:
        async with serving(always(OK)) as server:
            url = f"http://127.0.0.1:{server.port}"
            async with Sender("selfhosted", url, 5) as sender:
                await one(sender, server, Rewritten(url + "/", {}, b""))
                assert not server.gone.is_set()
            await server.gone.wait()

    run(main())
