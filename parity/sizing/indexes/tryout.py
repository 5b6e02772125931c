"""Proposed indexes, tried on a copy: how long each query takes without and with them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.model import UserError
from parity.sizing.indexes.explain import explain
from parity.sizing.indexes.limits import before
from parity.sizing.indexes.model import Progress, Proposal, Tried, TryOut
from parity.sizing.indexes.sample import Row
from parity.sizing.indexes.sent import Sent

BATCH: Final = 2000
"""Rows that are copied at once."""
NAME_LIMIT: Final = 38
"""Bytes of the name of a database on every server and platform (64), less what is added."""
CONFIDENCE_Z: Final = 1.96
_NO_INDEX_OPTIONS: Final = frozenset({"v", "key", "ns", "background"})


@dataclass(frozen=True, slots=True)
class Question:
    """A query with several sets of values.

    Attributes:
        signature: Its name.
        sent: It, with each set of values.
    """

    signature: str
    sent: tuple[Sent, ...]


def try_out(
    database: Database[dict[str, Any]],
    proposals: Sequence[Proposal],
    questions: Mapping[str, Question],
    where: TryOut,
    progress: Progress,
) -> list[Proposal]:
    """Try proposals on a copy of their collections.

    The scratch database is dropped in the end, however it ends.

    Args:
        database: What is copied from.
        proposals: What is tried.
        questions: The queries by signature.
        where: The server of the copy.
        progress: Gets a line now and then.

    Returns:
        The proposals with what was measured; one that cannot be built has a note instead.

    Raises:
        UserError: The scratch database cannot be written.
    """
    found = []
    with scratch_database(where) as scratch:
        for each in proposals:
            if any(code.blocks for code in each.codes):
                found.append(each)
                continue
            try:
                found.append(_try(database, scratch, each, questions, where, progress))
            except OperationFailure as error:
                reason = str(error).partition(", full error")[0][:200]
                note = f"It could not be built on the copy: {reason}"
                found.append(replace(each, notes=(*each.notes, note)))
    return found


@contextlib.contextmanager
def scratch_database(where: TryOut) -> Iterator[Database[dict[str, Any]]]:
    """Make the scratch database, and drop it whatever happens.

    Raises:
        UserError: There is a database of this name, or it cannot be written.
    """
    name = f"{where.prefix[:NAME_LIMIT]}_indexes"
    client: MongoClient[dict[str, Any]] = MongoClient(
        where.uri.value, serverSelectionTimeoutMS=10_000, appName="parse-parity"
    )
    with client:
        if client[name].list_collection_names():
            raise UserError(
                f"there is a database {name!r} on the server of the copy",
                "It is of a run that was killed: drop it if nobody uses it.",
                code="scratch-exists",
            )
        try:
            client[name].command("create", "writable")
        except OperationFailure as error:
            raise UserError(
                f"the scratch database {name!r} cannot be written ({error.details!s:.100})",
                "Give a mongod with --scratch env:NAME whose user may make and drop databases.",
                code="scratch-refused",
            ) from None
        try:
            yield client[name]
        finally:
            client.drop_database(name)


def orphans(client: MongoClient[dict[str, Any]], prefix: str) -> list[str]:
    """Return scratch databases that killed runs left behind.

    Args:
        client: Of the server.
        prefix: What the names of all runs start with.
    """
    with contextlib.suppress(OperationFailure):
        names = client.list_database_names()
        return [each for each in names if each.startswith(prefix) and each.endswith("_indexes")]
    return []


def speedup(before_ms: Sequence[float], after_ms: Sequence[float]) -> tuple[float, float, float]:
    """Return the median ratio of pairs and its 95 % interval, without assuming a distribution.

    Source: the interval of a median from order statistics (normal approximation of the binomial).
    """
    ratios = sorted(one / max(two, 1e-6) for one, two in zip(before_ms, after_ms, strict=True))
    count = len(ratios)
    half = CONFIDENCE_Z * count**0.5 / 2
    low = max(0, int((count - 1) / 2 - half))
    high = min(count - 1, int((count - 1) / 2 + half + 0.999999))
    return median(ratios), ratios[low], ratios[high]


def copy_rows(
    source: Collection[Row],
    target: Collection[Row],
    most: int,
    rows: int,
    version: str,
    progress: Progress,
) -> int:
    """Copy a collection, or a part of it that is chosen by chance where the server can.

    Args:
        source: From.
        target: To; it is empty.
        most: Rows that are copied at most.
        rows: Rows of the source, as estimated.
        version: Version of the source's mongod.
        progress: Gets a line now and then.

    Returns:
        Rows copied.
    """
    raw = CodecOptions(document_class=RawBSONDocument)
    reader = source.with_options(codec_options=raw)
    stages: list[dict[str, Any]] = []
    if rows > most and not before(version, "4.4.2"):
        stages.append({"$match": {"$sampleRate": most / rows}})
    stages.append({"$limit": most})
    copied = 0
    batch: list[RawBSONDocument] = []
    for each in reader.aggregate(stages, batchSize=BATCH):
        batch.append(each)
        if len(batch) == BATCH:
            copied += _insert(target, batch)
            batch = []
            progress(f"copying {source.name}: {copied:,} rows")
    return copied + (_insert(target, batch) if batch else 0)


def _insert(target: Collection[Row], batch: Iterable[Any]) -> int:
    return len(target.insert_many(batch, ordered=False).inserted_ids)


def _try(
    database: Database[dict[str, Any]],
    scratch: Database[dict[str, Any]],
    proposal: Proposal,
    questions: Mapping[str, Question],
    where: TryOut,
    progress: Progress,
) -> Proposal:
    source = database[proposal.collection]
    rows = source.estimated_document_count()
    without, withit = scratch["without"], scratch["with"]
    for each in (without, withit):
        each.drop()
    version = str(database.command("buildInfo")["version"])
    copied = copy_rows(source, without, where.max_rows, rows, version, progress)
    without.aggregate([{"$match": {}}, {"$out": "with"}])
    for each in (without, withit):
        _build_existing(source, each)
    progress(f"building the index on {proposal.collection}")
    scratch.command({**proposal.command, "createIndexes": "with"})
    if any(isinstance(way, str) for _, way in proposal.keys):
        # Without it MongoDB does not answer at all, so there is no time to compare with.
        note = f"Built on a copy of {copied:,} rows; without it MongoDB gives no answer."
        return replace(proposal, notes=(*proposal.notes, note))
    tried = [
        _time(scratch, questions[name], copied, rows, where.rounds, progress)
        for name in proposal.serves
        if name in questions
    ]
    return replace(proposal, tried=tuple(tried))


def _build_existing(source: Collection[Row], target: Collection[Row]) -> None:
    for name, index in source.index_information().items():
        if name != "_id_":
            options = {key: each for key, each in index.items() if key not in _NO_INDEX_OPTIONS}
            options.pop("expireAfterSeconds", None)  # Nothing is to vanish meanwhile.
            target.create_index(index["key"], name=name, **options)


def _time(
    scratch: Database[dict[str, Any]],
    question: Question,
    copied: int,
    rows: int,
    rounds: int,
    progress: Progress,
) -> Tried:
    progress(f"timing {question.signature}")
    pairs = [
        (replace(each, collection="without"), replace(each, collection="with"))
        for each in question.sent
    ]
    same = all(_same(scratch, *each) for each in pairs)  # Also warms both.
    before_ms: list[float] = []
    after_ms: list[float] = []
    for number in range(rounds):
        for without, withit in pairs:
            # In turn, and each first half of the time, so that neither has the warmer machine.
            first, second = (without, withit) if number % 2 == 0 else (withit, without)
            took = {each.collection: _run(scratch, each)[1] for each in (first, second)}
            before_ms.append(took["without"])
            after_ms.append(took["with"])
    middle, low, high = speedup(before_ms, after_ms)
    seen = explain(scratch, pairs[0][1], max_time_ms=60_000, rows=copied)
    return Tried(
        signature=question.signature,
        rows=copied,
        of_rows=max(rows, copied),
        before_ms=median(before_ms),
        after_ms=median(after_ms),
        speedup=middle,
        low=low,
        high=high,
        used=not seen.scans and seen.index != ("_id_",),
        same_rows=same,
    )


def _run(scratch: Database[dict[str, Any]], sent: Sent) -> tuple[list[Row] | int, float]:
    """Run a query; return its rows or its count, and milliseconds until the last row was read."""
    collection = scratch[sent.collection]
    started = time.perf_counter()
    result: list[Row] | int
    if sent.count:
        command = {"count": sent.collection, "query": dict(sent.filter)}
        result = int(scratch.command(command)["n"])
    else:
        cursor = collection.find(dict(sent.filter), skip=sent.skip, limit=sent.limit)
        result = list(cursor.sort(list(sent.sort)) if sent.sort else cursor)
    return result, (time.perf_counter() - started) * 1000


def _same(scratch: Database[dict[str, Any]], without: Sent, withit: Sent) -> bool:
    """Tell whether both return the same rows, as far as the query says which."""
    one, _ = _run(scratch, without)
    two, _ = _run(scratch, withit)
    if isinstance(one, int) or isinstance(two, int):
        return one == two
    if len(one) != len(two):
        return False
    full = without.limit and len(one) >= without.limit
    if not full and not without.skip:
        return sorted(str(each["_id"]) for each in one) == sorted(str(each["_id"]) for each in two)
    # Among rows that are equal in the order, either may be returned.
    keys = [key for key, _ in without.sort]
    return [[each.get(key) for key in keys] for each in one] == [
        [each.get(key) for key in keys] for each in two
    ]
