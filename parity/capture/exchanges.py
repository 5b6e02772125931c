"""What a recording holds: exchanges, a header and a footer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and as often as they were sent; names as sent."""

TRUNCATED_BODY = "truncated body"
"""Note of an exchange with a body that was too large to keep; see :func:`lacks_body`."""
MISSING_BODY = "missing body"
"""Note of an exchange with a body that its source did not keep."""
NO_TIME = "time unknown"
"""Note of an exchange whose source does not say when it was; it has the time before it."""
CLOCK_JUMP = "clock went backwards"
"""Note of an exchange that says it is earlier than the one before it in its file."""


@dataclass(frozen=True, slots=True, repr=False)
class RecordedRequest:
    """What a client sent.

    Attributes:
        method: HTTP method in upper case.
        url: Path and query as sent, mount included: ``/1/classes/Post?where=%7B%7D``.
        headers: As sent; those about the transfer (``Content-Encoding``, ``Content-Length``)
            are about what was on the wire, not about ``body``.
        body: The body after content decoding.
    """

    method: str
    url: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, repr=False)
class RecordedResponse:
    """What the server answered; attributes as of :class:`RecordedRequest`."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One request with its response.

    Attributes:
        id: Unique in the recording: ``"17"``, ``"app.har#17"``.
        lane: Name of the client that sent it; a lane is replayed in order.
        at: When the request was sent, seconds since the epoch.
        elapsed_ms: Milliseconds until the response was complete; ``None`` if unknown.
        request: What was sent.
        response: What came back; ``None`` if no response was recorded.
        origin: Where it is from: ``"capture"``, ``"app.har#12"``.
        notes: What was not as usual: ``"truncated body"``.
    """

    id: str
    lane: str
    at: float
    elapsed_ms: float | None
    request: RecordedRequest
    response: RecordedResponse | None
    origin: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What a recording says of itself before its exchanges.

    Attributes:
        base_url: Scheme, host and mount that were recorded: ``https://api.parse.com/1``.
        created_at: ISO 8601 time.
        source: What was recorded: ``"capture"``, ``"import app.har"``.
        redacted: Whether keys and personal data are replaced.
        tool: Who wrote it: ``"parse-parity 0.1.0"``.
        facts: Anything else worth knowing.
    """

    base_url: str
    created_at: str
    source: str
    redacted: bool
    tool: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingFooter:
    """What a recording says of itself after its exchanges.

    Attributes:
        exchanges: How many there are.
        counts: What became of all that was seen: ``seen``, ``kept``, ``no_response``, …
        finished_at: ISO 8601 time.
    """

    exchanges: int
    counts: dict[str, int]
    finished_at: str


def lacks_body(exchange: RecordedExchange, which: Literal["request", "response"]) -> bool:
    """Tell whether a body is empty just because it was not kept.

    Such a request cannot be sent again, and such a response cannot be compared by its body.
    """
    return any(f"{note}: {which}" in exchange.notes for note in (TRUNCATED_BODY, MISSING_BODY))
