"""``parity preflight``: is this MongoDB fit to receive the data?"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parity.cli.mongo_target import (
    Ticker,
    choose,
    configured,
    echo_json,
    redactor_of,
    target_options,
)
from parity.model import ExitCode, Outcome, Secret, Target, UserError

if TYPE_CHECKING:
    from parity.jobs.preflight import Judged, MigrationStatus, PreflightOptions, PreflightReport

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_POSITIVE = click.FloatRange(min=0, min_open=True)
_WORDS = {Outcome.PASS: "ok", Outcome.FAIL: "FAIL", Outcome.UNSUPPORTED: "not seen"}


@click.command()
@target_options
@click.option("--hosted-size", metavar="SIZE", help="Size of the hosted data: 3GB, 800MiB.")
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
@click.option("--copied-at", metavar="TIME", help="When it had copied all: 2016-04-20T10:00:00Z.")
@click.option(
    "--retries", type=click.IntRange(min=0), metavar="N", help="How often it tried again."
)
@click.option("--max-latency-ms", type=_POSITIVE, default=20.0, show_default=True, metavar="N")
@click.option("--max-p99-ms", type=_POSITIVE, default=100.0, show_default=True, metavar="N")
@click.option("--pings", type=click.IntRange(min=1), default=200, show_default=True, metavar="N")
@click.option(
    "--connections",
    type=click.IntRange(min=1),
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
    hosted_size: str | None,
    source: str | None,
    parse_server: str | None,
    status_file: Path | None,
    cancelled: bool,
    copied_at: str | None,
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
    from parity.jobs.preflight import (  # noqa: PLC0415 - not for `parity --help`
        Limits,
        PreflightOptions,
    )

    if hosted_size and source:
        raise UserError("--hosted-size and --from are both given", "Give one of them.")
    chosen, uri, folder = choose(target, mongo, config)
    origin = configured(source, config)[0] if source else None
    options = PreflightOptions(
        hosted_bytes=parse_size(hosted_size) if hosted_size else _measured(origin),
        parse_server=parse_server or chosen.version,
        status=_status(status_file, copied_at, retries, cancelled=cancelled),
        limits=Limits(max_latency_ms, max_p99_ms, connections=connections),
        pings=pings,
    )
    return _run(chosen, uri, reports or folder, options, as_json=as_json)


def parse_size(text: str) -> int:
    """Read a size: ``3GB``, ``800 MiB``, ``123456``.

    Args:
        text: A number with an optional unit; kB, MB, GB, TB are powers of 1000, KiB, … of 1024.

    Returns:
        Bytes.

    Raises:
        UserError: It is no size, or nothing.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UserError(f"--hosted-size {text}: that is no size", "Write 3GB or 800MiB.")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _POWERS[found[2].upper()])


def _run(
    target: Target, uri: Secret, reports: Path, options: PreflightOptions, *, as_json: bool
) -> ExitCode:
    from parity.job import Job  # noqa: PLC0415
    from parity.jobs.preflight import preflight as look  # noqa: PLC0415
    from parity.jobs.preflight.checks import check_of  # noqa: PLC0415
    from parity.model.evidence import TargetFacts  # noqa: PLC0415 - not for `parity --help`

    ticker = Ticker()

    def progress(done: int, total: int) -> None:
        if ticker.due():
            ticker.show(f"ping {done} of {total}")

    redactor = redactor_of([replace(target, mongo=uri)])
    with Job(
        name="preflight",
        unit="condition",
        targets=(TargetFacts.of(target),),
        reports=reports,
        arguments=tuple(sys.argv[1:]),
        redactor=redactor,
    ) as job:
        found = look(uri, target.name, options, progress)
        ticker.done()
        for each in found.judged:
            check = check_of(replace(each, measured=redactor.text(each.measured)), target.name)
            job.check(check)
        verdict = job.finish()
    if as_json:
        echo_json(
            {
                "run": str(job.folder),
                "sentence": verdict.sentence,
                "exit_code": int(job.exit_code),
                "mongo_version": found.mongo_version,
                "conditions": [_facts(each) for each in found.judged],
            }
        )
    else:
        _tell(found, verdict.sentence, job.folder)
    return job.exit_code


def _tell(found: PreflightReport, sentence: str, folder: Path) -> None:
    for each in found.judged:
        word = "warning" if each.warns else _WORDS[each.outcome]
        click.echo(f"{word:>8}  {each.code:<20} {each.measured}")
        if each.outcome is Outcome.FAIL or each.warns:
            click.echo(f"{'':>8}  {each.advice}")
    click.echo(f"{sentence}\nreport: {folder / 'report.html'}")


def _facts(each: Judged) -> dict[str, object]:
    bad = each.outcome is Outcome.FAIL or each.warns
    return {
        "code": each.code,
        "outcome": each.outcome,
        "severity": each.weight,
        "title": each.title,
        "measured": each.measured,
        "remedy": each.advice if bad else "",
    }


def _measured(source: Target | None) -> int | None:
    """Return the size of the data and indexes of a source, in bytes."""
    if source is None:
        return None
    from parity.targets.mongo import Access, Reader  # noqa: PLC0415 - not for `parity --help`

    if source.mongo is None:
        raise UserError(
            f"the target {source.name!r} has no mongo, so its size cannot be measured",
            "Say it: --hosted-size 3GB (the hosted dashboard shows it under Analytics).",
            code="no-mongo",
        )
    with Reader(Access(source.name, source.mongo)) as reader:
        stats = reader.command({"dbStats": 1})
    size = int(stats["dataSize"]) + int(stats["indexSize"])
    if not size:
        raise UserError(
            f"the database of {source.name!r} is empty, so its size says nothing",
            "Correct the name of the database at the end of its URI, or give --hosted-size.",
            code="empty-database",
        )
    return size


def _status(
    file: Path | None, copied_at: str | None, retries: int | None, *, cancelled: bool
) -> MigrationStatus:
    from parity.jobs.preflight import (  # noqa: PLC0415 - not for `parity --help`
        MigrationStatus,
        read_status,
    )

    status = read_status(file) if file else MigrationStatus()
    if cancelled:
        status = replace(status, state="cancelled")
    if copied_at is not None:
        status = replace(status, copied_at=_time(copied_at))
    if retries is not None:
        status = replace(status, retries=retries)
    return status


def _time(text: str) -> datetime:
    from parity.jobs.preflight.status import parse_time  # noqa: PLC0415

    try:
        return parse_time(text)
    except ValueError as error:
        raise UserError(
            f"--copied-at {text}: that is no time ({error})", "Write 2016-04-20T10:00:00Z."
        ) from None
