"""How Parse keeps a class's schema in MongoDB: one document of ``_SCHEMA`` for each class.

Sources: parse-server ``src/Adapters/Storage/Mongo/MongoSchemaCollection.js`` (types, permissions
that are absent or incomplete), ``MongoStorageAdapter.js`` (what a new document holds) and
``src/Controllers/SchemaController.js`` (``defaultColumns``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parity.model.errors import ParityError


class StorageError(ParityError, ValueError):
    """Something that has no form on the other side; a Parse Server answers 500 for it."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of a field.

    Attributes:
        type: As ``/schemas`` names it: ``String``, ``Pointer``, ``Relation``, ….
        target_class: The class that a pointer or relation leads to; empty otherwise.
        options: ``required`` and ``defaultValue`` (parse-server 3.7.0 and later).
    """

    type: str
    target_class: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> str:
        """The word for it in ``_SCHEMA``.

        Raises:
            StorageError: There is none.
        """
        if self.type == "Pointer":
            return f"*{self.target_class}"
        if self.type == "Relation":
            return f"relation<{self.target_class}>"
        if self.type not in _STORED:
            raise StorageError(f"no field of MongoDB can be of type {self.type!r}")
        return _STORED[self.type]

    def to_json(self) -> dict[str, Any]:
        """Return ``{"type": …}``, with ``targetClass`` and options if there are any."""
        target = {"targetClass": self.target_class} if self.target_class else {}
        return {"type": self.type, **target, **self.options}


_TYPES: Final = {
    "string": "String",
    "number": "Number",
    "boolean": "Boolean",
    "date": "Date",
    "array": "Array",
    "object": "Object",
    "map": "Object",  # the hosted service's word
    "geopoint": "GeoPoint",
    "file": "File",
    "bytes": "Bytes",
    "polygon": "Polygon",
}
_STORED: Final = {type_: word for word, type_ in _TYPES.items() if word != "map"}
NOT_FIELDS: Final = frozenset({"_id", "_metadata", "_client_permissions"})
"""Keys of a document of ``_SCHEMA`` that are no fields."""

BUILT_IN: Final[Mapping[str, FieldType]] = {
    "objectId": FieldType("String"),
    "createdAt": FieldType("Date"),
    "updatedAt": FieldType("Date"),
    "ACL": FieldType("ACL"),
}
"""What every class has, whatever ``_SCHEMA`` says of it (it calls the first three "string")."""

_STRINGS: Final = FieldType("String")
DEFAULT_COLUMNS: Final[Mapping[str, Mapping[str, FieldType]]] = {
    "_User": {
        "username": _STRINGS,
        "password": _STRINGS,
        "email": _STRINGS,
        "emailVerified": FieldType("Boolean"),
        "authData": FieldType("Object"),
    },
    "_Installation": {
        **dict.fromkeys(
            (
                "installationId",
                "deviceToken",
                "deviceType",
                "pushType",
                "GCMSenderId",
                "timeZone",
                "localeIdentifier",
                "appVersion",
                "appName",
                "appIdentifier",
                "parseVersion",
            ),
            _STRINGS,
        ),
        "channels": FieldType("Array"),
        "badge": FieldType("Number"),
    },
    "_Role": {
        "name": _STRINGS,
        "users": FieldType("Relation", "_User"),
        "roles": FieldType("Relation", "_Role"),
    },
    "_Session": {
        "user": FieldType("Pointer", "_User"),
        "installationId": _STRINGS,
        "sessionToken": _STRINGS,
        "expiresAt": FieldType("Date"),
        "createdWith": FieldType("Object"),
    },
}
"""Columns that a server adds to its own classes, whether or not ``_SCHEMA`` has them."""

EVERYBODY: Final[Mapping[str, bool]] = {"*": True}
OPERATIONS: Final = ("find", "count", "get", "create", "update", "delete", "addField")


@dataclass(frozen=True, slots=True)
class ClassSchema:
    """The schema of one class.

    Attributes:
        class_name: Its name.
        fields: Types by name, as written; without the four that every class has.
        class_level_permissions: ``_metadata.class_permissions`` as written; ``None`` if there are
            none, which means that everybody may do everything.
        indexes: ``_metadata.indexes``: keys by name of index.
    """

    class_name: str
    fields: Mapping[str, FieldType] = field(default_factory=dict)
    class_level_permissions: Mapping[str, Any] | None = None
    indexes: Mapping[str, Any] = field(default_factory=dict)

    def type_of(self, name: str) -> FieldType | None:
        """Return the type of a field, default columns of Parse's own classes included."""
        found = self.fields.get(name)
        return found or DEFAULT_COLUMNS.get(self.class_name, {}).get(name)

    def relations(self) -> Iterator[tuple[str, str]]:
        """Yield name and target class of each relation."""
        columns = {**DEFAULT_COLUMNS.get(self.class_name, {}), **self.fields}
        for name, type_ in columns.items():
            if type_.type == "Relation":
                yield name, type_.target_class

    def to_json(self) -> dict[str, Any]:
        """Return the schema as ``GET /schemas/<class>`` shows it to the master key.

        Permissions that are absent allow everything; where some are present, each operation that
        they do not mention is denied (``emptyCLPS``), which since 3.7.0 includes ``count``.
        """
        written = self.class_level_permissions
        empty: dict[str, Any] = {} if written is not None else dict(EVERYBODY)
        permissions = {name: dict(empty) for name in OPERATIONS}
        permissions["protectedFields"] = {} if written is not None else {"*": []}
        every = {**self.fields, **BUILT_IN}
        return {
            "className": self.class_name,
            "fields": {name: type_.to_json() for name, type_ in every.items()},
            "classLevelPermissions": {**permissions, **(written or {})},
            "indexes": dict(self.indexes),
        }

    def to_mongo(self) -> dict[str, Any]:
        """Return the document of ``_SCHEMA``, as a Parse Server writes it.

        Raises:
            StorageError: A field is of a type that MongoDB cannot hold.
        """
        document: dict[str, Any] = {
            "_id": self.class_name,
            "objectId": "string",
            "updatedAt": "string",
            "createdAt": "string",
        }
        document |= {name: type_.stored for name, type_ in self.fields.items()}
        metadata: dict[str, Any] = {}
        options = {name: dict(type_.options) for name, type_ in self.fields.items()}
        if any(options.values()):
            metadata["fields_options"] = {name: each for name, each in options.items() if each}
        if self.class_level_permissions is not None:
            metadata["class_permissions"] = dict(self.class_level_permissions)
        if self.indexes:
            metadata["indexes"] = dict(self.indexes)
        return document | ({"_metadata": metadata} if metadata else {})


def parse_schema(document: Mapping[str, Any]) -> ClassSchema:
    """Read one document of ``_SCHEMA``.

    Args:
        document: As MongoDB has it.

    Raises:
        StorageError: It has no class name, or a type that is none.
    """
    name = document.get("_id")
    if not isinstance(name, str):
        raise StorageError(f"the _id of a schema is the name of a class, not {name!r}")
    metadata = _mapping(document.get("_metadata"), name, "_metadata")
    options = _mapping(metadata.get("fields_options"), name, "_metadata.fields_options")
    fields = {}
    for key, word in document.items():
        if key in NOT_FIELDS or key in BUILT_IN:
            continue
        each = _mapping(options.get(key), name, f"_metadata.fields_options.{key}")
        fields[key] = _field_type(name, key, word, each)
    permissions = metadata.get("class_permissions")
    return ClassSchema(
        name,
        fields,
        None if permissions is None else _mapping(permissions, name, "_metadata.class_permissions"),
        _mapping(metadata.get("indexes"), name, "_metadata.indexes"),
    )


def schema_from_json(value: Mapping[str, Any]) -> ClassSchema:
    """Read a schema as ``/schemas`` shows it.

    Raises:
        StorageError: It has no class name, or fields that are none.
    """
    name = value.get("className")
    if not isinstance(name, str):
        raise StorageError(f"className is text, not {name!r}")
    fields = {}
    for key, each in _mapping(value.get("fields"), name, "fields").items():
        if key in BUILT_IN:
            continue
        rest = dict(_mapping(each, name, f"fields.{key}"))
        kind, target = rest.pop("type", None), rest.pop("targetClass", "")
        if not isinstance(kind, str) or not isinstance(target, str):
            raise StorageError(f"{name}.{key}: {each!r} is no type")
        fields[key] = FieldType(kind, target, rest)
    permissions = value.get("classLevelPermissions")
    return ClassSchema(name, fields, permissions, dict(value.get("indexes") or {}))


def _field_type(name: str, key: str, word: Any, options: Mapping[str, Any]) -> FieldType:
    if isinstance(word, str):
        if word.startswith("*") and len(word) > 1:
            return FieldType("Pointer", word[1:], options)
        if word.startswith("relation<") and word.endswith(">"):
            return FieldType("Relation", word[len("relation<") : -1], options)
        if word in _TYPES:
            return FieldType(_TYPES[word], "", options)
    raise StorageError(f"{name}.{key}: {word!r} is no type of a field")


def _mapping(value: Any, name: str, path: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise StorageError(f"{name}: {path} is an object, not {value!r}")
    return value
