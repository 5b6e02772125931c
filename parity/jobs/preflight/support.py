"""Which MongoDB versions each Parse Server version is documented to support.

Sources: the "Compatibility" section in the README of 5.6.0, 6.5.11, 7.5.4, 8.6.94 and 9.10.0, and
the badges in those of 3.10.0 and 4.10.20. For 2.x its package (driver 3.1) and the release notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from packaging.version import InvalidVersion, Version

SUPPORTED: Final[Mapping[int, tuple[str, ...]]] = {
    2: ("2.6", "3.0", "3.2", "3.4", "3.6"),
    3: ("3.2", "3.4", "3.6", "4.0"),
    4: ("3.6", "4.0", "4.2", "4.4", "5"),
    5: ("4.0", "4.2", "4.4", "5", "6"),
    6: ("4.0", "4.2", "4.4", "5", "6"),
    7: ("4.2", "4.4", "5", "6", "7", "8"),
    8: ("6", "7", "8"),
    9: ("7", "8"),
}
"""MongoDB release series by major version of Parse Server; from 5 on a major is a series."""


def series(mongo_version: str) -> str:
    """Return the release series of a MongoDB version: ``4.2.24`` is ``4.2``, ``6.0.5`` is ``6``."""
    version = Version(mongo_version)
    return str(version.major) if version.major >= 5 else f"{version.major}.{version.minor}"


def supported_by(parse_server: str) -> tuple[str, ...] | None:
    """Return the series that a Parse Server version supports; ``None`` if we do not know it."""
    try:
        return SUPPORTED.get(Version(parse_server).major)
    except InvalidVersion:
        return None
