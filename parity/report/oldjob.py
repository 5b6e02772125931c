"""The former runner, for jobs that are no :class:`parity.job.Job` yet; goes with the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from parity import __version__
from parity.model import ExitCode
from parity.model.evidence import (
    CheckEvent,
    EvidenceWriter,
    Header,
    KnownDifferenceEvent,
    NoticeEvent,
    TableEvent,
    TargetFacts,
    read_evidence,
    utc_now,
)
from parity.model.verdict import Verdict, Word
from parity.report.files import make_folder, new_run_id
from parity.report.html import write_report
from parity.report.summary import write_summary
from parity.report.verdict import verdict
from parity.wire import Redactor

EXIT_CODES = {
    Word.PASS: ExitCode.PASS,
    Word.FAIL: ExitCode.FAIL,
    Word.COULD_NOT_JUDGE: ExitCode.CANNOT_JUDGE,
}


class Job:
    """Writes evidence as the work goes on; the end of it is a verdict and a page.

    A context manager. Left by an exception it still writes what there is: interrupted by Ctrl-C
    as such, anything else as "could not judge"; the exception goes on.

    Args:
        name: The command: ``replay``, ``verify``.
        unit: What a check of it is about, in the singular: ``collection``.
        targets: What is judged; names are unique.
        reports: Folder that runs are written to; it is made.
        redactor: Keeps secrets out of the command line. Checks are redacted by who makes them.
        arguments: The command line.
        digests: Digests of the inputs by name.

    Raises:
        UserError: The folder cannot be written, or the disk is full.
    """

    def __init__(
        self,
        *,
        name: str,
        unit: str,
        targets: Sequence[TargetFacts],
        reports: Path,
        redactor: Redactor,
        arguments: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        started_at = utc_now()
        self.run_id = new_run_id(started_at)
        self.folder = reports.absolute() / self.run_id
        make_folder(self.folder)
        header = Header(
            run_id=self.run_id,
            started_at=started_at,
            suite_version=__version__,
            seed=None,
            arguments=tuple(redactor.text(each) for each in arguments),
            targets=tuple(targets),
            digests=dict(digests or {}),
            job=name,
            unit=unit,
        )
        self._writer = EvidenceWriter(self.folder / "evidence.jsonl", header)
        self._verdict: Verdict | None = None

    def check(self, check: CheckEvent) -> None:
        """Write what became of one check."""
        self._writer.write(check)

    def table(self, table: TableEvent) -> None:
        """Write numbers that are no outcome."""
        self._writer.write(table)

    def known(self, entry: KnownDifferenceEvent) -> None:
        """Write a registered difference that applies or was observed."""
        self._writer.write(entry)

    def notice(
        self, level: Literal["info", "warning", "error"], message: str, target: str | None = None
    ) -> None:
        """Write what no check says; ``error`` means that something could not be judged."""
        self._writer.write(NoticeEvent(level, target, message))

    def finish(self, *, interrupted: bool = False) -> Verdict:
        """Write the footer, ``report.html`` and ``summary.json``; a second call does nothing.

        Args:
            interrupted: Whether somebody stopped the run.

        Returns:
            The verdict.
        """
        if self._verdict is None:
            self._writer.close(interrupted=interrupted)
            evidence = self._writer.path
            write_report(evidence, self.folder / "report.html")
            write_summary(evidence, self.folder / "summary.json")
            self._verdict = verdict(read_evidence(evidence))
        return self._verdict

    @property
    def exit_code(self) -> ExitCode:
        """The code that the command ends with; :meth:`finish` has been called."""
        assert self._verdict is not None
        return EXIT_CODES[self._verdict.word]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._verdict is not None:
            return
        if kind is not None and not issubclass(kind, KeyboardInterrupt):
            self.notice("error", "The run ended before it had judged everything.")
        self.finish(interrupted=kind is not None and issubclass(kind, KeyboardInterrupt))
