"""Looks through the folder of an app: which servers, which sources, which recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from parity.capture.recording import open_recording
from parity.init.found import Found, Setting
from parity.init.server_options import in_json, in_script, in_variables
from parity.jobs.scan.dependencies import asked
from parity.jobs.scan.files import File, read_files
from parity.model import UserError
from parity.targets.dotenv import read_dotenv
from parity.targets.sources import INSTALLED, SCRIPTS, TOOLS

HOSTED_SETTINGS: Final = "hosted-settings.toml"
_JSON: Final = frozenset({"json", "local", "parse.local"})
_RECORDINGS: Final = ("*.jsonl", "*.jsonl.zst")
_LEFT_OUT: Final = INSTALLED | TOOLS | {"reports"}
_DEEPEST: Final = 3
_MOST_SCRIPT: Final = 500_000
_OF_HOSTED: Final = {
    "HOSTED_APP_ID": "app_id",
    "HOSTED_REST_KEY": "rest_key",
    "HOSTED_CLIENT_KEY": "client_key",
    "HOSTED_JAVASCRIPT_KEY": "javascript_key",
    "HOSTED_MASTER_KEY": "master_key",
    "HOSTED_MONGODB_URI": "mongo",
}
"""Variables with the names that the documentation uses."""


def detect(folder: Path, environ: Mapping[str, str]) -> Found:
    """Find out what can be known of an app without asking anybody.

    Args:
        folder: The app's folder: sources, configuration, recording.
        environ: The environment: names of variables, and addresses in them.

    Raises:
        UserError: There is no such folder.
    """
    variables = read_dotenv(folder / ".env")
    files = [_relative(file, folder) for file in read_files([folder]).files if not file.vendored]
    found = Found(variables=frozenset(variables))
    for file in files:
        _server_of(file, found)
    known = {**variables, **environ}
    place = ".env" if variables else "the environment"
    found.selfhosted = in_variables(known, place) | found.selfhosted
    for variable, name in _OF_HOSTED.items():
        if known.get(variable):
            found.hosted[name] = Setting(variable, known[variable], place)
    found.selfhosted = {name: _filled(each, known) for name, each in found.selfhosted.items()}
    said = found.selfhosted.pop("cloud", Setting()).value
    found.cloud = _cloud(files, said)
    found.clients = _clients(files, found.cloud)
    found.recording = _recording(folder)
    found.web = _first(folder, ("*.har",))
    if (folder / HOSTED_SETTINGS).is_file():
        found.hosted_settings = HOSTED_SETTINGS
    return found


def _relative(file: File, folder: Path) -> File:
    path = PurePosixPath(file.name)
    inside = path.relative_to(folder.as_posix()) if folder != Path() else path
    return File(str(inside), file.data, file.root, file.vendored)


def _server_of(file: File, found: Found) -> None:
    """Take over what a file says of a server; the first that says a setting is heard."""
    if file.ending in SCRIPTS and b"ParseServer" in file.data and len(file.data) < _MOST_SCRIPT:
        for settings in in_script(file):
            found.selfhosted = settings | found.selfhosted
    elif file.ending in _JSON:
        for kind, settings in in_json(file):
            if kind == "hosted":
                found.hosted = settings | found.hosted
            else:
                found.selfhosted = settings | found.selfhosted


def _filled(setting: Setting, known: Mapping[str, str]) -> Setting:
    """Return a setting with the value that its variable has now."""
    return Setting(setting.variable, known.get(setting.variable) or setting.value, setting.place)


def _cloud(files: Iterable[File], said: str) -> str:
    """Return where the cloud code is: what the server loads, else what looks like it."""
    names = [file.name for file in files]
    wanted = said.removeprefix("./").lstrip("/")
    for name in (wanted, f"{wanted}.js", "cloud/main.js"):
        if name in names:
            above = str(PurePosixPath(name).parent)
            return name if above == "." else above
    found = sorted(str(PurePosixPath(each.name).parent) for each in files if each.registers)
    return next((each for each in found if each != "."), "")


def _clients(files: Iterable[File], cloud: str) -> tuple[str, ...]:
    """Return the folders and files at the top that hold source of clients."""
    found = {}
    for file in files:
        top = file.name.partition("/")[0]
        in_cloud = cloud and PurePosixPath(file.name).is_relative_to(cloud)
        if in_cloud or top.startswith(".") or _is_server(file):
            continue
        if _asks_for_parse(file) or (file.mentions and file.ending not in {"json", "toml", "env"}):
            found[top] = True
    return tuple(sorted(found))


def _is_server(file: File) -> bool:
    said = (b"ParseServer", b"parse-server", b"parse-dashboard")
    return file.registers or any(word in file.data for word in said)


def _asks_for_parse(file: File) -> bool:
    """Tell whether a Podfile, a Gradle file, a package.json, … asks for a Parse SDK."""
    own_name = file.name.rpartition("/")[2].lower()
    return next(asked(own_name, file.text), None) is not None


def _recording(folder: Path) -> str:
    paths = [path for path in _paths(folder, _RECORDINGS) if _is_recording(path)]
    newest = max(paths, key=lambda path: path.stat().st_mtime, default=None)
    return "" if newest is None else newest.relative_to(folder).as_posix()


def _is_recording(path: Path) -> bool:
    try:
        open_recording(path, allow_truncated=True).close()
    except (UserError, OSError):
        return False
    return True


def _first(folder: Path, patterns: Iterable[str]) -> str:
    found = min(_paths(folder, patterns), default=None)
    return "" if found is None else found.relative_to(folder).as_posix()


def _paths(folder: Path, patterns: Iterable[str]) -> Iterable[Path]:
    for depth in range(_DEEPEST):
        for pattern in patterns:
            for path in folder.glob("*/" * depth + pattern):
                inside = path.relative_to(folder).parts
                if path.is_file() and not _LEFT_OUT & set(inside):
                    yield path
