"""The job of ``parity files``: one check for each step of a trial."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from parity.job import Events, Job, Run, asked_of
from parity.jobs.files.download import Downloader
from parity.jobs.files.results import FilesOptions, StepResult, TrialContext, UploadedFile
from parity.jobs.files.store import left_in_gridfs, store_of
from parity.jobs.files.trial import try_files
from parity.model import HarnessError, Outcome, Target, UserError
from parity.model.events import AskedFact, CheckEvent, Event, NoticeEvent, TableEvent, TargetFacts
from parity.targets import Namespace, ParseClient, refuse_write, secrets_of, server_version
from parity.targets.identity import measured_on
from parity.targets.mongo import Access, Reader, reported
from parity.targets.sweep import Sweeper, sweep_classes


@dataclass(frozen=True, slots=True)
class TriedStep:
    """One step as ``--json`` prints it; ``code`` is the worst one's where it fails."""

    name: str
    outcome: Outcome
    code: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file that was stored as ``--json`` prints it; ``file`` is what it stands for."""

    file: str
    bytes: int
    store: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class FilesResult:
    """What ``--json`` prints; ``left`` is what could not be removed."""

    tried: tuple[TriedStep, ...]
    stored: tuple[StoredFile, ...]
    left: tuple[str, ...]


class FilesJob(Job):
    """Stores files through a server, reads them back, and deletes them.

    Args:
        target: The server.
        options: What is asked for.
        hosts: Hosts that files may be fetched from beside the target's own.

    Raises:
        UserError: Nothing may be written, or what is stored could not be deleted.
    """

    name = "files"
    unit = "thing"

    def __init__(
        self, target: Target, options: FilesOptions, hosts: frozenset[str] = frozenset()
    ) -> None:
        refuse_write(target, "POST", "files/name")
        if target.keys.master_key is None:
            raise UserError(
                f"the target {target.name!r} has no master key, so what is stored could not be "
                "deleted",
                f'Add master_key = "env:NAME" under [targets.{target.name}].',
                code="no-master-key",
            )
        if options.store is not None and options.store.startswith("host:"):
            hosts |= {options.store.removeprefix("host:")}
        self.target, self.options, self.hosts = target, options, hosts
        self.results: list[StepResult] = []
        self.stored: list[UploadedFile] = []
        self.left: list[str] = []

    def targets(self) -> Sequence[TargetFacts]:
        """Return the one target."""
        return (TargetFacts.of(self.target, server_version=server_version(self.target)),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of the target."""
        return secrets_of([self.target])

    def digests(self) -> Mapping[str, str]:
        """Return what the server was like."""
        return measured_on(self.target)

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options."""
        hosts = AskedFact(sorted(self.hosts), [])
        return asked_of(self.options, FilesOptions()) | {"allowed_hosts": hosts}

    def events(self, run: Run) -> Events:
        """Yield a check for each step, then what was stored; nothing of it is left, if possible."""
        sweeper, is_closed = Sweeper(self.target), False
        with ExitStack() as stack:
            context = self._context(run, sweeper, stack)
            started = time.perf_counter()
            try:
                for result in try_files(context):
                    self.results.append(result)
                    yield result.event(self.target.name, time.perf_counter() - started)
                    started = time.perf_counter()
                self.stored = [*context.uploaded, *context.others]
                yield self._table(context)
            except GeneratorExit:
                is_closed = True  # nobody takes events any more, and to yield would be an error
                raise
            finally:
                self.left = _clean(context, sweeper)
                if self.left and not is_closed:
                    message = f"Left behind: {', '.join(self.left[:10])}."
                    yield NoticeEvent("warning", self.target.name, message)

    def lines(self, event: Event) -> Iterator[str]:
        """Show each step, and where it fails the first files that show it."""
        if not isinstance(event, CheckEvent):
            return
        result = self.results[-1]
        if result.not_run:
            return  # told once, at the end
        code = f" {result.findings[0].code}" if result.findings else ""
        reason = f" ({result.reason})" if result.reason and not result.differences else ""
        yield f"{result.outcome}{code} {result.title}{reason}"
        for fact in result.differences[:3]:
            yield f"  {fact.path}: expected {fact.expected!r}, got {fact.actual!r}"

    def closing(self) -> Iterator[str]:
        """Say what was not run, where new files are, and what could not be removed."""
        waiting: dict[str, list[str]] = {}
        for result in self.results:
            if result.not_run:
                waiting.setdefault(result.reason, []).append(result.name)
        for reason, names in waiting.items():
            yield f"{reason} ({', '.join(names)})"
        stores = {store_of(file.url, self.target, file.stored) for file in self.stored}
        if stores:
            encrypted = ", encrypted" if any(file.encrypted for file in self.stored) else ""
            yield f"new files are in: {', '.join(sorted(stores))}{encrypted}"
        for left in self.left:
            yield f"left behind: {left}"

    def result(self) -> FilesResult:
        """Return every step, every file that was stored, and what is left of them."""
        return FilesResult(
            tried=tuple(
                TriedStep(
                    result.name,
                    result.outcome,
                    result.findings[0].code if result.findings else None,
                    result.reason,
                )
                for result in self.results
            ),
            stored=tuple(
                StoredFile(
                    file.sample.why,
                    file.sample.size,
                    store_of(file.url, self.target, file.stored),
                    file.encrypted,
                )
                for file in self.stored
            ),
            left=tuple(self.left),
        )

    def _context(self, run: Run, sweeper: Sweeper, stack: ExitStack) -> TrialContext:
        mongo = None
        if self.target.mongo is not None:
            stack.enter_context(reported(self.target.name))
            reader = Reader(Access(self.target.name, self.target.mongo, "primary"))
            mongo = stack.enter_context(reader).db
        master = ParseClient(self.target, observer=sweeper.observe).as_master()
        stack.callback(master.close)
        downloads = Downloader(self.target, self.hosts)
        stack.callback(downloads.close)
        namespace = Namespace(secrets.token_hex(3))
        return TrialContext(
            self.target, master, downloads, namespace, mongo, self.options, run.progress
        )

    def _table(self, context: TrialContext) -> TableEvent:
        rows = []
        for file in self.stored:
            answer = context.fetched.get(file.name)
            rows.append(
                (
                    file.sample.why,
                    file.sample.size,
                    file.sample.content_type,
                    store_of(file.url, self.target, file.stored),
                    "yes" if file.encrypted else "no" if file.stored else "not known",
                    file.url,
                    round(file.upload_ms, 1),
                    None if answer is None else round(answer.elapsed_ms, 1),
                )
            )
        return TableEvent(
            "stored",
            "Files that were stored",
            ("file", "bytes", "content type", "store", "encrypted", "URL", "upload ms", "read ms"),
            tuple(rows),
            "All of them were made by this run and are removed at its end.",
        )


def _clean(context: TrialContext, sweeper: Sweeper) -> list[str]:
    """Remove everything; return what is left."""
    try:
        left = [*sweeper.sweep(), *sweep_classes(context.target, context.namespace)]
        if context.mongo is not None:
            names = left_in_gridfs(context.mongo, context.namespace.prefix)
            left += [f"{name} (in fs.files)" for name in names]
    except HarnessError as error:
        return [f"names that hold {context.namespace.prefix}, because {error}"]
    return left
