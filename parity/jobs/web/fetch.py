"""Asks a website for its pages: GET and HEAD only, one host, a few at a time, no redirects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from parity.jobs.web.answers import Answer, Failure, Headers
from parity.targets.tls import client_context

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of a body; a longer one is not kept."""
_CHUNK: Final = 64 * 1024
_SENT: Final = {
    "User-Agent": "parse-parity",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
}


class Site:
    """One site that is asked. An asynchronous context manager.

    Args:
        origin: Scheme and host: ``https://new.example``.
        timeout_s: Seconds to wait for a whole answer.
        max_body: Longest body to keep, in bytes.
        ca: PEM file of a private certificate authority, trusted beside those of the system.
    """

    def __init__(
        self, origin: str, timeout_s: float, max_body: int = MAX_BODY, *, ca: Path | None = None
    ) -> None:
        self.origin = origin
        self._tls = client_context(ca) if origin.startswith("https:") else None
        self._timeout_s = timeout_s
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=self._tls if self._tls is not None else True),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, path: str, headers: Headers = ()) -> Answer | Failure:
        """Ask for one path; a redirect is the answer, and is not followed.

        Args:
            method: ``GET`` or ``HEAD``.
            path: Path and query, percent-encoded, with a slash at the front.
            headers: Instead of those that are sent otherwise.

        Raises:
            ValueError: The method may change something, or the path is none.
        """
        if method not in {"GET", "HEAD"} or not path.startswith("/"):
            raise ValueError(f"{method} {path[:80]!r} is not sent")
        assert self._session is not None
        started, clock = time.time(), time.perf_counter()
        try:
            async with self._session.request(
                method,
                URL(self.origin + path, encoded=True),
                headers={**_SENT, **{name.title(): value for name, value in headers}},
                allow_redirects=False,
            ) as response:
                body = None if method == "HEAD" else await self._body(response)
                pairs = tuple((name, value) for name, value in response.headers.items())
                elapsed = (time.perf_counter() - clock) * 1000
                return Answer(response.status, pairs, body, started, elapsed)
        except TimeoutError:
            return Failure(f"no whole answer within {self._timeout_s:g} s")
        except aiohttp.ClientConnectorCertificateError as error:
            return Failure(f"its certificate is not trusted: {error.certificate_error}", down=True)
        except aiohttp.ClientConnectorError as error:
            return Failure(f"no connection: {error.strerror or error}", down=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Failure(f"the answer broke off: {type(error).__name__}: {str(error)[:120]}")

    async def _body(self, response: aiohttp.ClientResponse) -> bytes | None:
        chunks, size = [], 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._max_body:
                response.close()
                return None
            chunks.append(chunk)
        return b"".join(chunks)


class Breaker:
    """Says when a site is down: the first answers were all missing, with no connection.

    Args:
        after: Failures in a row without a single answer.
    """

    def __init__(self, after: int = 5) -> None:
        self._after = after
        self._failures = 0
        self._answered = False

    def note(self, answers: Sequence[Answer | Failure]) -> None:
        """Note what came back."""
        if any(isinstance(answer, Answer) for answer in answers):
            self._answered, self._failures = True, 0
        elif any(isinstance(answer, Failure) and answer.down for answer in answers):
            self._failures += 1

    @property
    def open(self) -> bool:
        """Whether nothing more should be asked."""
        return self._failures >= self._after


async def both(
    first: Site | None, second: Site, method: str, path: str, headers: Headers
) -> tuple[Answer | Failure | None, Answer | Failure]:
    """Ask two sites for the same path at the same time; the first may be missing."""
    if first is None:
        return None, await second.ask(method, path, headers)
    one, other = await asyncio.gather(
        first.ask(method, path, headers), second.ask(method, path, headers)
    )
    return one, other
