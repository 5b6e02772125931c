"""``parity preflight``: is this MongoDB fit to receive the data?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from parity.job import run_job
from parity.jobs.preflight.conditions import Limits
from parity.jobs.preflight.engine import PreflightOptions
from parity.jobs.preflight.job import PreflightJob
from parity.jobs.preflight.status import MigrationStatus, parse_time, read_status
from parity.model import ExitCode, UserError
from parity.options import POSITIVE, SIZE, choose, configured, target_options

_COUNT = click.IntRange(min=1)


class _Time(click.ParamType[datetime]):
    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return parse_time(value)
        except ValueError as error:
            self.fail(f"{value}: that is no time ({error}); write 2016-04-20T10:00:00Z", param, ctx)


@click.command()
@target_options
@click.option("--hosted-size", type=SIZE, metavar="SIZE", help="Size of the hosted data: 3GB.")
@click.option(
    "--from", "source", metavar="NAME", help="A target with mongo: its size is the hosted size."
)
@click.option(
    "--parse-server",
    metavar="X.Y.Z",
    help="The Parse Server that will use it.  [default: version of the target]",
)
@click.option(
    "--status-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="How the migration goes, as JSON; see docs/preflight.md.",
)
@click.option("--cancelled", is_flag=True, help="The migration was cancelled.")
@click.option(
    "--copied-at",
    type=_Time(),
    metavar="TIME",
    help="When it had copied all: 2016-04-20T10:00:00Z.",
)
@click.option(
    "--retries", type=click.IntRange(min=0), metavar="N", help="How often it tried again."
)
@click.option("--max-latency-ms", type=POSITIVE, default=20.0, show_default=True, metavar="N")
@click.option("--max-p99-ms", type=POSITIVE, default=100.0, show_default=True, metavar="N")
@click.option("--pings", type=_COUNT, default=200, show_default=True, metavar="N")
@click.option(
    "--connections",
    type=_COUNT,
    default=200,
    show_default=True,
    metavar="N",
    help="Connections that have to be free.",
)
def preflight(
    *,
    target: str | None,
    mongo: str | None,
    config: Path | None,
    reports: Path | None,
    as_json: bool,
    hosted_size: int | None,
    source: str | None,
    parse_server: str | None,
    status_file: Path | None,
    cancelled: bool,
    copied_at: datetime | None,
    retries: int | None,
    max_latency_ms: float,
    max_p99_ms: float,
    pings: int,
    connections: int,
) -> ExitCode:
    """Look whether a MongoDB is fit to receive the data of a hosted app, before you migrate.

    \b
        parity preflight --target selfhosted --hosted-size 3GB
        parity preflight --mongo env:MONGODB_URI --from hosted --parse-server 9.10.0
        parity preflight --target selfhosted --status-file migration.json

    Nothing is written. What the user of the URI may not see is "not seen", with the reason.
    """  # noqa: D301 - click wants the control character
    if hosted_size and source:
        raise UserError("--hosted-size and --from are both given", "Give one of them.")
    chosen, uri, folder = choose(target, mongo, config)
    status = read_status(status_file) if status_file else MigrationStatus()
    options = PreflightOptions(
        hosted_bytes=hosted_size,
        parse_server=parse_server or chosen.version,
        status=replace(
            status,
            state="cancelled" if cancelled else status.state,
            copied_at=copied_at or status.copied_at,
            retries=status.retries if retries is None else retries,
        ),
        limits=Limits(max_latency_ms, max_p99_ms, connections=connections),
        pings=pings,
    )
    origin = configured(source, config)[0] if source else None
    job = PreflightJob(replace(chosen, mongo=uri), options, origin)
    return run_job(job, reports or folder, as_json=as_json)
