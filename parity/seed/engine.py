"""Writes a seed into a database, as a stream: one batch is made while the one before is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel
from pymongo.database import Database
from pymongo.errors import PyMongoError

from parity.model import HarnessError, UserError
from parity.seed import content, people
from parity.seed.files import grid_fs
from parity.seed.making import Maker, Making
from parity.seed.plan import SeedPlan
from parity.seed.quirks import quirk_rows
from parity.seed.schema import INDEXES, class_schemas, schema_documents

__all__ = ["SeedReport", "class_schemas", "encoded_batches", "seed_database"]

BATCH_DOCUMENTS: Final = 1_000
BATCH_BYTES: Final = 4_000_000
SAMPLE: Final = 300
"""Documents of a class that are measured to know how much text fills them up."""
FORBIDDEN: Final = frozenset({"admin", "local", "config"})
"""Databases of MongoDB itself."""

Batch = tuple[str, list[bytes]]
Progress = Callable[[int, int, str], None]
"""Told (documents stored, documents in all, collection) after each batch."""

_MAKERS: Final[Mapping[str, Callable[[Making], Maker]]] = {
    "_User": people.users,
    "_Session": people.sessions,
    "_Installation": people.installations,
    "_Role": people.roles,
    "_Join:roles:_Role": people.roles_of_roles,
    "_Join:users:_Role": people.users_of_roles,
    "_Join:likes:Post": people.likes,
    "_GlobalConfig": content.global_config,
    "GameScore": content.game_scores,
    "Post": content.posts,
    "Comment": content.comments,
    "Place": content.places,
    "Photo": content.photos,
    "Team": content.teams,
    "Setting": content.settings,
}


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was written.

    Attributes:
        collections: Documents by collection, schemas, files and quirks included.
        documents: Rows of classes and relations that were planned; without quirks.
        bytes: Bytes of BSON of everything.
        indexes: How many indexes were built beside those of ``_id``.
        seconds: How long it took.
    """

    collections: Mapping[str, int]
    documents: int
    bytes: int
    indexes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Documents a second."""
        return sum(self.collections.values()) / max(self.seconds, 1e-9)


def seed_database(
    database: Database[dict[str, Any]],
    plan: SeedPlan,
    progress: Progress | None = None,
    *,
    drop_first: bool = False,
) -> SeedReport:
    """Write a seed.

    The same plan gives the same documents in the same order. Memory does not grow with the size.

    Args:
        database: Where to; it must be empty.
        plan: What.
        progress: Is told how far it is.
        drop_first: Drop everything in the database beforehand.

    Returns:
        What was written.

    Raises:
        UserError: The database is not empty, or one of MongoDB's own.
        HarnessError: MongoDB failed; the database may hold a part of the seed.
    """
    if database.name in FORBIDDEN:
        raise UserError(
            f"the database {database.name!r} belongs to MongoDB itself",
            "Name a database of your own at the end of the MongoDB URI.",
            code="seed-database",
        )
    try:
        return _seed(database, plan, progress, drop_first=drop_first)
    except PyMongoError as error:
        problem = str(error).splitlines()[0][:300]
        raise HarnessError(
            f"MongoDB did not take the seed: {problem}; "
            f"the database {database.name!r} may hold a part of it"
        ) from error


def encoded_batches(plan: SeedPlan) -> Iterator[Batch]:
    """Yield every document of a seed as BSON, in batches of one collection each.

    Args:
        plan: What to make.

    Yields:
        A collection and documents for it, in the order in which they are stored.
    """
    encode = bson.encode
    yield "_SCHEMA", [encode(each) for each in schema_documents(plan)]
    making = Making.of(plan, _padding(plan))
    # Long texts reach twice their mean; a batch stays within its bytes all the same.
    size = max(1, min(BATCH_DOCUMENTS, BATCH_BYTES // (4 * plan.bytes_per_document + 1)))
    for name, count in plan.sizes.items():
        # Encoded one by one: a thousand dictionaries at a time take twice as long.
        documents = map(encode, map(_MAKERS[name](making), range(count)))
        while batch := list(islice(documents, size)):
            yield name, batch
    files = list(grid_fs(plan))  # a few hundred, however large the seed is
    yield "fs.files", [encode(file) for file, _ in files]
    yield "fs.chunks", [encode(chunk) for _, chunks in files for chunk in chunks]
    if plan.quirks:
        for name, rows in groupby(quirk_rows(making), key=lambda row: row[0]):
            yield name, [encode(document) for _, document in rows]


def drop_everything(database: Database[dict[str, Any]]) -> None:
    """Drop every collection, and with it every index; views first."""
    database.client.drop_database(database.name)


def _seed(
    database: Database[dict[str, Any]],
    plan: SeedPlan,
    progress: Progress | None,
    *,
    drop_first: bool,
) -> SeedReport:
    started = time.perf_counter()
    if drop_first:
        drop_everything(database)
    else:
        _refuse_if_not_empty(database)
    counts: dict[str, int] = {}
    size = 0
    for name, batch in _stored(database, encoded_batches(plan)):
        counts[name] = counts.get(name, 0) + len(batch)
        size += sum(map(len, batch))
        if progress is not None:
            progress(sum(counts.values()), plan.documents, name)
    seconds = time.perf_counter() - started
    return SeedReport(counts, plan.documents, size, len(INDEXES), seconds)


def _refuse_if_not_empty(database: Database[dict[str, Any]]) -> None:
    names = [name for name in database.list_collection_names() if not name.startswith("system.")]
    if names:
        shown = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
        raise UserError(
            f"the database {database.name!r} is not empty: {shown}",
            "Name an empty database, or add --drop-first to lose everything in this one.",
            code="seed-not-empty",
        )


def _stored(database: Database[dict[str, Any]], batches: Iterable[Batch]) -> Iterator[Batch]:
    """Store batches, each while the next one is made; yield each when it is stored.

    Indexes of a collection are built when it is full, while the next one is made and stored.
    """

    def store(batch: Batch) -> Batch:
        name, documents = batch
        rows = [RawBSONDocument(document) for document in documents]
        database.get_collection(name).insert_many(rows, ordered=False)
        return batch

    waiting: Future[Batch] | None = None
    indexing: list[Future[None]] = []
    last = ""
    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as indexer:
        for batch in batches:
            if last and batch[0] != last:
                if waiting is not None:
                    yield waiting.result()
                    waiting = None
                indexing.append(indexer.submit(_build_indexes, database, last))
            last = batch[0]
            following = pool.submit(store, batch)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
        _build_indexes(database, last)
    for each in indexing:
        each.result()


def _build_indexes(database: Database[dict[str, Any]], name: str) -> None:
    models = [
        IndexModel(list(index.keys), **index.options)
        for index in INDEXES
        if index.collection == name
    ]
    if models:
        database[name].create_indexes(models)


def _padding(plan: SeedPlan) -> int:
    """Return the mean characters of text that bring documents to the size that was asked for."""
    making = Making.of(plan)
    natural = 0.0
    for name, count in plan.sizes.items():
        sample = min(SAMPLE, count)
        make = _MAKERS[name](making)
        measured = sum(len(bson.encode(make(number))) for number in range(sample))
        natural += measured * count / max(sample, 1)
    long = sum(plan.sizes[name] for name in content.LONG_CLASSES)
    lacking = (plan.bytes_per_document * plan.documents - natural) / max(long, 1)
    bytes_per_character = len(making.text.encode()) / len(making.text)
    return max(0, round(lacking / bytes_per_character))
