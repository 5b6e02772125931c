"""``parity size``: is the migrated MongoDB big enough for the app's traffic?"""

from __future__ import annotations

from pathlib import Path

import click

from parity.model import ExitCode
from parity.options import config_option, json_option, report_dir_option

_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command()
@click.option("--target", metavar="NAME", required=True, help="A target of parity.toml.")
@click.option(
    "--profile",
    metavar="FILE|NAME",
    required=True,
    help="What the clients ask for: a file of `parity profile`, or a shipped one: social.",
)
@config_option
@click.option("--peak", type=_POSITIVE, metavar="N", help="Peak, requests/s.  [default: profile]")
@click.option("--p95", type=_POSITIVE, metavar="MS", help="95 % of the requests end within it.")
@click.option("--p99", type=_POSITIVE, metavar="MS", help="99 % of the requests end within it.")
@click.option(
    "--errors", type=click.FloatRange(0, 100), metavar="PERCENT", help="So many may fail."
)
@click.option(
    "--need",
    type=_POSITIVE,
    default=2.0,
    show_default=True,
    metavar="N",
    help="Times the peak that has to fit.",
)
@click.option(
    "--headroom",
    type=_POSITIVE,
    default=5.0,
    show_default=True,
    metavar="N",
    help="Times the peak that is tried at most.",
)
@click.option("--seconds", type=_POSITIVE, metavar="N", help="Length of a trial.  [default: 10]")
@click.option("--max-rate", type=_POSITIVE, metavar="N", help="Requests/s that are never exceeded.")
@click.option(
    "--max-minutes", type=_POSITIVE, metavar="N", help="Most that all trials take.  [default: 15]"
)
@click.option("--quick", is_flag=True, help="About a minute in all: coarse, for a first look.")
@click.option("--read-only", is_flag=True, help="Send only what changes nothing.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes that make the load.  [default: 1]",
)
@click.option("--hosted-size", metavar="SIZE", help="Size of the hosted data: 1.2GB, 800MiB.")
@click.option("--disk", metavar="SIZE", help="Size of MongoDB's disk, if MongoDB does not say.")
@click.option(
    "--network-mbit",
    type=_POSITIVE,
    metavar="N",
    help="Million bits/s between the load and the server, if the interface does not say.",
)
@click.option(
    "--growth-per-month",
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
    workers: int | None,
    hosted_size: str | None,
    disk: str | None,
    network_mbit: float | None,
    growth_per_month: str | None,
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
    from parity.cli.size_session import Asked, run  # noqa: PLC0415 - not for `parity --help`

    return run(
        Asked(
            target=target,
            profile=profile,
            config=config,
            peak=peak,
            p95_ms=p95,
            p99_ms=p99,
            errors_percent=errors,
            need=need,
            headroom=max(headroom, need),
            seconds=seconds,
            max_rate=max_rate,
            max_minutes=max_minutes,
            quick=quick,
            read_only=read_only,
            workers=workers or 1,
            hosted_size=hosted_size,
            disk=disk,
            network_mbit=network_mbit,
            growth=growth_per_month,
            indexes=not no_indexes,
            try_indexes=try_indexes,
            reports=reports,
            as_json=as_json,
        )
    )
