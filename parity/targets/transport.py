"""One HTTP round trip: what was sent and received as an exchange, what went wrong as our errors."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from parity.model import (
    BadReply,
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    HarnessError,
    Target,
    TargetDown,
    TargetTimeout,
)
from parity.targets.tls import client_context

Observer = Callable[[Exchange], None]


class Transport:
    """A pool of connections to one target.

    Args:
        target: Where to send.
        observer: Called with every exchange, also with those that failed.
        source_address: Address of this machine that connections come from; ``None`` leaves it to
            the system.
    """

    def __init__(
        self,
        target: Target,
        observer: Observer | None = None,
        *,
        source_address: str | None = None,
    ) -> None:
        self._target = target
        self._observer = observer
        self._http = requests.Session()
        # Otherwise requests would look for proxies and .netrc on every call, and might send
        # credentials that nobody configured here.
        self._http.trust_env = False
        self._http.headers["User-Agent"] = "parse-parity"
        reach(self._http, target, source_address)

    def close(self) -> None:
        """Close every connection; the next request opens a new one."""
        self._http.close()

    def prepare(self, request: requests.Request) -> requests.PreparedRequest:
        """Return a request that is ready to be sent."""
        return self._http.prepare_request(request)

    def send(
        self, prepared: requests.PreparedRequest, timeout_s: float
    ) -> tuple[requests.Response, Exchange]:
        """Send a request and read its whole response.

        Args:
            prepared: The request.
            timeout_s: Seconds to wait for the server.

        Returns:
            The response, and the exchange as the observer saw it.

        Raises:
            TargetDown: No connection, or it broke.
            TargetTimeout: No response in time.
            BadReply: The response is not HTTP.
        """
        started, clock = time.time(), time.perf_counter()
        response: requests.Response | None = None
        try:
            response = self._http.send(prepared, timeout=timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            raise self._explain(error, prepared, timeout_s) from error
        finally:
            elapsed = time.perf_counter() - clock
            received = _received(response) if response is not None else None
            exchange = Exchange(self._target.name, _sent(prepared), received, elapsed, started)
            if self._observer is not None:
                self._observer(exchange)
        if _may_drop_the_connection(received):
            self.close()
        return response, exchange

    def _explain(
        self, error: requests.RequestException, prepared: requests.PreparedRequest, timeout_s: float
    ) -> HarnessError:
        what = f"{prepared.method} {str(prepared.url).partition('?')[0]}"
        name = self._target.name
        if isinstance(error, requests.Timeout):
            return TargetTimeout(f"target {name!r} did not answer {what} within {timeout_s:g} s")
        if isinstance(error, requests.ConnectionError):
            return TargetDown(f"target {name!r} is not reachable: {what}: {_cause(error)}")
        return BadReply(f"target {name!r} broke the response to {what}: {_cause(error)}")


def reach(session: requests.Session, target: Target, source_address: str | None = None) -> None:
    """Let a session trust what a target's settings trust, and connect from one address.

    Args:
        session: Its connections are made accordingly from now on.
        target: Whose private certificate authority is trusted.
        source_address: Address of this machine; ``None`` leaves it to the system.
    """
    if target.ca is not None or source_address is not None:
        adapter = _Adapter(target.ca, source_address)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
    if target.ca is not None:
        # Otherwise every connection would read the bundle of requests once more, for 30 ms.
        session.verify = str(target.ca)


@cache
def _shared_context(ca: Path) -> ssl.SSLContext:
    return client_context(ca)


class _Adapter(HTTPAdapter):
    """Connections with a private authority or from one address of this machine."""

    def __init__(self, ca: Path | None, source_address: str | None) -> None:
        self._pool: dict[str, Any] = {}
        if ca is not None:
            self._pool["ssl_context"] = _shared_context(ca)
        if source_address is not None:
            self._pool["source_address"] = (source_address, 0)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **pool_kwargs: Any) -> None:
        super().init_poolmanager(*arguments, **{**pool_kwargs, **self._pool})


def _may_drop_the_connection(response: ExchangeResponse | None) -> bool:
    """Return whether the next request had better open a new connection.

    Parse Server drops the connection after errors that its own error handler did not make: an
    uncaught one, a body that it could not read, a refused key (observed with 2.8.4 and 9.10.0).
    They have no Parse code. A request on that connection would look as if the server were down.
    """
    if response is None or response.status >= 500:
        return True
    has_code = isinstance(response.json, dict) and "code" in response.json
    return response.status >= 400 and not has_code


def _sent(prepared: requests.PreparedRequest) -> ExchangeRequest:
    body = prepared.body or b""
    return ExchangeRequest(
        str(prepared.method),
        str(prepared.url),
        {str(name): str(value) for name, value in prepared.headers.items()},
        body.encode() if isinstance(body, str) else bytes(body),
    )


def _received(response: requests.Response) -> ExchangeResponse:
    try:
        parsed = json.loads(response.content)
    except ValueError:
        parsed = None
    return ExchangeResponse(response.status_code, dict(response.headers), response.content, parsed)


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of network errors, which is the readable one."""
    reason: BaseException = error
    inner: object = error
    while isinstance(inner, BaseException):
        reason = inner
        inner = getattr(reason, "reason", None) or (reason.args[-1] if reason.args else None)
    return str(reason).rpartition(": ")[2] or type(reason).__name__
