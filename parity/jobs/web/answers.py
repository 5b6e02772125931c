"""What a website answered: recorded, or just now."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and as often as they were sent."""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """One answer to a GET or HEAD; bodies and headers may hold secrets and are not printed.

    Attributes:
        status: HTTP status.
        headers: As received; those about the transfer do not speak of ``body``.
        body: After content decoding; ``None`` if it was not kept, or was too long to keep.
        at: When it was given, seconds since the epoch.
        elapsed_ms: Milliseconds until it was complete; ``None`` if unknown.
    """

    status: int
    headers: Headers
    body: bytes | None
    at: float
    elapsed_ms: float | None = None

    def header(self, name: str) -> str:
        """Return the first header of this name without regard to case; empty if none."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Return all headers of this name."""
        return tuple(v for n, v in self.headers if n.lower() == name.lower())

    @property
    def mime(self) -> str:
        """The media type in lower case without parameters; empty if none was sent."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The charset that the content type names, in lower case; empty if none."""
        message = Message()
        message["Content-Type"] = self.header("Content-Type") or "application/octet-stream"
        return str(message.get_content_charset() or "").lower()

    @property
    def is_redirect(self) -> bool:
        """Whether it leads elsewhere."""
        return self.status in {301, 302, 303, 307, 308} and bool(self.header("Location"))


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer: the network or the time ran out.

    Attributes:
        reason: Why, in a few words.
        down: Whether there was not even a connection.
    """

    reason: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One URL of the website.

    Attributes:
        method: ``GET``, or ``HEAD`` if nobody ever sent a GET.
        path: Path and query, from the slash on.
        recorded: What the old site answered, the best one first; empty if nobody recorded it.
        request_headers: Headers that choose what is answered (``Accept`` and the like).
        with_cookies: Whether every recorded client sent cookies of a session or credentials.
    """

    method: str
    path: str
    recorded: tuple[Answer, ...] = ()
    request_headers: Headers = ()
    with_cookies: bool = False

    @property
    def signature(self) -> str:
        """Its name in evidence: ``GET /about?lang=de``."""
        return f"{self.method} {self.path}"
