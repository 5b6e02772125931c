"""Indexes: those that Parse Server builds at its start, and values too long for old MongoDBs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.schema import ClassSchema
from parity.jobs.audit.values import Handler
from parity.jobs.audit.walk import Document
from parity.model.finding import Code
from parity.wire.server_indexes import CASE_INSENSITIVE, UNIQUE, builds_unique, ignores_case

KEY_LIMIT: Final = 1024
"""Bytes that an index entry may have in MongoDB 2.6 to 4.0, BSON overhead included.

Source: MongoDB 4.0 manual, Limits, "Index Key Limit".
"""
_SUSPICIOUS = 100
"""Characters from which a string is measured; below, no usual compound key reaches the limit."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A unique index that Parse Server builds at its start.

    Attributes:
        collection: Where.
        key: The one key of it.
        duplicates: Codes that keep it from being built.
    """

    collection: str
    key: str
    duplicates: tuple[Code, ...]


# Source: parse-server DatabaseController.performInitialization.
WANTED: Final = (
    Wanted("_User", "username", (codes.USERNAME_DUPLICATE,)),
    Wanted("_User", "email", (codes.EMAIL_DUPLICATE,)),
    Wanted("_Role", "name", (codes.ROLE_DUPLICATE,)),
)
_BUILT: Final = UNIQUE | {("_Idempotency", "reqId")}


def plain_keys(collection: str, indexes: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the keys of each ascending or descending index but that of ``_id``.

    Args:
        collection: Where; those that Parse Server builds at its start are among them.
        indexes: As ``Collection.index_information`` returns them.
    """
    found = [
        tuple(key for key, _ in index["key"])
        for name, index in indexes.items()
        if name != "_id_" and all(direction in {1, -1} for _, direction in index["key"])
    ]
    wanted = [(each.key,) for each in WANTED if each.collection == collection]
    return list(dict.fromkeys([*found, *wanted]))


def check_indexes(
    indexes: Mapping[str, Mapping[str, Mapping[str, Any]]],
    nulls: Mapping[tuple[str, str], int],
    findings: Findings,
) -> None:
    """Check the unique indexes that Parse Server builds; called when duplicates are known.

    Args:
        indexes: Indexes by name of each collection that exists.
        nulls: How many documents have null under (collection, key).
        findings: Holds the duplicates already; gets what is found.
    """
    for wanted in WANTED:
        there = indexes.get(wanted.collection)
        if there is None:
            continue
        where = (wanted.collection, wanted.key)
        blocking = _in_the_way(there, wanted.key)
        if blocking is None:
            continue
        if blocking:
            unique = there[blocking].get("unique")
            code = codes.INDEX_OTHERWISE if unique else codes.INDEX_NOT_UNIQUE
            findings.add(code, wanted.collection, blocking, "index")
            continue
        duplicated = any(findings.has(code, *where) for code in wanted.duplicates)
        unbuildable = duplicated or nulls.get(where, 0) > 1
        missing = codes.INDEX_UNBUILDABLE if unbuildable else codes.INDEX_MISSING
        findings.add(missing, *where, "index")
    for name, key in CASE_INSENSITIVE.items():
        index = indexes.get("_User", {}).get(name)
        if index is not None and not _is_own(index, key):
            findings.add(codes.INDEX_OTHERWISE, "_User", name, "index")
    for collection, there in indexes.items():
        _check_harm(collection, there, findings)


def check_kept_indexes(
    indexes: Mapping[str, Mapping[str, Mapping[str, Any]]],
    classes: Mapping[str, ClassSchema],
    context: Context,
) -> None:
    """Check the indexes that ``_SCHEMA`` says there are, and those that GeoPoints need.

    Args:
        indexes: Indexes by name of each collection that exists.
        classes: What ``_SCHEMA`` says.
        context: Gets what is found; knows which fields hold GeoPoints.
    """
    findings = context.findings
    for name, schema in classes.items():
        there = indexes.get(name)
        if there is None:
            continue
        keys = [list(each["key"]) for each in there.values()]
        for index, key in _kept(schema):
            built = (name, key[0][0]) in _BUILT and len(key) == 1
            if key not in keys and not built:
                findings.add(codes.INDEX_LOST, name, index, name, f"on {dict(key)}")
        for field in sorted(context.places.get(name, ())):
            if not any(key[:1] in ([(field, "2d")], [(field, "2dsphere")]) for key in keys):
                findings.add(codes.GEO_INDEX, name, field, name)


def _in_the_way(there: Mapping[str, Mapping[str, Any]], key: str) -> str | None:
    """Return the index that keeps Parse Server from building its own on a key.

    Source: MongoDB refuses an index of the same name, or of the same keys without collation and
    filter, if anything else of it differs; measured with Parse Server 5.6 and 9.10.

    Returns:
        Its name, ``""`` if nothing does, and ``None`` if the index is there.
    """
    name = f"{key}_1"
    same = [each for each, index in there.items() if _is_plain_on(index, key)]
    own = there.get(name)
    if own is not None:
        whole = name in same and own.get("unique") and own.get("sparse")
        return None if whole else name
    return same[0] if same else ""


def _is_plain_on(index: Mapping[str, Any], key: str) -> bool:
    plain = not index.get("collation") and not index.get("partialFilterExpression")
    return plain and list(index["key"]) == [(key, 1)]


def _is_own(index: Mapping[str, Any], key: str) -> bool:
    """Tell whether an index with the name of one that ignores case is Parse Server's own."""
    return bool(ignores_case(index) and list(index["key"]) == [(key, 1)] and index.get("sparse"))


def _check_harm(
    collection: str, there: Mapping[str, Mapping[str, Any]], findings: Findings
) -> None:
    for name, index in there.items():
        keys = tuple(key for key, _ in index["key"])
        ends = collection == "_Session" and keys == ("expiresAt",)
        if "expireAfterSeconds" in index and collection != "_Idempotency" and not ends:
            text = f"{index['expireAfterSeconds']:,.0f} s after {keys[0]}"
            findings.add(codes.INDEX_TTL, collection, name, collection, text)
        elif index.get("unique") and not _is_built(collection, keys):
            findings.add(codes.INDEX_UNIQUE, collection, name, collection, f"on {list(keys)}")


def _is_built(collection: str, keys: tuple[str, ...]) -> bool:
    """Tell whether Parse Server builds a unique index of these keys, or MongoDB itself."""
    if len(keys) != 1:
        return False
    return (collection, keys[0]) in _BUILT or builds_unique(collection, keys) or keys == ("_id",)


def _kept(schema: ClassSchema) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Yield name and keys of each index that ``_SCHEMA`` lists."""
    metadata = schema.document.get("_metadata")
    kept = metadata.get("indexes") if isinstance(metadata, Mapping) else None
    for name, key in kept.items() if isinstance(kept, Mapping) else ():
        # How a text index is listed is not how it is built.
        if isinstance(key, Mapping) and key and "text" not in key.values() and "_fts" not in key:
            yield name, list(key.items())


class LongKeys:
    """Finds documents whose entry in a plain index would be longer than :data:`KEY_LIMIT`.

    Args:
        name: The collection.
        context: Where findings go.
        indexes: Keys of each plain index.
    """

    def __init__(self, name: str, context: Context, indexes: Sequence[tuple[str, ...]]) -> None:
        self.name = name
        self.context = context
        self.indexes = tuple(indexes)
        self.keys = frozenset(key.partition(".")[0] for index in indexes for key in index)
        self.suspicious = False

    def watch(self, handler: Handler | None) -> Handler:
        """Wrap the handler of an indexed field, so that long values are noticed."""

        def look(value: Any, identity: Any) -> None:
            if type(value) is str:
                if len(value) > _SUSPICIOUS:
                    self.suspicious = True
            elif type(value) in {dict, list, bytes}:
                self.suspicious = True
            if handler is not None:
                handler(value, identity)

        return look

    def check(self, document: Document) -> None:
        """Measure the entries of a document that :meth:`watch` noticed."""
        self.suspicious = False
        for index in self.indexes:
            size = 5 + sum(_entry_size(document, key.split(".")) for key in index)
            if size >= KEY_LIMIT:
                detail = f"{size} bytes in the index on {', '.join(index)}"
                self.context.findings.add(
                    codes.INDEX_KEY_LONG, self.name, index[0], document.get("_id"), detail
                )


def _entry_size(value: Any, path: list[str]) -> int:
    """Return the bytes of a value as an unnamed BSON element; of an array its longest element."""
    if type(value) is list:
        return max((_entry_size(each, path) for each in value), default=2)
    if path:
        return _entry_size(value.get(path[0]), path[1:]) if type(value) is dict else 2
    if type(value) is str:
        return 7 + len(value.encode("utf-8", "surrogatepass"))
    if type(value) is bytes:
        return 7 + len(value)
    if type(value) is dict:
        return 7 + sum(len(key) + _entry_size(each, []) for key, each in value.items())
    return 10
