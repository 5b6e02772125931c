"""``parity audit``: is the database of a Parse app sound in itself?"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parity.cli.mongo_target import Ticker, choose, echo_json, redactor_of, target_options
from parity.model import ExitCode, Target, UserError

if TYPE_CHECKING:
    from parity.jobs.audit import AuditReport, Code, Finding
    from parity.jobs.audit.walk import Progress
    from parity.model.evidence import CheckEvent
    from parity.report.oldjob import Job

FILE_SAMPLE = 300
"""Files of --check-files; with none unreachable, at most 1 % are, with 95 % confidence."""


def _file_count(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Read a number of files from 1 on, or ``all``."""
    if value is None or value == "all":
        return None if value is None else sys.maxsize
    if value.isdecimal() and int(value) > 0:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number of files from 1 on, nor 'all'")


@click.command()
@target_options
@click.option(
    "--max-mb-s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Megabytes to read a second at most.  [default: no limit]",
)
@click.option(
    "--accounts",
    metavar="FILE",
    help="JSON with accounts whose owners agreed: they log in over REST; see docs/audit.md.",
)
@click.option(
    "--check-files",
    callback=_file_count,
    is_flag=False,
    flag_value=str(FILE_SAMPLE),
    metavar="N|all",
    help=f"Ask for N files by chance, or for all, with HEAD.  [default if given: {FILE_SAMPLE}]",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="HOST",
    help="Another host that --check-files may ask; the target's own is always allowed.",
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="CODE",
    help="A finding code that is known and no reason to fail; may be repeated.",
)
def audit(
    *,
    target: str | None,
    mongo: str | None,
    config: Path | None,
    reports: Path | None,
    as_json: bool,
    max_mb_s: float | None,
    accounts: str | None,
    check_files: int | None,
    allowed_hosts: tuple[str, ...],
    accepted: tuple[str, ...],
) -> ExitCode:
    """Read a Parse database once and say what is unsound in it.

    \b
        parity audit --target selfhosted
        parity audit --mongo env:MONGODB_URI --max-mb-s 20
        parity audit --target selfhosted --accounts file:accounts.json --check-files
        parity audit --target selfhosted --check-files all      # class by class

    Nothing is written to the database; it is read from a secondary where there is one.
    Each finding has a code, a count, examples, what breaks and how it is mended.
    """  # noqa: D301 - click wants the control character
    from parity.jobs.audit import (  # noqa: PLC0415 - not for `parity --help`
        AuditInterrupted,
        Code,
    )
    from parity.jobs.audit.logins import read_accounts  # noqa: PLC0415

    chosen, uri, folder = choose(target, mongo, config)
    over_rest = mongo is None
    if not over_rest and (accounts or check_files):
        raise UserError("--accounts and --check-files need --target", "They ask the Parse Server.")
    known = _codes(accepted, tuple(Code))
    people = read_accounts(_path(accounts), os.environ) if accounts else ()
    run = _Run(chosen, over_rest=over_rest, known=known, as_json=as_json)
    with run.job(reports or folder) as job:
        try:
            found = run.read(replace(chosen, mongo=uri), max_mb_s or 0.0, check_files or 0)
        except AuditInterrupted as stopped:
            run.until_now(job, stopped.report)
            raise
        run.report(job, found)
        run.logins(job, people)
        run.files(job, found, frozenset(allowed_hosts))
        verdict = job.finish()
    run.tell(job, verdict.sentence, found)
    return job.exit_code


class _Run:
    def __init__(
        self, target: Target, *, over_rest: bool, known: frozenset[Code], as_json: bool
    ) -> None:
        self.target = target
        self.over_rest = over_rest
        self.known = known
        self.as_json = as_json
        self.redactor = redactor_of([target])
        self.ticker = Ticker()
        self.extra: dict[str, Any] = {}
        self.file_rows: list[dict[str, Any]] = []
        self.file_checks: list[CheckEvent] = []

    def job(self, reports: Path) -> Job:
        from parity.model.evidence import TargetFacts  # noqa: PLC0415 - heavy
        from parity.report.oldjob import Job  # noqa: PLC0415
        from parity.targets.identity import database_measured_on  # noqa: PLC0415

        return Job(
            name="audit",
            unit="rule",
            targets=(TargetFacts.of(self.target),),
            reports=reports,
            arguments=tuple(sys.argv[1:]),
            redactor=self.redactor,
            digests=database_measured_on(self.target),
        )

    def read(self, target: Target, max_mb_s: float, sample: int) -> AuditReport:
        from parity.jobs.audit import AuditOptions, audit_database  # noqa: PLC0415 - heavy
        from parity.targets.mongo import Access, Reader, reported  # noqa: PLC0415

        assert target.mongo is not None
        file_key = target.keys.file_key is not None if self.over_rest else None
        options = AuditOptions(max_mb_s, file_key=file_key, sample_files=sample)
        access = Access(target.name, target.mongo, "secondaryPreferred")
        with Reader(access) as reader, reported(target.name):
            try:
                return audit_database(reader.db, options, self._progress)
            finally:
                self.ticker.done()

    def report(self, job: Job, found: AuditReport) -> None:
        from parity.jobs.audit import Code  # noqa: PLC0415
        from parity.jobs.audit.checks import accepted_entry, checks_of  # noqa: PLC0415
        from parity.model.evidence import TableEvent  # noqa: PLC0415 - heavy

        for check in checks_of(found, self.target.name, self.known, file_key=self._file_key()):
            job.check(self._redacted(check))
        for code in Code:
            if code in self.known and found.of(code):
                job.known(accepted_entry(code, self.target.name))
            elif code in self.known:
                job.notice("warning", f"{code} is accepted, but there is none: drop --accept.")
        job.table(
            TableEvent(
                id="collections",
                title="Collections",
                columns=("collection", "documents", "MB"),
                rows=tuple(
                    (each.name, each.documents, round(each.bytes / 1e6, 2))
                    for each in found.collections
                ),
                note=_note(found, self.ticker.elapsed_s),
            )
        )

    def until_now(self, job: Job, found: AuditReport) -> None:
        """Keep what was found before somebody stopped the run; nothing of it passes."""
        from parity.jobs.audit.checks import checks_of  # noqa: PLC0415 - heavy

        for check in checks_of(found, self.target.name, self.known, file_key=self._file_key()):
            if check.finding is not None:
                job.check(self._redacted(check))
        if not self.as_json:
            self._show(found)
        click.echo(f"stopped after {found.documents:,} documents: {job.folder}", err=True)

    def logins(self, job: Job, people: Any) -> None:
        from parity.jobs.audit.checks import login_checks  # noqa: PLC0415 - heavy
        from parity.jobs.audit.logins import try_accounts  # noqa: PLC0415

        results = try_accounts(self.target, people) if people else []
        for check in login_checks(results, self.target.name):
            job.check(check)
        self.extra["logins"] = [
            {"code": each.code, "account": each.number, "outcome": each.outcome} for each in results
        ]

    def files(self, job: Job, found: AuditReport, hosts: frozenset[str]) -> None:
        from parity.jobs.audit.checks import encrypted_check, file_check  # noqa: PLC0415 - heavy
        from parity.jobs.audit.files import fetchable, files_table, in_gridfs  # noqa: PLC0415
        from parity.targets.mongo import Access, Reader, reported  # noqa: PLC0415

        sample, name = found.file_sample, self.target.name
        answers, stored = None, frozenset[str]()
        if sample.size:
            answers = fetchable(self.target, sample.chosen, hosts, self._files_progress)
            self.ticker.done()
            assert self.target.mongo is not None
            access = Access(name, self.target.mongo, "secondaryPreferred")
            with Reader(access) as reader, reported(name):
                stored = in_gridfs(reader.db, answers)
            table = files_table(sample, answers)
            job.table(table)
            self.file_rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        self.file_checks = [
            self._redacted(file_check(answers, sample.seen, name)),
            self._redacted(encrypted_check(answers, stored, name)),
        ]
        for check in self.file_checks:
            job.check(check)

    def tell(self, job: Job, sentence: str, found: AuditReport) -> None:
        if self.as_json:
            echo_json(
                {
                    "run": str(job.folder),
                    "sentence": sentence,
                    "exit_code": int(job.exit_code),
                    "documents": found.documents,
                    "bytes": found.bytes,
                    "findings": [_facts(each) for each in found.findings],
                    **({"files": self.file_rows} if self.file_rows else {}),
                    **self.extra,
                }
            )
            return
        self._show(found)
        for check in self.file_checks:
            if check.finding is not None:
                click.echo(_check_lines(check))
        for row in self.file_rows:
            click.echo(self.redactor.text(_file_line(row)))
        click.echo(f"{sentence}\n{_note(found, self.ticker.elapsed_s)}")
        click.echo(f"report: {job.folder / 'report.html'}")

    def _show(self, found: AuditReport) -> None:
        for each in found.findings:
            click.echo(self.redactor.text(_line(each, accepted=each.code in self.known)))

    def _redacted(self, check: CheckEvent) -> CheckEvent:
        return replace(
            check,
            reason=self.redactor.text(check.reason),
            differences=tuple(
                replace(each, actual=self.redactor.json(each.actual)) for each in check.differences
            ),
        )

    def _file_key(self) -> bool | None:
        return self.target.keys.file_key is not None if self.over_rest else None

    def _progress(self, progress: Progress) -> None:
        if not self.ticker.due():
            return
        elapsed = max(self.ticker.elapsed_s, 0.001)
        rate = progress.documents / elapsed
        left = max(progress.total - progress.documents, 0) / rate if rate else 0
        self.ticker.show(
            f"{progress.step} {progress.collection}: {progress.documents:,} of about "
            f"{progress.total:,} documents, {progress.bytes / elapsed / 1e6:.1f} MB/s, "
            f"{left:.0f} s left"
        )

    def _files_progress(self) -> None:
        if self.ticker.due():
            self.ticker.show("asking for files")


def _check_lines(check: CheckEvent) -> str:
    finding = check.finding
    assert finding is not None
    first = f"{finding.code} ({finding.severity}) {check.reason}"
    example = [f"  for example {each.path}" for each in check.differences[:1]]
    return "\n".join([first, *example, f"  {finding.cause}", f"  mend: {finding.remedy}", ""])


def _file_line(row: dict[str, Any]) -> str:
    return (
        f"files of {row['class']}.{row['field']}: {row['references']:,} references to "
        f"{row['distinct files']:,} files, {row['asked']:,} asked for, {row['unreachable']:,} "
        f"cannot be fetched, {row['hosted-only']:,} only at the hosted store"
    )


def _path(reference: str) -> Path:
    return Path(reference.removeprefix("file:")).expanduser()


def _codes(names: tuple[str, ...], codes: tuple[Code, ...]) -> frozenset[Code]:
    by_name = {str(code): code for code in codes}
    for name in names:
        if name not in by_name:
            from parity.targets.settings import nearest  # noqa: PLC0415 - for this error alone

            raise UserError(f"--accept {name}: {nearest(name, by_name)}")
    return frozenset(by_name[name] for name in names)


def _note(found: AuditReport, seconds: float) -> str:
    text = (
        f"{found.documents:,} documents, {found.bytes / 1e6:.1f} MB in {seconds:.1f} s, "
        f"MongoDB {found.mongo_version}."
    )
    if not found.gridfs:
        text += " No files in GridFS, so names of files were not looked up."
    if found.ignored:
        text += f" Not read, because they are no Parse classes: {', '.join(found.ignored[:10])}."
    return text


def _line(finding: Finding, *, accepted: bool) -> str:
    from parity.jobs.audit import explain  # noqa: PLC0415 - heavy

    where = f"{finding.collection}.{finding.field}" if finding.field else finding.collection
    word = "accepted" if accepted else finding.severity
    text = explain(finding.code)
    examples = ", ".join(
        f"{each.id} ({each.detail})" if each.detail else each.id for each in finding.examples[:3]
    )
    versions = f" Versions: {text.versions}." if text.versions else ""
    return (
        f"{finding.code} ({word}) {finding.count:,} in {where}\n  {text.title}\n"
        f"  for example {examples}\n  {text.breaks}{versions}\n  mend: {finding.mend}\n"
    )


def _facts(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "collection": finding.collection,
        "field": finding.field,
        "count": finding.count,
        "examples": [{"id": each.id, "detail": each.detail} for each in finding.examples],
        "mend": finding.mend,
    }
