"""The embedded default as a value: its members, and what a running stack hands out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from parity.model import Keys, Secret, Style, Target, Writes
from parity.stack.versions import HOSTED_VERSION, SELFHOSTED_VERSION

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Member:
    """One Parse Server of a stack.

    Attributes:
        name: Name of its target; also of its database and its log file.
        version: Parse Server version, one of the table in ``versions.py``.
        style: Style of its target.
        mount: Path that it is mounted at: ``/parse``.
        options: Parse Server options added to (and overriding) those that every member gets;
            ``None`` takes one away.
        note: What reports say beside the target's name.
    """

    name: str
    version: str
    style: Style = Style.PARSE_SERVER
    mount: str = "/parse"
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def hosted_member(version: str = HOSTED_VERSION) -> Member:
    """Return the stand-in for the hosted service: an old Parse Server in hosted style."""
    note = f"stand-in: Parse Server {version}, not the hosted service"
    return Member("hosted", version, Style.HOSTED, "/1", note=note)


def selfhosted_member(version: str = SELFHOSTED_VERSION) -> Member:
    """Return a self-hosted Parse Server."""
    return Member("selfhosted", version)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack.

    Attributes:
        targets: One target per member, in the order of the members.
        directory: Where its data and logs are until it stops.
        supervisor_pid: The process that owns all others.
        mongo_uri: URI of its MongoDB, without a database.
    """

    targets: tuple[Target, ...]
    directory: Path
    supervisor_pid: int
    mongo_uri: str


def new_keys(name: str) -> tuple[Secret, Keys]:
    """Make a random application id and one random key of each kind.

    Args:
        name: The target's name; secrets are named after it: ``HOSTED_REST_KEY``.

    Returns:
        The application id and the keys.
    """
    prefix = env_prefix(name)
    keys = {each.name: _new_secret(f"{prefix}_{each.name.upper()}") for each in fields(Keys)}
    return _new_secret(f"{prefix}_APP_ID"), Keys(**keys)


def env_prefix(name: str) -> str:
    """Return how a target's environment variables start: ``my-app`` gives ``MY_APP``."""
    return "".join(char if char.isalnum() else "_" for char in name).upper()


def stack_to_json(stack: Stack) -> str:
    """Write a stack with its secrets as JSON, for a file that only its owner can read."""
    return json.dumps(
        {
            "targets": [_target_to_dict(target) for target in stack.targets],
            "directory": str(stack.directory),
            "supervisor_pid": stack.supervisor_pid,
            "mongo_uri": stack.mongo_uri,
        }
    )


def stack_from_json(text: str) -> Stack:
    """Read what :func:`stack_to_json` wrote."""
    raw = json.loads(text)
    return Stack(
        targets=tuple(_target_from_dict(each) for each in raw["targets"]),
        directory=Path(raw["directory"]),
        supervisor_pid=raw["supervisor_pid"],
        mongo_uri=raw["mongo_uri"],
    )


def _new_secret(source: str) -> Secret:
    return Secret(secrets.token_hex(KEY_BYTES), source)


def _target_to_dict(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "style": target.style.value,
        "url": target.url,
        "version": target.version,
        "note": target.note,
        "secrets": {name: [secret.value, secret.source] for name, secret in target.secrets()},
    }


def _target_from_dict(raw: dict[str, Any]) -> Target:
    kept = {name: Secret(*pair) for name, pair in raw["secrets"].items()}
    return embedded_target(
        name=raw["name"],
        style=Style(raw["style"]),
        url=raw["url"],
        app_id=kept.pop("app_id"),
        mongo=kept.pop("mongo"),
        keys=Keys(**kept),
        version=raw["version"],
        note=raw["note"],
    )


def embedded_target(
    *,
    name: str,
    style: Style,
    url: str,
    app_id: Secret,
    mongo: Secret,
    keys: Keys,
    version: str,
    note: str,
) -> Target:
    """Return a target that may be written to, because it is thrown away afterwards."""
    return Target(
        name=name,
        style=style,
        url=url,
        app_id=app_id,
        keys=keys,
        writes=Writes.DISPOSABLE,
        mongo=mongo,
        version=version,
        embedded=True,
        note=note,
    )
