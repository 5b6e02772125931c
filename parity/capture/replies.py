"""Responses of the proxy: those of the upstream as they came, and its own."""

from __future__ import annotations

import json
from typing import ClassVar

from aiohttp import web
from multidict import CIMultiDict

from parity.capture.exchanges import Headers
from parity.capture.upstream import end_to_end

CONNECTION_FAILED = 100
"""Parse's code for a server that cannot be reached. Source: Parse SDKs, ``CONNECTION_FAILED``."""


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
