"""Rows of a class, chosen by MongoDB: where values, sizes and types of a shape come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import bson
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.wire.storage import ClassSchema, StorageError, parse_schema, to_rest

ROWS: Final = 400
"""Rows that are drawn of each class: what fewer than 1 % of the rows have is seen with 98 %."""
TIME_LIMIT_EXCEEDED: Final = 50
"""MongoDB's error code for more than ``maxTimeMS``."""
OUT_OF_SORT_MEMORY: Final = 292
"""And for a sort that does not fit: MongoDB sorts to draw from few rows."""

Row = dict[str, Any]


@dataclass(slots=True)
class Sample:
    """Some rows of a collection.

    Attributes:
        schema: The schema of its class.
        rows: Rows of the collection as MongoDB estimates them.
        stored: The chosen rows as MongoDB has them.
        objects: The same as REST shows them; rows that no server can read are left out.
    """

    schema: ClassSchema
    rows: int
    stored: list[Row] = field(default_factory=list)
    objects: list[Row] = field(default_factory=list)

    def values(self, path: str) -> list[Any]:
        """Return what the chosen rows have under a field, as REST shows it; no nulls."""
        found = (value_at(row, path) for row in self.objects)
        return [value for value in found if value is not None and value != []]

    def key_bytes(self, name: str) -> float:
        """Return the mean size of a stored key's value, as an element of BSON without a name."""
        sizes = [size for row in self.stored for size in entry_sizes(stored_at(row, name))]
        return sum(sizes) / len(sizes) if sizes else 10.0

    def longest(self, name: str) -> int:
        """Return the largest size of a stored key's value among the chosen rows."""
        sizes = (size for row in self.stored for size in entry_sizes(stored_at(row, name)))
        return max(sizes, default=0)

    def entries(self, name: str) -> float:
        """Return how many index entries a row has for a key, in the mean: more for an array."""
        if not self.stored:
            return 1.0
        entries = sum(len(list(entry_sizes(stored_at(row, name)))) for row in self.stored)
        return entries / len(self.stored)

    def is_array(self, name: str) -> bool:
        """Tell whether a chosen row, or the schema, has an array under a stored key."""
        type_ = self.schema.type_of(name)
        if type_ is not None and type_.type == "Array":
            return True
        return any(_has_array(row, name.split(".")) for row in self.stored)


def load_schemas(database: Database[dict[str, Any]]) -> dict[str, ClassSchema]:
    """Read ``_SCHEMA``; classes whose document makes no sense are left out."""
    found = {}
    for document in database["_SCHEMA"].find():
        try:
            schema = parse_schema(document)
        except StorageError:
            continue
        found[schema.class_name] = schema
    return found


def draw(
    collection: Collection[Row], schema: ClassSchema, *, size: int = ROWS, max_time_ms: int = 10_000
) -> Sample:
    """Draw rows of a collection.

    Args:
        collection: Of a class or of a relation.
        schema: Schema of the class; an empty one for a relation.
        size: Rows to draw.
        max_time_ms: Most that MongoDB may work on it.
    """
    found = Sample(schema, collection.estimated_document_count())
    try:
        found.stored = list(
            collection.aggregate([{"$sample": {"size": size}}], maxTimeMS=max_time_ms)
        )
    except OperationFailure as error:
        if error.code not in (TIME_LIMIT_EXCEEDED, OUT_OF_SORT_MEMORY):
            raise
        # A collection of few and huge rows; its beginning is better than nothing.
        found.stored = list(collection.find().limit(size))
    # The same row twice says nothing new; MongoDB's random cursor may return one.
    found.stored = list({str(row["_id"]): row for row in found.stored}.values())
    found.objects = list(_shown(found.stored, schema))
    return found


def value_at(obj: Any, path: str) -> Any:
    """Return what an object of REST has under ``a.b``; ``None`` if nothing."""
    for part in path.split("."):
        if not isinstance(obj, Mapping):
            return None
        obj = obj.get(part)
    return obj


def stored_at(document: Any, path: str) -> Any:
    """Return what an index on ``a.b`` sees in a document: a list where arrays are on the way."""
    return _stored(document, path.split("."))


def entry_sizes(value: Any) -> Iterator[int]:
    """Yield the bytes of each index entry that a value makes, BSON overhead included."""
    values = value if isinstance(value, list) and value else [value]
    for item in values:
        try:
            yield len(bson.encode({"": item})) - 5
        except (bson.errors.InvalidDocument, bson.errors.InvalidStringData, OverflowError):
            yield 10


def _stored(value: Any, path: list[str]) -> Any:
    if not path:
        return value
    if isinstance(value, list):
        return [_stored(item, path) for item in value]
    return _stored(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else None


def _has_array(value: Any, path: list[str]) -> bool:
    if isinstance(value, list):
        return True
    if not path or not isinstance(value, Mapping):
        return False
    return _has_array(value.get(path[0]), path[1:])


def _shown(rows: list[Row], schema: ClassSchema) -> Iterator[Row]:
    for row in rows:
        try:
            shown = to_rest(schema.class_name, row, schema)
        except StorageError:
            continue
        # REST shows no key names of MongoDB, but who may read decides whom a query is asked for.
        shown["_rperm"] = row.get("_rperm")
        yield shown
