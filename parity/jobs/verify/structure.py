"""What a database has besides documents: collections, their options, their indexes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bson.json_util import RELAXED_JSON_OPTIONS, dumps

from parity.jobs.verify import codes
from parity.jobs.verify.result import StructureDifference
from parity.jobs.verify.writes import writes_counted
from parity.model import Difference
from parity.model.difference import Kind
from parity.model.errors import HarnessError
from parity.targets.mongo import Reader
from parity.wire.server_indexes import CASE_INSENSITIVE, UNIQUE, builds_unique, ignores_case

_NOT_MEANT: Final = frozenset({"autoIndexId", "flags", "usePowerOf2Sizes", "storageEngine"})
"""Options that say how a server stores a collection, not how it behaves."""

_VERSIONS: Final = frozenset(
    {"v", "ns", "background", "textIndexVersion", "2dsphereIndexVersion", "storageEngine"}
)
"""Parts of an index that depend on who made it."""


@dataclass(frozen=True, slots=True)
class Described:
    """A collection as its server describes it.

    Attributes:
        name: Its name.
        kind: ``collection``, ``view`` or ``timeseries``.
        options: Its options, without what only concerns storage.
        uuid: Hexadecimal, the same on every member of a replica set; empty if not told.
        indexes: Its indexes by name.
        documents: About how many documents it has.
        size: About how many bytes they have.
        writes: What a standalone counts of the writes to it; see :mod:`parity.jobs.verify.writes`.
    """

    name: str
    kind: str
    options: dict[str, Any]
    uuid: str = ""
    indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: int = 0
    size: int = 0
    writes: dict[str, Any] = field(default_factory=dict)


def describe(reader: Reader) -> dict[str, Described]:
    """Return every collection of a database by name.

    Args:
        reader: The connection.

    Raises:
        UserError: The user may not list collections.
        HarnessError: The server does not answer as expected.
    """
    found = {}
    for entry in _cursor(reader, {"listCollections": 1}):
        name, kind = entry["name"], entry.get("type", "collection")
        options = {k: v for k, v in entry.get("options", {}).items() if k not in _NOT_MEANT}
        uuid = entry.get("info", {}).get("uuid")
        plain = kind == "collection" and not name.startswith("system.")
        documents, size = _size(reader, name) if plain else (0, 0)
        found[name] = Described(
            name,
            kind,
            _without_collation_version(options),
            bytes(uuid).hex() if isinstance(uuid, bytes) else getattr(uuid, "hex", ""),
            _indexes(reader, name) if plain else {},
            documents,
            size,
            writes_counted(reader, name) if plain else {},
        )
    return found


def differences_of(source: Described, destination: Described) -> Iterator[StructureDifference]:
    """Yield what differs between the descriptions of one collection.

    Args:
        source: Of the source.
        destination: Of the destination.
    """
    yield from _options(source, destination)
    yield from _compare_indexes(source, destination)


def differences_of_views(
    name: str, source: Described | None, destination: Described | None
) -> Iterator[StructureDifference]:
    """Yield what differs of a view: lost, of another definition, or no view on one of the sides.

    Args:
        name: Its name.
        source: Of the source; ``None`` if it has nothing of this name.
        destination: Of the destination.
    """
    left, right = (
        {"type": side.kind, **side.options} if side is not None else {}
        for side in (source, destination)
    )
    for key in sorted({*left, *right}) if left else ():
        if left.get(key) != right.get(key):
            difference = _difference(key, left.get(key), right.get(key))
            yield StructureDifference(name, codes.VIEW.id, difference)


def _options(source: Described, destination: Described) -> Iterator[StructureDifference]:
    left = {"type": source.kind, **source.options}
    right = {"type": destination.kind, **destination.options}
    for name in sorted({*left, *right}):
        if left.get(name) != right.get(name):
            difference = _difference(name, left.get(name), right.get(name))
            yield StructureDifference(source.name, codes.OPTIONS.id, difference)


def _compare_indexes(source: Described, destination: Described) -> Iterator[StructureDifference]:
    unmatched = dict(destination.indexes)
    lacking = []
    for name, index in source.indexes.items():
        if name in unmatched and _meaning(unmatched[name]) == _meaning(index):
            del unmatched[name]
        else:
            lacking.append(name)
    for name in lacking:
        index = source.indexes[name]
        twin = next((n for n, e in unmatched.items() if _meaning(e) == _meaning(index)), None)
        if twin is not None:
            del unmatched[twin]
            text = Difference(name, Kind.VALUE, name, twin)
            # Parse Server cannot build its own beside one of another name, and does not start.
            built = (source.name, *index["key"]) in UNIQUE
            code = codes.INDEX_HARMS if built else codes.INDEX_EXTRA
            yield StructureDifference(source.name, code.id, text)
            continue
        other = unmatched.pop(name, None)
        difference = _difference(name, index, other)
        yield StructureDifference(
            source.name, codes.INDEX.id, difference, _create(source.name, index)
        )
    for name, index in unmatched.items():
        code = codes.INDEX_HARMS if _harms(source.name, index, name) else codes.INDEX_EXTRA
        yield StructureDifference(source.name, code.id, _difference(name, None, index))


def _harms(collection: str, index: dict[str, Any], name: str = "") -> bool:
    """Tell whether an additional index deletes rows, refuses saves, or is in Parse Server's way.

    Source: parse-server ``DatabaseController.performInitialization`` makes a TTL index of
    ``_Idempotency``, and those of :mod:`parity.wire.server_indexes`; 5.6 and 9.10 do not start
    where others have their names.
    """
    if collection == "_Idempotency":
        return False
    if collection == "_User" and name in CASE_INSENSITIVE:
        return not ignores_case(index)
    return "expireAfterSeconds" in index or (
        bool(index.get("unique")) and not builds_unique(collection, tuple(index["key"]))
    )


def _difference(name: str, expected: Any, actual: Any) -> Difference:
    kind = Kind.VALUE
    if expected is None or actual is None:
        kind = Kind.MISSING if actual is None else Kind.EXTRA
    return Difference(name, kind, _json(expected), _json(actual))


def _meaning(index: dict[str, Any]) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    rest = {k: v for k, v in index.items() if k not in _VERSIONS and k not in ("key", "name")}
    # Shells wrote sparse: false or unique: 0 where others left it out.
    rest = {k: v for k, v in rest.items() if not (k in ("sparse", "unique", "hidden") and not v)}
    rest = {k: bool(v) if k in ("sparse", "unique", "hidden") else v for k, v in rest.items()}
    return list(index["key"].items()), _without_collation_version(rest)


def _without_collation_version(options: dict[str, Any]) -> dict[str, Any]:
    collation = options.get("collation")
    if not isinstance(collation, dict):
        return options
    # It names the ICU of the server, which cannot be chosen.
    return {**options, "collation": {k: v for k, v in collation.items() if k != "version"}}


def _create(collection: str, index: dict[str, Any]) -> str:
    options = {k: v for k, v in index.items() if k not in _VERSIONS and k != "key"}
    return (
        f"db.getCollection({json.dumps(collection)}).createIndex("
        f"{_text(index['key'])}, {_text(options)})"
    )


def _text(value: Any) -> str:
    return dumps(value, json_options=RELAXED_JSON_OPTIONS)


def _json(value: Any) -> Any:
    return None if value is None else json.loads(_text(value))


def _indexes(reader: Reader, name: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in _cursor(reader, {"listIndexes": name})}


def _size(reader: Reader, name: str) -> tuple[int, int]:
    try:
        stats = reader.command({"collStats": name})
    except HarnessError:  # an old mongos without statistics of a collection
        return 0, 0
    return int(stats.get("count", 0)), int(stats.get("size", 0))


def _cursor(reader: Reader, command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name, value = next(iter(command.items()))
    reply = reader.command({**command, "cursor": {"batchSize": 100_000}})["cursor"]
    yield from reply["firstBatch"]
    if reply["id"]:
        raise HarnessError(f"{reader.access.name}: the answer to {name} of {value!r} is too long")
