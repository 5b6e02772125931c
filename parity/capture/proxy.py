"""The recording reverse proxy: passes requests on to one upstream and writes down what was said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import aiohttp
from aiohttp import web

from parity.capture import accounting
from parity.capture.accounting import Accounts
from parity.capture.bodies import Budget
from parity.capture.passing import Passing, header_pairs
from parity.capture.recorder import Recorder
from parity.capture.sampling import Sampler
from parity.capture.upstream import (
    LINE_LIMIT,
    NoAnswerError,
    PassedOn,
    Upstream,
    forwarded,
    no_answer,
    own_reply,
)
from parity.capture.websocket import tunnel

SMALL = 65_536
"""Bodies of up to this many bytes are passed on in one piece."""
MAX_BODY = 10 * 1024 * 1024
"""Longest body that is recorded, in bytes, unless told otherwise."""
_QUIET = logging.Logger("parity.capture")
"""aiohttp logs lines that it cannot read, and they may hold a token."""
_QUIET.addHandler(logging.NullHandler())
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is recorded of the traffic.

    Attributes:
        ignore: Patterns of paths below the mount, as a shell would match them: ``/files/*``.
        sample: Share of the clients, from 0 to 1.
        max_body: Longest body that is kept, in bytes.
        key: Secret bytes for the names of lanes and for the choice of clients, at most 64.
    """

    ignore: tuple[str, ...] = ()
    sample: float = 1.0
    max_body: int = MAX_BODY
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


class Proxy:
    """Handles the requests of one capture.

    Args:
        upstream: Where every request goes; open.
        recorder: Where exchanges go.
        accounts: Where every request is counted.
        rules: What is recorded.
    """

    def __init__(
        self, upstream: Upstream, recorder: Recorder, accounts: Accounts, rules: Rules
    ) -> None:
        self._upstream, self._recorder, self._accounts = upstream, recorder, accounts
        self._rules = rules
        self._budget = Budget()
        self._mount = upstream.settings.mount
        self._sampler = Sampler(rules.sample, rules.key)

    def server(self) -> web.Server:
        """Return the protocol factory for ``loop.create_server``."""
        return web.Server(
            self.handle,
            request_factory=self._request,
            access_log=None,
            logger=_QUIET,
            auto_decompress=False,
            max_line_size=LINE_LIMIT,
            max_field_size=LINE_LIMIT,
            max_headers=1024,
            read_bufsize=SMALL,
        )

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        # aiohttp itself answers what is no HTTP with 400; it has to be counted all the same.
        if message.method == "UNKNOWN":
            self._accounts.seen += 1
            self._accounts.count(accounting.REFUSED)
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        accounts = self._accounts
        accounts.seen += 1
        # A full address (as sent to open proxies), CONNECT, and "OPTIONS *".
        if not request.raw_path.startswith("/") or request.method == "CONNECT":
            accounts.count(accounting.REFUSED)
            return own_reply(400, "only requests for the upstream are passed on")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            # Not in flight: the end of a capture does not wait for it.
            accounts.count(accounting.WEBSOCKET)
            return await tunnel(request, self._upstream)
        accounts.in_flight += 1
        try:
            return await self._record_exchange(request)
        finally:
            accounts.in_flight -= 1

    async def _record_exchange(self, request: web.BaseRequest) -> web.StreamResponse:
        dropped = self._dropped(request.raw_path.partition("?")[0])
        passing = Passing(request, 0 if dropped else self._rules.max_body, self._budget)
        if dropped:
            passing.ended = True
            self._accounts.count(dropped)
        try:
            return await self._pass_on(request, passing)
        except NoAnswerError as error:
            passing.note(accounting.NO_RESPONSE, f"no response: {error.reason}")
            return own_reply(error.status, f"no answer from the upstream: {error.reason}")
        except (ConnectionError, web.RequestPayloadError):
            passing.note(accounting.CLIENT_GONE, "the client went away")
            passing.note(accounting.NO_RESPONSE, "no response: the client went away before it")
            raise ConnectionResetError from None
        except Exception as error:  # noqa: BLE001 - the next request shall not suffer from this one
            self._recorder.tell(f"error in parse-parity itself: {type(error).__name__}")
            passing.note(accounting.NO_RESPONSE, "no response: an error in parse-parity itself")
            if request.writer.output_size and request.transport is not None:
                request.transport.abort()
            return own_reply(502, "an error in parse-parity itself")
        except asyncio.CancelledError:
            passing.note(accounting.NO_RESPONSE, "no response: the capture ended before it")
            raise
        finally:
            # Whatever happened: what was not recorded on the way is recorded here.
            self._record(passing)
            passing.release()

    def _dropped(self, path: str) -> str | None:
        if self._mount and path != self._mount and not path.startswith(f"{self._mount}/"):
            return accounting.OUTSIDE
        below = path.removeprefix(self._mount)
        if any(fnmatchcase(below, pattern) for pattern in self._rules.ignore):
            return accounting.IGNORED
        return None

    async def _pass_on(self, request: web.BaseRequest, passing: Passing) -> web.StreamResponse:
        headers = forwarded(
            passing.headers,
            address=passing.address,
            host=request.headers.get("Host", ""),
            keep_host=self._upstream.settings.keep_host,
        )
        body = await self._request_body(request, passing)
        try:
            response = await self._upstream.send(request.method, request.raw_path, headers, body)
        except NoAnswerError:
            if accounting.CLIENT_GONE in passing.marks:
                raise ConnectionResetError from None
            raise
        async with response:
            passing.answered(response.status, header_pairs(response.raw_headers))
            length = response.content_length
            small = length is not None and length <= SMALL
            reply = PassedOn(
                response.status, response.reason or "", passing.answer_headers, at_once=not small
            )
            answer = self._in_one_piece if small else self._in_chunks
            return await answer(request, response, reply, passing)

    async def _request_body(
        self, request: web.BaseRequest, passing: Passing
    ) -> bytes | AsyncIterator[bytes] | None:
        if not request.can_read_body:
            return None
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(CONTINUE)
            request.writer.output_size = 0
        length = request.content_length
        passing.sent_whole = False
        if length is None or length > SMALL:
            return self._streamed(request, passing)
        body = await request.content.read()
        self._sent(passing, body)
        passing.sent_whole = True
        return body

    async def _streamed(self, request: web.BaseRequest, passing: Passing) -> AsyncIterator[bytes]:
        try:
            async for chunk in request.content.iter_any():
                self._sent(passing, chunk)
                yield chunk
        except (ConnectionError, web.RequestPayloadError):
            passing.note(accounting.CLIENT_GONE, "the client went away")
            raise
        passing.sent_whole = True

    def _sent(self, passing: Passing, chunk: bytes) -> None:
        passing.sent.feed(chunk)
        self._accounts.request_bytes += len(chunk)

    def _received(self, passing: Passing, chunk: bytes) -> None:
        passing.received.feed(chunk)
        self._accounts.response_bytes += len(chunk)

    async def _in_one_piece(
        self,
        request: web.BaseRequest,
        response: aiohttp.ClientResponse,
        reply: PassedOn,
        passing: Passing,
    ) -> web.StreamResponse:
        try:
            body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = no_answer(error)
            passing.note(accounting.CUT_OFF, f"the response broke off: {reason.reason}")
            return own_reply(reason.status, f"the upstream's answer broke off: {reason.reason}")
        self._received(passing, body)
        passing.complete()
        await self._on_disk(passing)
        # Who is not there any more cannot be told; the exchange is recorded.
        with contextlib.suppress(ConnectionError):
            await reply.prepare(request)
            await reply.write_eof(body)
        return reply

    async def _in_chunks(
        self,
        request: web.BaseRequest,
        response: aiohttp.ClientResponse,
        reply: PassedOn,
        passing: Passing,
    ) -> web.StreamResponse:
        # The last bytes of a write are held back until it is on disk.
        held, holds = b"", not passing.ended and passing.client().writes
        to_client = _ToClient(reply, passing)
        await to_client.start(request)
        try:
            async for chunk in response.content.iter_any():
                self._received(passing, chunk)
                if to_client.gone and (passing.ended or passing.received.truncated):
                    break
                now, held = (held, chunk) if holds else (chunk, b"")
                await to_client.write(now)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = no_answer(error).reason
            passing.note(accounting.CUT_OFF, f"the response broke off: {reason}")
            if request.transport is not None:
                request.transport.abort()
            return reply
        passing.complete()
        await self._on_disk(passing)
        await to_client.write(held)
        await to_client.end()
        return reply

    async def _on_disk(self, passing: Passing) -> None:
        if (written := self._record(passing)) is not None:
            await written

    def _record(self, passing: Passing) -> asyncio.Future[None] | None:
        if passing.ended:
            return None
        passing.ended = True
        try:
            return self._hand_over(passing)
        except Exception as error:  # noqa: BLE001 - the client still gets its response
            self._accounts.count(accounting.LOST)
            self._recorder.tell(f"an exchange was lost: {type(error).__name__} in parse-parity")
            return None

    def _hand_over(self, passing: Passing) -> asyncio.Future[None] | None:
        client = passing.client()
        kept = self._sampler.keeps(client.installation_id, client.token, passing.address)
        self._sampler.learn(passing.path, passing.response_body, kept=kept)
        if not kept:
            self._accounts.count(accounting.SAMPLED_OUT)
            return None
        exchange = passing.exchange(self._rules.key)
        return self._recorder.put(exchange, tuple(passing.marks), sync=client.writes)


class _ToClient:
    """Writes a response piece by piece, and notices when nobody reads it any more."""

    def __init__(self, reply: PassedOn, passing: Passing) -> None:
        self._reply, self._passing = reply, passing
        self.gone = False

    async def start(self, request: web.BaseRequest) -> None:
        await self._unless_gone(lambda: self._reply.prepare(request))

    async def write(self, chunk: bytes) -> None:
        if chunk:
            await self._unless_gone(lambda: self._reply.write(chunk))

    async def end(self) -> None:
        await self._unless_gone(self._reply.write_eof)

    async def _unless_gone(self, step: Callable[[], Awaitable[object]]) -> None:
        if self.gone:
            return
        try:
            await step()
        except ConnectionError:
            self.gone = True
            self._passing.note(accounting.CLIENT_GONE, "the client went away")
