"""Command-line options, each with an environment variable and an ini setting behind it."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from parity.model import UserError
from parity.model.toml import nearest

SEPARATOR = ","
LEVELS = ("must", "should", "may")
EFFECTS = ("reads", "writes", "destructive")


@dataclass(frozen=True, slots=True)
class _Option:
    flag: str
    env: str
    ini: str
    help: str
    many: bool = False
    metavar: str = "NAME"


_OPTIONS = (
    _Option(
        "--config",
        "PARITY_CONFIG",
        "parity_config",
        "parity.toml with the targets; without one, the embedded default is started",
        metavar="FILE",
    ),
    _Option(
        "--target",
        "PARITY_TARGET",
        "parity_target",
        "check only this target; may be repeated (default: every target)",
        many=True,
    ),
    _Option(
        "--area",
        "PARITY_AREA",
        "parity_area",
        "run only checks of this area; may be repeated",
        many=True,
    ),
    _Option(
        "--level",
        "PARITY_LEVEL",
        "parity_level",
        f"run only checks of this level ({', '.join(LEVELS)}); may be repeated",
        many=True,
    ),
    _Option(
        "--report-dir",
        "PARITY_REPORTS",
        "parity_reports",
        "folder that gets one folder for each run (default: reports, or as configured)",
        metavar="DIR",
    ),
    _Option(
        "--known-differences",
        "PARITY_KNOWN_DIFFERENCES",
        "parity_known_differences",
        "another folder of known differences beside the shipped ones; may be repeated",
        many=True,
        metavar="DIR",
    ),
    _Option(
        "--cloud",
        "PARITY_CLOUD",
        "parity_cloud",
        "cloud code that the embedded servers load (default: the shipped fixture)",
        metavar="FILE",
    ),
    _Option(
        "--recording",
        "PARITY_RECORDINGS",
        "parity_recordings",
        "recorded traffic that suites/replay replays: a recording, a cassette, a HAR file, or a "
        "folder of them; may be repeated",
        many=True,
        metavar="FILE",
    ),
    _Option(
        "--seed",
        "PARITY_SEED",
        "parity_seed",
        "seed of the data that checks make up (default: a new one, printed in the header)",
        metavar="N",
    ),
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the user asked for, whichever way.

    Attributes:
        config: Path of a ``parity.toml``, or ``None`` for the embedded default.
        targets: Names of targets to check; empty means all.
        areas: Areas to run; empty means all.
        levels: Levels to run; empty means all.
        reports: Folder of runs; ``None`` means as configured.
        known_differences: Further folders of known differences.
        cloud: Cloud code for the embedded servers; ``None`` means the shipped fixture.
        recordings: Recorded traffic to replay.
        seed: Seed of made-up data.
    """

    config: Path | None
    targets: tuple[str, ...]
    areas: tuple[str, ...]
    levels: tuple[str, ...]
    reports: Path | None
    known_differences: tuple[Path, ...]
    cloud: Path | None
    recordings: tuple[Path, ...]
    seed: int


def add_options(parser: pytest.Parser) -> None:
    """Register the options, in a group of their own."""
    group = parser.getgroup("parity", "parse-parity: checks of Parse servers")
    for option in _OPTIONS:
        group.addoption(
            option.flag,
            action="append" if option.many else "store",
            metavar=option.metavar,
            default=None,
            help=f"{option.help} [env {option.env}, ini {option.ini}]",
        )
        parser.addini(option.ini, option.help, default="")


def read_options(config: pytest.Config) -> RunOptions:
    """Return the options: command line before environment before ini.

    Raises:
        UserError: A value is wrong; the message names the nearest right one.
    """
    values = {option.ini.removeprefix("parity_"): _values(config, option) for option in _OPTIONS}
    for level in values["level"]:
        if level not in LEVELS:
            raise UserError(f"--level {level}: {nearest(level, LEVELS)}")
    return RunOptions(
        config=_one_path(values["config"]),
        targets=values["target"],
        areas=values["area"],
        levels=values["level"],
        reports=_one_path(values["reports"]),
        known_differences=tuple(map(Path, values["known_differences"])),
        cloud=_one_path(values["cloud"]),
        recordings=tuple(map(Path, values["recordings"])),
        seed=_seed(values["seed"]),
    )


def check_flags(arguments: Sequence[str], unknown: Sequence[str], known: Sequence[str]) -> None:
    """Raise if an option on the command line looks like a misspelt one.

    Args:
        arguments: The command line.
        unknown: What pytest's parser could not place.
        known: Every option that is registered, such as ``--target``.

    Raises:
        UserError: Naming the nearest option.
    """
    for each in unknown:
        flag = each.partition("=")[0]
        if flag.startswith("--") and flag != "--" and each in arguments and flag not in known:
            raise UserError(f"unknown option {flag}, {nearest(flag, tuple(known))}")


def _values(config: pytest.Config, option: _Option) -> tuple[str, ...]:
    """Return what was given for an option; paths absolute, from where they were written."""
    given = config.getoption(option.flag) or os.environ.get(option.env)
    folder = config.invocation_params.dir
    if not given:
        given = config.getini(option.ini)
        folder = config.inipath.parent if config.inipath else config.rootpath
    parts = given if isinstance(given, list) else [given or ""]
    values = [
        value for part in parts for value in (_split(part) if option.many else [part]) if value
    ]
    if option.metavar in ("FILE", "DIR"):
        return tuple(str((folder / value).resolve()) for value in values)
    return tuple(values)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]


def _one_path(values: tuple[str, ...]) -> Path | None:
    return Path(values[0]) if values else None


def _seed(values: tuple[str, ...]) -> int:
    if not values:
        return random.SystemRandom().randrange(2**32)
    try:
        return int(values[0])
    except ValueError as error:
        raise UserError(f"--seed {values[0]}: give a whole number") from error
