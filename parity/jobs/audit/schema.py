"""What ``_SCHEMA`` says about each class, read leniently: the schema itself may be unsound.

Sources: parse-server ``MongoSchemaCollection.js`` (types), ``SchemaController.js`` (default
columns, names, volatile classes), ``MongoTransform.js`` (keys that begin with an underscore).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.wire.storage_schema import DEFAULT_COLUMNS, NOT_FIELDS

POINTER = "pointer"
RELATION = "relation"
SCALARS = frozenset(
    [
        "string",
        "number",
        "boolean",
        "date",
        "array",
        "object",
        "geopoint",
        "file",
        "bytes",
        "polygon",
    ]
)
SYSTEM_CLASSES = frozenset(
    [
        "_User",
        "_Installation",
        "_Role",
        "_Session",
        "_Product",
        "_PushStatus",
        "_JobStatus",
        "_JobSchedule",
        "_Audience",
        "_Idempotency",
    ]
)
VOLATILE_CLASSES = frozenset(
    [
        "_JobStatus",
        "_PushStatus",
        "_Hooks",
        "_GlobalConfig",
        "_GraphQLConfig",
        "_JobSchedule",
        "_Audience",
        "_Idempotency",
    ]
)
"""Classes that Parse Server keeps out of ``_SCHEMA``."""
RESERVED = frozenset({"objectId", "ACL", "className", "length"})
"""Top-level keys that a stored object cannot have."""
INTERNAL_KEYS = frozenset(
    [
        "_id",
        "_acl",
        "_rperm",
        "_wperm",
        "_created_at",
        "_updated_at",
        "_expiresAt",
        "_last_used",
        "_hashed_password",
        "_session_token",
        "_email_verify_token",
        "_email_verify_token_expires_at",
        "_perishable_token",
        "_perishable_token_expires_at",
        "_password_changed_at",
        "_password_history",
        "_tombstone",
        "_account_lockout_expires_at",
        "_failed_login_count",
    ]
)
AUTH_DATA = re.compile(r"_auth_data_[a-zA-Z0-9_]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DEFAULT: Mapping[str, str] = {
    "createdAt": "date",
    "updatedAt": "date",
}
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    **{
        name: {key: type_.stored for key, type_ in columns.items()}
        for name, columns in DEFAULT_COLUMNS.items()
    },
    "_Session": {
        **{key: type_.stored for key, type_ in DEFAULT_COLUMNS["_Session"].items()},
        "restricted": "boolean",
    },
    "_Product": {
        "productIdentifier": "string",
        "download": "file",
        "downloadName": "string",
        "icon": "file",
        "order": "number",
        "title": "string",
        "subtitle": "string",
    },
}


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of one field.

    Attributes:
        kind: One of :data:`SCALARS`, ``pointer``, ``relation``, or empty if there is no such type.
        target: The class that a pointer or relation leads to.
        text: As it stands in ``_SCHEMA``.
    """

    kind: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class ClassSchema:
    """One class.

    Attributes:
        name: Its name, also that of its collection.
        fields: Types by field name, default columns included.
        declared: Whether ``_SCHEMA`` has it.
        permissions: ``_metadata.class_permissions`` as stored; ``None`` if absent.
        document: As it stands in ``_SCHEMA``.
    """

    name: str
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    declared: bool = True
    permissions: Any = None
    document: Mapping[str, Any] = field(default_factory=dict)


def read_schema(documents: Iterable[Mapping[str, Any]]) -> dict[str, ClassSchema]:
    """Read ``_SCHEMA``.

    Args:
        documents: Its documents.

    Returns:
        A schema for each class by name; documents whose ``_id`` is no text are left out.
    """
    classes = {}
    for document in documents:
        name = document.get("_id")
        if isinstance(name, str):
            classes[name] = _class(name, document)
    for name in _COLUMNS:
        classes.setdefault(name, _class(name, {}, declared=False))
    return classes


def default_columns(name: str) -> Mapping[str, str]:
    """Return the words of ``_SCHEMA`` for the columns that Parse gives one of its own classes."""
    return _COLUMNS.get(name, {})


def field_type(text: Any) -> FieldType:
    """Read one type of ``_SCHEMA``: ``string``, ``*Target``, ``relation<Target>``, ``map``, …."""
    if not isinstance(text, str):
        return FieldType("", "", repr(text))
    if text.startswith("*") and len(text) > 1:
        return FieldType(POINTER, text[1:], text)
    if text.startswith("relation<") and text.endswith(">") and len(text) > len("relation<>"):
        return FieldType(RELATION, text[len("relation<") : -1], text)
    kind = "object" if text == "map" else text
    return FieldType(kind if kind in SCALARS else "", "", text)


def is_field_name(name: str) -> bool:
    """Tell whether clients may use a field of this name."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def is_class_name(name: str) -> bool:
    """Tell whether a class may have this name."""
    return name in SYSTEM_CLASSES or (
        _NAME.fullmatch(name) is not None and name not in {"className", "length"}
    )


def _class(name: str, document: Mapping[str, Any], *, declared: bool = True) -> ClassSchema:
    fields = {key: field_type(text) for key, text in document.items() if key not in NOT_FIELDS}
    # The word in _SCHEMA for these is "string", whatever they hold.
    fields = {key: type_ for key, type_ in fields.items() if key not in {"objectId", "ACL"}}
    for key, text in (*default_columns(name).items(), *_DEFAULT.items()):
        fields[key] = field_type(text)
    metadata = document.get("_metadata")
    permissions = metadata.get("class_permissions") if isinstance(metadata, Mapping) else None
    return ClassSchema(name, fields, declared, permissions, document)
