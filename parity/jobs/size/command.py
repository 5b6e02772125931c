"""``parity size``: is the migrated MongoDB big enough for the app's traffic?"""

from __future__ import annotations

from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.size.job import SizeJob, SizeOptions
from parity.jobs.size.storage import StatedGrowth, parse_growth
from parity.model import ExitCode
from parity.options import (
    POSITIVE,
    SIZE,
    config_option,
    configured,
    json_option,
    report_dir_option,
)
from parity.profiles import load_profile


def _growth(_: click.Context, __: click.Parameter, text: str | None) -> StatedGrowth | None:
    try:
        return parse_growth(text) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option("--target", metavar="NAME", required=True, help="A target of parity.toml.")
@click.option(
    "--profile",
    metavar="FILE|NAME",
    required=True,
    help="What the clients ask for: a file of `parity profile`, or a shipped one: social.",
)
@config_option
@click.option("--peak", type=POSITIVE, metavar="N", help="Peak, requests/s.  [default: profile]")
@click.option("--p95", type=POSITIVE, metavar="MS", help="95 % of the requests end within it.")
@click.option("--p99", type=POSITIVE, metavar="MS", help="99 % of the requests end within it.")
@click.option(
    "--errors", type=click.FloatRange(0, 100), metavar="PERCENT", help="So many may fail."
)
@click.option(
    "--need",
    type=POSITIVE,
    default=2.0,
    show_default=True,
    metavar="N",
    help="Times the peak that has to fit.",
)
@click.option(
    "--headroom",
    type=POSITIVE,
    default=5.0,
    show_default=True,
    metavar="N",
    help="Times the peak that is tried at most.",
)
@click.option("--seconds", type=POSITIVE, metavar="N", help="Length of a trial.  [default: 10]")
@click.option("--max-rate", type=POSITIVE, metavar="N", help="Requests/s that are never exceeded.")
@click.option(
    "--max-minutes", type=POSITIVE, metavar="N", help="Most that all trials take.  [default: 15]"
)
@click.option("--quick", is_flag=True, help="About a minute in all: coarse, for a first look.")
@click.option("--read-only", is_flag=True, help="Send only what changes nothing.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that make the load.",
)
@click.option(
    "--hosted-size", type=SIZE, metavar="SIZE", help="Size of the hosted data: 1.2GB, 800MiB."
)
@click.option(
    "--disk", type=SIZE, metavar="SIZE", help="Size of MongoDB's disk, if MongoDB does not say."
)
@click.option(
    "--network-mbit",
    type=POSITIVE,
    metavar="N",
    help="Million bits/s between the load and the server, if the interface does not say.",
)
@click.option(
    "--growth-per-month",
    "growth",
    callback=_growth,
    metavar="SIZE|%",
    help="How the data grows: 2GB, 5%.  [default: by when the documents were created]",
)
@click.option(
    "--try-indexes",
    is_flag=True,
    help="Prove each proposed index on a copy, in a scratch database beside the app's.",
)
@click.option("--no-indexes", is_flag=True, help="Do not look at the queries' indexes.")
@report_dir_option
@json_option
def size(
    *,
    target: str,
    profile: str,
    config: Path | None,
    peak: float | None,
    p95: float | None,
    p99: float | None,
    errors: float | None,
    need: float,
    headroom: float,
    seconds: float | None,
    max_rate: float | None,
    max_minutes: float | None,
    quick: bool,
    read_only: bool,
    workers: int,
    hosted_size: int | None,
    disk: int | None,
    network_mbit: float | None,
    growth: StatedGrowth | None,
    try_indexes: bool,
    no_indexes: bool,
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Say whether the migrated MongoDB is big enough for the app's traffic.

    Load is stepped up while probes watch the servers, until the latency objective is missed or
    enough was shown; the highest rate that meets it is held, and what saturates first is named.

    \b
        parity size --target selfhosted --profile social --quick
        parity size --target selfhosted --profile loadtests/profiles/app.toml --hosted-size 1.2GB
        parity size --target selfhosted --profile app.toml --read-only --p95 200 --p99 800

    fits: twice the recorded peak is held. tight: the peak is. too small: it is not, or a part has
    no room. The load writes only what carries the run's mark, and removes it.
    """  # noqa: D301 - click wants the control character
    chosen, folder = configured(target, config)
    options = SizeOptions(
        peak=peak,
        p95_ms=p95,
        p99_ms=p99,
        errors_percent=errors,
        need=need,
        headroom=headroom,
        seconds=seconds,
        max_rate=max_rate,
        max_minutes=max_minutes,
        quick=quick,
        read_only=read_only,
        workers=workers,
        hosted_bytes=hosted_size,
        disk_bytes=disk,
        network_mbit=network_mbit,
        growth=growth,
        indexes=not no_indexes,
        try_indexes=try_indexes,
    )
    job = SizeJob(chosen, load_profile(profile), options)
    return run_job(job, reports or folder, as_json=as_json)
