"""``parity scan``: source and traffic that will not work after the move."""

from __future__ import annotations

from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.scan.files import MAX_BYTES
from parity.jobs.scan.job import ScanJob, ScanOptions
from parity.model import ExitCode
from parity.options import config_option, json_option
from parity.targets import App, load_app


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--cloud",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder or file that is cloud code, whatever it looks like; may be repeated.",
)
@click.option(
    "--recording",
    "recordings",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Recorded traffic: which client versions send it? May be repeated.",
)
@config_option
@click.option(
    "--sarif",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write SARIF 2.1.0 for code review as well.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=MAX_BYTES,
    show_default=True,
    metavar="N",
    help="Larger files are not read, and named.",
)
@click.option(
    "--report-dir",
    "--reports",
    "reports",
    envvar="PARITY_REPORTS",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="Folder that gets one folder for each run.",
)
@json_option
def scan(
    *,
    paths: tuple[Path, ...],
    cloud: tuple[Path, ...],
    recordings: tuple[Path, ...],
    config: Path | None,
    sarif: Path | None,
    max_bytes: int,
    reports: Path,
    as_json: bool,
) -> ExitCode:
    """Find cloud code and client code that will not work after the move.

    \b
        parity scan --config parity.toml             # all that [app] names
        parity scan cloud/ app-src/
        parity scan --recording app.jsonl            # which client versions are in use?
        parity scan cloud/ --json | jq .definitions  # what is there to call?

    Nothing is executed and nothing is fetched.
    Each finding has a code, a place, why, since which server version, and the change to make.
    A comment suppresses one: parity-scan: ignore SCAN-JOB-SCHEDULE because cron calls it.
    """  # noqa: D301 - click wants the control character
    app = load_app(config) if config else App()
    if not (paths or cloud or recordings):
        paths, recordings = app.clients, (app.recording,) if app.recording else ()
        cloud = (app.cloud,) if app.cloud else ()
    job = ScanJob(ScanOptions(paths, cloud, recordings, max_bytes, sarif, app))
    return run_job(job, reports, as_json=as_json)
