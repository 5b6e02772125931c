"""``parity web``: does what was hosted beside the API answer as before?"""

from __future__ import annotations

from pathlib import Path

import click

from parity.job import run_job
from parity.jobs.web import WebJob, WebOptions
from parity.model import ExitCode
from parity.options import config_option, configured, json_option, report_dir_option


@click.command()
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--target", metavar="NAME", required=True, help="The target of parity.toml.")
@config_option
@click.option(
    "--site",
    metavar="URL",
    help="Scheme and host of the new site.  [default: those of the target's url]",
)
@click.option(
    "--from",
    "old",
    metavar="URL",
    help="Scheme and host of the old site; for a list of URLs it is asked as well.",
)
@click.option(
    "--side-by-side",
    is_flag=True,
    help="Ask the old site now, instead of taking what was recorded.",
)
@click.option(
    "--domain-stays",
    is_flag=True,
    help="The old address will lead to the new site, so links and redirects to it are right.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only these paths, with * as in a shell: '/blog/*'; may be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N URLs.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    metavar="N",
    help="URLs that are asked for at the same time.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True, max=600),
    metavar="SECONDS",
    help="Wait so long for one answer.  [default: timeout of the target]",
)
@report_dir_option
@json_option
def web(
    *,
    source: Path,
    target: str,
    config: Path | None,
    site: str | None,
    old: str | None,
    side_by_side: bool,
    domain_stays: bool,
    only: tuple[str, ...],
    limit: int | None,
    jobs: int,
    timeout_s: float | None,
    reports: Path | None,
    as_json: bool,
) -> ExitCode:
    """Compare the pages of a website before and after the move.

    \b
        parity web site.har --target selfhosted --site https://new.example
        parity web app.jsonl --target selfhosted --only '/blog/*'
        parity web urls.txt --from https://old.example --target selfhosted

    FILE is a recording, a HAR file as browsers save it, or a list of URLs, one a line.
    Calls of the API in it are left out.
    Only GET and HEAD are sent, redirects are not followed, and no cookies are sent.
    Statuses, redirects, types and bodies are compared, cookies and caching where they matter.
    """  # noqa: D301 - click wants the control character
    chosen, folder = configured(target, config)
    options = WebOptions(
        jobs,
        timeout_s or chosen.timeout_s,
        side_by_side=side_by_side,
        ca=chosen.ca,
        domain_stays=domain_stays,
        only=only,
        limit=limit,
    )
    job = WebJob(source, chosen, options, site, old)
    return run_job(job, reports or folder, as_json=as_json)
