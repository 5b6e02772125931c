"""Verifying one database against another, whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from queue import SimpleQueue
from threading import Lock
from typing import Final, Protocol

from parity.jobs.verify import codes
from parity.jobs.verify.collection import OnDifference, Part, verify_collection
from parity.jobs.verify.identity import same_database
from parity.jobs.verify.progress import Progress
from parity.jobs.verify.result import (
    CollectionResult,
    NotVerified,
    SideFacts,
    State,
    StructureDifference,
    VerifyResult,
)
from parity.jobs.verify.resume import Descriptions
from parity.jobs.verify.sides import InlineSides, LocalSides, Sides
from parity.jobs.verify.structure import (
    Described,
    describe,
    differences_of,
    differences_of_views,
)
from parity.model import Difference, Kind, UserError
from parity.model.errors import HarnessError, TargetDown
from parity.targets.mongo import Access, Reader

SMALL: Final = 16_000_000
"""Bytes of both databases below which starting processes takes longer than reading."""


class Finished(Protocol):
    """Remembers collections that an earlier run finished; see :mod:`parity.jobs.verify.resume`."""

    def begin(self, readers: tuple[Reader, Reader], described: Descriptions) -> None:
        """Note what both servers say before anything is read."""
        ...

    def finished(self, name: str) -> CollectionResult | None:
        """Return an earlier result that still holds."""
        ...

    def save(self, result: CollectionResult) -> None:
        """Write a result down."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose.

    Attributes:
        exclude: Names of collections to leave out; ``*`` and ``?`` as in a shell.
        classes: Only these classes, with their join tables and ``_SCHEMA``; empty for all.
        workers: Processes that read: half of them on each side, at least one each.
        sides: How sides are opened; ``None`` takes processes on this machine, or none if the
            databases are smaller than :data:`SMALL`.
    """

    exclude: tuple[str, ...] = ()
    workers: int = 2
    classes: tuple[str, ...] = ()
    sides: Callable[[Access, Access], Sides] | None = None

    def open_sides(self, source: Access, destination: Access, size: int) -> Sides:
        """Open both sides.

        Args:
            source: How the source is read.
            destination: How the destination is read.
            size: About how many bytes both hold.
        """
        default = LocalSides if size >= SMALL else InlineSides
        return (self.sides or default)(source, destination)


@dataclass(slots=True)
class Run:
    """One verification while it goes on.

    Attributes:
        options: What the user chose.
        progress: Is told how far it is.
        on_difference: Is told each differing document.
        state: Remembers finished collections.
        described: What both servers say of their collections.
        results: What is finished, by collection.
        problems: Why the run cannot judge.
    """

    options: Options
    progress: Progress
    on_difference: OnDifference
    state: Finished | None
    described: Descriptions
    results: dict[str, CollectionResult] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    interrupted: bool = False


def verify_databases(
    source: Access,
    destination: Access,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    on_difference: OnDifference | None = None,
    state: Finished | None = None,
) -> VerifyResult:
    """Compare every document of every collection, and the structure.

    Nothing is written to either side.

    Args:
        source: The side that is right.
        destination: The side that is judged.
        options: What the user chose.
        progress: Is told how far it is.
        on_difference: Is told each differing document, from any thread, one at a time.
        state: Remembers finished collections for another run.

    Returns:
        The result. Its ``problems`` say why it could not judge, if it could not; an interrupted
        run returns what it had.

    Raises:
        UserError: The databases cannot be compared: same database, nothing in the source, no
            such database, no permission.
        HarnessError: A server cannot be reached at the start.
    """
    started = time.monotonic()
    with Reader(source) as left, Reader(destination) as right:
        described = (describe(left), describe(right))
        _refuse(left, right, described)
        if state is not None:
            state.begin((left, right), described)
        facts = (_facts(left), _facts(right))
        assured = _assured(left, right)
    run = Run(
        options or Options(),
        progress or Progress(),
        _one_at_a_time(on_difference),
        state,
        described,
    )
    parts = list(_plan(run))
    try:
        _verify_all(run, parts, source, destination)
    except KeyboardInterrupt:
        run.interrupted = True
    for part in parts:
        if part.name not in run.results:
            reason = "the run ended before this collection was read"
            run.results[part.name] = CollectionResult(part.name, State.NOT_JUDGED, reason)
    collections = tuple(
        _with_structure(run.results[name], described, run.options) for name in sorted(run.results)
    )
    if not run.interrupted and not any(collection.source_documents for collection in collections):
        run.problems.append("No document of the source was compared.")
    return VerifyResult(
        *facts,
        collections,
        not_verified=tuple(
            NotVerified(collection.name, collection.reason)
            for collection in collections
            if collection.state is State.NOT_VERIFIED
        ),
        assured=assured,
        problems=tuple(dict.fromkeys(run.problems)),
        seconds=time.monotonic() - started,
        interrupted=run.interrupted,
    )


def _refuse(left: Reader, right: Reader, described: Descriptions) -> None:
    """Raise where a comparison would prove nothing."""
    if same_database(left, right, described):
        raise UserError(
            f"{left.access.name!r} and {right.access.name!r} are the same database "
            f"({left.database!r} on the same server)",
            "Correct the MongoDB URI of one of them: a database is always equal to itself.",
            code="same-database",
        )
    ours = [each for each in described[0].values() if _is_data(each)]
    if any(our.documents for our in ours) or (ours and not all(_knows_size(left, ours))):
        return
    raise UserError(
        f"the source {left.access.name!r} is empty: database {left.database!r} "
        + ("has no collection" if not ours else "has no document"),
        f"Check the name of the database in its MongoDB URI.{_others(left)}",
        code="empty-source",
    )


def _knows_size(reader: Reader, collections: Iterable[Described]) -> Iterator[bool]:
    """Yield for each collection whether it is really empty: statistics may lag after a crash."""
    for collection in collections:
        found = reader.command({"find": collection.name, "limit": 1, "projection": {"_id": 1}})
        yield not found["cursor"]["firstBatch"]


def _others(reader: Reader) -> str:
    try:
        reply = reader.command({"listDatabases": 1, "nameOnly": True}, admin=True)
    except (UserError, HarnessError):
        return ""
    names = [each["name"] for each in reply["databases"]]
    names = [name for name in names if name not in ("admin", "config", "local", reader.database)]
    return f" The server has: {', '.join(sorted(names)[:20])}." if names else ""


def _is_data(each: Described) -> bool:
    return each.kind == "collection" and not each.name.startswith("system.")


def _plan(run: Run) -> Iterator[Part]:
    """Yield what is to be read; what is not gets its result at once."""
    left, right = run.described
    names = sorted({*left, *right})
    gridfs = {
        f"{name.removesuffix('.files')}{end}"
        for name in names
        if name.endswith(".files") and f"{name.removesuffix('.files')}.chunks" in names
        for end in (".files", ".chunks")
    }
    for name in names:
        reason = _why_not(name, left.get(name) or right[name], run.options)
        if reason:
            run.results[name] = CollectionResult(name, State.NOT_VERIFIED, reason)
            continue
        one, other = left.get(name), right.get(name)
        documents = [each.documents if each else 0 for each in (one, other)]
        sizes = [each.size if each else 0 for each in (one, other)]
        average = max(sizes) // max(1, *documents) or 1000
        part = Part(
            name, documents[0], documents[1], average, bool(one), bool(other), name in gridfs
        )
        run.progress.plan(run.progress.planned_size + sum(sizes))
        yield part


def _why_not(name: str, described: Described, options: Options) -> str:
    if name.startswith("system."):
        return "a collection of the server itself"
    if described.kind != "collection":
        return f"a {described.kind}, which holds no documents of its own"
    return left_out(name, options)


def left_out(name: str, options: Options) -> str:
    """Say which option leaves a collection out; empty if none does."""
    for pattern in options.exclude:
        if fnmatchcase(name, pattern):
            return f"left out by --exclude {pattern}"
    asked = not options.classes or {name, name.rpartition(":")[2]} & {*options.classes, "_SCHEMA"}
    return "" if asked else "left out by --classes"


def _verify_all(run: Run, parts: list[Part], source: Access, destination: Access) -> None:
    queue: SimpleQueue[Part | None] = SimpleQueue()
    # The largest first, so that no worker is left alone with it at the end.
    for part in sorted(parts, key=lambda each: -each.average * each.source_documents):
        if not _resumed(run, part):
            queue.put(part)
    pairs = max(1, min(run.options.workers // 2, queue.qsize()))
    for _ in range(pairs):
        queue.put(None)
    share = None if source.max_mb_s is None else source.max_mb_s / pairs
    accesses = [replace(each, max_mb_s=share) for each in (source, destination)]
    with ExitStack() as opened:
        size = run.progress.planned_size
        pool = [run.options.open_sides(accesses[0], accesses[1], size) for _ in range(pairs)]
        for sides in pool:
            opened.callback(sides.close)
        if pairs == 1:
            _work(run, pool[0], queue)
            return
        with ThreadPoolExecutor(pairs) as threads:
            try:
                list(threads.map(lambda sides: _work(run, sides, queue), pool))
            except KeyboardInterrupt:
                for sides in pool:  # their threads then end with an error that nobody hears
                    sides.close()
                raise


def _resumed(run: Run, part: Part) -> bool:
    if run.state is None:
        return False
    known = run.state.finished(part.name)
    if known is None:
        return False
    run.results[part.name] = known
    run.progress.skip(known.source_bytes + known.destination_bytes)
    run.progress.note(f"{part.name}: finished at {known.finished_at}, not read again")
    return True


def _work(run: Run, sides: Sides, queue: SimpleQueue[Part | None]) -> None:
    """Verify collections from the queue until it is empty or a connection is lost."""
    while (part := queue.get()) is not None and not run.problems:
        try:
            result = verify_collection(sides, part, run.progress.read, run.on_difference)
        except TargetDown as error:
            run.problems.append(str(error))
            run.results[part.name] = CollectionResult(part.name, State.NOT_JUDGED, str(error))
            return
        except (HarnessError, UserError) as error:
            what = error.what if isinstance(error, UserError) else str(error)
            run.results[part.name] = CollectionResult(part.name, State.NOT_JUDGED, what)
            continue
        run.results[part.name] = result
        if run.state is not None:
            run.state.save(result)


def _with_structure(
    result: CollectionResult, described: Descriptions, options: Options
) -> CollectionResult:
    left, right = (side.get(result.name) for side in described)
    views = {side.kind for side in (left, right) if side is not None} - {"collection"}
    if views and not left_out(result.name, options):
        return replace(result, structure=tuple(differences_of_views(result.name, left, right)))
    if result.state is State.NOT_VERIFIED:
        return result
    if left is not None and right is not None:
        return replace(result, structure=tuple(differences_of(left, right)))
    one_sided = None
    if right is None and result.source_documents:
        text = f"{result.source_documents:,} documents"
        difference = Difference(result.name, Kind.MISSING, text, None)
        one_sided = StructureDifference(result.name, codes.COLLECTION_MISSING.id, difference)
    elif left is None and result.destination_documents:
        text = f"{result.destination_documents:,} documents"
        difference = Difference(result.name, Kind.EXTRA, None, text)
        one_sided = StructureDifference(result.name, codes.COLLECTION_EXTRA.id, difference)
    return replace(result, structure=(one_sided,)) if one_sided else result


def _one_at_a_time(on_difference: OnDifference | None) -> OnDifference:
    if on_difference is None:
        return lambda _: None
    lock, call = Lock(), on_difference

    def locked(difference: object) -> None:
        with lock:
            call(difference)  # type: ignore[arg-type]

    return locked


def _facts(reader: Reader) -> SideFacts:
    version: Mapping[str, object] = {}
    with suppress(UserError, HarnessError):  # newer servers want a login for it
        version = reader.command({"buildInfo": 1}, admin=True)
    kind = "standalone"
    if reader.is_sharded:
        kind = "sharded"
    elif reader.is_replica_set:
        kind = f"replica set {reader.hello['setName']}"
    hosts = ",".join(f"{host}:{port}" for host, port in sorted(reader.client.nodes))
    where = f"{hosts}/{reader.database}"
    name = reader.access.name
    shown = str(version.get("version", "")) or None
    return SideFacts(name, where, shown, kind, reader.read_from)


def _assured(left: Reader, right: Reader) -> tuple[str, ...]:
    how = (
        "Every document of both sides was read as bytes and hashed; a document that differed was "
        "read again on both sides before it was reported."
    )
    said = [how]
    for reader in (left, right):
        if reader.concern == "majority":
            said.append(
                f"{reader.access.name} was read with read concern majority: what was compared "
                "cannot be rolled back."
            )
        else:
            said.append(
                f"{reader.access.name} is a standalone server: it was read with read concern local."
            )
    said.append(
        "The collections were read one after the other, not as one snapshot: what was written "
        "meanwhile is only covered by --watch."
    )
    return tuple(said)
