"""A load profile: what the clients of an app ask for, how often, and in which mix.

It is made from a recording (`parity profile`), shipped (``loadtests/profiles``) or written by
hand.
It holds shapes and sizes and no values: nothing of a user's data is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

VALUE = "?"
"""Stands in ``Operation.where`` for a value that some row of the class has in that field."""


class Ask(StrEnum):
    """What one operation of a profile does; the names are those of :mod:`parity.jobs.replay`."""

    SIGN_UP = "sign-up"
    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    QUERY = "query"
    COUNT = "count"
    GET = "get"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    BATCH = "batch"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    FUNCTION = "function"
    INSTALLATION = "installation"


READS: Final = frozenset({Ask.QUERY, Ask.COUNT, Ask.GET, Ask.DOWNLOAD})
"""What changes nothing; a log-in adds a session."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request.

    Attributes:
        ask: What it does.
        weight: Its share of the requests; weights are relative to their sum.
        class_name: Class that it concerns; ``""`` if none.
        where: Shape of the query in Parse's own form, with :data:`VALUE` for values:
            ``{"author": "?", "score": {"$gt": "?"}}``.
        order: Sort keys as in the REST API: ``-createdAt,score``; ``""`` if none.
        limit: Rows that the query asks for; ``None`` for the server's default.
        skip: Rows that it passes over.
        keys: Fields that it asks for; empty for all.
        include: Pointers that it resolves.
        payload_bytes: Typical size of what is sent: a body, a file; for a batch of one part.
        parts: Number of requests in a batch.
        function: Name of the cloud function.
    """

    ask: Ask
    weight: float
    class_name: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    order: str = ""
    limit: int | None = None
    skip: int = 0
    keys: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    payload_bytes: int = 0
    parts: int = 1
    function: str = ""

    @property
    def name(self) -> str:
        """What reports call it: ``query Post where(author,score.$gt) order(-createdAt)``."""
        words = [str(self.ask), self.class_name or self.function]
        if self.where:
            words.append(f"where({_shape(self.where)})")
        if self.order:
            words.append(f"order({self.order})")
        if self.skip:
            words.append("skip")
        return " ".join(word for word in words if word)


def _shape(value: Any) -> str:
    names = []
    for key, inner in value.items():
        if isinstance(inner, list) and any(isinstance(branch, Mapping) for branch in inner):
            shapes = [_shape(branch) for branch in inner if isinstance(branch, Mapping)]
            names.append(f"{key}({'|'.join(dict.fromkeys(shapes))})")
        elif isinstance(inner, Mapping) and "__type" not in inner and inner:
            shape = _shape(inner)
            names.append(f"{key}.{shape}" if len(inner) == 1 else f"{key}({shape})")
        else:
            names.append(str(key))
    return ",".join(names)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the clients of an app ask for.

    Attributes:
        name: What it is called: ``social``.
        operations: The mix; never empty.
        peak_rate: Requests a second in the busiest minute.
        typical_rate: Requests a second in the median of the minutes with traffic.
        hours: Requests a second by hour of the day (UTC), 24 numbers; empty if not known.
        think_s: Seconds between two requests of one client: 25th, 50th and 75th percentile.
        clients: Clients at the same time in the busiest minute.
        latency_ms: 95th percentile that was recorded, by :class:`Ask`; empty if not known.
        source: Where it comes from, for people: ``recording app.jsonl``, ``shipped``.
        digest: Digest of the recording; empty without one.
    """

    name: str
    operations: tuple[Operation, ...]
    peak_rate: float
    typical_rate: float
    hours: tuple[float, ...] = ()
    think_s: tuple[float, float, float] = (1.0, 3.0, 10.0)
    clients: int = 1
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    digest: str = ""
