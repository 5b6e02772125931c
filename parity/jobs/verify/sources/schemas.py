"""Compares schemas: what ``/schemas`` of a source says, or what its objects need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from parity.compare import differences
from parity.jobs.verify import codes
from parity.jobs.verify.result import CollectionResult, StructureDifference
from parity.jobs.verify.sources.index import Entry
from parity.jobs.verify.sources.options import SourceOptions
from parity.jobs.verify.sources.reading import Schemas, wanted
from parity.jobs.verify.sources.visible import is_relation, type_of
from parity.model import Difference, Kind
from parity.model.plain import utc_now
from parity.wire.storage import (
    BUILT_IN,
    DEFAULT_COLUMNS,
    ClassSchema,
    FieldType,
    StorageError,
    schema_from_json,
)

Columns = Counter[tuple[str, str]]
"""Fields of objects and the type of their values (``Pointer<_User>``), counted."""

_NO_COLUMNS: Final = {"_User": {"bcryptPassword", "sessionToken"}, "_Session": {"restricted"}}
"""Fields that a source shows and ``_SCHEMA`` need not have; ``restricted`` ended with 5.0.0."""

_OPERATIONS: Final = ("find", "get", "create", "update", "delete", "addField")
"""Operations that servers of every version know; ``count`` came with 3.7.0."""
_UNWRITTEN: Final = {
    "ACL": {"*": {"read": True, "write": True}},
    "protectedFields": {"*": []},
}
"""What ``/schemas`` shows where nothing is written (observed with 9.10.0)."""


def needed_columns(entries: Iterable[Entry]) -> Columns:
    """Return the columns that objects need."""
    found: Columns = Counter()
    for entry in entries:
        for field, value in entry.value().items():
            kind = type_of(value)
            if kind is not None and not is_relation(value):
                found[field, kind] += 1
    return found


def needed_schema(name: str, columns: Columns) -> ClassSchema:
    """Return the schema of a class of which only objects are known.

    Args:
        name: The class.
        columns: What its objects need; where they disagree, what most of them need.
    """
    fields: dict[str, FieldType] = {}
    for (field, kind), _ in columns.most_common():
        if field not in BUILT_IN:
            type_, _, target = kind.rstrip(">").partition("<")
            fields.setdefault(field, FieldType(type_, target))
    return ClassSchema(name, fields)


def reading_schema(source: ClassSchema, stored: ClassSchema | None) -> ClassSchema:
    """Return the schema to read documents with.

    A column that the destination lost is one difference of ``_SCHEMA``, and not one of each
    object; so the source says what a field is, and the destination only what the source lacks.
    """
    rest = stored.fields if stored is not None else {}
    return ClassSchema(source.class_name, {**rest, **source.fields})


def compare_schemas(
    source: Mapping[str, Mapping[str, Any]],
    stored: Schemas,
    options: SourceOptions,
    broken: Iterable[StructureDifference] = (),
) -> CollectionResult:
    """Compare the schemas of a source with those of the destination.

    Args:
        source: As ``/schemas`` gives them, by class.
        stored: Those of the destination.
        options: Which classes.
        broken: Documents of ``_SCHEMA`` that no server can read.

    Returns:
        The result for ``_SCHEMA``.
    """
    found = list(broken)
    equal = 0
    names = [name for name in sorted(source) if wanted(name, options)]
    for name in names:
        differing = list(_schema(name, source[name], stored.get(name)))
        equal += not differing
        found += differing
    extra = [name for name in sorted(stored) if name not in source and wanted(name, options)]
    found += [_different(name, codes.SCHEMA.id, Kind.EXTRA, None, "a class") for name in extra]
    return CollectionResult(
        "_SCHEMA",
        source_documents=len(names),
        destination_documents=len(stored),
        equal=equal,
        structure=tuple(found),
        finished_at=utc_now(),
    )


def _schema(
    name: str, source: Mapping[str, Any], stored: ClassSchema | None
) -> Iterator[StructureDifference]:
    if stored is None:
        yield _different(name, codes.SCHEMA.id, Kind.MISSING, "a class", None)
        return
    try:
        read = schema_from_json(source)
    except StorageError as error:
        yield _different(name, codes.SCHEMA.id, Kind.TYPE, f"the source's own: {error}", None)
        return
    columns = [(key, _named(type_)) for key, type_ in read.fields.items()]
    yield from _columns(name, columns, stored)
    for key in sorted(stored.fields.keys() - read.fields.keys()):
        if key not in DEFAULT_COLUMNS.get(name, {}):
            type_ = _named(stored.fields[key])
            yield _different(f"{name}.{key}", codes.SCHEMA.id, Kind.EXTRA, None, type_)
    if read.class_level_permissions is not None:
        yield from _permissions(name, read.class_level_permissions, stored)


def compare_columns(
    name: str, columns: Columns, stored: ClassSchema | None
) -> list[StructureDifference]:
    """Check that the destination has a column for every field of the source's objects.

    Args:
        name: The class.
        columns: What its objects need.
        stored: The class's schema in the destination, if there is one.
    """
    if not columns:
        return []
    if stored is None:
        return [_different(name, codes.SCHEMA.id, Kind.MISSING, "a class", None)]
    return list(_columns(name, sorted(columns), stored))


def _columns(
    name: str, columns: Iterable[tuple[str, str]], schema: ClassSchema
) -> Iterator[StructureDifference]:
    for key, expected in columns:
        if key in BUILT_IN or key in _NO_COLUMNS.get(name, ()):
            continue
        type_ = schema.type_of(key)
        if type_ is None:
            yield _different(f"{name}.{key}", codes.SCHEMA.id, Kind.MISSING, expected, None)
        elif _named(type_) != expected:
            yield _different(f"{name}.{key}", codes.SCHEMA.id, Kind.TYPE, expected, _named(type_))


def _permissions(
    name: str, source: Mapping[str, Any], stored: ClassSchema
) -> Iterator[StructureDifference]:
    shown = stored.to_json()["classLevelPermissions"]
    for operation in sorted({*_OPERATIONS, *source}):
        left, right = source.get(operation) or {}, shown.get(operation) or {}
        if not right and left == _UNWRITTEN.get(operation):
            continue
        for difference in differences(left, right):
            path = f"{name}.classLevelPermissions.{operation}{difference.path.removeprefix('$')}"
            yield _different(
                path, codes.CLP.id, difference.kind, difference.expected, difference.actual
            )
    written = stored.class_level_permissions or {}
    for operation in sorted(written.keys() - source.keys() - {*_OPERATIONS, "count"}):
        # The source has no such permission (pointer fields, protected fields).
        if written[operation]:
            path = f"{name}.classLevelPermissions.{operation}"
            yield _different(path, codes.CLP.id, Kind.EXTRA, None, written[operation])


def _different(path: str, code: str, kind: Kind, expected: Any, actual: Any) -> StructureDifference:
    return StructureDifference("_SCHEMA", code, Difference(path, kind, expected, actual))


def _named(type_: FieldType) -> str:
    return f"{type_.type}<{type_.target_class}>" if type_.target_class else type_.type
