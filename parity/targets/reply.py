"""A response as a Parse client sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from parity.model import BadReply, Exchange, SetUpFailed
from parity.wire import ParseError, parse_error

SHOWN_BYTES = 300
"""How much of a reply that is not Parse an error message shows."""


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """A response as a Parse client sees it.

    Attributes:
        status: HTTP status.
        headers: Response headers, looked up without regard to case.
        json: The parsed body; ``None`` for a body that is not JSON.
        body: The raw bytes.
        exchange: The whole exchange, as evidence.
    """

    status: int
    headers: Mapping[str, str]
    json: Any
    body: bytes
    exchange: Exchange

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def error(self) -> ParseError | None:
        """The Parse error in this reply, or ``None`` when there is none."""
        return parse_error(self.status, self.json)

    @property
    def results(self) -> list[Any]:
        """The rows of a query.

        Raises:
            AssertionError: The reply is not the answer to a query; it shows what came instead.
        """
        rows = self.json.get("results") if isinstance(self.json, dict) else None
        assert isinstance(rows, list), f"expected results, got {self.status} {self.text}"
        return rows

    @property
    def text(self) -> str:
        """The body as text, for messages."""
        return self.body[:2000].decode("utf-8", "replace")

    def __repr__(self) -> str:
        # Bodies and headers hold secrets, and tracebacks print this.
        request = self.exchange.request
        return f"<Reply {self.status} to {request.method} {request.url.partition('?')[0]}>"

    def __getitem__(self, key: str) -> Any:
        """Return a member of the body.

        Raises:
            AssertionError: It is missing; the message shows the reply.
        """
        present = isinstance(self.json, dict) and key in self.json
        assert present, f"expected {key!r} in the reply, got {self.status} {self.text}"
        return self.json[key]

    def needed(self, what: str, status: int | None = None) -> Self:
        """Return this reply if it made what a check needs before it can begin.

        A check that could not begin has not judged the server: it ends as an error.

        Args:
            what: What was to be made: ``a test user``.
            status: The only status that is right; ``None`` for any of success.

        Raises:
            SetUpFailed: It was not made; the message has the request and the answer.
        """
        if self.ok if status is None else self.status == status:
            return self
        request = self.exchange.request
        raise SetUpFailed(
            f"set-up: {what} could not be made: {request.method} "
            f"{request.url.partition('?')[0]} answered {self.status} {self.text.strip()}"
        )

    def must_be_parse(self) -> None:
        """Raise unless the body is what a Parse server answers: a JSON object or array.

        Raises:
            BadReply: With the target and the bytes that were seen.
        """
        if isinstance(self.json, dict | list):
            return
        request, shown = self.exchange.request, self.body[:SHOWN_BYTES]
        more = len(self.body) - len(shown)
        raise BadReply(
            f"target {self.exchange.target!r} answered {request.method} "
            f"{request.url.partition('?')[0]} with something that is not Parse: status "
            f"{self.status}, {self.headers.get('Content-Type', 'no content type')}, "
            f"{len(self.body)} bytes: {shown!r}" + (f" and {more} more" if more > 0 else "")
        )
