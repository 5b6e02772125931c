"""Proposed indexes, tried on a copy: how long each query takes without and with them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.indexes.codes import BLOCKING
from parity.indexes.explain import explain, named
from parity.indexes.limits import before
from parity.indexes.model import Progress, Proposal, Tried, TryOut
from parity.indexes.sample import Row
from parity.indexes.sent import Sent
from parity.model import UserError

BATCH: Final = 2000
"""Rows that are copied at once."""
NAME_LIMIT: Final = 38
"""Bytes of the name of a database on every server and platform (64), less what is added."""
FEWEST_ROUNDS: Final = 3
LEAST_GAIN: Final = 1.5
"""Speed-up that the whole interval has to stay below for a proposal to be called no gain."""
CONFIDENCE_Z: Final = 1.96
_NO_INDEX_OPTIONS: Final = frozenset({"v", "key", "ns", "background"})


def try_out(
    database: Database[dict[str, Any]],
    proposals: Sequence[Proposal],
    questions: Mapping[str, Sequence[Sent]],
    where: TryOut,
    progress: Progress,
) -> list[Proposal]:
    """Try proposals on a copy of their collections.

    The scratch database is dropped in the end, however it ends.

    Args:
        database: What is copied from.
        proposals: What is tried.
        questions: The queries by signature, each with several sets of values.
        where: The server of the copy.
        progress: Gets a line now and then.

    Returns:
        The proposals with what was measured; one that cannot be built has a note instead.

    Raises:
        UserError: The scratch database cannot be written.
    """
    trials = {proposal.collection for proposal in proposals if not _is_blocked(proposal)}
    found: dict[int, Proposal] = dict(enumerate(proposals))
    with scratch_database(where) as scratch:
        for collection in sorted(trials):
            copied = _copy(database, scratch, collection, where, progress)
            for number, proposal in enumerate(proposals):
                if proposal.collection == collection and not _is_blocked(proposal):
                    trial = _Trial(scratch, copied, where, progress)
                    found[number] = trial.of(proposal, questions)
    return list(found.values())


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
        try:
            there = client[name].list_collection_names()
            if not there:
                client[name].command("create", "writable")
        except OperationFailure as error:
            raise UserError(
                f"the scratch database {name!r} cannot be written ({named(error)})",
                "Give a mongod with --scratch env:NAME whose user may make and drop databases.",
                code="scratch-refused",
            ) from None
        if there:
            raise UserError(
                f"there is a database {name!r} on the server of the copy",
                "It is of a run that was killed: drop it if nobody uses it.",
                code="scratch-exists",
            )
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
        return [name for name in names if name.startswith(prefix) and name.endswith("_indexes")]
    return []


def speedup(before_ms: Sequence[float], after_ms: Sequence[float]) -> tuple[float, float, float]:
    """Return the median ratio of rounds and its 95 % interval, without assuming a distribution.

    With fewer than six rounds the interval is that of all rounds, which is a little less sure.

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
    for row in reader.aggregate(stages, batchSize=BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            copied += _insert(target, batch)
            batch = []
            progress(f"copying {source.name}: {copied:,} rows")
    return copied + (_insert(target, batch) if batch else 0)


def _insert(target: Collection[Row], batch: list[Any]) -> int:
    target.insert_many(batch, ordered=False)
    return len(batch)


def _is_blocked(proposal: Proposal) -> bool:
    return bool(BLOCKING & set(proposal.codes))


@dataclass(frozen=True, slots=True)
class _Copied:
    rows: int
    of_rows: int


def _copy(
    database: Database[dict[str, Any]],
    scratch: Database[dict[str, Any]],
    collection: str,
    where: TryOut,
    progress: Progress,
) -> _Copied:
    """Copy a collection twice, with its indexes; proposals are built on one of the copies."""
    source = database[collection]
    rows = source.estimated_document_count()
    without, withit = scratch["without"], scratch["with"]
    for copy in (without, withit):
        copy.drop()
    version = str(database.command("buildInfo")["version"])
    copied = copy_rows(source, without, where.max_rows, rows, version, progress)
    without.aggregate([{"$match": {}}, {"$out": "with"}])
    for copy in (without, withit):
        _build_existing(source, copy)
    return _Copied(copied, max(rows, copied))


def _build_existing(source: Collection[Row], target: Collection[Row]) -> None:
    for name, index in source.index_information().items():
        if name != "_id_":
            options = {key: option for key, option in index.items() if key not in _NO_INDEX_OPTIONS}
            options.pop("expireAfterSeconds", None)  # Nothing is to vanish meanwhile.
            target.create_index(index["key"], name=name, **options)


@dataclass(frozen=True, slots=True)
class _Trial:
    scratch: Database[dict[str, Any]]
    copied: _Copied
    where: TryOut
    progress: Progress

    def of(self, proposal: Proposal, questions: Mapping[str, Sequence[Sent]]) -> Proposal:
        """Build the index of a proposal, time the queries that it serves, and drop it."""
        self.progress(f"building {proposal.shell}")
        try:
            self.scratch.command({**proposal.command, "createIndexes": "with"})
        except OperationFailure as error:
            note = f"It could not be built on the copy: {named(error)}."
            return replace(proposal, notes=(*proposal.notes, note))
        try:
            return self._timed(proposal, questions)
        finally:
            [index] = proposal.command["indexes"]
            self.scratch["with"].drop_index(index["name"])

    def _timed(self, proposal: Proposal, questions: Mapping[str, Sequence[Sent]]) -> Proposal:
        if any(isinstance(way, str) for _, way in proposal.keys):
            # Without it MongoDB does not answer at all, so there is no time to compare with.
            note = f"Built on a copy of {self.copied.rows:,} rows; without it there is no answer."
            return replace(proposal, notes=(*proposal.notes, note))
        tried = [
            self._time(signature, questions[signature])
            for signature in proposal.serves
            if signature in questions
        ]
        notes = [
            f"The trial shows no gain for {trial.query}: think twice."
            for trial in tried
            if trial.high < LEAST_GAIN or not trial.used
        ]
        return replace(proposal, tried=tuple(tried), notes=(*proposal.notes, *notes))

    def _time(self, signature: str, question: Sequence[Sent]) -> Tried:
        self.progress(f"timing {signature}")
        pairs = [
            (replace(query, collection="without"), replace(query, collection="with"))
            for query in question
        ]
        same = all(_same(self.scratch, *pair) for pair in pairs)  # Also warms both.
        before_ms: list[float] = []
        after_ms: list[float] = []
        until = time.monotonic() + self.where.max_s
        for number in range(self.where.rounds):
            if number >= FEWEST_ROUNDS and time.monotonic() > until:
                break
            took = {"without": 0.0, "with": 0.0}
            for without, withit in pairs:
                # In turn, and each first half of the time, so that none has the warmer machine.
                order = (without, withit) if number % 2 == 0 else (withit, without)
                for query in order:
                    took[query.collection] += _run(self.scratch, query)[1]
            # The mean over the values: what a slow one costs counts for the load.
            before_ms.append(took["without"] / len(pairs))
            after_ms.append(took["with"] / len(pairs))
        middle, low, high = speedup(before_ms, after_ms)
        seen = explain(self.scratch, pairs[0][1], max_time_ms=60_000, rows=self.copied.rows)
        return Tried(
            query=signature,
            rows=self.copied.rows,
            of_rows=self.copied.of_rows,
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
        return sorted(str(row["_id"]) for row in one) == sorted(str(row["_id"]) for row in two)
    # Among rows that are equal in the order, either may be returned.
    keys = [key for key, _ in without.sort]
    return [[row.get(key) for key in keys] for row in one] == [
        [row.get(key) for key in keys] for row in two
    ]
