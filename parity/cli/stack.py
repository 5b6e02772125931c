"""``parity stack up``: the embedded default for hand use."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from parity.model import ExitCode, Style, UserError
from parity.options import json_option
from parity.paths import shipped
from parity.stack import (
    Member,
    Stack,
    hosted_member,
    selfhosted_member,
    stack_problem,
    start_stack,
    stop_stack,
)
from parity.stack.hand_use import config_text, environment, seed_target, write_hand_out
from parity.stack.install import stderr_progress
from parity.stack.stack import stack_to_json
from parity.stack.versions import HOSTED_VERSION, SELFHOSTED_VERSION, VERSIONS

LOOK_EVERY_S = 0.5


@click.group()
def stack() -> None:
    """Run real Parse Servers on a real MongoDB, to be thrown away afterwards."""


@stack.command()
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="X",
    help=f"A Parse Server version, as often as you like: {', '.join(VERSIONS)}. "
    f"Without it: {HOSTED_VERSION} as hosted and {SELFHOSTED_VERSION} as selfhosted.",
)
@click.option("--only", type=click.Choice(["hosted", "selfhosted"]), help="Start only this one.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Create N rows and users."
)
@click.option(
    "--cloud",
    type=click.Path(path_type=Path),
    help="Cloud code (main.js) for every server. Without it: the fixture of the suites.",
)
@click.option(
    "--config-out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the parity.toml here instead of printing it.",
)
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write parity.toml and .env with the keys into this folder instead of printing them.",
)
@json_option
def up(
    *,
    versions: tuple[str, ...],
    only: str | None,
    seed: int,
    cloud: Path | None,
    config_out: Path | None,
    folder: Path | None,
    as_json: bool,
) -> ExitCode:
    """Start the stack, say how to reach it, and stop it on Ctrl-C.

    The keys are printed on purpose: they are made for this stack and end with it.

    \b
        parity stack up
        parity stack up --version 8.6.0 --seed 1000
        parity stack up --only hosted --config-out parity.toml
        parity stack up --write here       # here/parity.toml and here/.env
    """  # noqa: D301 - click wants the control character
    if folder is not None and config_out is not None:
        raise UserError("--write and --config-out are both given", "Give one of them.")
    members = members_for(versions, only)
    fixture = shipped("scenarios/cloud/main.js")
    if cloud is None and fixture.is_file():
        cloud = fixture
    # `kill` and `docker stop` end it as Ctrl-C does. A shell starts what it puts in the background
    # with SIGINT ignored, and Python leaves it so.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        stderr_progress(f"starting mongod and Parse Server {', '.join(m.version for m in members)}")
        running = start_stack(members, cloud=cloud, progress=stderr_progress)
    except KeyboardInterrupt:
        click.echo("stopped before it was up", err=True)
        return ExitCode.PASS
    try:
        for target in running.targets:
            seed_target(target, seed, stderr_progress)
        _show(running, config_out, folder, as_json=as_json)
        _wait(running)
    except KeyboardInterrupt:
        pass  # how one ends it
    finally:
        stop_stack(running)
        click.echo(f"stopped; {running.directory} is removed", err=True)
    return ExitCode.PASS


def members_for(versions: tuple[str, ...], only: str | None) -> list[Member]:
    """Choose the members.

    Args:
        versions: Parse Server versions; empty for the two default members.
        only: ``hosted`` or ``selfhosted``; ``None`` for both (the latter if versions are given).

    Returns:
        The members. One version alone is called ``selfhosted`` (or ``hosted``), several have their
        version in the name: ``selfhosted-8-6-0``.
    """
    if not versions:
        both = [hosted_member(), selfhosted_member()]
        return [member for member in both if only in {None, member.name}]
    make = hosted_member if only == "hosted" else selfhosted_member
    distinct = list(dict.fromkeys(versions))
    if len(distinct) == 1:
        return [make(distinct[0])]
    return [
        replace(member, name=f"{member.name}-{member.version.replace('.', '-')}")
        for member in map(make, distinct)
    ]


def _show(running: Stack, config_out: Path | None, folder: Path | None, *, as_json: bool) -> None:
    config = config_text(running.targets)
    if config_out is not None:
        _write(config_out, config)
    if folder is not None:
        write_hand_out(folder, running.targets)
    if as_json:
        facts = json.loads(stack_to_json(running))
        exports = environment(running.targets)
        click.echo(json.dumps({**facts, "exports": exports, "config": config}))
        return
    for line in _lines(running, config, config_out, folder):
        click.echo(line)


def _lines(
    running: Stack, config: str, config_out: Path | None, folder: Path | None
) -> Iterator[str]:
    width = max(len(target.name) for target in running.targets)
    for target in running.targets:
        style = ", hosted style" if target.style is Style.HOSTED else ""
        yield f"{target.name:{width}}  {target.url}  Parse Server {target.version}{style}"
    yield f"{'mongod':{width}}  {running.mongo_uri}"
    yield f"{'logs':{width}}  {running.directory}"
    yield ""
    path = config_out or (folder or Path()) / "parity.toml"
    yield "# 1. Keys of this stack, for your shell. They end with it."
    if folder is not None:
        yield f"set -a; . {shlex.quote(str((folder / '.env').absolute()))}; set +a"
    else:
        for name, value in environment(running.targets).items():
            yield f"export {name}={value}"
    yield ""
    if config_out is None and folder is None:
        yield "# 2. Save this as parity.toml."
        yield config
    else:
        yield f"# 2. The settings are in {path}."
    yield f"# 3. In that shell: pytest suites/ --config {path} --target {running.targets[-1].name}"
    yield ""
    yield f"Ctrl-C stops it, or from elsewhere: kill {os.getpid()}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}",
            "Give --config-out a file that can be written.",
            code="config-unwritable",
        ) from error


def _wait(running: Stack) -> None:
    while (problem := stack_problem(running)) is None:
        time.sleep(LOOK_EVERY_S)
    raise UserError(problem, "Start it again; if it happens again, read the log above.")
