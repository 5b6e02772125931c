"""What the hosted app had: a settings file that a person wrote, and the template for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from parity.jobs.settings.catalogue import Setting, Value, catalogue
from parity.model.digest import digest_of_bytes
from parity.model.formats import Place
from parity.model.toml import Wrong, nearest, open_toml, problems_of

_CODE: Final = "hosted-settings"
UNKNOWN: Final = "unknown"
"""What a person writes who has looked and cannot find out."""
MAX_BYTES: Final = 100_000
MAX_DAYS: Final = 36_500
MAX_ATTEMPTS: Final = 20
"""How many failed log-ins a probe makes at most."""
_TABLES: Final = ("accepted", "probe_user")
_OF_THE_PROBES: Final = ("username", "password", "email", "authData", "ACL", "objectId")
_SHOWN: Final = 60
_WIDTH: Final = 96


@dataclass(frozen=True, slots=True)
class HostedSettings:
    """What a settings file says.

    Attributes:
        values: By key; ``None`` where it says "unknown". Keys that it leaves out are missing.
        accepted: Why a difference is meant, by key.
        probe_user: Fields that every user of a probe is signed up with.
        digest: Digest of the file; empty without one.
    """

    values: Mapping[str, Value | None] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    probe_user: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""


def read_hosted(path: Path) -> HostedSettings:
    """Read and check a settings file.

    Args:
        path: A TOML file like :func:`template`.

    Returns:
        What it says.

    Raises:
        UserError: The file cannot be read or is not TOML; else every problem of it.
    """
    remedy = "docs/settings.md describes each key; `parity settings --template` prints all of them."
    read = open_toml(path, remedy, _CODE, most=MAX_BYTES)
    document = read.value
    problems = [Wrong(read.line(place), text) for place, text in _problems(document)]
    if problems:
        raise problems_of(path, problems, remedy, _CODE)
    values = {key: value for key, value in document.items() if key not in _TABLES}
    return HostedSettings(
        values={key: None if value == UNKNOWN else value for key, value in values.items()},
        accepted=document.get("accepted", {}),
        probe_user=document.get("probe_user", {}),
        digest=digest_of_bytes(read.text.encode()),
    )


def template() -> str:
    """Return a settings file in which every key is a comment, with what it means."""
    lines = [
        "# What the hosted app had, for `parity settings --hosted`.",
        '# Take the # away from what you know, and correct the value. Write "unknown" for what',
        "# nobody can find out. What is left out is taken from the hosted service's documentation",
        "# where that says it.",
        "",
    ]
    for setting in catalogue().values():
        lines += [f"# {line}" for line in _explained(setting)]
        lines += [f"# {setting.key} = {_written(setting)}", ""]
    lines += [
        "# Differences that are meant: the same keys, each with the reason.",
        "# [accepted]",
        '# public_file_upload = "Uploads need a log-in from app version 4.2 on."',
        "",
        "# Fields that a sign-up of this app needs (beforeSave of _User), for the probes' users.",
        "# [probe_user]",
        '# country = "CH"',
        "",
    ]
    return "\n".join(lines)


def _explained(setting: Setting) -> Iterator[str]:
    yield f"{setting.name}. {setting.guide or 'Not a setting of the hosted service.'}"
    if setting.kind == "switch":
        yield f"true: {setting.yes}; false: {setting.no}"
    elif setting.kind == "days":
        yield "days from the log-in, or the last request, until a session ends"
    else:
        yield f"failed log-ins until the account is locked, 1 to {MAX_ATTEMPTS}; 0: never locked"
    if setting.hosted is not None:
        yield f"The hosted service: {setting.words(setting.hosted)}"


def _written(setting: Setting) -> str:
    if setting.hosted is None:
        return f'"{UNKNOWN}"'
    value = setting.hosted
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _problems(document: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield everything that is wrong, each with its place."""
    settings = {setting.key: setting for setting in catalogue().values()}
    known = (*settings, *_TABLES)
    for key, value in document.items():
        if key in settings:
            text = _of_value(settings[key], value)
        elif key not in _TABLES:
            text = f"unknown key {_clip(repr(key))}, {_hint(key, known)}"
        else:
            text = "" if isinstance(value, dict) else f"{key} is a table: [{key}]"
        if text:
            yield (key,), text
    for key, reason in _table(document, "accepted"):
        if text := _of_accepted(key, reason, tuple(settings)):
            yield ("accepted", key), f"[accepted] {text}"
    for key, value in _table(document, "probe_user"):
        if not isinstance(value, str | bool | int | float):
            text = f"[probe_user] {_clip(key)} is text, a number, true or false"
            yield ("probe_user", key), text
        elif key in _OF_THE_PROBES:
            yield ("probe_user", key), f"[probe_user] {key} is chosen by the probes"


def _of_accepted(key: str, reason: object, known: tuple[str, ...]) -> str:
    if key not in known:
        return f"unknown key {_clip(repr(key))}, {_hint(key, known)}"
    if not isinstance(reason, str) or not reason.strip():
        return f"{key} is the reason, as text in quotes"
    return "" if reason.isprintable() else f"{key} holds characters that cannot be printed"


def _of_value(setting: Setting, value: object) -> str:
    """Say what is wrong with a value; empty if it can be one of the setting."""
    wrong = ""
    if value == UNKNOWN:
        return ""
    if setting.kind == "switch":
        wrong = "" if isinstance(value, bool) else f'true, false or "{UNKNOWN}"'
    elif isinstance(value, bool) or not isinstance(value, int | float):
        wrong = f'a number or "{UNKNOWN}"'
    elif setting.kind == "days":
        wrong = "" if 0 < value <= MAX_DAYS else f"a number of days up to {MAX_DAYS}"
    elif not 0 <= value <= MAX_ATTEMPTS or value != int(value):
        wrong = f"a whole number from 0 to {MAX_ATTEMPTS}"
    return f"{setting.key} = {_clip(repr(value))} is not {wrong}" if wrong else ""


def _hint(key: str, known: tuple[str, ...]) -> str:
    hint = nearest(key[:_WIDTH], known)
    return hint if hint.startswith("did you mean") else "see `parity settings --template`"


def _table(document: dict[str, Any], name: str) -> Iterator[tuple[str, object]]:
    table = document.get(name)
    if isinstance(table, dict):
        yield from table.items()


def _clip(text: str) -> str:
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
