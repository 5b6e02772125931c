"""One request on its way through the proxy, until it is an exchange of the recording."""

from __future__ import annotations

import time
from collections.abc import Iterable

from aiohttp import web

from parity.capture.accounting import CUT_OFF, NO_RESPONSE, TRUNCATED, UNDECODABLE
from parity.capture.bodies import Budget, Copy, TooLongError, UndecodableError, decoded
from parity.capture.client import Client, client_of
from parity.capture.exchanges import (
    TRUNCATED_BODY,
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
)
from parity.capture.lanes import lane_of

ORIGIN = "capture"


class Passing:
    """What is known of a request and its response so far.

    Args:
        request: The request.
        limit: Longest body to keep, in bytes; 0 keeps none.
        budget: What all bodies that are held share.

    Attributes:
        address: The client's address.
        path: Path without the query.
        headers: Of the request, as sent.
        sent: Copy of the request's body.
        received: Copy of the response's body.
        sent_whole: Whether the request's body has come to its end.
        marks: Names for the accounts, see :data:`parity.capture.accounting.MARKS`.
        ended: Whether it was counted.
    """

    def __init__(self, request: web.BaseRequest, limit: int, budget: Budget) -> None:
        self.at = time.time()
        self._started = time.perf_counter()
        self._limit = limit
        peer = request.transport.get_extra_info("peername") if request.transport else None
        self.address, port = (str(peer[0]), peer[1]) if isinstance(peer, tuple) else ("", 0)
        self._connection = f"{self.address}:{port}"
        self._method, self._url = request.method, request.raw_path
        self.path = self._url.partition("?")[0]
        self.headers = header_pairs(request.raw_headers)
        self.sent, self.received = Copy(limit, budget), Copy(limit, budget)
        self.sent_whole = True
        self.marks: list[str] = []
        self.ended = False
        self._notes: list[str] = []
        self._status = 0
        self._answer_headers: Headers = ()
        self._elapsed_s: float | None = None
        self._bodies: dict[str, bytes] = {}

    @property
    def answer_headers(self) -> Headers:
        """Headers of the response, as sent."""
        return self._answer_headers

    def answered(self, status: int, headers: Headers) -> None:
        """Remember the head of the response."""
        self._status, self._answer_headers = status, headers

    def complete(self) -> None:
        """Remember that the response has come to its end now."""
        self._elapsed_s = time.perf_counter() - self._started

    def note(self, mark: str, text: str) -> None:
        """Note what was not as usual, once for each mark."""
        if mark not in self.marks:
            self.marks.append(mark)
            self._notes.append(text)

    def release(self) -> None:
        """Let go of the bodies; the exchange has been handed over."""
        self.sent.release()
        self.received.release()

    def client(self) -> Client:
        """Return who sends the request; its body has come by then."""
        return client_of(self._method, self.path, self.headers, self.request_body())

    def request_body(self) -> bytes:
        """Return the decoded body of the request."""
        return self._decoded("request", self.sent, self.headers)

    def response_body(self) -> bytes:
        """Return the decoded body of the response."""
        return self._decoded("response", self.received, self._answer_headers)

    def exchange(self, key: bytes) -> RecordedExchange:
        """Return the exchange as it is recorded; its id is given later.

        Args:
            key: Secret bytes for the name of its lane.
        """
        lane = lane_of(self.headers, self.request_body(), self._connection, key=key)
        # Half a body would be taken for a whole one.
        if not self.sent_whole:
            self._leave_out("request")
        if CUT_OFF in self.marks:
            self._leave_out("response")
        request = RecordedRequest(self._method, self._url, self.headers, self.request_body())
        response = None
        if self._status and NO_RESPONSE not in self.marks:
            response = RecordedResponse(self._status, self._answer_headers, self.response_body())
        return RecordedExchange(
            id="",
            lane=lane,
            at=self.at,
            elapsed_ms=None if self._elapsed_s is None else round(1000 * self._elapsed_s, 3),
            request=request,
            response=response,
            origin=ORIGIN,
            notes=tuple(self._notes),
        )

    def _decoded(self, which: str, copy: Copy, headers: Headers) -> bytes:
        if which in self._bodies:
            return self._bodies[which]
        self._bodies[which] = copy.body
        if copy.truncated:
            self._leave_out(which)
        elif encoding := _value(headers, "content-encoding"):
            try:
                self._bodies[which] = decoded(copy.body, encoding, self._limit)
            except TooLongError:
                self._leave_out(which)
            except UndecodableError:
                self.note(UNDECODABLE, f"{which} body is not {encoding!r}, kept as sent")
        return self._bodies[which]

    def _leave_out(self, which: str) -> None:
        self._bodies[which] = b""
        self.note(TRUNCATED, TRUNCATED_BODY)
        if (detail := f"{TRUNCATED_BODY}: {which}") not in self._notes:
            self._notes.append(detail)


def header_pairs(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return headers as text, in their order and as often as they were sent."""
    return tuple([(_text(name), _text(value)) for name, value in raw])


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _value(headers: Headers, name: str) -> str:
    return ", ".join([value for each, value in headers if each.lower() == name])
