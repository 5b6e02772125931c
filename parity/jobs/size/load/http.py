"""One keep-alive HTTP/1.1 connection of a load user, on gevent's sockets.

A user sends one request after the other, as an app does. FastHttpUser's own session builds URLs,
cookies and header objects anew for each request, which costs more than the request; here a request
is bytes and an answer is a status and bytes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import gevent.select
import gevent.socket
import gevent.ssl
import httptools

_BLOCK: Final = 65536
_IDLE_S: Final = 1.0
"""Seconds after which a kept connection is looked at before it is used again: Node.js closes one
after five seconds without a request (``server.keepAliveTimeout``)."""


class NoAnswer(Exception):
    """The connection broke, or nothing came in time; the text says which."""


@dataclass(slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        body: The body.
        sent: When the request was sent, on the monotonic clock.
        ended: When the answer was complete.
    """

    status: int
    body: bytes
    sent: float
    ended: float


class Connection:
    """A connection that is opened when it is needed and again when the server has closed it.

    Args:
        url: ``http://127.0.0.1:1337/parse``; only scheme, host and port are used.
        timeout_s: Seconds to wait for an answer.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._parts = urlsplit(url)
        self._timeout_s = timeout_s
        self._socket: Any = None
        self._used = 0.0
        self._body: list[bytes] = []
        self._complete = False
        self._parser: Any = None
        self._kept = False

    def send(self, request: bytes) -> Answer:
        """Send a whole request and wait for its whole answer.

        Raises:
            NoAnswer: Nothing came, or not all of it.
        """
        now = time.monotonic()
        sock = self._usable(now)
        parser = self._parser = httptools.HttpResponseParser(self)
        self._body, self._complete = [], False
        try:
            sock.sendall(request)
            while not self._complete:
                parser.feed_data(sock.recv(_BLOCK) or _closed())
        except TimeoutError:
            self.close()
            raise NoAnswer(f"no answer within {self._timeout_s:g} s") from None
        except OSError as error:
            self.close()
            raise NoAnswer(f"the connection broke: {error.strerror or error}") from None
        except httptools.HttpParserError as error:
            self.close()
            raise NoAnswer(f"the answer is not HTTP: {type(error).__name__}") from None
        except BaseException:
            self.close()
            raise
        self._used = ended = time.monotonic()
        if not self._kept:
            self.close()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return Answer(parser.get_status_code(), body, now, ended)

    def close(self) -> None:
        """Close it; the next request opens another one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # What the parser calls

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Note the end of the answer, and whether the connection stays: later nobody knows."""
        self._complete = True
        self._kept = self._parser.should_keep_alive()

    def _usable(self, now: float) -> Any:
        if self._socket is not None and now - self._used > _IDLE_S and self._is_closed():
            self.close()
        if self._socket is None:
            try:
                self._socket = _connect(self._parts, self._timeout_s)
            except TimeoutError:
                raise NoAnswer(f"no connection within {self._timeout_s:g} s") from None
            except OSError as error:
                reason = error.strerror or str(error)
                raise NoAnswer(f"no connection: {reason}") from None
        return self._socket

    def _is_closed(self) -> bool:
        # Nothing is due on an idle connection: what can be read is its end.
        ready = gevent.select.select([self._socket], [], [], 0)[0]
        return bool(ready)


def _closed() -> bytes:
    raise NoAnswer("the connection was closed before the answer was complete")


def _connect(parts: SplitResult, timeout_s: float) -> Any:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sock = gevent.socket.create_connection((parts.hostname, port), timeout=timeout_s)
    sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
    if parts.scheme != "https":
        return sock
    context = gevent.ssl.create_default_context()
    return context.wrap_socket(sock, server_hostname=parts.hostname)
