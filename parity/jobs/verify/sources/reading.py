"""Reads a whole source into the index, and says what of it could not be read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import xxhash

from parity.jobs.verify.result import NotVerified, SideFacts
from parity.jobs.verify.sources.export import ExportFile, ExportSource
from parity.jobs.verify.sources.index import BATCH, Entry, SourceIndex, key_of
from parity.jobs.verify.sources.joins import Shows, join_entry
from parity.jobs.verify.sources.objects import FetchSource
from parity.jobs.verify.sources.options import RestSource, SourceOptions
from parity.jobs.verify.sources.rest import Progress, RestReader, dump
from parity.jobs.verify.sources.rows import RowError
from parity.model import HarnessError, UserError
from parity.wire.storage import ClassSchema

GIVEN_UP: Final = 2
"""Classes in a row that cannot be read, after which the source is taken to be down."""

Schemas = dict[str, ClassSchema]

_ALWAYS: Final = (
    NotVerified("number types", "JSON has one kind of number: int, long and double look alike"),
    NotVerified("order of fields", "JSON objects have none that a source keeps"),
    NotVerified("indexes and collection options", "only a database has them"),
    NotVerified("contents of files", "objects hold the names of files, not what is in them"),
    NotVerified("_id of rows of relations", "no source shows it, and Parse never reads it"),
)


@dataclass(slots=True)
class Read:
    """What was read of a source.

    Attributes:
        facts: The source, for the report.
        names: Its classes and join tables.
        complete: Whether ``names`` is all that the source has.
        problems: Why a class could not be read to its end, by class.
        schemas: Schemas as ``/schemas`` gives them, by class; ``None`` if it has none.
        fetch: Reads objects of a class again; ``None`` if the source cannot move.
        shows: What the source can show of a join table; ``None`` for all of it.
        not_verified: What such a source cannot show.
        resumed: Classes that an earlier run had read.
        close: Ends the connections.
    """

    facts: SideFacts
    names: list[str]
    complete: bool = True
    problems: dict[str, str] = field(default_factory=dict)
    schemas: dict[str, dict[str, Any]] | None = None
    fetch: Callable[[str], FetchSource] | None = None
    shows: Callable[[str], Shows] | None = None
    not_verified: list[NotVerified] = field(default_factory=lambda: list(_ALWAYS))
    resumed: set[str] = field(default_factory=set)
    close: Callable[[], None] = lambda: None


def fingerprint(source: ExportSource | RestSource) -> str:
    """Return what tells a source from others, without its secrets."""
    if isinstance(source, ExportSource):
        return f"export {source.path.resolve()}"
    app = hashlib.sha256(source.target.app_id.value.encode()).hexdigest()[:16]
    return f"rest {source.target.url} {app}"


def source_facts(source: ExportSource | RestSource) -> SideFacts:
    """Return what a report says about a source."""
    if isinstance(source, ExportSource):
        return SideFacts("source", str(source.path), None, "export")
    target = source.target
    return SideFacts(target.name, target.url, target.version, "REST")


def read_export(
    source: ExportSource, index: SourceIndex, options: SourceOptions, progress: Progress
) -> Read:
    """Read every file of an export.

    Args:
        source: The export.
        index: Where the objects go.
        options: Which classes.
        progress: Told how far it is.

    Returns:
        What was read; a file that is broken is read up to there, and named in ``problems``.

    Raises:
        UserError: There is no room for the index.
    """
    free = shutil.disk_usage(options.work).free
    if free < source.size:
        raise UserError(
            f"{options.work} has {free:,} bytes free, and the export needs about {source.size:,}",
            "Give another folder with --report-dir.",
            code="source-space",
        )
    read = Read(source_facts(source), [each.class_name for each in source.files])
    why = "an export has no schema: the types of columns are those of the objects"
    read.not_verified.append(NotVerified("_SCHEMA and class-level permissions", why))
    for name in source.strangers:
        read.not_verified.append(NotVerified(name, "the name of this file is not that of a class"))
    for name, reason in source.refused:
        read.problems[name] = f"the file {name} was refused: it {reason}"
    for file in source.files:
        if not wanted(file.class_name, options):
            continue
        state = index.begin(file.class_name, file.stamp)
        if state.done:
            read.resumed.add(file.class_name)
        else:
            if state.rows:  # an earlier run ended inside of the file
                index.forget(file.class_name)
                index.begin(file.class_name, file.stamp)
            _read_file(file, index, progress)
        state = index.begin(file.class_name, file.stamp)
        if state.problem:
            read.problems[file.class_name] = state.problem
    return read


def _read_file(file: ExportFile, index: SourceIndex, progress: Progress) -> None:
    name, batch, total = file.class_name, list[Entry](), 0
    make = join_entry if name.startswith("_Join:") else _object_entry
    problem, odd = "", 0
    rows = file.rows()
    while True:
        try:
            row = next(rows, None)
            if row is not None:
                batch.append(make(row))
        except RowError as error:
            problem = f"{file.label} was read up to object {total + len(batch)}: {error}"
            break
        except ValueError as error:
            odd += 1
            problem = problem or f"{file.label}: {error}"
        if row is None or len(batch) == BATCH:
            index.add(name, batch)
            total += len(batch)
            progress(name, total)
            batch = []
        if row is None:
            break
    if batch:
        index.add(name, batch)
    index.finish(name, f"{problem} ({odd} of them)" if odd > 1 else problem)


def _object_entry(row: Any) -> Entry:
    object_id = row.value.get("objectId")
    if not isinstance(object_id, str) or not object_id:
        raise ValueError("an object without an objectId")
    return Entry(key_of(object_id), dump(row.value), row.doubt)


def read_rest(
    source: RestSource,
    index: SourceIndex,
    options: SourceOptions,
    stored: Schemas,
    progress: Progress,
) -> Read:
    """Read every class of a REST source.

    Args:
        source: The source.
        index: Where the objects go, and where an earlier run ended.
        options: Rates, retries, which classes.
        stored: The schemas of the destination, for a source that has no ``/schemas``.
        progress: Told how far it is.

    Returns:
        What was read; a class that could not be read to its end is named in ``problems``.

    Raises:
        HarnessError: The source refuses the keys or does not answer at all.
    """
    reader = RestReader(source.target, options)
    read = Read(source_facts(source), [], close=reader.close)
    why = "a REST API does not show which MongoDB it reads: see that it is not the destination"
    read.not_verified.append(NotVerified("that both sides are different databases", why))
    read.schemas = reader.schemas()
    _name_classes(read, source, stored)
    failures = 0
    for name in read.names:
        if not wanted(name, options):
            continue
        failures = _attempt(
            read,
            index,
            name,
            failures,
            lambda: reader.read_class(name, index, progress),  # noqa: B023
        )
    _read_relations(read, reader, index, options, stored, progress)
    read.fetch = lambda name: lambda keys, sure: reader.fetch(name, keys, sure)
    return read


def _name_classes(read: Read, source: RestSource, stored: Schemas) -> None:
    if source.classes:
        read.names = list(source.classes)
        read.complete = False
    elif read.schemas is not None:
        read.names = sorted(read.schemas)
    else:
        read.names = sorted(stored)
        read.complete = False
        why = (
            "the source has no /schemas, so its classes were taken from the destination's "
            "_SCHEMA; name them with --classes"
        )
        read.not_verified.append(NotVerified("classes that the destination does not know", why))
    if read.schemas is None:
        why = "the source has no /schemas"
        read.not_verified.append(NotVerified("_SCHEMA and class-level permissions", why))


def _attempt(
    read: Read, index: SourceIndex, name: str, failures: int, work: Callable[[], None]
) -> int:
    """Read one class; return how many could not be read in a row."""
    state = index.state(name)
    if state is not None and state.done:
        read.resumed.add(name)
    if failures >= GIVEN_UP:
        read.problems[name] = "was not read, because the source stopped answering"
        return failures
    try:
        work()
    except HarnessError as error:
        read.problems[name] = str(error)
        return failures + 1
    state = index.state(name)
    if state is not None and state.problem:
        read.problems[name] = state.problem
    return 0


def _read_relations(
    read: Read,
    reader: RestReader,
    index: SourceIndex,
    options: SourceOptions,
    stored: Schemas,
    progress: Progress,
) -> None:
    ends: dict[str, tuple[str, str, int]] = {}
    failures = 0
    for class_name, key, target in list(_relations(read, stored)):
        state = index.state(class_name)
        name = f"_Join:{key}:{class_name}"
        if state is None or not wanted(name, options):
            continue
        every = max(1, -(-state.rows // options.owners))
        ends[name] = (class_name, target, every)
        read.names.append(name)
        if class_name in read.problems:
            read.problems[name] = f"the owners ({class_name}) could not be read"
            continue
        if every > 1:
            why = f"only every {every}th owner was asked for its members"
            read.not_verified.append(NotVerified(f"{name} rows of other owners", why))

        def work() -> None:
            owners = _sample(index, class_name, every)  # noqa: B023
            reader.read_relation(key, class_name, target, owners, index, progress)  # noqa: B023

        failures = _attempt(read, index, name, failures, work)

    def shows(name: str) -> Shows:
        class_name, target, every = ends[name]
        return Shows(
            owner=lambda key: _asked(key, every) and index.has(class_name, key),
            member=lambda key: index.has(target, key),
        )

    read.shows = shows


def _relations(read: Read, stored: Schemas) -> Iterator[tuple[str, str, str]]:
    """Yield class, field and target class of each relation of the source."""
    for name in list(read.names):
        if read.schemas is not None and name in read.schemas:
            fields = read.schemas[name].get("fields", {})
            for key, kind in fields.items():
                if isinstance(kind, dict) and kind.get("type") == "Relation":
                    yield name, key, str(kind.get("targetClass"))
        elif name in stored:
            for key, column in stored[name].fields.items():
                if column.type == "Relation":
                    yield name, key, str(column.target_class)


def _sample(index: SourceIndex, class_name: str, every: int) -> Iterator[bytes]:
    return (entry.key for entry in index.entries(class_name) if _asked(entry.key, every))


def _asked(owner: bytes, every: int) -> bool:
    return every == 1 or xxhash.xxh3_64_intdigest(owner) % every == 0


def wanted(name: str, options: SourceOptions) -> bool:
    """Return whether a class or join table is to be verified.

    A join table goes with its class.
    """
    owner = name.rpartition(":")[2]
    if any(fnmatchcase(each, glob) for glob in options.exclude for each in (name, owner)):
        return False
    return not options.classes or name in options.classes or owner in options.classes
