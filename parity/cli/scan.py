"""``parity scan``: source and traffic that will not work after the move."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import Ticker, echo_json
from parity.model import ExitCode, Secret, Style, Target, UserError
from parity.options import json_option

if TYPE_CHECKING:
    from parity.jobs.scan import ScanReport
    from parity.report.oldjob import Job
    from parity.wire import Redactor

_SHOWN_SKIPPED = 20


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
@click.option(
    "--sarif",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write SARIF 2.1.0 for code review as well.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Larger files are not read, and named.  [default: 2000000]",
)
@click.option(
    "--reports",
    envvar="PARITY_REPORTS",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    metavar="DIR",
    help="Folder that gets one folder for each run.  [default: reports]",
)
@json_option
def scan(
    *,
    paths: tuple[Path, ...],
    cloud: tuple[Path, ...],
    recordings: tuple[Path, ...],
    sarif: Path | None,
    max_bytes: int | None,
    reports: Path,
    as_json: bool,
) -> ExitCode:
    """Find cloud code and client code that will not work after the move.

    \b
        parity scan cloud/ app-src/
        parity scan --recording app.jsonl            # which client versions are in use?
        parity scan cloud/ --json | jq .definitions  # what is there to call?

    Nothing is executed and nothing is fetched.
    Each finding has a code, a place, why, since which server version, and the change to make.
    A comment suppresses one: parity-scan: ignore SCAN-JOB-SCHEDULE because cron calls it.
    """  # noqa: D301 - click wants the control character
    from parity.jobs.scan import scan as run_scan  # noqa: PLC0415 - not for `parity --help`
    from parity.jobs.scan.checks import redacted  # noqa: PLC0415
    from parity.jobs.scan.files import MAX_BYTES  # noqa: PLC0415

    if not (paths or cloud or recordings):
        raise UserError(
            "nothing to scan is given",
            "Give the folder of the cloud code and those of the apps: parity scan cloud/ app-src/",
        )
    ticker = Ticker()
    report = run_scan(
        paths,
        cloud=cloud,
        recordings=recordings,
        max_bytes=max_bytes or MAX_BYTES,
        progress=lambda text: ticker.show(text) if ticker.due() else None,
    )
    ticker.done()
    redactor = _redactor(report.secrets)
    report = redacted(report, redactor)
    with _job(reports, redactor, report) as job:
        _write(job, report)
        verdict = job.finish()
    if sarif is not None:
        _write_sarif(sarif, report)
    _tell(job, verdict.sentence, report, as_json=as_json)
    return job.exit_code


def _redactor(known: frozenset[str]) -> Redactor:
    from parity.wire import Redactor  # noqa: PLC0415 - not for `parity --help`

    return Redactor(dict.fromkeys(known, "$KEY_IN_SOURCE"), secrets.token_bytes(16))


def _job(reports: Path, redactor: Redactor, report: ScanReport) -> Job:
    from parity.jobs.scan.checks import TARGET  # noqa: PLC0415
    from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
    from parity.report.oldjob import Job  # noqa: PLC0415

    target = Target(TARGET, Style.PARSE_SERVER, "(source code)", Secret(""))
    return Job(
        name="scan",
        unit="rule",
        targets=(TargetFacts.of(target),),
        reports=reports,
        arguments=tuple(sys.argv[1:]),
        redactor=redactor,
        digests=report.digests,
    )


def _write(job: Job, report: ScanReport) -> None:
    from parity.jobs.scan.checks import checks_of, known_entries, tables_of  # noqa: PLC0415 - heavy

    for entry in known_entries(report):
        job.known(entry)
    for check in checks_of(report):
        job.check(check)
    for table in tables_of(report):
        job.table(table)
    for each in report.skipped:
        job.notice("error" if each.doubt else "info", f"Not read: {each.path}: {each.reason}.")


def _write_sarif(path: Path, report: ScanReport) -> None:
    import json  # noqa: PLC0415 - beside its only use

    from parity.jobs.scan.output import sarif_of  # noqa: PLC0415 - heavy

    try:
        path.write_text(json.dumps(sarif_of(report), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UserError(
            f"--sarif {path}: {error.strerror or error}", "Give a file that can be written."
        ) from None


def _tell(job: Job, sentence: str, report: ScanReport, *, as_json: bool) -> None:
    from parity.jobs.scan.output import json_of  # noqa: PLC0415 - heavy

    if as_json:
        run = {
            "run": str(job.folder),
            "sentence": sentence,
            "exit_code": int(job.exit_code),
        }
        echo_json(run | json_of(report))
        return
    for line in _lines(report):
        click.echo(line)
    click.echo(f"{sentence}\nreport: {job.folder / 'report.html'}")


def _lines(report: ScanReport) -> list[str]:
    return [*_finding_lines(report), *_traffic_lines(report), *_other_lines(report)]


def _finding_lines(report: ScanReport) -> list[str]:
    from parity.jobs.scan import RULES  # noqa: PLC0415 - heavy

    lines: list[str] = []
    explained: set[str] = set()
    file = None
    for each in report.findings:
        rule = RULES[each.rule]
        if each.place.file != file:
            file = each.place.file
            lines += ["", file]
        where = f"{each.place.line}:{each.place.column}" if each.place.line else ""
        word = rule.severity if each.ignored is None else "ignored"
        lines.append(f"  {where:<8} {rule.code} ({word}) {each.detail}")
        if each.ignored is not None:
            lines.append(f"           because {each.ignored}")
        elif rule.code not in explained:
            explained.add(rule.code)
            lines += [
                f"           {rule.why} {rule.when}".rstrip(),
                f"           change: {rule.change}",
            ]
    return [*lines[1:], ""] if lines else []


def _traffic_lines(report: ScanReport) -> list[str]:
    lines = []
    for traffic in report.traffic:
        lines.append(
            f"{traffic.recording}: {traffic.requests:,} requests of {traffic.clients:,} clients"
        )
        for each in traffic.shares:
            moves = {True: "can move", False: f"cannot move before {each.floor}", None: "unknown"}
            requests, clients = each.requests / traffic.requests, each.clients / traffic.clients
            lines.append(
                f"  {each.version or '(no version)':<24} {requests:>6.1%} of requests, "
                f"{clients:>6.1%} of clients, {each.sdk}: {moves[each.can_move]}"
            )
        lines.append("")
    return lines


def _other_lines(report: ScanReport) -> list[str]:
    lines = []
    counts: dict[str, int] = {}
    for each in report.definitions:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    if counts:
        listed = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        lines.append(f"registered: {listed} (names: --json, report)")
    lines += [f"not read: {each.path}: {each.reason}" for each in report.skipped[:_SHOWN_SKIPPED]]
    if len(report.skipped) > _SHOWN_SKIPPED:
        lines.append(f"and {len(report.skipped) - _SHOWN_SKIPPED:,} more, see the report")
    if not report.bytes:
        return lines
    lines.append(
        f"{report.cloud_files:,} files of cloud code, {report.client_files:,} of clients, "
        f"{report.bytes / 1e6:.1f} MB"
    )
    return lines
