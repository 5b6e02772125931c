"""Indexes: those that Parse Server builds at its start, and values too long for old MongoDBs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.values import Handler
from parity.jobs.audit.walk import Document
from parity.model.finding import Code

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


def plain_keys(indexes: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the keys of each ascending or descending index but that of ``_id``.

    Args:
        indexes: As ``Collection.index_information`` returns them.
    """
    return [
        tuple(key for key, _ in index["key"])
        for name, index in indexes.items()
        if name != "_id_" and all(direction in {1, -1} for _, direction in index["key"])
    ]


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
        same = [each for each in there.values() if list(each["key"]) == [(wanted.key, 1)]]
        named = there.get(f"{wanted.key}_1")
        if any(each.get("unique") for each in same):
            continue
        if any(not each.get("collation") for each in same) or named is not None:
            findings.add(codes.INDEX_NOT_UNIQUE, wanted.collection, f"{wanted.key}_1", "index")
            continue
        duplicated = any(findings.has(code, *where) for code in wanted.duplicates)
        code = codes.INDEX_UNBUILDABLE if duplicated or nulls.get(where, 0) > 1 else None
        findings.add(code or codes.INDEX_MISSING, *where, "index")


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
