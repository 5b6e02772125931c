"""The job of ``parity audit``: a check for each code."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parity.job import Events, Job, Run, asked_of
from parity.jobs.audit.checks import (
    accepted_entry,
    checks_of,
    encrypted_check,
    file_check,
    login_checks,
)
from parity.jobs.audit.codes import CODES
from parity.jobs.audit.engine import (
    AuditInterrupted,
    AuditOptions,
    AuditReport,
    audit_database,
)
from parity.jobs.audit.files import FileAnswer, fetchable, files_table, in_gridfs
from parity.jobs.audit.findings import Example, Unsound
from parity.jobs.audit.logins import Account, LoginResult, try_accounts
from parity.jobs.audit.walk import Progress
from parity.model import Target
from parity.model.evidence import (
    AskedFact,
    CheckEvent,
    Event,
    NoticeEvent,
    Severity,
    TableEvent,
    TargetFacts,
)
from parity.model.finding import Code
from parity.targets import secrets_of
from parity.targets.identity import database_measured_on
from parity.targets.mongo import Access, Reader, reported

_EXAMPLES_SAID = 3


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What a user may ask for.

    Attributes:
        max_mb_s: Megabytes a second to read at most; 0 for no limit.
        read_preference: Which member of a replica set is read.
        over_rest: Whether the target is a server as well, not a MongoDB alone.
        accounts: Accounts whose owners agreed, to log in to.
        check_files: Files to ask the server for; 0 for none.
        allowed_hosts: Hosts that may be asked for files, beside the target's own.
        accepted: Codes that are known and no reason to fail.
    """

    max_mb_s: float = 0.0
    read_preference: str = "primary"
    over_rest: bool = True
    accounts: tuple[Account, ...] = ()
    check_files: int = 0
    allowed_hosts: frozenset[str] = frozenset()
    accepted: frozenset[Code] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What is unsound in one field of one collection, as ``--json`` prints it."""

    code: str
    severity: Severity
    collection: str
    field: str
    count: int
    examples: tuple[Example, ...]
    mend: str


class AuditJob(Job):
    """Reads one database once and judges whether it is sound in itself.

    Args:
        target: The target; it has a MongoDB.
        request: What was asked for.
    """

    name = "audit"
    unit = "rule"

    def __init__(self, target: Target, request: AuditRequest | None = None) -> None:
        self.target = target
        self.request = request or AuditRequest()
        self.report: AuditReport | None = None
        self._began = time.monotonic()
        self._read_from = ""
        self._logins: list[LoginResult] = []
        self._file_rows: list[dict[str, Any]] = []
        self._file_checks: list[CheckEvent] = []

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        return (TargetFacts.of(self.target),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target."""
        return secrets_of([self.target])

    def digests(self) -> Mapping[str, str]:
        """Return the digest of the database."""
        return database_measured_on(self.target)

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options; of accounts, who logs in is nobody else's business."""
        return asked_of(self.request, AuditRequest(), "accounts")

    def events(self, run: Run) -> Events:
        """Yield a check for each code; of a run that was stopped, what it saw until then."""
        try:
            self.report = self._read(run)
        except AuditInterrupted as stopped:
            # What was found until then is worth keeping; nothing of it passes.
            run.interrupted = True
            self.report = stopped.report
            yield from (check for check in self._checks(stopped.report) if check.finding)
            run.ask(f"stopped after {stopped.report.documents:,} documents: {run.folder}")
            return
        yield from self._checks(self.report)
        yield from self._accepted(self.report)
        yield self._collections(self.report)
        if self.request.accounts:
            self._logins = try_accounts(self.target, self.request.accounts)
        yield from login_checks(self._logins, self.target.name)
        yield from self._files(run, self.report)

    def closing(self) -> Iterator[str]:
        """Say each kind of unsoundness: how often, where, what breaks and how it is mended."""
        assert self.report is not None
        for unsound in self.report.findings:
            yield _lines(unsound, accepted=unsound.code in self.request.accepted)
        for check in self._file_checks:
            if check.finding is not None:
                yield _check_lines(check)
        for row in self._file_rows:
            yield (
                f"files of {row['class']}.{row['field']}: {row['references']:,} references to "
                f"{row['distinct files']:,} files, {row['asked']:,} asked for, "
                f"{row['unreachable']:,} cannot be fetched, {row['hosted-only']:,} only at the "
                "hosted store"
            )
        yield self._note(self.report)

    def result(self) -> dict[str, Any]:
        """Return what is unsound, and what became of logins and files."""
        assert self.report is not None
        return {
            "documents": self.report.documents,
            "bytes": self.report.bytes,
            "read_from": self._read_from,
            "findings": [
                Found(
                    unsound.code.id,
                    unsound.severity,
                    unsound.collection,
                    unsound.field,
                    unsound.count,
                    unsound.examples,
                    unsound.remedy,
                )
                for unsound in self.report.findings
            ],
            **({"files": self._file_rows} if self._file_rows else {}),
            "logins": [
                {"code": login.code.id, "account": login.number, "outcome": login.outcome}
                for login in self._logins
            ],
        }

    def _read(self, run: Run) -> AuditReport:
        def progress(done: Progress) -> None:
            elapsed = max(time.monotonic() - self._began, 0.001)
            rate = done.documents / elapsed
            left = max(done.total - done.documents, 0) / rate if rate else 0
            run.progress(
                f"{done.step} {done.collection}: {done.documents:,} of about "
                f"{done.total:,} documents, {done.bytes / elapsed / 1e6:.1f} MB/s, "
                f"{left:.0f} s left"
            )

        options = AuditOptions(
            self.request.max_mb_s, file_key=self._file_key(), sample_files=self.request.check_files
        )
        with self._reader() as reader, reported(self.target.name):
            self._read_from = reader.read_from
            return audit_database(reader.db, options, progress)

    def _reader(self) -> Reader:
        assert self.target.mongo is not None
        preference = self.request.read_preference
        return Reader(Access(self.target.name, self.target.mongo, preference))

    def _file_key(self) -> bool | None:
        return self.target.keys.file_key is not None if self.request.over_rest else None

    def _checks(self, report: AuditReport) -> Iterator[CheckEvent]:
        accepted, file_key = self.request.accepted, self._file_key()
        return checks_of(report, self.target.name, accepted, file_key=file_key)

    def _accepted(self, report: AuditReport) -> Iterator[Event]:
        for code in CODES.values():
            if code not in self.request.accepted:
                continue
            if report.of(code):
                yield accepted_entry(code, self.target.name)
            else:
                text = f"{code} is accepted, but there is none: drop --accept."
                yield NoticeEvent("warning", None, text)

    def _collections(self, report: AuditReport) -> TableEvent:
        return TableEvent(
            id="collections",
            title="Collections",
            columns=("collection", "documents", "MB"),
            rows=tuple(
                (collection.name, collection.documents, round(collection.bytes / 1e6, 2))
                for collection in report.collections
            ),
            note=self._note(report),
        )

    def _files(self, run: Run, report: AuditReport) -> Iterator[Event]:
        sample, name = report.file_sample, self.target.name
        answers: list[FileAnswer] | None = None
        stored = frozenset[str]()
        if sample.size:

            def progress() -> None:
                run.progress("asking for files")

            answers = fetchable(self.target, sample.chosen, self.request.allowed_hosts, progress)
            with self._reader() as reader, reported(name):
                stored = in_gridfs(reader.db, answers)
            table = files_table(sample, answers)
            yield table
            self._file_rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        self._file_checks = [
            file_check(answers, sample.seen, name),
            encrypted_check(answers, stored, name),
        ]
        yield from self._file_checks

    def _note(self, report: AuditReport) -> str:
        text = (
            f"{report.documents:,} documents, {report.bytes / 1e6:.1f} MB in "
            f"{time.monotonic() - self._began:.1f} s, MongoDB {report.mongo_version}, "
            f"read from {self._read_from}."
        )
        if not report.gridfs:
            text += " No files in GridFS, so names of files were not looked up."
        if report.ignored:
            names = ", ".join(report.ignored[:10])
            text += f" Not read, because they are no Parse classes: {names}."
        return text


def _lines(unsound: Unsound, *, accepted: bool) -> str:
    code = unsound.code
    word = "accepted" if accepted else unsound.severity
    examples = ", ".join(
        f"{example.id} ({example.detail})" if example.detail else example.id
        for example in unsound.examples[:_EXAMPLES_SAID]
    )
    versions = f" Versions: {code.versions}." if code.versions else ""
    return (
        f"{code} ({word}) {unsound.count:,} in {unsound.place}\n  {code.title}\n"
        f"  for example {examples}\n  {code.effect}{versions}\n  mend: {unsound.remedy}\n"
    )


def _check_lines(check: CheckEvent) -> str:
    finding = check.finding
    assert finding is not None
    first = f"{finding.code} ({finding.severity}) {check.reason}"
    example = [f"  for example {difference.path}" for difference in check.differences[:1]]
    return "\n".join([first, *example, f"  {finding.cause}", f"  mend: {finding.remedy}", ""])
