"""A load profile: what the clients of an app ask for, how often, and in which mix.

It is made from a recording (`parity profile`), shipped (``loadtests/profiles``) or written by
hand.
It holds shapes and sizes and no values: nothing of a user's data is in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field

VALUE: Final = "?"
"""Stands in ``Operation.where`` for a value that some row of the class has in that field."""
MOST_OPERATIONS: Final = 2000
MOST_PARTS: Final = 50
"""Requests in a batch that the hosted service took (REST guide, "Batch Operations")."""
LARGEST_PAYLOAD: Final = 64 * 1024 * 1024
_DEEPEST: Final = 8

Rate = Annotated[float, Field(ge=0)]
ClassName = Annotated[str, Field(pattern=r"^(_?[A-Za-z][A-Za-z0-9_]*)?$")]
FunctionName = Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_.]*)?$")]


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


OF_A_CLASS: Final = frozenset(
    {Ask.QUERY, Ask.COUNT, Ask.GET, Ask.CREATE, Ask.UPDATE, Ask.DELETE, Ask.BATCH}
)
"""Operations that concern a class, which must be named."""
QUERIES: Final = frozenset({Ask.QUERY, Ask.COUNT})
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

    Raises:
        ValueError: What it asks and what it names do not belong together.
    """

    ask: Ask
    weight: Rate
    class_name: Annotated[ClassName, Field(alias="class")] = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    order: str = ""
    limit: Annotated[int, Field(ge=0, le=100_000)] | None = None
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    keys: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    payload_bytes: Annotated[int, Field(ge=0, le=LARGEST_PAYLOAD)] = 0
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS)] = 1
    function: FunctionName = ""

    def __post_init__(self) -> None:
        if self.ask in OF_A_CLASS and not self.class_name:
            raise ValueError(f"{self.ask} has no class")
        if self.ask is Ask.FUNCTION and not self.function:
            raise ValueError("function has no name: function = …")
        if self.where and self.ask not in QUERIES:
            raise ValueError(f"{self.ask} has a where; only query and count have one")
        if not _is_plain(self.where, _DEEPEST):
            raise ValueError(
                f'where holds what JSON cannot, or is deeper than {_DEEPEST}; write "{VALUE}"'
            )

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


def _is_plain(value: Any, deep: int) -> bool:
    if isinstance(value, Mapping | list):
        inner = value.values() if isinstance(value, Mapping) else value
        return deep > 0 and all(_is_plain(item, deep - 1) for item in inner)
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


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

    Raises:
        ValueError: Its numbers contradict each other.
    """

    name: Annotated[str, Field(min_length=1)]
    operations: Annotated[tuple[Operation, ...], Field(max_length=MOST_OPERATIONS)]
    peak_rate: Rate
    typical_rate: Rate
    hours: tuple[Rate, ...] = ()
    think_s: tuple[Rate, Rate, Rate] = (1.0, 3.0, 10.0)
    clients: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    latency_ms: Mapping[Ask, Rate] = field(default_factory=dict)
    source: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if not any(operation.weight > 0 for operation in self.operations):
            raise ValueError("no [[operations]] with a weight above 0: a profile is a mix of some")
        if self.typical_rate > self.peak_rate:
            raise ValueError("typical_rate is more than peak_rate")
        if list(self.think_s) != sorted(self.think_s):
            raise ValueError("think_s does not grow: 25th, 50th and 75th percentile")
        if len(self.hours) not in (0, 24):
            raise ValueError("hours is a list of 24 numbers")
