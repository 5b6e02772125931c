"""What a command that judges is, and the one runner of all of them.

A :class:`Job` yields events and offers its result; it knows nothing of redaction, pages, terminals
or exit codes. :func:`run_job` redacts every event and every line, writes evidence and pages, shows
progress, prints text or JSON, and turns the end into an exit code.
"""

from __future__ import annotations

import inspect
import json
import secrets
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, get_type_hints

import click

from parity import __version__
from parity.model import ExitCode, Target
from parity.model.errors import ParityError
from parity.model.evidence import (
    AskedFact,
    CheckEvent,
    Event,
    EvidenceWriter,
    Header,
    NoticeEvent,
    TableEvent,
    TargetFacts,
    read_evidence,
    utc_now,
)
from parity.model.formats import Format
from parity.model.verdict import Verdict, Word
from parity.report.files import make_folder, new_run_id, write_text
from parity.report.html import write_report
from parity.report.progress import Progress
from parity.report.redact import redact_event, redact_header, redact_table
from parity.report.summary import write_summary
from parity.report.verdict import verdict
from parity.wire import Redactor

EXIT_CODES: Final = {
    Word.PASS: ExitCode.PASS,
    Word.FAIL: ExitCode.FAIL,
    Word.COULD_NOT_JUDGE: ExitCode.CANNOT_JUDGE,
}
Events = Generator[Event, None, None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What ``--json`` prints of every job, before its result.

    Attributes:
        format: ``parity-`` and the name of the job.
        version: Version of the result.
        run: Folder of the run.
        verdict: The verdict on the run.
        sentence: Why, for people.
        exit_code: The code that the command ends with.
    """

    format: str
    version: int
    run: str
    verdict: Word
    sentence: str
    exit_code: int


class Job(ABC):
    """One piece of work that judges.

    Nothing is looked at before :meth:`targets` is called, so making a job is cheap and refuses
    what cannot be meant with a ``UserError``.

    Attributes:
        name: The command: ``replay``, ``verify``; also the first part of the checks' ids.
        unit: What a check of it is about, in the singular: ``collection``.
        version: Version of the format of :meth:`result`, which is called ``parity-<name>``.
    """

    name: ClassVar[str]
    unit: ClassVar[str] = "check"
    version: ClassVar[int] = 1

    @abstractmethod
    def targets(self) -> Sequence[TargetFacts]:
        """Return what is judged; names are unique. May ask the servers for their version."""

    def secrets(self) -> Mapping[str, str]:
        """Return each secret value that may be met, with the name to show for it.

        :func:`parity.targets.secrets_of` gives those of targets.
        """
        return {}

    def digests(self) -> Mapping[str, str]:
        """Return digests of the inputs, and of what the targets are made of, by name."""
        return {}

    def asked(self) -> Mapping[str, AskedFact]:
        """Return what the run was told, by name; :func:`asked_of` gives it of its options.

        Gates hold it against what they demand, so everything that weakens a run belongs here.
        """
        return {}

    @abstractmethod
    def events(self, run: Run) -> Events:
        """Do the work, and yield what becomes of it as it goes on.

        A ``KeyboardInterrupt`` may arise at any place, also at a ``yield``; what is worth keeping
        can be yielded before it goes on. What was made elsewhere is removed in ``finally``.

        Args:
            run: The run that this is part of.
        """

    def lines(self, event: Event) -> Iterable[str]:  # noqa: ARG002 - jobs that show events use it
        """Return what a person sees of an event as it comes; nothing by default."""
        return ()

    def closing(self) -> Iterable[str]:
        """Return what a person reads at the end, before the verdict; nothing by default."""
        return ()

    def result(self) -> Any:
        """Return what ``--json`` prints beside the verdict: a dataclass or a mapping."""
        return {}


class Run:
    """One run of a job, as the job sees it.

    Attributes:
        id: Name of the run.
        folder: Its folder under ``reports/``; the job may put files of its own there.
        redactor: For what a job writes itself, such as a recording. Events are redacted anyway.
        interrupted: A job that ends early by itself sets it; the exit code is 130 then.
    """

    def __init__(self, run_id: str, folder: Path, known: Mapping[str, str], progress: Progress):
        self.id = run_id
        self.folder = folder
        self.interrupted = False
        self._key = secrets.token_bytes(32)
        self._known = dict(known)
        self._progress = progress
        self.redactor = self._knowing()

    def hide(self, known: Mapping[str, str]) -> None:
        """Treat more values as secrets from now on; each with the name to show for it."""
        self._known |= known
        self.redactor = self._knowing()

    def _knowing(self) -> Redactor:
        redactor = Redactor(self._known, self._key)
        self._progress.redact = redactor.text
        return redactor

    def progress(self, text: str, panel: Callable[[], TableEvent] | None = None) -> None:
        """Say how far the work is; shown now and then, so it may be called often.

        Args:
            text: One line.
            panel: Makes a table that is shown instead where the terminal can rewrite it.
        """
        drawn = panel and (lambda: redact_table(panel(), self.redactor))
        self._progress.show(text, drawn)

    def ask(self, text: str) -> None:
        """Tell the person at the terminal what to do now."""
        self._progress.say(self.redactor.text(text))

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file into the folder of the run, redacted."""
        text = json.dumps(self.redactor.json(plain_json(value)), indent=1)
        write_text(self.folder / name, f"{text}\n")


def run_job(
    job: Job,
    reports: Path,
    *,
    as_json: bool = False,
    arguments: Sequence[str] | None = None,
) -> ExitCode:
    """Run a job from its first look at the targets to its exit code.

    Whatever ends it, the evidence says how: Ctrl-C as interrupted, an error as "could not judge".

    Args:
        job: What to do.
        reports: Folder that runs are written to; it is made.
        as_json: One line of JSON on standard output instead of text.
        arguments: The command line; that of the process by default.

    Raises:
        UserError: The folder cannot be written, the disk is full, or the job refuses.
        HarnessError: A target or the network kept the job from judging.
        KeyboardInterrupt: Somebody stopped it; everything is written.
    """
    started_at = utc_now()
    run_id = new_run_id(started_at)
    progress = Progress()
    run = Run(run_id, reports.absolute() / run_id, job.secrets(), progress)
    try:
        return _run(job, run, started_at, progress, arguments, as_json=as_json)
    except ParityError as error:
        error.redact(run.redactor.text)  # it may quote a server, a driver or an input
        raise


def _run(
    job: Job,
    run: Run,
    started_at: str,
    progress: Progress,
    arguments: Sequence[str] | None,
    *,
    as_json: bool,
) -> ExitCode:
    targets = tuple(job.targets())
    header = Header(
        run_id=run.id,
        started_at=started_at,
        suite_version=__version__,
        seed=None,
        arguments=tuple(sys.argv[1:] if arguments is None else arguments),
        targets=targets,
        digests=dict(job.digests()),
        asked=dict(job.asked()),
        job=job.name,
        unit=job.unit,
    )
    make_folder(run.folder)
    with _Evidence(run, header) as evidence, progress:
        _pump(job, run, evidence, progress, as_json=as_json)
    answer = evidence.verdict
    _tell(job, run, answer, as_json=as_json)
    return ExitCode.INTERRUPTED if run.interrupted else EXIT_CODES[answer.word]


class _Evidence:
    """The files of one run: evidence as it comes, page and summary at the end."""

    def __init__(self, run: Run, header: Header) -> None:
        self._run = run
        self._file = run.folder / "evidence.jsonl"
        self._writer = EvidenceWriter(self._file, redact_header(header, run.redactor))
        self.verdict = Verdict(Word.COULD_NOT_JUDGE, "", {})

    def write(self, event: Event) -> Event:
        """Write an event, and return it as it was written: redacted."""
        shown = redact_event(event, self._run.redactor)
        self._writer.write(shown)
        return shown

    def __enter__(self) -> _Evidence:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        stopped = kind is not None and issubclass(kind, KeyboardInterrupt)
        if kind is not None and not stopped:
            self.write(NoticeEvent("error", None, "The run ended before it had judged everything."))
        self._writer.close(interrupted=stopped or self._run.interrupted)
        write_report(self._file, self._run.folder / "report.html")
        write_summary(self._file, self._run.folder / "summary.json")
        self.verdict = verdict(read_evidence(self._file))


def _pump(job: Job, run: Run, evidence: _Evidence, progress: Progress, *, as_json: bool) -> None:
    """Take events from the job until it ends; an interrupt is handed to it, wherever it arose."""
    events = job.events(run)
    step: Callable[[], Event] = events.__next__
    while True:
        try:
            shown = evidence.write(step())
            step = events.__next__
            if not as_json:
                for line in job.lines(shown):
                    progress.print(run.redactor.text(line))
        except StopIteration:
            return
        except KeyboardInterrupt as stop:
            # Twice in a row means that it arose within the job, which has ended by it.
            if inspect.getgeneratorstate(events) == inspect.GEN_CLOSED:
                raise
            step = _thrown(events, stop)


def _thrown(events: Events, stop: KeyboardInterrupt) -> Callable[[], Event]:
    return lambda: events.throw(stop)


def _tell(job: Job, run: Run, answer: Verdict, *, as_json: bool) -> None:
    if as_json:
        code = ExitCode.INTERRUPTED if run.interrupted else EXIT_CODES[answer.word]
        envelope = Envelope(
            format=f"parity-{job.name}",
            version=job.version,
            run=str(run.folder),
            verdict=answer.word,
            sentence=answer.sentence,
            exit_code=int(code),
        )
        value = asdict(envelope) | run.redactor.json(plain_json(job.result()))
        click.echo(json.dumps(value, separators=(",", ":")))
        return
    for line in job.closing():
        click.echo(run.redactor.text(line))
    click.echo(answer.sentence)
    click.echo(f"report: {run.folder / 'report.html'}")


def result_schema(job: type[Job]) -> dict[str, Any] | None:
    """Return the JSON Schema of what ``--json`` prints of a job.

    Returns:
        The envelope and the dataclass that ``result`` is declared to return; ``None`` if that is
        no dataclass.
    """
    kind = get_type_hints(job.result).get("return")
    if not is_dataclass(kind):
        return None
    title = f"Result of parity {job.name}, version {job.version}"
    schema = Format[Any](kind).schema(f"{job.name}:{job.version}", title)
    envelope = Format(Envelope).schema("", "")
    outer = envelope["properties"]
    outer["format"]["const"], outer["version"]["const"] = f"parity-{job.name}", job.version
    schema["properties"] = outer | schema["properties"]
    schema["required"] = [*envelope["required"], *schema["required"]]
    schema["$defs"] = envelope.get("$defs", {}) | schema.get("$defs", {})
    return schema


def asked_of(options: Any, shipped: Any, *apart: str) -> dict[str, AskedFact]:
    """Return what a run was told, as options say it.

    Args:
        options: A dataclass of options.
        shipped: The same as it is without being told.
        *apart: Fields that say nothing of how it is judged.
    """
    return {
        field.name: AskedFact(
            _said(getattr(options, field.name)), _said(getattr(shipped, field.name))
        )
        for field in fields(options)
        if field.name not in apart
    }


def _said(value: Any) -> Any:
    """Return the value of an option in words that a person would know it by."""
    if isinstance(value, frozenset | tuple | list):
        return sorted(str(_said(item)) for item in value)
    if isinstance(value, Target):
        return value.name
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def plain_json(value: Any) -> Any:
    """Return a dataclass, or what holds some, as plain JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain_json(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return value


__all__ = [
    "EXIT_CODES",
    "CheckEvent",
    "Events",
    "Job",
    "Run",
    "asked_of",
    "plain_json",
    "result_schema",
    "run_job",
]
