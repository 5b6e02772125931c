"""Which Parse Server versions something concerns."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version


class Versions:
    """A set of versions, as a register entry names it.

    Several lines of releases are maintained at once, so what was mended has an edge in each:
    ``<8.6.21 || >=9.0,<9.6``. Between ``||``, as npm writes it, stand specifiers of PEP 440.

    Args:
        text: The ranges.

    Raises:
        InvalidSpecifier: One is no specifier.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._ranges = tuple(SpecifierSet(part.strip()) for part in text.split("||"))

    def __contains__(self, version: object) -> bool:
        """Return whether a version is one of them; so is a pre-release within a range."""
        found = Version(str(version))
        return any(one.contains(found, prereleases=True) for one in self._ranges)

    def __str__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Versions) and self._ranges == other._ranges

    def __hash__(self) -> int:
        return hash(self._ranges)
