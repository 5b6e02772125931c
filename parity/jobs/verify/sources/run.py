"""One verification of a MongoDB against a source that is not one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from parity.jobs.verify import codes
from parity.jobs.verify.result import (
    CollectionResult,
    NotVerified,
    State,
    StructureDifference,
    VerifyResult,
)
from parity.jobs.verify.sources.destination import Destination, Stored
from parity.jobs.verify.sources.export import ExportSource
from parity.jobs.verify.sources.index import SourceIndex
from parity.jobs.verify.sources.joins import compare_joins
from parity.jobs.verify.sources.objects import Comparison
from parity.jobs.verify.sources.options import Found, Progress, RestSource, SourceOptions
from parity.jobs.verify.sources.reading import (
    Read,
    Schemas,
    fingerprint,
    read_export,
    read_rest,
    source_facts,
    wanted,
)
from parity.jobs.verify.sources.schemas import (
    compare_columns,
    compare_schemas,
    needed_columns,
    needed_schema,
    reading_schema,
)
from parity.jobs.verify.sources.tally import Tally
from parity.model import Difference, HarnessError, Kind
from parity.wire.storage import StorageError, parse_schema, schema_from_json

INDEX: Final = "source-index.sqlite"
CLOCKS: Final = timedelta(minutes=5)
"""How far the clock of a source may be from ours when we ask what is newer than our start."""

TELL_EVERY: Final = 500

_NOT_CLASSES: Final = {
    "_SCHEMA": "the schemas are compared where the source has /schemas",
    "fs.files": "objects hold the names of files, not what is in them",
    "fs.chunks": "objects hold the names of files, not what is in them",
}


def verify_source(
    source: ExportSource | RestSource,
    destination_uri: str,
    options: SourceOptions,
    progress: Progress | None = None,
    found: Found | None = None,
) -> VerifyResult:
    """Compare every object of a source with the documents of a MongoDB.

    Args:
        source: An export (:func:`open_export`), or a REST endpoint with master key.
        destination_uri: URI of the database that is judged; a secret.
        options: Rates, classes, where the index of the source goes.
        progress: Called with ``"read"`` or ``"compare"``, a class and a number of objects.
        found: Called with every differing object; the result keeps only the first ones.

    Returns:
        What was found. A class that could not be read or compared is ``NOT_JUDGED``, and the run
        has ``problems`` where nothing can be said at all.

    Raises:
        UserError: The settings cannot be used.
        HarnessError: The destination or the source cannot be reached at all.
    """
    began = time.monotonic()
    options.work.mkdir(parents=True, exist_ok=True)
    destination = Destination(destination_uri, options.read_preference)
    try:
        run = _Run(source, destination, options, progress, found)
        return run.result(began)
    finally:
        destination.close()


@dataclass(slots=True)
class _Run:
    """The state of one verification."""

    source: ExportSource | RestSource
    destination: Destination
    options: SourceOptions
    progress: Progress | None
    found: Found | None
    broken: list[StructureDifference] = field(default_factory=list)
    collections: list[CollectionResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    settled: int = 0

    def result(self, began: float) -> VerifyResult:
        if not any(map(self.destination.count, self._classes())):
            return self._nothing(began)
        stored = self._schemas()
        path = self.options.work / INDEX
        index = SourceIndex(path, fingerprint(self.source), resume=self.options.resume)
        read: Read | None = None
        finished, interrupted = False, False
        try:
            started = datetime.fromisoformat(index.started) - CLOCKS
            read = self._read(index, stored)
            self._compare(read, index, stored, started)
            # What a broken connection left unread is gone on with by --resume.
            states = [index.state(name) for name in read.names if wanted(name, self.options)]
            finished = all(state is not None and state.done for state in states)
        except KeyboardInterrupt:
            interrupted = True
            self.problems.append("somebody stopped it before everything was compared")
            if read is None:
                raise
        finally:
            index.close(remove=finished)
            if read is not None:
                read.close()
        self._judge_whole(read)
        return VerifyResult(
            source=read.facts,
            destination=self.destination.facts,
            collections=tuple(self.collections),
            not_verified=tuple(read.not_verified),
            assured=self._assured(read),
            problems=tuple(self.problems),
            seconds=time.monotonic() - began,
            interrupted=interrupted,
        )

    def _classes(self) -> list[str]:
        return [
            collection for collection in self.destination.collections() if collection != "_SCHEMA"
        ]

    def _nothing(self, began: float) -> VerifyResult:
        """Return the result for an empty destination, before hours go into reading the source."""
        facts = self.destination.facts
        return VerifyResult(
            source=source_facts(self.source),
            destination=facts,
            collections=(),
            problems=(
                f"the destination {facts.where} holds no documents; is it the right database?",
            ),
            seconds=time.monotonic() - began,
        )

    def _schemas(self) -> Schemas:
        found: Schemas = {}
        for each in self.destination.unordered("_SCHEMA"):
            try:
                schema = parse_schema(each.document)
            except StorageError as error:
                reason = f"cannot be read: {error}"
                difference = Difference(str(each.id), Kind.TYPE, "a schema", reason)
                self.broken.append(StructureDifference("_SCHEMA", codes.SCHEMA.id, difference))
            else:
                found[schema.class_name] = schema
        return found

    def _read(self, index: SourceIndex, stored: Schemas) -> Read:
        def tell(name: str, rows: int) -> None:
            if self.progress is not None:
                self.progress("read", name, rows)

        if isinstance(self.source, ExportSource):
            return read_export(self.source, index, self.options, tell)
        return read_rest(self.source, index, self.options, stored, tell)

    def _compare(self, read: Read, index: SourceIndex, stored: Schemas, started: datetime) -> None:
        present = self.destination.collections()
        if read.schemas is not None:
            self.collections.append(
                compare_schemas(read.schemas, stored, self.options, self.broken)
            )
        elif self.broken:
            self.collections.append(CollectionResult("_SCHEMA", structure=tuple(self.broken)))
        for name in sorted(read.names):
            if not wanted(name, self.options):
                self.collections.append(_left_out(name, "left out by --classes or --exclude"))
                continue
            self.collections.append(
                self._collection(name, read, index, stored, started, exists=name in present)
            )
        for name, reason in sorted(read.problems.items()):
            if name not in read.names and any(
                fnmatchcase(name, pattern) for pattern in self.options.exclude
            ):
                self.collections.append(_left_out(name, "left out by --exclude"))
            elif name not in read.names:
                self.collections.append(CollectionResult(name, State.NOT_JUDGED, reason))
        self.collections += self._only_stored(read, present)

    def _collection(
        self,
        name: str,
        read: Read,
        index: SourceIndex,
        stored: Schemas,
        started: datetime,
        *,
        exists: bool,
    ) -> CollectionResult:
        began = time.monotonic()
        tally = Tally(name, self.found)
        if name in read.problems:
            tally.reasons.append(read.problems[name])
        state = index.state(name)
        if state is None or not state.done:
            return tally.result(time.monotonic() - began, resumed=False)
        try:
            if name.startswith("_Join:"):
                documents = self.destination.unordered(name)
                shows = read.shows(name) if read.shows is not None else None
                compare_joins(
                    tally, index, self._told(tally, documents), shows, partial=name in read.problems
                )
            else:
                self._objects(tally, read, index, stored, started)
        except HarnessError as error:
            tally.reasons.append(str(error))
        if tally.source_documents and not exists:
            missing = Difference("", Kind.MISSING, f"{tally.source_documents} documents", None)
            tally.structure.append(StructureDifference(name, codes.COLLECTION_MISSING.id, missing))
        return tally.result(time.monotonic() - began, resumed=name in read.resumed)

    def _objects(
        self, tally: Tally, read: Read, index: SourceIndex, stored: Schemas, started: datetime
    ) -> None:
        moving = read.fetch is not None
        name = tally.name
        if read.schemas is not None and name in read.schemas:
            right = schema_from_json(read.schemas[name])
        else:
            columns = needed_columns(index.entries(name))
            right = needed_schema(name, columns)
            tally.structure += compare_columns(name, columns, stored.get(name))
        schema = reading_schema(right, stored.get(name))
        comparison = Comparison(
            tally,
            schema,
            recheck=self.options.rechecked if moving else 0,
            partial=not moving and name in read.problems,
        )
        documents = self.destination.documents(name)
        comparison.run(index.entries(name), self._told(tally, documents))
        if read.fetch is not None:
            self.settled += comparison.recheck(
                read.fetch(name),
                lambda ids: self.destination.fetch(name, ids),
                started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            )

    def _told(self, tally: Tally, documents: Iterable[Stored]) -> Iterator[Stored]:
        for number, each in enumerate(documents, 1):
            if self.progress is not None and number % TELL_EVERY == 0:
                self.progress("compare", tally.name, number)
            yield each

    def _only_stored(self, read: Read, present: tuple[str, ...]) -> Iterator[CollectionResult]:
        """Yield the collections that the source does not have."""
        has_joins = any(name.startswith("_Join:") for name in read.names)
        for name in present:
            if name in read.names or any(
                collection.name == name for collection in self.collections
            ):
                continue
            count = self.destination.count(name)
            if not count:
                continue
            reason = _NOT_CLASSES.get(name, "")
            if not wanted(name, self.options):
                reason = "left out by --classes or --exclude"
            elif not reason and name.startswith("_") and not name.startswith("_Join:"):
                reason = "the source does not show this class"
            elif not reason and name.startswith("_Join:") and not has_joins:
                reason = "the source has no rows of relations"
            elif not reason and not read.complete:
                reason = "the source was not asked for this class"
            if reason:
                yield _left_out(name, reason, count)
            else:
                extra = Difference("", Kind.EXTRA, None, f"{count} documents")
                structure = (StructureDifference(name, codes.COLLECTION_EXTRA.id, extra),)
                yield CollectionResult(name, destination_documents=count, structure=structure)

    def _judge_whole(self, read: Read) -> None:
        if not any(collection.source_documents for collection in self.collections):
            self.problems.append(f"the source {read.facts.where} holds no objects")
        if not any(collection.destination_documents for collection in self.collections):
            self.problems.append(
                f"the destination {self.destination.facts.where} holds none of these classes; "
                "is it the right database?"
            )

    def _assured(self, read: Read) -> tuple[str, ...]:
        lines = ["Every object of the source was looked up in the destination by its id."]
        if read.fetch is not None:
            lines.append(
                "The source may have moved while it was read: what differed was read again on "
                f"both sides before it was judged, and {self.settled} had become the same."
            )
        return tuple(lines)


def _left_out(name: str, reason: str, count: int = 0) -> CollectionResult:
    not_verified = (NotVerified(f"{name} documents", reason, count),) if count else ()
    return CollectionResult(name, State.NOT_VERIFIED, reason, not_verified=not_verified)
