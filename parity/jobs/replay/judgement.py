"""What a target answered, and what was found out about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parity.model import Difference

_INDEX = re.compile(r"\[\d+\]")


class Class(StrEnum):
    """What became of an exchange."""

    EQUAL = "equal"
    KNOWN = "known difference"
    DIFFERENT = "different"
    PRIOR_STATE = "needs prior state"
    UNDECIDABLE = "undecidable order"
    UNSUPPORTED = "unsupported"
    NOT_SENT = "not sent"
    ERROR = "error"


# Without repr, here and below: tracebacks and failing tests would print values of the traffic.
@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A live response.

    Attributes:
        status: HTTP status.
        headers: Header names in lower case.
        body: The body, content-decoded.
        elapsed_ms: Milliseconds from sending until the body was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: float


@dataclass(slots=True, repr=False)
class Judgement:
    """What was found out about one exchange.

    Attributes:
        outcome: What became of it.
        differences: What differs, each with the id of the entry that explains it, or ``None``.
        reason: Why it could not be judged, or in part only; empty if it could.
        learned: Bindings that it taught.
        times: Times that it taught: object, recorded, live.
    """

    outcome: Class
    differences: list[tuple[Difference, str | None]] = field(default_factory=list)
    reason: str = ""
    learned: list[tuple[str, str]] = field(default_factory=list)
    times: list[tuple[str, str, str]] = field(default_factory=list)


def place(difference: Difference) -> str:
    """Return the path of a difference with ``[*]`` for every index."""
    return _INDEX.sub("[*]", difference.path)
