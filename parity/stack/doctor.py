"""What a machine has for the embedded default, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from parity.model import UserError
from parity.stack.directory import leftovers, temporary_folder
from parity.stack.install import cache_root, server_folder
from parity.stack.parts import (
    Part,
    find_mongod,
    find_node,
    find_npm,
    library_remedy,
    version_of,
    why_not,
)
from parity.stack.versions import (
    HOSTED_VERSION,
    SELFHOSTED_VERSION,
    VERSIONS,
    mongod_fits,
    node_fits,
)

MIB = 1024 * 1024
TMP_NEEDS = 600 * MIB
"""Room for one stack: mongod preallocates 300 MiB of journal, then data and logs."""
SERVER_NEEDS = 250 * MIB
"""Room for one Parse Server: 110 to 220 MiB when installed."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEFAULTS = (HOSTED_VERSION, SELFHOSTED_VERSION)


class State(StrEnum):
    """What became of one check of the machine."""

    OK = "ok"
    LATER = "later"
    """Not there yet; it comes by itself when it is needed."""
    OPTIONAL = "optional"
    """Not there, and only some things need it."""
    WARNING = "warning"
    """Worth knowing; the embedded default runs all the same."""
    MISSING = "missing"
    """The embedded default cannot run without it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        part: What was looked at.
        state: What became of it.
        found: What is there.
        remedy: What to do; empty if nothing.
        path: Where it is, for scripts; the table leaves it out.
    """

    part: str
    state: State
    found: str
    remedy: str = ""
    path: str = ""


def examine() -> list[Row]:
    """Look at everything.

    Returns:
        One row per part, in the order of the table.
    """
    node, node_row = _program("node", find_node, node_fits)
    _, mongod_row = _program("mongod", find_mongod, mongod_fits)
    npm_row = _npm(node)
    return [
        _python(),
        mongod_row,
        node_row,
        npm_row,
        *_servers(can_install=npm_row.state is State.OK),
        _room("room in the cache", cache_root(), SERVER_NEEDS * _to_install(), "PARITY_CACHE"),
        _room("room for a stack", temporary_folder(), TMP_NEEDS, "TMPDIR"),
        _reports(Path("reports")),
        _config(os.environ.get("PARITY_CONFIG", "")),
        _browser(),
        *_leftovers(),
    ]


def _python() -> Row:
    return Row("python", State.OK, platform.python_version(), path=sys.executable)


def _program(
    name: str, find: Callable[[], Part], fits: Callable[[str], bool]
) -> tuple[Part | None, Row]:
    try:
        part = find()
    except UserError as error:
        return None, Row(name, State.MISSING, error.what, error.remedy)
    version = version_of(part)
    path = part.command[0]
    where = part.source if part.source.startswith("wheel") else f"{part.source}: {path}"
    if not version:
        why = why_not(part)
        remedy = library_remedy(why) or f"Set PARITY_{name.upper()} to one that runs."
        return None, Row(name, State.MISSING, f"does not run ({where}): {why}", remedy)
    if not fits(version):
        # Only one that the user configured gets here; that is the user's decision.
        remedy = "Unset the variable to use the pinned one."
        return part, Row(name, State.WARNING, f"{version}, untested ({where})", remedy)
    return part, Row(name, State.OK, f"{version} ({where})", path=path)


def _npm(node: Part | None) -> Row:
    if node is None:
        return Row("npm", State.MISSING, "needs node", "See node.")
    try:
        part = find_npm(node)
    except UserError as error:
        return Row("npm", State.MISSING, error.what, error.remedy)
    version = version_of(part)
    if not version:
        return Row("npm", State.MISSING, f"does not run ({part.source})", "See node.")
    return Row("npm", State.OK, f"{version} ({part.source})")


def _servers(*, can_install: bool) -> Iterator[Row]:
    folders = {version: server_folder(version, cache_root()) for version in VERSIONS}
    for version in DEFAULTS:
        name = f"Parse Server {version}"
        if folders[version].is_dir():
            yield Row(name, State.OK, "installed", path=str(folders[version]))
        elif can_install:
            yield Row(name, State.LATER, "not installed", "The first run installs it with npm.")
        else:
            yield Row(name, State.MISSING, "not installed", "Needs node and npm; see there.")
    others = [version for version in VERSIONS if version not in DEFAULTS]
    there = ", ".join(version for version in others if folders[version].is_dir())
    absent = ", ".join(version for version in others if not folders[version].is_dir())
    remedy = f"Install one by using it: parity stack up --version {others[-1]}"
    yield Row(
        "other Parse Servers",
        State.OPTIONAL if absent else State.OK,
        "; ".join(
            said
            for said in (there and f"installed: {there}", absent and f"not installed: {absent}")
            if said
        ),
        remedy if absent else "",
    )


def _to_install() -> int:
    return sum(not server_folder(version, cache_root()).is_dir() for version in DEFAULTS)


def _room(part: str, folder: Path, needed: int, variable: str) -> Row:
    existing = _nearest_existing(folder)
    free = shutil.disk_usage(existing).free
    found = f"{free // MIB} MiB free in {folder}"
    remedy = f"{needed // MIB} MiB are needed: make room, or set {variable} to another folder."
    if needed and not os.access(existing, os.W_OK):
        return Row(part, State.MISSING, f"{folder} is not writable", f"Set {variable} elsewhere.")
    if free < needed:
        return Row(part, State.MISSING, found, remedy)
    return Row(part, State.OK, found)


def _reports(folder: Path) -> Row:
    existing = _nearest_existing(folder.absolute())
    if existing.is_dir() and os.access(existing, os.W_OK):
        return Row("reports", State.OK, f"{folder.absolute()} is writable")
    return Row(
        "reports",
        State.WARNING,
        f"{folder.absolute()} cannot be written",
        "Run in a folder that can be written, or say where reports go (see pytest --help).",
    )


def _config(value: str) -> Row:
    if not value:
        return Row("PARITY_CONFIG", State.OK, "not set: the embedded default is used")
    if Path(value).is_file():
        return Row("PARITY_CONFIG", State.OK, f"{value}: its targets are used, not the embedded")
    return Row("PARITY_CONFIG", State.WARNING, f"{value} is not a file", "Correct it or unset it.")


def _browser() -> Row:
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return Row("chromium", State.OK, found)
    remedy = "Only the project's own tests of the report need it: apt-get install chromium"
    return Row("chromium", State.OPTIONAL, "not found", remedy)


def _leftovers() -> Iterator[Row]:
    for directory in leftovers():
        remedy = "The next stack that starts removes it."
        yield Row("left by a killed run", State.WARNING, str(directory), remedy)


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in [folder, *folder.parents] if path.exists())
