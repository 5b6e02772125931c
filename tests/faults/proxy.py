"""A reverse proxy that gets one thing wrong: one listener for each fault, one server behind all.

Without a fault it is transparent: the same statuses, bytes and headers, but for those that belong
to a connection. URLs that name the server behind are rewritten, so that file URLs and Location
lead through the proxy.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from tests.faults.attribution import HEADER, OUTSIDE
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Fault, State

T = TypeVar("T")
Observer = Callable[[Request, Response], Coroutine[Any, Any, None]]

LARGEST_BODY = 32 * 1024 * 1024
PATIENCE_S = 60.0
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}
)
OURS = HOP_BY_HOP | {"host", HEADER.lower()}
AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


@dataclass(slots=True)
class Sightings:
    """What a listener saw: for the control run, which faults could change what a check sees.

    Attributes:
        requests: Number of requests of each check.
        touched: For each fault, the checks with an exchange that it would have changed.
        altered: For a listener that notes what its fault did: what became of each exchange that
            it changed, by the name in its header: ``request``, ``reply`` or ``both``.
    """

    requests: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    altered: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Listener:
    """One port.

    Attributes:
        url: Base URL with the mount, as a target's ``url``.
        fault: What it gets wrong; ``None`` for nothing.
        sightings: What it saw.
    """

    url: str
    fault: Fault | None
    sightings: Sightings


class Proxy:
    """The proxy, in a thread of its own. A context manager.

    Args:
        upstream: Base URL of the server behind, with the mount.
        master_key: Its master key, for faults that let everybody do everything.
        spare_sweeps: Whether what is deleted outside of checks is answered without doing it;
            for a server that is thrown away anyway.
    """

    def __init__(self, upstream: str, master_key: str = "", *, spare_sweeps: bool = False) -> None:
        parts = urlsplit(upstream)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._mount = parts.path.rstrip("/")
        self._master_key = master_key
        self._spare_sweeps = spare_sweeps
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="faults-proxy", daemon=True
        )
        self._runners: list[web.AppRunner] = []
        self._http: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self._close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE_S)
            self._loop.close()

    def listen(
        self,
        fault: Fault | None = None,
        *,
        watch: Iterable[Fault] = (),
        exchanges: Mapping[str, int] | None = None,
        note: bool = False,
    ) -> Listener:
        """Open a listener on a free loopback port.

        Args:
            fault: What it gets wrong.
            watch: Faults whose effect is noted without being passed on.
            exchanges: See :class:`State`.
            note: Whether to note which exchanges the fault changes.

        Returns:
            The listener; it stays open as long as the proxy.
        """
        return self._run(self._listen(fault, tuple(watch), exchanges or {}, note=note))

    # In the thread

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _open(self) -> None:
        self._http = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=64),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def _close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._http is not None:
            await self._http.close()

    async def _listen(
        self,
        fault: Fault | None,
        watch: tuple[Fault, ...],
        exchanges: Mapping[str, int],
        *,
        note: bool,
    ) -> Listener:
        app = web.Application(client_max_size=LARGEST_BODY)
        # Compressed requests have to reach the server as they came.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
        listener = Listener("", fault, Sightings())
        state = State(self._master_key, exchanges)
        watched = [(each, State(self._master_key)) for each in watch]

        async def observe(request: Request, response: Response) -> None:
            listener.sightings.requests[request.check] += 1
            for each, own_state in watched:
                if await self._would_change(request, response, each, own_state):
                    listener.sightings.touched[each.name].add(request.check)

        async def noted(request: Request, wrong: Fault) -> Response:
            response, what = await self._wrong(request, wrong, state)
            if what:
                listener.sightings.altered[request.check] = what
            return response

        port = 0

        async def handle(incoming: web.Request) -> web.StreamResponse:
            base = f"http://127.0.0.1:{port}"
            request = await self._receive(incoming, base)
            try:
                if note and fault is not None:
                    response = await noted(request, fault)
                else:
                    response = await self._serve(request, fault, state, observe)
            except aiohttp.ClientError as error:
                return web.Response(status=502, text=f"the server behind is gone: {error}")
            return _reply(response, incoming, self._origin, base)

        app.router.add_route("*", "/{tail:.*}", handle)
        app.on_response_prepare.append(_drop_own_header)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._runners.append(runner)
        port = runner.addresses[0][1]
        listener.url = f"http://127.0.0.1:{port}{self._mount}"
        return listener

    async def _receive(self, incoming: web.Request, base: str) -> Request:
        headers = tuple((n, v) for n, v in incoming.headers.items() if n.lower() not in OURS)
        body = await incoming.read()
        if body[:1] in (b"{", b"["):
            body = body.replace(base.encode(), self._origin.encode())
        target = incoming.raw_path
        for form in (base, quote(base, safe=""), quote(base, safe="/")):
            target = target.replace(form, quote(self._origin, safe=""))
        return Request(
            incoming.method, self._mount, target, headers, body, incoming.headers.get(HEADER, "")
        )

    async def _serve(
        self,
        request: Request,
        fault: Fault | None,
        state: State,
        observe: Observer,
    ) -> Response:
        if request.check == OUTSIDE:
            return _spared(request) if self._spares(request) else await self._forward(request)
        if fault is None:
            response = await self._forward(request)
            await observe(request, response)
            return response
        sent = fault.request(request, state) if fault.request else request
        response = sent if isinstance(sent, Response) else await self._forward(sent)
        return fault.reply(request, response, state) if fault.reply else response

    async def _wrong(self, request: Request, fault: Fault, state: State) -> tuple[Response, str]:
        """Return a wrong server's response, and whether request, reply or both were changed."""
        sent = fault.request(request, state) if fault.request else request
        right = None
        if sent != request and request.is_read and (isinstance(sent, Response) or sent.is_read):
            # A fault that asks otherwise and finds the same has changed nothing.
            right = await self._forward(request)
        response = sent if isinstance(sent, Response) else await self._forward(sent)
        changed = sent != request if right is None else not _says_the_same(right, response)
        final = fault.reply(request, response, state) if fault.reply else response
        what = ("request", "both") if changed else ("", "reply")
        is_other = final.headers != response.headers or not _says_the_same(final, response)
        return final, what[is_other]

    async def _would_change(
        self, request: Request, response: Response, fault: Fault, state: State
    ) -> bool:
        """Return whether a fault would change an exchange with the right server."""
        sent = fault.request(request, state) if fault.request else request
        changed = sent != request
        if isinstance(sent, Response):
            return True
        if changed and request.is_read and sent.is_read:
            # A read can be tried: a fault that finds the same has changed nothing.
            tried = await self._forward(sent)
            changed = (tried.status, tried.body) != (response.status, response.body)
        if fault.reply is None:
            return changed
        return fault.reply(request, response, state) != response or changed

    def _spares(self, request: Request) -> bool:
        return self._spare_sweeps and (
            request.method == "DELETE" or (request.method, request.route) == ("GET", "schemas")
        )

    async def _forward(self, request: Request) -> Response:
        assert self._http is not None
        for _ in range(request.times):
            async with self._http.request(
                request.method,
                URL(self._origin + request.target, encoded=True),
                headers=request.headers,
                data=request.body or None,
                skip_auto_headers=AUTOMATIC,
                allow_redirects=False,
            ) as reply:
                headers = tuple((n, v) for n, v in reply.headers.items() if _is_kept(n, request))
                response = Response(reply.status, headers, await reply.read())
        return response


def _says_the_same(one: Response, other: Response) -> bool:
    """Return whether status and content are the same; members of JSON have no order."""
    if one.json is None or other.json is None:
        return (one.status, one.body) == (other.status, other.body)
    first, second = (json.dumps(each.json, sort_keys=True) for each in (one, other))
    return one.status == other.status and first == second


def _spared(request: Request) -> Response:
    return answer(200, {"results": []} if request.method == "GET" else {})


def _is_kept(name: str, request: Request) -> bool:
    # The length of what a HEAD does not send is told by the server behind alone.
    is_length = name.lower() == "content-length"
    return name.lower() not in HOP_BY_HOP or (is_length and request.method == "HEAD")


def _reply(response: Response, incoming: web.Request, origin: str, base: str) -> web.Response:
    location = response.header("Location")
    if location.startswith(origin):
        response = response.with_headers(Location=base + location[len(origin) :])
    body = response.body
    if body[:1] in (b"{", b"["):
        body = body.replace(origin.encode(), base.encode())
    made = web.Response(status=response.status, body=body if incoming.method != "HEAD" else None)
    made.headers.clear()
    for name, value in response.headers:
        made.headers.add(name, value)
    made.headers["Connection"] = "keep-alive" if incoming.keep_alive else "close"
    return made


async def _drop_own_header(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
