"""A reverse proxy with TLS, as it stands in front of a deployed Parse Server.

It passes everything on, with the client's address in ``X-Forwarded-For``. The server behind may
come and go: while there is none, the answer is 502. Tests make it wrong in one way each.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web
from yarl import URL

PATIENCE_S = 60.0
LARGEST_BODY = 32 * 1024 * 1024
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}
)

Headers = list[tuple[str, str]]
Forwarded = Literal["replace", "append", "none"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets.

    Attributes:
        status: HTTP status.
        headers: In order; a name may come twice.
        body: The body.
    """

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


Edit = Callable[[web.Request, Answer], Answer]
Page = Callable[[web.Request], Coroutine[Any, Any, Answer]]


class TlsProxy:
    """The proxy, in a thread of its own; a context manager.

    Args:
        tls: The certificate and the protocols; ``None`` speaks plain HTTP.
        upstream: Origin of the server behind, ``http://127.0.0.1:1337``; may be set later.
        forwarded: What becomes of ``X-Forwarded-For``: the client's address replaces it (right),
            is appended to what the client sent, or nothing is said.
        edit: Changes each answer of the server behind.
        pages: Paths that the proxy answers itself, each with what is under it.

    Attributes:
        upstream: The server behind; empty while there is none.
        port: Its loopback port, once it is entered.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        upstream: str = "",
        *,
        forwarded: Forwarded = "replace",
        edit: Edit | None = None,
        pages: Mapping[str, Page] | None = None,
    ) -> None:
        self.upstream = upstream
        self.port = 0
        self._tls = tls
        self._forwarded = forwarded
        self._edit = edit
        self._pages = dict(pages or {})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port: ``https://localhost:44301``."""
        return f"{'http' if self._tls is None else 'https'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(PATIENCE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
            # A server that was restarted must not be asked over a connection to the old one.
            connector=aiohttp.TCPConnector(force_close=True),
        )
        self._runner = web.ServerRunner(web.Server(self._answer, auto_decompress=False))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.Request | web.BaseRequest)
        for path, page in self._pages.items():
            if request.path == path or request.path.startswith(path.rstrip("/") + "/"):
                answer = await page(request)  # type: ignore[arg-type]
                break
        else:
            answer = await self._passed_on(request)
            if self._edit is not None:
                answer = self._edit(request, answer)  # type: ignore[arg-type]
        response = web.Response(status=answer.status, body=answer.body)
        response.headers.popall("Content-Type", None)
        if request.headers.get("Connection", "").lower() == "keep-alive":
            response.headers["Connection"] = "keep-alive"
        for name, value in answer.headers:
            response.headers.add(name, value)
        return response

    async def _passed_on(self, request: web.BaseRequest) -> Answer:
        assert self._session is not None
        gone = Answer(502, [("Content-Type", "text/plain")], b"no server behind the proxy\n")
        if not self.upstream:
            return gone
        try:
            async with self._session.request(
                request.method,
                URL(self.upstream + request.raw_path, encoded=True),
                headers=self._headers(request),
                data=await request.read(),
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as response:
                body = await response.read()
                headers = [
                    (name, value)
                    for name, value in response.headers.items()
                    if name.lower() not in _HOP_BY_HOP
                    # Of a HEAD it is the length of what GET would answer.
                    or (request.method == "HEAD" and name.lower() == "content-length")
                ]
                return Answer(response.status, headers, body)
        except (aiohttp.ClientError, TimeoutError):
            return gone

    def _headers(self, request: web.BaseRequest) -> Headers:
        sent = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
        ]
        if self._forwarded == "none":
            return sent
        said = [value for name, value in sent if name.lower() == "x-forwarded-for"]
        chain = [*said, request.remote or ""] if self._forwarded == "append" else [request.remote]
        kept = [pair for pair in sent if not pair[0].lower().startswith("x-forwarded-")]
        return [
            *kept,
            ("X-Forwarded-For", ", ".join(each or "" for each in chain)),
            ("X-Forwarded-Proto", "http" if self._tls is None else "https"),
        ]
