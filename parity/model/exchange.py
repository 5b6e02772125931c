"""One request with its response.

Requests and responses do not print what they hold: bodies and headers carry secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class ExchangeRequest:
    """What was sent.

    Attributes:
        method: HTTP method in upper case.
        url: Full URL with the query string.
        headers: Headers as sent.
        body: Raw body bytes.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, repr=False)
class ExchangeResponse:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Headers as received, names as sent by the server.
        body: Raw body bytes after content decoding.
        json: The parsed body, or ``None`` if it was not JSON.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    json: Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response, where it went and how long it took.

    Attributes:
        target: Name of the target.
        request: What was sent.
        response: What came back; ``None`` if nothing did.
        elapsed_s: Seconds from sending until the body was read.
        started_at: Seconds since the epoch.
    """

    target: str
    request: ExchangeRequest
    response: ExchangeResponse | None
    elapsed_s: float
    started_at: float
