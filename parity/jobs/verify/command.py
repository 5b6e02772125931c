"""``parity verify``: does the destination hold what the source holds?"""

from __future__ import annotations

import os
from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.verify.job import VerifyJob, VerifyOptions
from parity.model import ExitCode, Target, UserError
from parity.model.toml import nearest
from parity.options import (
    DURATION,
    POSITIVE,
    config_option,
    json_option,
    read_preference_option,
    report_dir_option,
)
from parity.targets.settings import Settings, load_settings


@click.command()
@click.option(
    "--from",
    "source",
    required=True,
    metavar="TARGET|PATH",
    help="What is right: a target, or the hosted export (a folder or a zip).",
)
@click.option("--to", "destination", required=True, metavar="TARGET", help="What is judged.")
@config_option
@click.option(
    "--exclude",
    multiple=True,
    metavar="NAME",
    help="Leave a collection out, shown as not verified; * and ? as in a shell. Repeatable.",
)
@click.option(
    "--classes", multiple=True, metavar="NAME", help="Only these, with their join tables."
)
@click.option("--strict", is_flag=True, help="Order of fields and types of numbers fail as well.")
@click.option(
    "--workers",
    type=click.IntRange(2, 64),
    default=2,
    show_default=True,
    help="Processes that read, half of them on each side.",
)
@click.option(
    "--max-mb-s", type=POSITIVE, help="Read at most so many megabytes a second from each side."
)
@click.option(
    "--max-rps", type=POSITIVE, help="Send at most so many requests a second to a source over REST."
)
@read_preference_option
@click.option(
    "--watch",
    is_flag=True,
    help="The source is written to: look again until differences settle or prove permanent.",
)
@click.option(
    "--settle",
    type=DURATION,
    default="10m",
    show_default=True,
    help="With --watch: longer than the destination is ever behind.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A dask scheduler whose workers read: tcp://host:8786."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="The report folder of a run that was cut off; what it finished is not read again.",
)
@report_dir_option
@json_option
def verify(
    *,
    source: str,
    destination: str,
    config: Path | None,
    exclude: tuple[str, ...],
    classes: tuple[str, ...],
    strict: bool,
    workers: int,
    max_mb_s: float | None,
    max_rps: float | None,
    read_preference: str,
    watch: bool,
    settle: float,
    scheduler: str | None,
    resume: Path | None,
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Compare every document of two databases, byte for byte, and say what is different.

    Nothing is written to either side.

    \b
        parity verify --from hosted --to selfhosted --config parity.toml
        parity verify --from hosted --to selfhosted --watch --settle 10m
        parity verify --from export.zip --to selfhosted
        parity verify --from hosted --to selfhosted --resume reports/20160128T120000-x7f3k2
    """  # noqa: D301 - click wants the control character
    settings, left, right = _sides(config, source, destination)
    options = VerifyOptions(
        exclude=exclude,
        classes=classes,
        strict=strict,
        workers=workers,
        max_mb_s=max_mb_s,
        max_rps=max_rps,
        read_preference=read_preference,
        settle_s=settle if watch else None,
        scheduler=scheduler,
        resume=resume,
    )
    job = VerifyJob(left, right, options)
    return run_job(job, reports or settings.reports, as_json=as_json)


def _sides(
    config: Path | None, source: str, destination: str
) -> tuple[Settings, Target | Path, Target]:
    """Return the settings, the source (a target, or where the export is) and the destination."""
    path = Path(source)
    is_export = path.is_dir() or (source.endswith(".zip") and path.exists())
    wanted = (destination,) if is_export else (source, destination)
    settings = load_settings(config, os.environ, wanted)
    if not settings.targets:
        raise UserError(
            "there is nothing to verify: no configuration names the databases",
            "Give --config a parity.toml with a mongo setting for both targets.",
            code="config",
        )
    for name in wanted:
        if name not in settings.targets:
            raise UserError(
                f"there is no target {name!r} in {settings.source}",
                nearest(name, settings.targets).strip(", ").capitalize(),
                code="config",
            )
    right = settings.targets[destination]
    if right.mongo is None:
        raise UserError(
            f"the target {destination!r} has no mongo setting",
            f'Add mongo = "env:MONGODB_URI" under [targets.{destination}].',
            code="config",
        )
    if source == destination:
        raise UserError(
            f"{source!r} would be compared with itself", "Name two targets.", code="same-database"
        )
    return settings, path if is_export else settings.targets[source], right
