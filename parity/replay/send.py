"""Sends requests: aiohttp with as many connections as there are lanes."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from parity.model import HarnessError, TargetDown, TargetTimeout
from parity.replay.judgement import Answer
from parity.replay.rewrite import Rewritten

LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes of an answer that are read; a larger one is an error of the run, not a Difference."""


class Sender:
    """An HTTP client for one target; an asynchronous context manager.

    Args:
        target: The target's name, for messages.
        timeout_s: Seconds for a whole exchange.
    """

    def __init__(self, target: str, timeout_s: float) -> None:
        self._target = target
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            skip_auto_headers=("User-Agent", "Content-Type"),
            auto_decompress=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, method: str, request: Rewritten, *, again: bool) -> Answer:
        """Send a request and read the answer.

        Args:
            method: HTTP method.
            request: What to send.
            again: Whether it may be sent a second time if the connection breaks before an answer:
                it changes nothing.

        Raises:
            TargetDown: Nobody answers, or the connection broke.
            TargetTimeout: No answer in time.
            HarnessError: The answer is no HTTP, or too large.
        """
        try:
            return await self._once(method, request)
        except aiohttp.ClientConnectorError as error:
            raise TargetDown(f"{self._target} does not answer: {error.strerror}") from error
        except TimeoutError as error:
            raise TargetTimeout(
                f"{self._target} did not answer within {self._timeout_s:g} s"
            ) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            # A server may close an idle connection just when it is used again.
            if again:
                return await self.send(method, request, again=False)
            reason = str(error) or type(error).__name__
            raise TargetDown(f"{self._target} broke the connection: {reason}") from error

    async def _once(self, method: str, request: Rewritten) -> Answer:
        started = time.perf_counter()
        async with self._session.request(
            method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            body = await response.read()
            if len(body) > LARGEST_ANSWER:
                raise HarnessError(f"{self._target} answered with {len(body)} bytes")
            headers = {name.lower(): value for name, value in response.headers.items()}
            elapsed_ms = (time.perf_counter() - started) * 1000
            return Answer(response.status, headers, body, elapsed_ms)
