"""WebSockets (LiveQuery) go through a capture untouched; what they say is not recorded."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
from aiohttp import WSMsgType, web

from parity.capture.passing import header_pairs
from parity.capture.upstream import NoAnswerError, Upstream, forwarded, own_reply

HANDSHAKE = frozenset(
    {
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
    }
)
"""Headers of the handshake, which each side has of its own. Source: RFC 6455 section 11.3."""

_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def tunnel(request: web.BaseRequest, upstream: Upstream) -> web.StreamResponse:
    """Connect the client of a WebSocket with the upstream until one of them ends it.

    Args:
        request: The client's request for it.
        upstream: Where to.

    Returns:
        The response, when it is over.
    """
    pairs = header_pairs(request.raw_headers)
    offered = [
        each.strip()
        for name, value in pairs
        if name.lower() == "sec-websocket-protocol"
        for each in value.split(",")
    ]
    headers = forwarded(
        [pair for pair in pairs if pair[0].lower() not in HANDSHAKE],
        address=request.remote or "",
        host=request.headers.get("Host", ""),
        keep_host=upstream.settings.keep_host,
    )
    try:
        far = await upstream.open_websocket(request.raw_path, headers, offered)
    except NoAnswerError as error:
        return own_reply(error.status, f"no WebSocket from the upstream: {error.reason}")
    async with far:
        near = web.WebSocketResponse(
            protocols=[far.protocol] if far.protocol else [], autoping=False, max_msg_size=0
        )
        await near.prepare(request)
        await _both_ways(near, far)
        return near


async def _both_ways(near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
    tasks = [asyncio.create_task(_pump(near, far)), asyncio.create_task(_pump(far, near))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: _Socket, sink: _Socket) -> None:
    with contextlib.suppress(ConnectionError, aiohttp.ClientError):
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
            elif message.type is WSMsgType.PING:
                await sink.ping(message.data)
            elif message.type is WSMsgType.PONG:
                await sink.pong(message.data)
        await sink.close(code=source.close_code or 1000)
