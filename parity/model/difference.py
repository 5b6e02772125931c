"""Where two Parse values disagree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How two values disagree."""

    MISSING = "missing"
    EXTRA = "extra"
    TYPE = "type"
    VALUE = "value"
    ORDER = "order"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement at one place.

    Attributes:
        path: JSON path from the response: ``$.results[0].score``, or ``$status``, or
            ``$header.Location``.
        kind: How the values disagree.
        expected: The expected value, or a matcher's description (JSON-serialisable).
        actual: What was observed (JSON-serialisable); ``None`` when missing.
    """

    path: str
    kind: Kind
    expected: Any
    actual: Any

    def __str__(self) -> str:
        # No "name: value": a redactor would take the words for the value of a sensitive field.
        if self.kind is Kind.MISSING:
            return f"expected {self.expected!r} at {self.path}, found nothing"
        if self.kind is Kind.EXTRA:
            return f"expected nothing at {self.path}, got {self.actual!r}"
        return f"expected {self.expected!r} at {self.path}, got {self.actual!r}"
