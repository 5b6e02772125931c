"""The prefix that marks what a run wrote, so that it can be found and swept."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

PREFIX = "Parity"
"""Every class and user name of a run starts with this and the run's mark."""

CLASS_PATTERN = re.compile(rf"{PREFIX}[0-9a-z]{{6}}[a-z0-9]*_[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names that no other run, worker or app uses.

    Attributes:
        mark: Six characters of ``0-9a-z`` that belong to the run, plus the worker's name.
    """

    mark: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @property
    def prefix(self) -> str:
        """What every name starts with."""
        return f"{PREFIX}{self.mark}_"

    def class_name(self, base: str = "GameScore") -> str:
        """Return a class name that is new in this run.

        Args:
            base: What the class is about; letters, digits and ``_``.
        """
        return f"{self.prefix}{base}{next(self._numbers)}"

    def user_name(self, base: str = "user") -> str:
        """Return a user name that is new in this run, in lower case."""
        return f"{self.prefix}{base}{next(self._numbers)}".lower()

    def owns(self, name: str) -> bool:
        """Return whether a class or user name belongs to this run (any worker of it)."""
        return name.lower().startswith(f"{PREFIX}{self.mark[:6]}".lower())
