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
        if self.kind is Kind.MISSING:
            return f"{self.path}: expected {self.expected!r}, but it is missing"
        if self.kind is Kind.EXTRA:
            return f"{self.path}: not expected, got {self.actual!r}"
        return f"{self.path}: expected {self.expected!r}, got {self.actual!r}"
