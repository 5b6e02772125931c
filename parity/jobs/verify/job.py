"""The job of ``parity verify``: a check for each collection, and one for its structure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from parity.job import Events, Job, Run, asked_of, plain_json
from parity.jobs.verify.cluster import cluster_sides
from parity.jobs.verify.collection import OnDifference
from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.evidence import DifferencesFile, events_of, redacted_result, said
from parity.jobs.verify.moving import Timing, watch_databases
from parity.jobs.verify.progress import Progress
from parity.jobs.verify.result import State, VerifyResult
from parity.jobs.verify.resume import StateFile, inputs_of
from parity.jobs.verify.sources import RestSource, SourceOptions, open_export, verify_source
from parity.model import Secret, Target, UserError
from parity.model.evidence import AskedFact, NoticeEvent, TargetFacts
from parity.targets import secrets_of
from parity.targets.identity import database_measured_on
from parity.targets.mongo import Access


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What a user may choose.

    Attributes:
        exclude: Collections to leave out; ``*`` and ``?`` as in a shell.
        classes: Only these, with their join tables; empty means all.
        strict: Whether benign differences fail.
        workers: Processes that read.
        max_mb_s: Megabytes a second to read from each side at most.
        max_rps: Requests a second to a source over REST at most.
        read_preference: Which members of a replica set are read.
        settle_s: Watch the source, and wait so long for a difference to go; ``None`` without.
        scheduler: A dask scheduler whose workers read.
        resume: Report folder of the run to go on with.
    """

    exclude: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    strict: bool = False
    workers: int = 2
    max_mb_s: float | None = None
    max_rps: float | None = None
    read_preference: str = "primary"
    settle_s: float | None = None
    scheduler: str | None = None
    resume: Path | None = None


class VerifyJob(Job):
    """Compares a database with what it was copied from.

    Args:
        source: What is right: a target, or where the hosted export is.
        destination: What is judged; it has a MongoDB.
        options: What the user chose.

    Raises:
        UserError: The options do not fit the source or each other.
    """

    name = "verify"

    def __init__(
        self, source: Target | Path, destination: Target, options: VerifyOptions | None = None
    ) -> None:
        self.source, self.destination = source, destination
        self.options = options or VerifyOptions()
        self.found: VerifyResult | None = None
        self._shown: dict[str, Any] = {}
        if self._between_databases() is None:
            self._refuse_for_databases_only()
        elif self.options.settle_s is not None and self.options.resume is not None:
            raise UserError(
                "--watch cannot go on with an earlier run: nobody followed the writes in between",
                "Leave --resume out.",
                code="usage",
            )

    def targets(self) -> Sequence[TargetFacts]:
        """Return the destination: the side that is judged."""
        return (TargetFacts.of(self.destination),)

    def secrets(self) -> Mapping[str, str]:
        """Return those of both sides."""
        sides = (self.source, self.destination)
        return secrets_of([side for side in sides if isinstance(side, Target)])

    def digests(self) -> Mapping[str, str]:
        """Return the digest of the database that is judged."""
        return database_measured_on(self.destination)

    def asked(self) -> Mapping[str, AskedFact]:
        """Return the options, and what the database is compared with."""
        source = self.source.name if isinstance(self.source, Target) else str(self.source)
        return asked_of(self.options, VerifyOptions()) | {"source": AskedFact(source, None)}

    def events(self, run: Run) -> Events:
        """Compare, writing each difference down as it is found; then yield what it comes to."""
        run.ask(f"report: {run.folder}")
        with DifferencesFile(run.folder, run.redactor) as differences:
            mongo = self._between_databases()
            if mongo is None:
                self.found = self._verify_objects(run, differences.write)
            else:
                self.found = self._verify_databases(mongo, run, differences.write)
        run.interrupted = self.found.interrupted
        shown = plain_json(redacted_result(self.found, run.redactor))
        shown.pop("permanent")  # differences.jsonl has them
        self._shown = shown
        run.write_json("verify.json", {"format": "parity-verify", "version": self.version, **shown})
        for text in self._matched_nothing():
            yield NoticeEvent("warning", None, text)
        yield from events_of(self.found, self.destination.name, strict=self.options.strict)

    def closing(self) -> Iterator[str]:
        """Say what is not equal, and how much is."""
        assert self.found is not None
        collections = self.found.collections
        for collection in collections:
            verified = collection.state is State.VERIFIED
            if collection.counts or collection.structure or not verified:
                yield f"{collection.name}: {said(collection)}"
        yield from self._matched_nothing()
        documents = sum(collection.source_documents for collection in collections)
        equal = sum(collection.equal for collection in collections)
        yield f"{equal:,} of {documents:,} documents of the source are equal."
        if self.found.in_sync_as_of:
            yield f"In sync as of {self.found.in_sync_as_of}."
        elif self.found.unsettled:
            yield f"{len(self.found.unsettled):,} documents have not settled."

    def _matched_nothing(self) -> Iterator[str]:
        """Say which options name no collection: a name that is misspelt leaves nothing out."""
        assert self.found is not None
        names = {collection.name for collection in self.found.collections}
        owners = names | {name.rpartition(":")[2] for name in names}
        for pattern in self.options.exclude:
            if not any(fnmatchcase(name, pattern) for name in owners):
                yield f"--exclude {pattern} matches no collection."
        for name in self.options.classes:
            if name not in owners:
                yield f"--classes {name}: there is no such class."

    def result(self) -> dict[str, Any]:
        """Return what ``verify.json`` holds."""
        return self._shown

    def _between_databases(self) -> Secret | None:
        """Return the URI of the source's MongoDB, if it is read directly."""
        return self.source.mongo if isinstance(self.source, Target) else None

    def _verify_databases(self, mongo: Secret, run: Run, found: OnDifference) -> VerifyResult:
        asked = self.options
        assert isinstance(self.source, Target)
        assert self.destination.mongo is not None
        source, destination = (
            Access(target.name, uri, asked.read_preference, asked.max_mb_s)
            for target, uri in ((self.source, mongo), (self.destination, self.destination.mongo))
        )
        options = Options(asked.exclude, asked.workers, asked.classes)
        if asked.scheduler:
            options = replace(options, sides=cluster_sides(asked.scheduler))
        state = StateFile(run.folder, inputs_of(source, destination), asked.resume)
        progress = Progress(run.progress, run.ask)
        if asked.settle_s is None:
            return verify_databases(
                source, destination, options, progress, on_difference=found, state=state
            )
        timing = Timing(asked.settle_s)
        result = watch_databases(source, destination, timing, options, progress, state=state)
        for difference in (*result.permanent, *result.unsettled):
            found(difference)
        return result

    def _verify_objects(self, run: Run, found: OnDifference) -> VerifyResult:
        """The hosted export or a REST API: another engine with the same result."""
        asked = self.options
        assert self.destination.mongo is not None
        source = (
            RestSource(self.source, classes=asked.classes)
            if isinstance(self.source, Target)
            else open_export(self.source)
        )
        options = SourceOptions(
            work=asked.resume or run.folder,
            resume=asked.resume is not None,
            classes=asked.classes,
            exclude=asked.exclude,
            max_rps=asked.max_rps,
            max_mb_s=asked.max_mb_s,
            read_preference=asked.read_preference,
        )

        def progress(phase: str, name: str, rows: int) -> None:
            run.progress(f"{phase} {name}: {rows:,} objects")

        return verify_source(source, self.destination.mongo.value, options, progress, found)

    def _refuse_for_databases_only(self) -> None:
        shown = self.source.name if isinstance(self.source, Target) else str(self.source)
        for given, option in (
            (self.options.settle_s, "--watch"),
            (self.options.scheduler, "--scheduler"),
        ):
            if given:
                raise UserError(
                    f"{option} needs a source with a MongoDB, and {shown!r} has none",
                    "Set mongo for the source in parity.toml, or leave the option out.",
                    code="usage",
                )
        if isinstance(self.source, Target) and self.source.url == self.destination.url:
            raise UserError(
                f"{shown!r} and {self.destination.name!r} are one server: {self.source.url}",
                "Name as the source the server that still reads the old database.",
                code="same-database",
            )
