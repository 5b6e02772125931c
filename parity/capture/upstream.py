"""The one server that a capture passes requests on to, and how they are rewritten for it."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from parity.capture.exchanges import Headers
from parity.model import UserError

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers about one connection. Source: RFC 9110 section 7.6.1, RFC 2616 section 13.5.1."""

CONNECTION_FAILED = 100
"""Parse's code for a server that cannot be reached. Source: Parse SDKs, ``CONNECTION_FAILED``."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LINE_LIMIT: Final = 1024 * 1024
"""Longest line of a header or a request: a ``where`` may be long."""
IDLE_S: Final = 4.0
"""Idle connections are closed before Node (5 s by default) closes them under a request."""
CONNECT_S: Final = 10.0


class NoAnswerError(Exception):
    """The upstream did not answer.

    Args:
        reason: Why, in a few words, without anything secret.
        status: What the client is told: 502, or 504 for a timeout.
    """

    def __init__(self, reason: str, status: int = 502) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """Where to.

    Attributes:
        url: Base URL with the mount and without a slash at its end: ``https://api.parse.com/1``.
        ca: A file of certificates to trust instead of the system's.
        timeout_s: Longest silence of the upstream.
        keep_host: Send the client's ``Host`` instead of the upstream's.
    """

    url: str
    ca: Path | None = None
    timeout_s: float = 120.0
    keep_host: bool = False

    @property
    def mount(self) -> str:
        """Path of the base URL: ``/1``; empty for none."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class Upstream:
    """A pool of connections to the upstream; use it as an asynchronous context manager.

    Args:
        settings: Where to.

    Raises:
        UserError: The file of certificates cannot be used.
    """

    def __init__(self, settings: UpstreamSettings) -> None:
        self.settings = settings
        self._origin = settings.origin
        self._tls: ssl.SSLContext | bool = _tls(settings.ca) if settings.ca else True

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S, ssl=self._tls),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_S, sock_read=self.settings.timeout_s
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
            read_bufsize=2**16,
        )
        # aiohttp sends PUT and DELETE again when a kept connection turns out to be closed. In Parse
        # a PUT may increment, so only what is safe is sent again; see `send`.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    def url(self, target: str) -> URL:
        """Return the full URL for the target of a request (path and query, as sent)."""
        return URL(self._origin + target, encoded=True)

    async def send(
        self,
        method: str,
        target: str,
        headers: CIMultiDict[str],
        body: bytes | AsyncIterable[bytes] | None,
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the head of the response.

        Args:
            method: HTTP method.
            target: Path and query, as the client sent them.
            headers: What :func:`forwarded` returned.
            body: Its bytes as sent, or ``None``.

        Returns:
            The response; its body is still on the way.

        Raises:
            NoAnswerError: There was none.
        """
        again = method in SAFE and body is None
        while True:
            try:
                return await self._session.request(
                    method, self.url(target), headers=headers, data=body, allow_redirects=False
                )
            except aiohttp.ServerDisconnectedError as error:
                if not again:
                    raise no_answer(error) from error
                again = False
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise no_answer(error) from error

    async def open_websocket(
        self, target: str, headers: CIMultiDict[str], protocols: Iterable[str]
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket.

        Raises:
            NoAnswerError: The upstream does not open it.
        """
        try:
            return await self._session.ws_connect(
                self.url(target),
                headers=headers,
                protocols=protocols,
                autoping=False,
                max_msg_size=0,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise no_answer(error) from error


def no_answer(error: Exception) -> NoAnswerError:
    """Say in a few words what an error of the client means."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return NoAnswerError("it did not accept the connection in time", 504)
    if isinstance(error, TimeoutError):
        return NoAnswerError("it did not answer in time", 504)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "")
        return NoAnswerError(f"its certificate is not trusted: {reason}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return NoAnswerError(f"no connection: {error.os_error.strerror or 'failed'}")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return NoAnswerError("it closed the connection without an answer")
    return NoAnswerError(f"its answer was no HTTP, or broke off ({type(error).__name__})")


def forwarded(
    headers: Iterable[tuple[str, str]], *, address: str, host: str, keep_host: bool
) -> CIMultiDict[str]:
    """Return the headers to send to the upstream.

    Args:
        headers: As the client sent them.
        address: The client's address.
        host: The client's ``Host``.
        keep_host: Whether ``Host`` stays.

    Returns:
        The same without those of the connection, with ``X-Forwarded-*``.
    """
    sent: CIMultiDict[str] = CIMultiDict(end_to_end(headers))
    sent.popall("Expect", None)
    if not keep_host:
        sent.popall("Host", None)
    came_through = sent.popall("X-Forwarded-For", [])
    sent["X-Forwarded-For"] = ", ".join([*came_through, address])
    sent.setdefault("X-Forwarded-Proto", "http")
    sent.setdefault("X-Forwarded-Host", host)
    return sent


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers without those that are about one connection."""
    pairs = list(headers)
    named = {
        token.strip().lower()
        for name, value in pairs
        if name.lower() == "connection"
        for token in value.split(",")
    }
    leave = HOP_BY_HOP | named
    return [pair for pair in pairs if pair[0].lower() not in leave]


def _tls(ca: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"{ca} is no file of certificates: {getattr(error, 'strerror', None) or error}",
            "Give --upstream-ca a PEM file with the certificate that signed the upstream's.",
            code="upstream-ca",
        ) from error


class PassedOn(web.StreamResponse):
    """A response with exactly the headers of the upstream.

    Args:
        status: HTTP status.
        reason: Its phrase.
        headers: As the upstream sent them.
        at_once: Whether they are sent before the body comes, not in one packet with it.
    """

    _added: ClassVar = ("Content-Type", "Date", "Server")

    def __init__(self, status: int, reason: str, headers: Headers, *, at_once: bool) -> None:
        self._send_headers_immediately = at_once
        kept: CIMultiDict[str] = CIMultiDict(end_to_end(headers))
        super().__init__(status=status, reason=reason, headers=kept)
        self._absent = [name for name in self._added if name not in kept]

    async def _write_headers(self) -> None:
        # What aiohttp adds of its own is not what the client would have got.
        for name in self._absent:
            self.headers.popall(name, None)
        await super()._write_headers()


def own_reply(status: int, error: str) -> web.Response:
    """Return an error of the proxy itself, in the form that Parse SDKs read.

    Args:
        status: HTTP status.
        error: A sentence for people.
    """
    body = {"code": CONNECTION_FAILED, "error": f"parity capture: {error}"}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")
