"""What a fault is, and how one is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.messages import Request, Response

AREAS = ("smoke", "objects", "queries", "users", "sessions", "files", "cloud")


@dataclass(slots=True)
class State:
    """What one run of a fault knows and remembers.

    Attributes:
        master_key: Master key of the server behind the proxy.
        exchanges: How many requests each check sends to the right server, where that is known.
        memo: Whatever the fault wants to remember.
    """

    master_key: str = ""
    exchanges: Mapping[str, int] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Return how often this was called with this name, this call included."""
        self.memo[name] = self.memo.get(name, 0) + 1
        return int(self.memo[name])


OnRequest = Callable[[Request, State], Request | Response]
OnReply = Callable[[Request, Response, State], Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One behaviour that a wrong server gets wrong.

    Attributes:
        name: ``lost-add``.
        area: The area whose checks must notice; ``*`` for a mutant, which every area notices.
        seen: What a user would see, in one line.
        request: Changes a request, or answers it in place of the server.
        reply: Changes a reply.
    """

    name: str
    area: str
    seen: str
    request: OnRequest | None = None
    reply: OnReply | None = None


class Catalogue:
    """Collects the faults of one area; each is a function whose docstring is what a user sees.

    Args:
        area: The area whose checks must notice.
        prefix: What every name starts with.
    """

    def __init__(self, area: str, prefix: str = "") -> None:
        self.area = area
        self.faults: list[Fault] = []
        self._prefix = prefix

    def on_request(self, function: OnRequest) -> OnRequest:
        """Add a fault that changes requests."""
        self.faults.append(Fault(*self._told(function), request=function))
        return function

    def on_reply(self, function: OnReply) -> OnReply:
        """Add a fault that changes replies."""
        self.faults.append(Fault(*self._told(function), reply=function))
        return function

    def add(
        self,
        name: str,
        seen: str,
        request: OnRequest | None = None,
        reply: OnReply | None = None,
    ) -> None:
        """Add a fault that is made of both, or one of a family."""
        self.faults.append(Fault(self._prefix + name, self.area, seen, request, reply))

    def _told(self, function: Callable[..., Any]) -> tuple[str, str, str]:
        name = self._prefix + function.__name__.strip("_").replace("_", "-")
        return name, self.area, (function.__doc__ or "").strip().splitlines()[0]
