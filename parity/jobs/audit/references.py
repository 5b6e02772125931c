"""Which referenced ids do not exist: 8 bytes for each id and each reference, then a second look.

Ids are kept as Python's 64-bit string hash, which is keyed anew in each process, so that nobody can
prepare a collision. A missing object goes unnoticed only if its hash is that of an object that is
there: with n objects in the class that happens with probability n / 2^64 (5e-14 for a million).
The other way round nothing is believed without a query: every suspicious reference is read again,
and its object asked for, which also keeps a database that is written to from giving false alarms.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from parity.jobs.audit.walk import Document, Reader

ROLES = "role:"
"""Pseudo-class of roles, which are referenced by name."""
FILES = "fs.files"
"""Pseudo-class of GridFS, whose files are referenced by name."""
ASKED_AT_ONCE = 500
ASKED_AT_MOST = 100_000
"""Missing ids per reference that are asked for one by one; more are counted by hash alone."""
_LOOK_UP = {ROLES: ("_Role", "name"), FILES: (FILES, "filename")}

Extract = Callable[[str, str, Any], Iterable[tuple[str, str]]]
"""(collection, key, value) to (target class, id) of each reference in the value."""
Missing = Callable[[str, str, str, str, Any], None]
"""Told (collection, key, target class, id, _id of the document) of each missing one."""
Suspects = dict[str, dict[str, dict[str, frozenset[int]]]]
"""Hashes by collection, key and target class."""


class References:
    """What exists and what is referenced, as hashes."""

    def __init__(self) -> None:
        self.present: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self.wanted: dict[tuple[str, str, str], array[int]] = defaultdict(lambda: array("q"))

    def suspects(self) -> Suspects:
        """Return the references whose hash is not among those of their target."""
        known = {
            target: np.unique(np.frombuffer(hashes, dtype=np.int64))
            for target, hashes in self.present.items()
            if hashes
        }
        nothing = np.empty(0, dtype=np.int64)
        result: Suspects = {}
        for (collection, key, target), hashes in self.wanted.items():
            if not hashes:
                continue
            wanted = np.unique(np.frombuffer(hashes, dtype=np.int64))
            missing = np.setdiff1d(wanted, known.get(target, nothing), assume_unique=True)
            if missing.size:
                by_key = result.setdefault(collection, {}).setdefault(key, {})
                by_key[target] = frozenset(missing.tolist())
        return result


def confirm(reader: Reader, suspects: Suspects, extract: Extract, missing: Missing) -> None:
    """Read the suspicious references again, and ask for each object.

    Args:
        reader: The database.
        suspects: What :meth:`References.suspects` returned.
        extract: Finds the references in a value.
        missing: Told of each reference whose object is not there.
    """
    existing = set(reader.database.list_collection_names())
    for collection, keys in suspects.items():
        asker = _Asker(reader, existing, collection, missing)
        # An index of GridFS or a join table may be gone by now; then there is nothing to read.
        for _, documents in reader.batches(collection, dict.fromkeys(keys, 1)):
            for document in documents:
                for key, target, identity in _suspicious(collection, document, keys, extract):
                    asker.add(key, target, identity, document.get("_id"))
        asker.flush()


def _suspicious(
    collection: str,
    document: Document,
    keys: dict[str, dict[str, frozenset[int]]],
    extract: Extract,
) -> Iterator[tuple[str, str, str]]:
    for key, value in document.items():
        by_target = keys.get(key)
        if by_target is None:
            continue
        for target, identity in extract(collection, key, value):
            if hash(identity) in by_target.get(target, ()):
                yield key, target, identity


class _Asker:
    """Asks for suspicious objects in groups, and remembers those that are missing."""

    def __init__(
        self, reader: Reader, existing: set[str], collection: str, missing: Missing
    ) -> None:
        self.reader = reader
        self.existing = existing
        self.collection = collection
        self.missing = missing
        self.waiting: dict[str, list[tuple[str, str, Any]]] = defaultdict(list)
        self.asked: dict[str, int] = defaultdict(int)

    def add(self, key: str, target: str, identity: str, owner: Any) -> None:
        name, _ = _LOOK_UP.get(target, (target, "_id"))
        if name not in self.existing or self.asked[target] >= ASKED_AT_MOST:
            self.missing(self.collection, key, target, identity, owner)
            return
        self.waiting[target].append((key, identity, owner))
        if len(self.waiting[target]) >= ASKED_AT_ONCE:
            self._ask(target)

    def flush(self) -> None:
        for target in list(self.waiting):
            self._ask(target)

    def _ask(self, target: str) -> None:
        name, key = _LOOK_UP.get(target, (target, "_id"))
        rows = self.waiting.pop(target)
        identities = list({identity for _, identity, _ in rows})
        self.asked[target] += len(identities)
        query = {key: {"$in": identities}}
        rows_there = self.reader.collection(name).find(query, {key: 1})
        # MongoDB also finds a list that holds the value.
        there = {row[key] for row in rows_there if type(row.get(key)) is str}
        for row_key, identity, owner in rows:
            if identity not in there:
                self.missing(self.collection, row_key, target, identity, owner)
