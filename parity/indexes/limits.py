"""What keeps an index from being built: length of keys, parallel arrays, number, name.

Sources: MongoDB 4.0 manual, "Limits and Thresholds" (Index Key Limit, Number of Indexes per
Collection, Index Name Length) and "Multikey Indexes" (Compound Multikey Indexes); MongoDB 4.2
release notes: the limits of keys and names are gone with the feature compatibility version 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any, Final

from packaging.version import InvalidVersion, Version
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.indexes.codes import KEY_TOO_LONG, TOO_MANY_INDEXES
from parity.indexes.model import Keys
from parity.indexes.sample import TIME_LIMIT_EXCEEDED, Row, Sample
from parity.model.finding import Code

KEY_LIMIT: Final = 1024
"""Bytes that an index entry must stay below, BSON overhead included."""
NAME_LIMIT: Final = 127
"""Bytes of ``database.collection.$name``."""
MOST_INDEXES: Final = 64
_ENTRY_BYTES: Final = 10
"""What an entry of an index needs beside its values: the record id and the page's overhead."""
_KEPT: Final = 0.5
"""What is left of it when WiredTiger has compressed common beginnings, on disk and in memory:
0.31 to 0.37 for keys of a pointer, a date and a number here; random text has less in common."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of the mongod that the indexes are built on.

    Attributes:
        version: ``6.0.5``.
        compatibility: Feature compatibility version; the version where it is not visible.
        cache_bytes: WiredTiger's cache; 0 if not visible.
    """

    version: str
    compatibility: str
    cache_bytes: int = 0

    @property
    def limits_keys(self) -> bool:
        """Whether the length of keys and names is limited."""
        return before(self.compatibility, "4.2")

    @property
    def blocks_while_building(self) -> bool:
        """Whether an index build without ``background`` stops the database."""
        return before(self.version, "4.2")


def look_at_server(database: Database[dict[str, Any]], pretended: str = "") -> Server:
    """Ask a mongod for what decides about its indexes.

    Args:
        database: Any database of it.
        pretended: Version of the mongod that the indexes will be built on, if it is another one.
    """
    version = str(database.command("buildInfo")["version"])
    compatibility = pretended
    if not pretended:
        try:
            found = database.client.admin.command(
                {"getParameter": 1, "featureCompatibilityVersion": 1}
            )["featureCompatibilityVersion"]
            compatibility = str(found["version"] if isinstance(found, Mapping) else found)
        except (OperationFailure, KeyError):
            compatibility = version
    return Server(pretended or version, compatibility, _cache_of(database))


def before(version: str, other: str) -> bool:
    """Tell whether a version is older than another; what is no version is not."""
    try:
        return Version(version.partition("-")[0]) < Version(other)
    except InvalidVersion:
        return False


def one_array(keys: Keys, sample: Sample) -> tuple[Keys, tuple[str, ...]]:
    """Leave out what would be a second array in one index.

    MongoDB refuses a document that has arrays under two keys of one index ("cannot index parallel
    arrays"): the index cannot be built, or later rows cannot be saved.

    Returns:
        The keys that are left, and the names of those that are not.
    """
    kept: list[tuple[str, int | str]] = []
    dropped: list[str] = []
    seen_array = False
    for key, way in keys:
        if sample.is_array(key) and way not in ("2d", "2dsphere"):
            if seen_array:
                dropped.append(key)
                continue
            seen_array = True
        kept.append((key, way))
    return tuple(kept), tuple(dropped)


def longest_entry(
    collection: Collection[Row], keys: Keys, sample: Sample, *, max_time_ms: int
) -> int:
    """Return the bytes of the longest entry that an index would have.

    MongoDB is asked for the longest text of all rows, if that takes no longer than allowed; else,
    and for other types, the drawn rows decide.
    """
    sizes = {key: sample.longest(key) for key, _ in keys}
    group: dict[str, Any] = {"_id": None}
    for number, (key, _) in enumerate(keys):
        path = f"${key}"
        is_text = {"$eq": [{"$type": path}, "string"]}
        group[f"k{number}"] = {"$max": {"$cond": [is_text, {"$strLenBytes": path}, 0]}}
    try:
        found = list(collection.aggregate([{"$group": group}], maxTimeMS=max_time_ms))
    except OperationFailure as error:
        if error.code != TIME_LIMIT_EXCEEDED:
            raise
        found = []
    for number, (key, _) in enumerate(keys):
        if found and found[0][f"k{number}"]:
            # A text as an element of BSON: type, empty name, length, text, zero byte.
            sizes[key] = max(sizes[key], int(found[0][f"k{number}"]) + 7)
    return 5 + sum(sizes.values())


def estimated_bytes(keys: Keys, sample: Sample) -> int:
    """Estimate the size of an index on disk and in the cache; rather too large."""
    entry = _ENTRY_BYTES + sum(sample.key_bytes(key) for key, _ in keys)
    entries = max((sample.entries(key) for key, way in keys if way in (1, -1)), default=1.0)
    return int(sample.rows * entries * entry * _KEPT)


def index_name(database: str, collection: str, keys: Keys, server: Server) -> str:
    """Return the name of an index: MongoDB's own, or a short one where that is too long."""
    name = "_".join(f"{key}_{way}" for key, way in keys)
    full = f"{database}.{collection}.${name}"
    if not server.limits_keys or len(full.encode()) <= NAME_LIMIT:
        return name
    return f"parity_{blake2s(name.encode(), digest_size=4).hexdigest()}"


def blocking_codes(entry_bytes: int, server: Server, *, full: bool) -> tuple[Code, ...]:
    """Return why an index cannot be built.

    Args:
        entry_bytes: Its longest entry.
        server: Where it is built.
        full: Whether the collection has as many as it can.
    """
    found = []
    if server.limits_keys and entry_bytes >= KEY_LIMIT:
        found.append(KEY_TOO_LONG)
    if full:
        found.append(TOO_MANY_INDEXES)
    return tuple(found)


def _cache_of(database: Database[dict[str, Any]]) -> int:
    try:
        status = database.client.admin.command(
            {"serverStatus": 1, "repl": 0, "metrics": 0, "locks": 0, "network": 0}
        )
        return int(status["wiredTiger"]["cache"]["maximum bytes configured"])
    except (OperationFailure, KeyError):
        return 0
