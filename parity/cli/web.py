"""``parity web``: does what was hosted beside the API answer as before?"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from parity.cli.mongo_target import Ticker, configured, echo_json, redactor_of
from parity.model import ExitCode, Outcome, Target, UserError
from parity.options import config_option, json_option, report_dir_option

if TYPE_CHECKING:
    from parity.jobs.web import Page, Result, Rules, Website
    from parity.report.oldjob import Job
    from parity.wire import Redactor

_SHOWN = 40


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
    from parity.jobs.web import Options, Rules, chosen, origin_of  # noqa: PLC0415 - heavy

    chosen_target, folder = configured(target, config)
    new = origin_of(site or _origin(chosen_target.url), "--site")
    given = origin_of(old, "--from") if old else None
    website, listed = _website(source, given, chosen_target)
    pages = chosen(website, only, limit)
    if not pages:
        raise UserError(f"no URL of {source} matches --only", "Patterns match the whole path.")
    redactor = redactor_of([chosen_target])
    rules = Rules(website.old, new, domain_stays, redactor, website.redacted and not side_by_side)
    options = Options(
        jobs,
        timeout_s or chosen_target.timeout_s,
        side_by_side=listed or side_by_side,
        ca=chosen_target.ca,
    )
    run = _Run(chosen_target, redactor, len(pages))
    with run.job(source, reports or folder) as job:
        results = run.compare(job, pages, rules, options)
        verdict = job.finish()
    if as_json:
        run.tell_json(job, verdict.sentence, website, new, results)
    else:
        run.tell(job, verdict.sentence, website, results)
    return job.exit_code


class _Run:
    def __init__(self, target: Target, redactor: Redactor, total: int) -> None:
        self.target, self.redactor, self.total = target, redactor, total
        self.ticker = Ticker()
        self.done = self.failed = 0

    def job(self, source: Path, reports: Path) -> Job:
        from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
        from parity.report.oldjob import Job  # noqa: PLC0415

        return Job(
            name="web",
            unit="URL",
            targets=(TargetFacts.of(self.target, server_version=_version(self.target)),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=self.redactor,
            digests={"site": _digest(source)},
        )

    def compare(
        self, job: Job, pages: tuple[Page, ...], rules: Rules, options: object
    ) -> list[Result]:
        from parity.jobs.web import Options, compare_sites  # noqa: PLC0415 - heavy
        from parity.jobs.web.checks import links_check, page_check, tables  # noqa: PLC0415

        assert isinstance(options, Options)

        def done(result: Result) -> None:
            job.check(page_check(result, self.target.name, rules.new, self.redactor))
            self.done += 1
            self.failed += result.judgement.outcome is Outcome.FAIL
            if self.ticker.due():
                self.ticker.show(
                    f"{self.done:,} of {self.total:,} URLs, {self.failed:,} differ, "
                    f"{self.ticker.elapsed_s:.0f} s"
                )

        compared = compare_sites(pages, rules, options, done)
        self.ticker.done()
        order = {page.signature: number for number, page in enumerate(pages)}
        results = sorted(compared.results, key=lambda each: order[each.page.signature])
        job.check(links_check(results, self.target.name, self.redactor))
        for table in tables(results, self.redactor):
            job.table(table)
        if compared.not_asked:
            job.notice(
                "error",
                f"{rules.new} does not answer: {len(compared.not_asked):,} URLs were not tried.",
                self.target.name,
            )
        return results

    def tell_json(
        self, job: Job, sentence: str, website: Website, new: str, results: list[Result]
    ) -> None:
        from parity.jobs.web.output import json_of  # noqa: PLC0415 - heavy

        run = {"run": str(job.folder), "sentence": sentence, "exit_code": int(job.exit_code)}
        echo_json(run | json_of(website, new, results, self.redactor))

    def tell(self, job: Job, sentence: str, website: Website, results: Sequence[Result]) -> None:
        for line in [*_page_lines(results, self.redactor), *_link_lines(results, self.redactor)]:
            click.echo(line)
        if website.left_out:
            left = ", ".join(f"{count:,} {why}" for why, count in website.left_out.items())
            click.echo(f"left out: {left}")
        if website.redacted:
            click.echo("the recording is redacted: names of cookies could not be compared")
        click.echo(f"{sentence}\nreport: {job.folder / 'report.html'}")


def _website(source: Path, old: str | None, target: Target) -> tuple[Website, bool]:
    """Read the file; also tell whether it is a list of URLs."""
    from parity.jobs.web import is_recording, read_urls, read_website  # noqa: PLC0415 - heavy

    if is_recording(source):
        mount = urlsplit(target.url).path.rstrip("/")
        return read_website(source, old, (mount,)), False
    if old is None:
        raise UserError(
            f"{source} is a list of URLs, so what they answered before is not known",
            "Name the old site, which still runs: --from https://old.example",
            code="web-from",
        )
    return read_urls(source, old), True


def _version(target: Target) -> str | None:
    from parity.model.errors import HarnessError  # noqa: PLC0415 - beside its only use
    from parity.targets import server_version  # noqa: PLC0415

    try:
        return server_version(target)
    except HarnessError:
        return target.version  # the site may answer all the same; its own errors say more


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def _page_lines(results: Sequence[Result], redactor: Redactor) -> list[str]:
    shown = [each for each in results if each.judgement.outcome is not Outcome.PASS]
    lines = []
    for each in shown[:_SHOWN]:
        verdict = each.judgement
        code = f" {verdict.code}" if verdict.outcome is Outcome.FAIL and verdict.code else ""
        where = f"{each.page.method} {redactor.url(each.page.path)}"
        lines.append(f"{verdict.outcome}{code} {where}")
        lines.append(f"  {redactor.text(verdict.reason)}")
        lines += [
            f"  {fact.path}: expected {fact.expected!r}, got {fact.actual!r}"
            for fact in verdict.differences[:3]
        ]
    if len(shown) > _SHOWN:
        lines.append(f"and {len(shown) - _SHOWN:,} more, see the report")
    return lines


def _link_lines(results: Sequence[Result], redactor: Redactor) -> list[str]:
    lines = [
        f"  {redactor.url(each.page.path)}: {redactor.url(link)}"
        for each in results
        for link in each.judgement.links
    ]
    if not lines:
        return []
    more = [f"  and {len(lines) - _SHOWN:,} more, see the report"] if len(lines) > _SHOWN else []
    return ["fail WEB-HOSTED-LINK links that lead to what goes away", *lines[:_SHOWN], *more]
