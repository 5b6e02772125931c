"""A value that must never be printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A key, token or URI that prints as a mask.

    Attributes:
        value: The secret itself. Read it only where it is sent.
        source: The environment variable it came from, for "repeat this" lines; empty if generated.
    """

    value: str
    source: str = ""

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"
