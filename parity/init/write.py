"""Writes what was found: ``parity.toml``, ``.env.example``, ``.env``, a line of ``.gitignore``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parity.init.found import Found, Settings
from parity.model import UserError
from parity.model.toml import toml_text
from parity.targets.dotenv import NAME

CONFIG: Final = "parity.toml"
EXAMPLE: Final = ".env.example"
IGNORED: Final = (NAME, "reports/")
LOCAL_URL: Final = "http://localhost:1337/parse"
"""Where the guide's step 2 starts a Parse Server."""
HOSTED_URL: Final = "https://api.parse.com/1"
SECRETS: Final = {
    "app_id": "APP_ID",
    "rest_key": "REST_KEY",
    "client_key": "CLIENT_KEY",
    "javascript_key": "JAVASCRIPT_KEY",
    "dotnet_key": "DOTNET_KEY",
    "master_key": "MASTER_KEY",
    "file_key": "FILE_KEY",
    "mongo": "MONGODB_URI",
}
"""Settings that are references, with the variable of each unless the app has one of its own."""
_NEEDED: Final = {
    "selfhosted": ("app_id", "master_key", "mongo"),
    "hosted": ("app_id", "rest_key", "mongo"),
    "deployed": ("app_id", "rest_key", "master_key"),
}
_PLAIN: Final = re.compile(r"[\w@:/.,+=?&%~-]+")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one file.

    Attributes:
        name: Its name.
        what: What was done, for people.
    """

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class _Reference:
    """A secret of a target: the variable, and the value to write beside it if there is one."""

    setting: str
    variable: str
    value: str
    place: str


def write_files(
    folder: Path, found: Found, environ: Mapping[str, str], *, disposable: bool
) -> list[Written]:
    """Write the files; one that is there stays as it is.

    Args:
        folder: Where the app is.
        found: What was found, and what a person said.
        environ: Names that have a value already.
        disposable: Whether the new server may be written to as a replay does.

    Returns:
        What became of each file.

    Raises:
        UserError: There is a ``parity.toml``, or a file cannot be written.
    """
    if (folder / CONFIG).exists():
        raise UserError(
            f"{folder / CONFIG} is there already, and stays as it is",
            "Change it, or rename it and run parity init again; "
            "parity status says where the app stands.",
            code="config-exists",
        )
    references = {
        name: _references(name, settings, environ) for name, settings in found.targets.items()
    }
    try:
        return [
            _ignored(folder),
            _written(folder / CONFIG, config_text(found, references, disposable=disposable)),
            _written(folder / EXAMPLE, example_text(references)),
            *_secrets(folder, references, found),
        ]
    except OSError as error:
        raise UserError(
            f"cannot write into {folder}: {error.strerror or error}",
            "Give a folder that can be written.",
            code="config-unwritable",
        ) from error


def _prefix(target: str) -> str:
    """Return how the variables of a target begin."""
    return "" if target == "selfhosted" else f"{target.upper()}_"


def _references(target: str, settings: Settings, environ: Mapping[str, str]) -> list[_Reference]:
    prefix, references = _prefix(target), []
    for setting, default in SECRETS.items():
        given = settings.get(setting)
        if not given:
            continue
        name = given.variable or f"{prefix}{default}"
        if not given.variable and environ.get(name, given.value) != given.value:
            name = f"PARITY_APP_{prefix}{default}"  # that name means something else already
        references.append(
            _Reference(setting, name, "" if environ.get(name) else given.value, given.place)
        )
    return references


def config_text(
    found: Found, references: Mapping[str, list[_Reference]], *, disposable: bool
) -> str:
    """Return a ``parity.toml``; what is not known is a comment that says how to get it."""
    return "\n".join(
        [
            "# What this app is and where it lives: docs/configuration.md describes each setting.",
            "# Secrets are names of environment variables; their values are in .env, beside this",
            "# file and never committed, or in the environment.",
            "# `parity status` says where the app stands, and what each gate still lacks.",
            "",
            *_app_lines(found),
            *_target_lines("hosted", found, references["hosted"], disposable=False),
            *_target_lines("selfhosted", found, references["selfhosted"], disposable=disposable),
            *_target_lines("deployed", found, references["deployed"], disposable=False),
        ]
    )


def _app_lines(found: Found) -> Iterator[str]:
    yield "[app]"
    for name, value, how in (
        (
            "recording",
            found.recording,
            "traffic of the app: parity capture, or import",
        ),
        ("cloud", found.cloud, "folder of the cloud code"),
        ("clients", list(found.clients), "folders and files of the clients' sources"),
        ("web", found.web, "GETs of the website, as a browser saves them: site.har"),
        ("hosted_settings", found.hosted_settings, "what the hosted app had: parity settings"),
    ):
        if value:
            yield f"{name} = {_toml(value)}"
        else:
            example = ["ios", "android"] if isinstance(value, list) else _EXAMPLES[name]
            yield f"# {name} = {_toml(example)}".ljust(40) + f"# {how}"
    yield ""


_EXAMPLES: Final = {
    "recording": "app.jsonl",
    "cloud": "cloud",
    "web": "site.har",
    "hosted_settings": "hosted-settings.toml",
}
_ABOUT: Final = {
    "hosted": "the app before the move; read only",
    "selfhosted": "the new server, on a fresh copy of the migrated data",
    "deployed": "what clients will reach; asked for gate 11 only",
}
_STYLES: Final = {"hosted": "hosted", "selfhosted": "parse-server", "deployed": "parse-server"}


def _target_lines(
    target: str, found: Found, references: list[_Reference], *, disposable: bool
) -> Iterator[str]:
    settings = found.targets[target]
    known = {each.setting: each for each in references}
    # A target that cannot be asked yet is a comment as a whole, so that nothing refers to nothing.
    usable = target == "selfhosted" or "app_id" in known
    if target == "hosted":
        usable = usable and bool({"rest_key", "client_key", "master_key"} & known.keys())
    mark = "" if usable else "# "
    url = settings["url"].value if "url" in settings else ""
    default = HOSTED_URL if target == "hosted" else LOCAL_URL
    yield f"{mark}[targets.{target}]".ljust(40) + f"# {_ABOUT[target]}"
    yield f'{mark}style = "{_STYLES[target]}"'
    assumed = "" if url or target == "hosted" else "  # assumed: nothing says it"
    yield f"{mark}url = {_toml(url or default)}{assumed}"
    for setting, variable in SECRETS.items():
        if setting in known:
            yield f'{mark}{setting} = "env:{known[setting].variable}"'
        elif setting in _NEEDED[target]:
            commented = mark or ("" if setting == "app_id" else "# ")
            yield f'{commented}{setting} = "env:{_prefix(target)}{variable}"'
    public = settings["public_url"].value if "public_url" in settings else ""
    if public and public != url:
        yield f"{mark}public_url = {_toml(public)}"
    yield from _writes(target, mark, disposable=disposable)
    yield ""


def _writes(target: str, mark: str, *, disposable: bool) -> Iterator[str]:
    if target == "hosted":
        yield f'{mark}writes = "forbidden"'
    elif disposable:
        yield 'writes = "disposable"  # a replay writes to the classes of the app'
    else:
        yield f'{mark}writes = "namespaced"'
        if target == "selfhosted":
            yield '# writes = "disposable"  # once it is a copy that may be thrown away: a replay'
            yield "#                        # writes to the classes of the app"


def example_text(references: Mapping[str, list[_Reference]]) -> str:
    """Return a ``.env.example``: every name that is referred to, and no value."""
    lines = ["# Copy it to .env and fill in the values; never commit .env."]
    names: dict[str, None] = {}
    for target, wanted in _NEEDED.items():
        known = {each.setting: each.variable for each in references[target]}
        lines += ["", f"# {target}: {_ABOUT[target]}"]
        for setting, variable in SECRETS.items():
            if setting in wanted or setting in known:
                name = known.get(setting, f"{_prefix(target)}{variable}")
                lines += [f"{name}="] if name not in names else []
                names[name] = None
    return "\n".join([*lines, ""])


def _secrets(
    folder: Path, references: Mapping[str, list[_Reference]], found: Found
) -> Iterator[Written]:
    """Write the values that files of the app hold to ``.env``, for its owner alone."""
    values = {
        each.variable: each
        for every in references.values()
        for each in every
        if each.value and each.variable not in found.variables
    }
    if not values:
        return
    path = folder / NAME
    places = ", ".join(sorted({each.place.partition(":")[0] for each in values.values()}))
    if path.exists():
        yield Written(NAME, f"stays as it is; add {', '.join(values)} (they are in {places})")
        return
    lines = [f"# Values that are in {places}. Never commit this file.\n"]
    lines += [f"{name}={_env_value(each.value)}\n" for name, each in values.items()]
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as sink:
        sink.writelines(lines)
    yield Written(NAME, f"{len(values)} values that are in {places}; for you alone")


def _env_value(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _ignored(folder: Path) -> Written:
    """Add what must not be committed to ``.gitignore``, before it is written."""
    path = folder / ".gitignore"
    text = path.read_text("utf-8") if path.exists() else ""
    lines = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in IGNORED if line.strip("/") not in lines]
    if not missing:
        return Written(".gitignore", "names .env and reports/ already")
    with path.open("a", encoding="utf-8") as sink:
        sink.write("" if not text or text.endswith("\n") else "\n")
        sink.writelines(f"{line}\n" for line in missing)
    return Written(".gitignore", f"got {' and '.join(missing)}")


def _written(path: Path, text: str) -> Written:
    try:
        with path.open("x", encoding="utf-8") as sink:
            sink.write(text)
    except FileExistsError:
        return Written(path.name, "is there already, and stays as it is")
    return Written(path.name, "written")


def _toml(value: str | list[str]) -> str:
    """Return text, or a list of it, as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml_text, value))}]"
    return toml_text(value)
