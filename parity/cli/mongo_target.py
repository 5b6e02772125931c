"""Which MongoDB a command is about: a target of ``parity.toml``, or a reference to a URI."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from parity.cli.options import config_option, json_option, report_dir_option
from parity.model import Secret, Style, Target, UserError

if TYPE_CHECKING:
    from parity.wire import Redactor

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
    from parity.targets.settings import load_settings  # noqa: PLC0415 - not for `parity --help`

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
    from parity.jobs.audit.logins import resolve  # noqa: PLC0415 - not for `parity --help`

    if _LOOPBACK_URI.fullmatch(text):
        return Secret(text)
    return resolve(text, Path.cwd(), os.environ, option)


def redactor_of(targets: Iterable[Target]) -> Redactor:
    """Return what keeps the secrets of some targets out of everything that is written."""
    from parity.wire import Redactor  # noqa: PLC0415 - not for `parity --help`

    known = {
        secret.value: "$" + (secret.source or f"{target.name}_{name}".upper().replace("-", "_"))
        for target in targets
        for name, secret in target.secrets()
        if secret.value
    }
    return Redactor(known, secrets.token_bytes(16))


class Ticker:
    """Progress on stderr: a line that is rewritten on a terminal, else one now and then."""

    def __init__(self, every_s: float = 2.0) -> None:
        import time  # noqa: PLC0415 - beside its only use

        self._clock = time.monotonic
        self.started = self._shown = self._clock()
        self._live = sys.stderr.isatty()
        self._every_s = 0.2 if self._live else every_s
        self._wide = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return self._clock() - self.started

    def due(self) -> bool:
        """Tell whether it is time for another line."""
        return self._clock() - self._shown >= self._every_s

    def show(self, text: str) -> None:
        """Show a line."""
        self._shown = self._clock()
        if self._live:
            self._wide = max(self._wide, len(text))
            click.echo(f"\r{text:<{self._wide}}", nl=False, err=True)
        else:
            click.echo(text, err=True)

    def done(self) -> None:
        """End the line that is rewritten."""
        if self._live and self._wide:
            click.echo("\r" + " " * self._wide + "\r", nl=False, err=True)


def echo_json(value: Any) -> None:
    """Print one line of JSON."""
    click.echo(json.dumps(value, separators=(",", ":")))
