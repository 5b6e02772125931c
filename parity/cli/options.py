"""Options that several commands have: the same names and the same words everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from parity.model.units import parse_duration, parse_size


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

config_option: Final = click.option(
    "--config",
    envvar="PARITY_CONFIG",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The parity.toml with the targets.  [env var: PARITY_CONFIG]",
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
