"""``parity suites``: where the shipped suites are."""

from __future__ import annotations

import click

from parity.model import UserError
from parity.paths import shipped


@click.command()
def suites() -> None:
    """Print the folder of the shipped suites.

    In a checkout that is suites/; where parse-parity was installed as a package:

    \b
        pytest "$(parity suites)" --config parity.toml
    """  # noqa: D301 - click wants the control character
    folder = shipped("suites")
    if not folder.is_dir():
        raise UserError(
            f"{folder}: the suites are missing", "Install parse-parity again.", code="install"
        )
    click.echo(folder)
