"""Options that several commands have: the same names and the same words everywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from parity.model import Secret, Style, Target, UserError
from parity.model.units import parse_duration, parse_size
from parity.targets.mongo import PREFERENCES
from parity.targets.secrets import read_secret
from parity.targets.settings import load_settings


class _Written(click.ParamType[Any]):
    """A number with a unit, as people write it; ``parse`` raises ``ValueError`` otherwise."""

    def __init__(self, name: str, parse: Callable[[str], float]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number: bytes, or seconds."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


POSITIVE: Final = click.FloatRange(min=0, min_open=True)
SIZE: Final = _Written("size", parse_size)
"""Bytes, from ``3GB`` or ``800MiB``."""
DURATION: Final = _Written("time", parse_duration)
"""Seconds, from ``30s``, ``10m`` or ``1h``."""

read_preference_option: Final = click.option(
    "--read-preference",
    type=click.Choice(PREFERENCES),
    default="primary",
    show_default=True,
    help="Which member of a replica set is read; a secondary only once it has all that the primary "
    "had at the start.",
)
"""``read_preference: str``."""

config_option: Final = click.option(
    "--config",
    envvar="PARITY_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=lambda: Path("parity.toml") if Path("parity.toml").exists() else None,
    help="The file with the targets.  [env var: PARITY_CONFIG; default: parity.toml, if it is "
    "there]",
)
"""``config: Path | None``."""

report_dir_option: Final = click.option(
    "--report-dir",
    "reports",
    envvar="PARITY_REPORTS",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder that gets one folder for each run.  [default: reports, or as configured]",
)
"""``reports: Path | None``."""

json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="One line of JSON instead of text."
)
"""``as_json: bool``."""

gate_file_option: Final = click.option(
    "--gate-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What is allowed, waived and in use.  [default: parity-gate.toml, if it is there]",
)
"""``gate_file: Path | None``."""

runs_option: Final = click.option(
    "--report-dir",
    "reports",
    envvar="PARITY_REPORTS",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="Folder with the runs; pages and results of the command go there as well.",
)
"""``reports: Path``; of what reads runs and makes none."""

_LOOPBACK_URI = re.compile(r"mongodb://(localhost|127\.0\.0\.1)(:\d+)?(/[^@]*)?")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def target_options(command: _Command) -> _Command:
    """Add ``--target``, ``--mongo``, ``--config``, ``--report-dir`` and ``--json`` to a command."""
    for option in (
        json_option,
        report_dir_option,
        config_option,
        click.option(
            "--mongo",
            metavar="env:NAME|file:PATH",
            help="A MongoDB URI instead of a target; a plain URI only for this machine and without "
            "a password.",
        ),
        click.option("--target", metavar="NAME", help="A target of parity.toml that has mongo."),
    ):
        command = option(command)
    return command


def choose(
    target: str | None, mongo: str | None, config: Path | None
) -> tuple[Target, Secret, Path]:
    """Find the database that a command is about.

    Args:
        target: Name of a target.
        mongo: Reference to a URI instead.
        config: The ``parity.toml``.

    Returns:
        The target (made up for ``--mongo``), its URI, and the folder of reports.

    Raises:
        UserError: Neither or both are given, or the target has no ``mongo``.
    """
    if (target is None) == (mongo is None):
        raise UserError(
            "which database? Neither --target nor --mongo is given"
            if target is None
            else "--target and --mongo are both given",
            "Give one of them: --target selfhosted, or --mongo env:MONGODB_URI.",
        )
    if mongo is not None:
        uri = read_reference(mongo)
        made_up = Target("mongo", Style.PARSE_SERVER, "(MongoDB alone)", Secret(""), mongo=uri)
        return made_up, uri, Path("reports")
    assert target is not None
    found, reports = configured(target, config)
    if found.mongo is None:
        raise UserError(
            f"the target {target!r} has no mongo, so its database cannot be read",
            f'Add mongo = "env:NAME" under [targets.{target}].',
            code="no-mongo",
        )
    return found, found.mongo, reports


def configured(name: str, config: Path | None) -> tuple[Target, Path]:
    """Return one target of ``parity.toml`` and the folder of reports.

    Raises:
        UserError: There is no configuration, or no such target.
    """
    if config is None:
        raise UserError(
            f"--target {name}: there is no parity.toml",
            "Give it with --config or PARITY_CONFIG; docs/configuration.md shows one.",
            code="config",
        )
    settings = load_settings(config, os.environ, (name,))
    return settings.targets[name], settings.reports


def read_reference(text: str, option: str = "--mongo") -> Secret:
    """Look up ``env:NAME`` or ``file:PATH``, or take the URI of a MongoDB on this machine.

    Args:
        text: The reference.
        option: The option that it was given with, for messages.

    Raises:
        UserError: It is none of these, or refers to nothing.
    """
    if _LOOPBACK_URI.fullmatch(text):
        return Secret(text)
    return read_secret(text, Path.cwd(), os.environ, option)
