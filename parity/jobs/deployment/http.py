"""Requests to a deployed server: as a Parse client, or as a browser and a stranger send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import requests

from parity.model import Keys, Target
from parity.targets import ParseClient, Reply
from parity.targets.client import Habits, client_key_of
from parity.targets.transport import Transport


class HttpSession:
    """Sends requests to one target from one address; whoever makes one closes it.

    Args:
        target: Where to ask.
        source_address: Address of this machine; ``None`` for the system's.

    Attributes:
        target: Where it asks.
        source_address: Where from.
    """

    def __init__(self, target: Target, source_address: str | None = None) -> None:
        self.target = target
        self.source_address = source_address
        self._transport = Transport(target, source_address=source_address)

    def parse_client(self) -> ParseClient:
        """Return a Parse client that sends the first client key that is configured."""
        return ParseClient(
            self.target, Habits(key=client_key_of(self.target)), transport=self._transport
        )

    def client_keys(self) -> Keys:
        """Return the first client key that is configured, alone."""
        name = client_key_of(self.target)
        return Keys() if name is None else Keys(**{name: getattr(self.target.keys, name)})

    def fresh(self) -> HttpSession:
        """Return a session with the same target, without this one's connections and cookies."""
        return HttpSession(self.target, self.source_address)

    def send(
        self,
        method: Literal["GET", "OPTIONS", "POST"],
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send a request that carries nothing but what is given, and follow no redirect.

        A POST is sent only where it reads (a login page, a query): who calls this answers for it.

        Args:
            method: HTTP method.
            url: Full URL.
            headers: Headers.
            data: Body.
            timeout_s: Seconds to wait, if not the target's.

        Returns:
            The reply, whatever it is.

        Raises:
            HarnessError: No connection, no answer in time, no HTTP.
        """
        prepared = self._transport.prepare(
            requests.Request(method, url, headers=dict(headers or {}), data=data)
        )
        response, exchange = self._transport.send(prepared, timeout_s or self.target.timeout_s)
        parsed = exchange.response.json if exchange.response else None
        return Reply(response.status_code, response.headers, parsed, response.content, exchange)

    def get_fresh(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a GET without the cookies of any request before it.

        Raises:
            HarnessError: No connection, no answer in time, no HTTP.
        """
        other = self.fresh()
        try:
            return other.send("GET", url, headers=headers)
        finally:
            other.close()

    def at(self, path: str) -> str:
        """Return the URL of a path below the mount."""
        return f"{self.target.url}/{path}"

    @property
    def origin(self) -> str:
        """Scheme, host and port of the target."""
        parts = urlsplit(self.target.url)
        return f"{parts.scheme}://{parts.netloc}"

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()
