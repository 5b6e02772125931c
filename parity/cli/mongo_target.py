"""What commands that are no :class:`parity.job.Job` yet need; goes with the last of them."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from parity.model import Target
from parity.options import choose, configured, read_reference, target_options

if TYPE_CHECKING:
    from parity.wire import Redactor

__all__ = [
    "Ticker",
    "choose",
    "configured",
    "echo_json",
    "read_reference",
    "redactor_of",
    "target_options",
]


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
