"""``parity replay``: recorded traffic against a target, every difference explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from parity.capture.recording import open_recording
from parity.job import run_job
from parity.jobs.replay.job import Asked, ControlJob, ReplayJob
from parity.jobs.replay.survey import counts
from parity.jobs.replay.targets import open_targets
from parity.model import ExitCode
from parity.options import json_option, report_dir_option

SPEEDS = "1, 10, … for a multiple of the recorded speed, max for as fast as it goes"


def _speed(_context: click.Context, _parameter: click.Parameter, value: str) -> float | None:
    if value == "max":
        return None
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise click.BadParameter(f"{value!r} is no speed; {SPEEDS}")
    return speed


_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    help="Where to. Given twice: the second is compared with the first, both live.",
)
@click.option("--config", type=_FILE, envvar="PARITY_CONFIG", help="A parity.toml with targets.")
@click.option(
    "--speed", default="max", show_default=True, callback=_speed, metavar="N|max", help=SPEEDS
)
@click.option(
    "--lanes",
    type=click.IntRange(1, 1024),
    default=16,
    show_default=True,
    help="Most requests under way at once.",
)
@click.option(
    "--state",
    type=click.Choice(["fresh", "migrated"]),
    default="fresh",
    show_default=True,
    help="Whether the target has a migrated copy of the recorded data, with its ids.",
)
@click.option(
    "--app",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which application, of a recording of several: 1 is that with most requests.",
)
@click.option("--read-only", is_flag=True, help="Send no request that writes.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(["push", "email", "webhooks"]),
    help="Let this out of the server; nothing leaves it otherwise.",
)
@click.option("--only", metavar="PATTERN", help="Judge these: 'GET /classes/Post*', or ids.")
@click.option("--repeat", metavar="ID", help="Replay one exchange with just its prerequisites.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Go on with the replay of this report folder; no write is repeated.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be sent, and send nothing.")
@click.option(
    "--control",
    is_flag=True,
    help="Replay twice against the same server, and write what differs as noise to review.",
)
@click.option("--noise", type=_FILE, help="A reviewed file of --control.")
@click.option("--cloud", type=_FILE, help="The app's main.js, for the embedded server.")
@click.option("--allow-truncated", is_flag=True, help="Use a recording whose end is missing.")
@click.option(
    "--known-differences",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of your own known differences.",
)
@click.option("--fail-on-breaking", is_flag=True, help="Fail on breaking known differences, too.")
@report_dir_option
@json_option
def replay(*, dry_run: bool, reports: Path | None, as_json: bool, **given: Any) -> ExitCode:
    """Replay recorded traffic and explain every difference.

    RECORDING is a file of `parity capture` or `parity import`; cassettes, HAR files and folders
    of them are imported on the way. Without --config the embedded Parse Server is the target.

    \b
        parity replay app.jsonl
        parity replay app.jsonl --target selfhosted --config parity.toml --speed 10
        parity replay app.jsonl --target hosted --target selfhosted   # compared with each other
        parity replay app.jsonl --repeat 346                          # one exchange again
        parity replay app.jsonl --resume reports/20261123T062151-x1y2z3
    """  # noqa: D301 - click wants the control character
    asked = Asked(**given)
    if dry_run:
        _show_counts(asked, as_json=as_json)
        return ExitCode.PASS
    with open_targets(asked) as targets:
        job = ControlJob(asked, targets) if asked.control else ReplayJob(asked, targets)
        return run_job(job, reports or Path("reports"), as_json=as_json)


def _show_counts(asked: Asked, *, as_json: bool) -> None:
    with open_recording(asked.recording, allow_truncated=asked.allow_truncated) as reader:
        found = counts(reader, reader.header.base_url, asked.only)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for name, value in found.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, count in value.items():
                click.echo(f"  {count:>10,}  {key}")
        else:
            click.echo(f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}")
