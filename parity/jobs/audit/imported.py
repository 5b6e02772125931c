"""Rows that were written past the API: what a tool stores where Parse Server stores it otherwise.

``mongoimport`` of a JSON export, a script with a MongoDB driver, an edit in Compass: each writes
values under the names, and in the forms, that clients see.

Sources: parse-server ``MongoTransform.js`` (``mongoObjectToParseObject``: which names are read;
``transformKeyValueForUpdate``: which are written and asked for).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bson import Code as JavaScript
from bson import DBRef, Decimal128, MaxKey, MinKey, ObjectId, Regex, Timestamp

from parity.jobs.audit import codes
from parity.jobs.audit.schema import POINTER, FieldType
from parity.model.finding import Code

OF_MONGODB: Final[frozenset[type]] = frozenset(
    {DBRef, Decimal128, JavaScript, MaxKey, MinKey, Regex, re.Pattern, Timestamp}
)
"""Types of BSON that no value of Parse has; an ObjectId has a code of its own."""

_PUBLIC: Final[Mapping[str, Code]] = {
    "objectId": codes.ID_NAME,
    "createdAt": codes.TIMESTAMP_NAME,
    "updatedAt": codes.TIMESTAMP_NAME,
    "ACL": codes.ACL_NAME,
}
_OF_CLASS: Final[Mapping[str, Mapping[str, Code]]] = {
    "_User": {"password": codes.PASSWORD_PLAIN},
    "_Session": {"sessionToken": codes.SESSION_TOKEN_NAME},
}
_STORED_NAMES: Final = frozenset({"_created_at", "_updated_at", "_expiresAt"})


def public_names(class_name: str) -> Iterator[tuple[str, Code]]:
    """Yield names that clients see and that no stored object has, with what they are there.

    Args:
        class_name: The class.
    """
    yield from _PUBLIC.items()
    yield from _OF_CLASS.get(class_name, {}).items()


def code_of(key: str, value: Any, type_: FieldType | None) -> Code:
    """Say what a value of the wrong type is.

    Args:
        key: The key as stored.
        value: The value.
        type_: The type of its field; ``None`` if no field has this key.
    """
    if type(value) is ObjectId:
        return codes.OBJECT_ID
    if key.startswith("_p_"):
        return codes.POINTER_FORM
    if type(value) in OF_MONGODB:
        return codes.BSON_TYPE
    kind = "date" if key in _STORED_NAMES else type_.kind if type_ else ""
    form = value.get("__type") if type(value) is dict else None
    if kind == "date" and (type(value) is str or form == "Date" or _is_extended(value)):
        return codes.DATE_TEXT
    if kind == POINTER and form == "Pointer":
        return codes.POINTER_NAME
    return codes.FIELD_TYPE if form is None else codes.FIELD_JSON


def nested_code(value: Any) -> Code | None:
    """Say what is wrong with the type of a value inside an array or object; ``None``: nothing."""
    if type(value) is ObjectId:
        return codes.OBJECT_ID
    return codes.BSON_TYPE if type(value) in OF_MONGODB else None


def _is_extended(value: Any) -> bool:
    """Tell whether a value is a date of MongoDB's extended JSON that nobody converted."""
    return type(value) is dict and list(value) == ["$date"]
