"""The app that moves, as ``[app]`` of ``parity.toml`` describes it once for every command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from parity.model.digest import digest_of_all, digest_of_file, digest_of_recording
from parity.model.toml import nearest
from parity.targets.identity import code_digest

Problem = Callable[[str, str], None]
"""Takes the name of a setting and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class App:
    """What there is of the app beside its servers. Nothing has to be there yet.

    Attributes:
        recording: Recorded traffic: a recording, or a folder of them.
        cloud: Folder or file of the cloud code that the servers run.
        clients: Folders with the source of the apps that people use.
        web: What the old website answered: a recording, a HAR file, or a list of URLs.
        hosted_settings: The settings of the hosted app, a file of ``parity settings --template``.
    """

    recording: Path | None = None
    cloud: Path | None = None
    clients: tuple[Path, ...] = ()
    web: Path | None = None
    hosted_settings: Path | None = None

    def places(self) -> dict[str, tuple[Path, ...]]:
        """Return the files and folders of each part that is declared, by its name."""
        declared = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value if isinstance(value, tuple) else (value,)
            for name, value in declared.items()
            if value
        }

    def digests(self) -> dict[str, str]:
        """Return the digest of each part that is declared and there, by its name."""
        return {
            name: digest_of_part(name, places)
            for name, places in self.places().items()
            if all(place.exists() for place in places)
        }


def digest_of_part(name: str, places: Iterable[Path]) -> str:
    """Return the digest of a part of an app, as runs that use it say it.

    Args:
        name: A name of :class:`App`.
        places: Its files and folders; only ``clients`` has several.

    Raises:
        OSError: One is not there, or cannot be read.
    """
    if name == "clients":
        return digest_of_all(map(code_digest, places))
    [place] = places
    return _DIGEST_OF[name](place)


_DIGEST_OF: Final[Mapping[str, Callable[[Path], str]]] = {
    "recording": digest_of_recording,
    "cloud": code_digest,
    "web": digest_of_recording,
    "hosted_settings": digest_of_file,
}


def app_of(table: Any, folder: Path, problem: Problem) -> App:
    """Read the table ``[app]``.

    Args:
        table: Its value.
        folder: What its paths are relative to: where the file is.
        problem: Told everything that is wrong with it.
    """
    if not isinstance(table, dict):
        problem("", "[app] is a table")
        return App()
    names = [field.name for field in fields(App)]
    read: dict[str, Any] = {}
    for key, value in table.items():
        if key not in names:
            problem(key, f"unknown setting {key!r}, {nearest(key, names)}")
        elif key == "clients":
            if isinstance(value, list) and all(map(_is_path, value)):
                read[key] = tuple(folder / Path(name).expanduser() for name in value)
            else:
                problem(key, 'clients is a list of folders: ["ios/", "android/"]')
        elif _is_path(value):
            read[key] = folder / Path(value).expanduser()
        else:
            problem(key, f"{key} is a path in quotes")
    return App(**read)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()
