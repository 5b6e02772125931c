"""The collections that a profile touches: how big they and their indexes are, who uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """One collection.

    Attributes:
        name: Its name.
        documents: Number of documents.
        bytes: Their size, not compressed, as they are in the cache.
        storage_bytes: The same on the disk.
        index_bytes: Size of each index.
        cached_bytes: What of it is in the cache.
        time_us: Time that MongoDB has spent on it (``top``); only grows; ``None`` if not visible.
        index_uses: How often each index was used (``$indexStats``); ``None`` if not visible.
    """

    name: str
    documents: int
    bytes: int
    storage_bytes: int
    index_bytes: Mapping[str, int] = field(default_factory=dict)
    cached_bytes: int | None = None
    time_us: int | None = None
    index_uses: Mapping[str, int] | None = None


def collection_facts(db: Database[dict[str, Any]], names: Iterable[str]) -> list[CollectionFacts]:
    """Look at some collections.

    Args:
        db: The database.
        names: Names of collections; those that are not there or not visible are left out.
    """
    busy = _top(db)
    found = (_facts(db, name, busy.get(f"{db.name}.{name}")) for name in names)
    return [facts for facts in found if facts is not None]


def _facts(db: Database[dict[str, Any]], name: str, time_us: int | None) -> CollectionFacts | None:
    try:
        rows = list(db[name].aggregate([{"$collStats": {"storageStats": {}}}]))
    except PyMongoError:
        return None
    if not rows:
        return None
    stats = rows[0]["storageStats"]
    cache = stats.get("wiredTiger", {}).get("cache", {})
    return CollectionFacts(
        name=name,
        documents=int(stats.get("count", 0)),
        bytes=int(stats.get("size", 0)),
        storage_bytes=int(stats.get("storageSize", 0)),
        index_bytes={key: int(value) for key, value in stats.get("indexSizes", {}).items()},
        cached_bytes=_whole(cache.get("bytes currently in the cache")),
        time_us=time_us,
        index_uses=_index_uses(db, name),
    )


def _top(db: Database[dict[str, Any]]) -> dict[str, int]:
    try:
        totals = db.client.admin.command({"top": 1})["totals"]
    except (PyMongoError, KeyError):
        return {}
    return {
        name: int(value["total"]["time"])
        for name, value in totals.items()
        if isinstance(value, Mapping) and "total" in value
    }


def _index_uses(db: Database[dict[str, Any]], name: str) -> dict[str, int] | None:
    try:
        rows = list(db[name].aggregate([{"$indexStats": {}}]))
    except PyMongoError:
        return None
    return {str(row["name"]): int(row["accesses"]["ops"]) for row in rows}


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
