"""Expectations for values that a server mints, and for parts of values.

A matcher stands anywhere in an expected JSON value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.compare.values import MISSING, child, describe, differences
from parity.model import Difference, Kind


class Matcher:
    """Base of the matchers; subclasses say what they accept and how they call it."""

    __slots__ = ()

    def accepts(self, actual: Any) -> bool:
        """Return whether ``actual`` is as expected."""
        raise NotImplementedError

    def describe(self) -> str:
        """Return a few words that name what is expected."""
        raise NotImplementedError

    def compare(self, actual: Any, path: str) -> list[Difference]:
        """Return where ``actual`` disagrees; an empty list when it does not."""
        if actual is MISSING:
            return [Difference(path, Kind.MISSING, f"<{self.describe()}>", None)]
        if self.accepts(actual):
            return []
        return [Difference(path, Kind.VALUE, f"<{self.describe()}>", actual)]


@dataclass(frozen=True, slots=True)
class Anything(Matcher):
    """Any value, as long as it is there."""

    def accepts(self, actual: Any) -> bool:  # noqa: ARG002 - the point of it
        """Accept everything."""
        return True

    def describe(self) -> str:
        """Name it."""
        return "anything"


@dataclass(frozen=True, slots=True)
class Matching(Matcher):
    """A string that matches a pattern from its beginning to its end.

    Attributes:
        pattern: A regular expression.
        name: What people call such a string.
    """

    pattern: str
    name: str = ""

    def accepts(self, actual: Any) -> bool:
        """Accept a string that matches as a whole."""
        return isinstance(actual, str) and re.fullmatch(self.pattern, actual) is not None

    def describe(self) -> str:
        """Name it."""
        return self.name or f"a string like /{self.pattern}/"


@dataclass(frozen=True, slots=True)
class AnyOf(Matcher):
    """One of several values.

    Attributes:
        choices: JSON values or matchers.
    """

    choices: tuple[Any, ...]

    def __init__(self, *choices: Any) -> None:
        object.__setattr__(self, "choices", choices)

    def accepts(self, actual: Any) -> bool:
        """Accept a value that equals one of the choices."""
        return any(not differences(choice, actual) for choice in self.choices)

    def describe(self) -> str:
        """Name it."""
        return " or ".join(str(describe(choice)) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Unordered(Matcher):
    """An array with exactly these elements, in any order.

    Attributes:
        items: JSON values or matchers.
    """

    items: Sequence[Any]

    def accepts(self, actual: Any) -> bool:
        """Accept a permutation."""
        if not isinstance(actual, list) or len(actual) != len(self.items):
            return False
        rest = list(actual)
        for item in self.items:
            match = next((i for i, other in enumerate(rest) if not differences(item, other)), None)
            if match is None:
                return False
            del rest[match]
        return True

    def describe(self) -> str:
        """Name it."""
        return f"in any order: {describe(list(self.items))}"


@dataclass(frozen=True, slots=True)
class Containing:
    """An object with at least these members.

    Attributes:
        members: Key to JSON value or matcher.
    """

    members: dict[str, Any]

    def compare(self, actual: Any, path: str) -> list[Difference]:
        """Return the members that are missing or differ."""
        if not isinstance(actual, dict):
            shown = None if actual is MISSING else actual
            return [Difference(path, Kind.TYPE, f"<{self.describe()}>", shown)]
        found: list[Difference] = []
        for key, value in self.members.items():
            found += differences(value, actual.get(key, MISSING), child(path, key))
        return found

    def describe(self) -> str:
        """Name it."""
        return f"an object with {describe(self.members)}"


an_object_id = Matching(r"[A-Za-z0-9]{10}", "an object id: 10 letters or digits")
"""Ten of ``A-Za-z0-9`` on the hosted service and on Parse Server (recorded, both folders)."""

a_date = Matching(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "an ISO 8601 time in UTC with milliseconds"
)
"""``YYYY-MM-DDTHH:MM:SS.mmmZ`` (REST guide, "Data Types"; recorded in both folders)."""

a_session_token = Matching(
    r"r:(?:[0-9a-f]{32}|[A-Za-z0-9]{25})", "a revocable session token: r: and 25 or 32 characters"
)
"""``r:`` + 25 alphanumerics hosted, ``r:`` + 32 hex on Parse Server (recorded, test_user_save)."""
