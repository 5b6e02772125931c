"""Where the suites and scenarios are: at the top of a checkout, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a top-level folder or file that travels with the package.

    Args:
        name: ``suites``, ``scenarios`` or a path below one of them.

    Returns:
        The path; it may not exist.
    """
    inside = _PACKAGE / "_shipped"
    return (inside if inside.is_dir() else _PACKAGE.parent) / name
