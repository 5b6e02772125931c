"""Reads a load profile from TOML and names every mistake in it with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from parity.model import UserError
from parity.model.formats import Format
from parity.model.toml import Document, nearest, open_toml, parse_toml, read_written
from parity.paths import shipped
from parity.profiles.profile import Profile

LONGEST_FILE: Final = 4 * 1024 * 1024
_PROFILE: Final = Format[Profile](Profile)


def load_profile(path_or_name: str | Path) -> Profile:
    """Read a profile from a file, or a shipped one by its name.

    Args:
        path_or_name: ``loadtests/profiles/app.toml``, or ``social``.

    Returns:
        The profile.

    Raises:
        UserError: There is none, or it has mistakes; each is named with its line.
    """
    path = Path(path_or_name)
    if path.suffix != ".toml" and path.name == str(path_or_name) and not path.is_file():
        names = shipped_names()
        if str(path_or_name) not in names:
            raise UserError(
                f"there is no shipped profile {str(path_or_name)!r}, "
                f"{nearest(str(path_or_name), names)}",
                "Give one of them, or the path of a .toml file.",
                code="profile",
            )
        path = shipped("loadtests") / "profiles" / f"{path_or_name}.toml"
    return read_profile(path)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles in alphabetical order."""
    folder = shipped("loadtests") / "profiles"
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def read_profile(path: Path) -> Profile:
    """Read and check the profile in a file; see :func:`load_profile`."""
    remedy = f"Give the path of a profile, or a shipped one: {', '.join(shipped_names())}."
    return _profile(open_toml(path, remedy, "profile", most=LONGEST_FILE), str(path))


def parse_profile(text: str, source: str) -> Profile:
    """Read and check the text of a profile.

    Args:
        text: TOML.
        source: Where it comes from, for messages.

    Raises:
        UserError: Every mistake of it, each with its line.
    """
    return _profile(parse_toml(text, source, "profile"), source)


def _profile(document: Document, source: str) -> Profile:
    value = {"typical_rate": document.value.get("peak_rate", 0), **document.value}
    remedy = "docs/loadtests.md describes each field."
    return read_written(document, _PROFILE, source, remedy, "profile", value)
