"""WebSockets, TLS, rules and the accounts of a busy capture."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from parity.capture.accounting import ENDS
from parity.capture.proxy import Rules
from parity.capture.recorder import Bounds
from parity.model import UserError
from tests.capture.inside import Inside, inside
from tests.capture.upstreams import Conversation, Upstream, hang_up, ok
from tests.stack.observe import eventually

TLS = Path(__file__).parent / "tls"
CA = TLS / "certificate.pem"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "app.jsonl"


@contextmanager
def echoing() -> Iterator[str]:
    """A server that echoes over WebSockets, prefixed by what it saw of the handshake."""
    loop = asyncio.new_event_loop()
    port: list[int] = []
    ready = threading.Event()

    async def echo(request: web.Request) -> web.StreamResponse:
        near = web.WebSocketResponse(protocols=("parse", "other"))
        await near.prepare(request)
        await near.send_str(f"{request.path_qs} {request.headers.get('X-Forwarded-For')}")
        async for message in near:
            if message.type is aiohttp.WSMsgType.BINARY:
                await near.send_bytes(message.data[::-1])
            elif message.data == "bye":
                await near.close(code=4001)
            else:
                await near.send_str(message.data.upper())
        return near

    async def start() -> None:
        app = web.Application()
        app.router.add_get("/parse/live", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.append(runner.addresses[0][1])
        ready.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(60)
    yield f"http://127.0.0.1:{port[0]}/parse"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)


def test_a_websocket_is_tunnelled_and_counted(out: Path) -> None:
    async def talk(port: int) -> tuple[list[object], str | None, int | None]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"ws://127.0.0.1:{port}/parse/live?a=1", protocols=("parse",)
            ) as socket_,
        ):
            heard: list[object] = [await socket_.receive_str()]
            await socket_.send_str("hello")
            heard.append(await socket_.receive_str())
            await socket_.send_bytes(b"abc")
            heard.append(await socket_.receive_bytes())
            await socket_.send_str("bye")
            await socket_.receive()
            return heard, socket_.protocol, socket_.close_code

    with echoing() as url, inside(url, out) as running:
        heard, protocol, code = asyncio.run(talk(running.port))
        assert heard == ["/parse/live?a=1 127.0.0.1", "HELLO", b"cba"]
        assert (protocol, code) == ("parse", 4001)
        counts = running.end().counts
        assert (counts["seen"], counts["websocket"], counts["kept"]) == (1, 1, 0)


def test_a_websocket_that_the_upstream_refuses_is_a_502(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out) as running:
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        status, _, body = running.ask(headers=headers)
        assert status == 502
        assert "no WebSocket" in json.loads(body)["error"]
        assert running.end().counts["websocket"] == 1


def test_an_open_websocket_does_not_hold_up_the_end(out: Path) -> None:
    # With a grace of an hour it would wait for it.
    with echoing() as url, inside(url, out, grace_s=3600) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
            connection.sendall(
                b"GET /parse/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert b"101 Switching" in connection.recv(1000)
            ended = running.end()
        assert ended.failure is None
        assert ended.counts["websocket"] == 1


class TlsUpstream(Upstream):
    scheme = "https"

    def __init__(self) -> None:
        super().__init__(ok)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CA, TLS / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)


def test_a_certificate_that_is_not_trusted_is_refused(out: Path) -> None:
    with TlsUpstream() as upstream, inside(upstream.url, out) as running:
        status, _, body = running.ask("POST", body=b'{"password":"planted"}')
        assert status == 502
        assert "certificate is not trusted" in json.loads(body)["error"]
        assert upstream.seen == []
        assert running.exchanges()[0].response is None


def test_a_certificate_of_the_given_authority_is_trusted(out: Path) -> None:
    with TlsUpstream() as upstream, inside(upstream.url, out, ca=CA) as running:
        assert running.ask()[0] == 200
        (exchange,) = running.exchanges()
        assert exchange.response is not None


def test_a_file_that_is_no_certificate_is_an_error_of_the_user(out: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "absent.pem"):
        with (
            pytest.raises(UserError, match="is no file of certificates"),
            inside("https://127.0.0.1:1/parse", out, ca=path),
        ):
            pass
    assert not out.exists()


def test_ignored_paths_are_passed_on_and_counted(out: Path) -> None:
    rules = Rules(ignore=("/files/*", "/health"))
    with Upstream(ok) as upstream, inside(upstream.url, out, rules=rules) as running:
        for path in ("/files/a/b.png", "/health?x=1", "/healthy", "/classes/files"):
            assert running.ask(target=f"/parse{path}")[0] == 200
        counts = running.end().counts
        assert (counts["dropped_ignored"], counts["kept"]) == (2, 2)
        assert len(upstream.seen) == 4


def test_a_bound_of_exchanges_ends_it_with_exactly_as_many(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out, bounds=Bounds(3)) as running:
        for _ in range(3):
            running.ask("POST", body=b"{}")
        ended = running.done.result(60)
        assert ended.counts["kept"] == 3
        assert ended.failure is None
        assert len(running.exchanges()) == 3


def test_what_is_in_flight_at_the_bound_is_answered_and_counted(out: Path) -> None:
    together = threading.Barrier(3)

    def script(talk: Conversation) -> None:
        together.wait(60)
        ok(talk)

    with (
        Upstream(script) as upstream,
        inside(upstream.url, out, bounds=Bounds(1)) as running,
        ThreadPoolExecutor() as pool,
    ):
        answers = [pool.submit(running.ask, "POST", body=b"{}") for _ in range(3)]
        assert [answer.result(60)[0] for answer in answers] == [200] * 3
        counts = running.end().counts
        assert (counts["kept"], counts["dropped_after_bound"], counts["lost"]) == (1, 2, 0)
        assert len(running.exchanges()) == 1


def test_a_bound_of_size_ends_it(out: Path) -> None:
    bounds = Bounds(size_bytes=20_000)
    with Upstream(ok) as upstream, inside(upstream.url, out, bounds=bounds) as running:
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                running.ask("POST", body=b"x" * 4000)
        ended = running.done.result(60)
        assert ended.failure is None
        assert 4 <= ended.counts["kept"] <= 6
        assert 20_000 <= out.stat().st_size < 40_000
        assert len(running.exchanges()) == ended.counts["kept"]


def test_a_bound_of_time_ends_it(out: Path) -> None:
    with Upstream(ok) as upstream, inside(upstream.url, out, minutes=0.002) as running:
        ended = running.done.result(60)
        assert ended.failure is None


def test_requests_in_flight_are_finished_when_it_ends(out: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def script(talk: Conversation) -> None:
        arrived.set()
        go_on.wait(60)
        ok(talk)

    with (
        Upstream(script) as upstream,
        inside(upstream.url, out) as running,
        ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(running.ask, "POST", body=b"{}")
        assert arrived.wait(60)
        running.loop.call_soon_threadsafe(running.stop.soon.set)
        eventually(lambda: refuses(running.port), "it does not listen any more")
        assert not running.done.done()
        # A moment longer than it takes to end when it waits for nobody.
        with pytest.raises(TimeoutError):
            answer.result(0.2)
        go_on.set()
        assert answer.result(60)[0] == 200
        assert running.end().counts["kept"] == 1
        assert running.exchanges()[0].response is not None


def test_requests_that_do_not_finish_are_recorded_without_response(out: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def script(talk: Conversation) -> None:
        arrived.set()
        go_on.wait(60)
        hang_up(talk)

    with (
        Upstream(script) as upstream,
        inside(upstream.url, out, grace_s=0.05) as running,
        ThreadPoolExecutor() as pool,
    ):
        answer = pool.submit(running.ask, "POST", body=b"{}")
        assert arrived.wait(60)
        ended = running.end()
        assert (ended.counts["kept"], ended.counts["no_response"]) == (1, 1)
        assert ended.failure is None
        assert running.exchanges()[0].notes == ("no response: the capture ended before it",)
        go_on.set()
        with pytest.raises((ConnectionError, OSError)):
            answer.result(60)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


def test_of_64_clients_every_request_is_accounted_for(out: Path) -> None:
    def script(talk: Conversation) -> None:
        if "hang" in talk.target:
            hang_up(talk)
        elif "stream" in talk.target:
            talk.chunks(*[b"x" * 3000] * 4)
        elif "cut" in talk.target:
            talk.answer(b"half", length=9)
            hang_up(talk)
        else:
            talk.answer(talk.body)

    kinds = ["plain"] * 6 + ["hang", "stream", "cut", "ignored", "outside", "refused", "gone"]
    rules = Rules(ignore=("/ignored",), sample=0.8)
    with Upstream(script) as upstream, inside(upstream.url, out, rules=rules) as running:
        with ThreadPoolExecutor(64) as pool:
            sent = sum(pool.map(lambda seed: one_client(running, seed, kinds), range(64)))
        ended = running.end()
        counts = ended.counts
        assert ended.failure is None
        assert counts["seen"] == sent == sum(counts[name] for name in ENDS)
        assert len(running.exchanges()) == counts["kept"]
        for name in ("dropped_ignored", "dropped_outside_mount", "refused", "dropped_sample",
                     "no_response", "cut_off", "kept"):  # fmt: skip
            assert counts[name], name
        assert counts["lost"] == 0
        ids = [int(exchange.id) for exchange in running.exchanges()]
        assert ids == list(range(1, len(ids) + 1))


def one_client(running: Inside, seed: int, kinds: list[str]) -> int:
    """Send 12 requests of several kinds; return how many arrived."""
    chance = random.Random(seed)
    for _ in range(12):
        kind = chance.choice(kinds)
        path = {"outside": "/elsewhere", "refused": "http://other/x"}.get(kind, f"/parse/{kind}")
        headers = {"X-Parse-Installation-Id": f"00000000-0000-0000-0000-{seed:012d}"}
        if kind == "gone":
            with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
                connection.sendall(
                    b"POST /parse/gone HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"
                )
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            continue
        running.ask(chance.choice(["GET", "POST"]), path, b"{}" * chance.randrange(200), headers)
    return 12
