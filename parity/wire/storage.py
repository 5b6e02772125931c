"""How Parse keeps objects in MongoDB, both ways, as functions without side effects.

Sources: parse-server ``src/Adapters/Storage/Mongo/MongoTransform.js``
(``parseObjectToMongoObjectForCreate``, ``addLegacyACL``, ``mongoObjectToParseObject`` and the
coders) and ``src/Controllers/DatabaseController.js`` (``transformObjectACL``,
``untransformObjectACL``, ``transformAuthData``, ``filterSensitiveData``); for the hosted service
dumps quoted in parse-server issues 504, 558, 1150 and 2628. Compared with rows that real servers
wrote in ``tests/wire/test_storage_real.py``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from parity.wire.storage_schema import (
    BUILT_IN,
    DEFAULT_COLUMNS,
    ClassSchema,
    FieldType,
    StorageError,
    parse_schema,
    schema_from_json,
)
from parity.wire.storage_values import (
    iso_of,
    stored_bytes,
    stored_date,
    stored_number,
    stored_polygon,
)

__all__ = [
    "BUILT_IN",
    "DEFAULT_COLUMNS",
    "EXACT",
    "ClassSchema",
    "FieldType",
    "Nested",
    "StorageError",
    "acl_to_mongo",
    "join_collection",
    "parse_schema",
    "schema_from_json",
    "to_mongo",
    "to_rest",
]

EXACT: Final = 2**53
"""Largest whole number that a server (JavaScript) holds exactly."""
_AUTH_DATA: Final = re.compile(r"_auth_data_([a-zA-Z0-9_]+)")
_BASE64: Final = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII
)

_RENAMED: Final = {"createdAt": "_created_at", "updatedAt": "_updated_at"}
_HIDDEN: Final = frozenset(
    {
        "_acl",
        "_rperm",
        "_wperm",
        "_hashed_password",
        "_email_verify_token",
        "_email_verify_token_expires_at",
        "_perishable_token",
        "_perishable_token_expires_at",
        "_password_changed_at",
        "_password_history",
        "_tombstone",
        "_account_lockout_expires_at",
        "_failed_login_count",
    }
)
"""Keys that a server knows and shows to nobody (the first three as ``ACL``)."""


class Nested(StrEnum):
    """How a server stores dates and bytes inside arrays and objects."""

    CONVERTED = "converted"
    """As BSON, at any depth: parse-server from 6.0.0 on (pull request 8209)."""
    FIRST_LEVEL = "first-level"
    """As BSON directly inside a field, deeper as they were sent: parse-server before 6.0.0
    (measured with 2.8.4: ``transformInteriorAtom`` never says that it cannot transform)."""
    KEPT = "kept"
    """As they were sent: the hosted service."""


_LEVELS: Final = {Nested.CONVERTED: 1 << 30, Nested.FIRST_LEVEL: 1, Nested.KEPT: 0}


def join_collection(key: str, class_name: str) -> str:
    """Return the collection of a relation: documents ``{_id, relatedId, owningId}``.

    Args:
        key: The relation's field.
        class_name: The class that has the field.
    """
    return f"_Join:{key}:{class_name}"


def to_mongo(
    class_name: str,
    obj: Mapping[str, Any],
    schema: ClassSchema,
    *,
    nested: Nested = Nested.CONVERTED,
) -> dict[str, Any]:
    """Turn an object into its document, as a server that creates it would.

    Args:
        class_name: Its class.
        obj: The object as JSON of REST. ``sessionToken`` of a session or user, ``authData`` and
            (as in the hosted service's export) ``bcryptPassword`` of a user are stored as well.
        schema: The schema of the class; only the types of pointers are asked for.
        nested: Which kind of server writes dates and bytes inside arrays and objects.

    Returns:
        The document, with BSON types; dates are aware datetimes. Relations are not in it.

    Raises:
        StorageError: There is no form for something in it; the path is in the message.
    """
    document: dict[str, Any] = {}
    for key, value in obj.items():
        own = _own_key(class_name, key, value)
        if own is not None:
            document |= own
        elif (stored := _top_to_mongo(key, value, schema, levels=_LEVELS[nested])) is not None:
            document[stored[0]] = stored[1]
    return document


def _own_key(class_name: str, key: str, value: Any) -> dict[str, Any] | None:
    """Return how a field that means the same in every class is stored; ``None`` for others."""
    is_user = class_name == "_User"
    match key:
        case "objectId":
            return {"_id": value}
        case "createdAt" | "updatedAt":
            return {_RENAMED[key]: stored_date(value, key)}
        case "ACL":
            return {} if value is None else acl_to_mongo(value)
        case "expiresAt" if value is not None:
            return {key: stored_date(value, key)}
        case "sessionToken" if is_user or class_name == "_Session":
            return {"_session_token": value}
        case "bcryptPassword" if is_user:
            return {"_hashed_password": value}
        case "authData" if is_user:
            return {f"_auth_data_{name}": each for name, each in (value or {}).items()}
        case _:
            return {key: value} if key.startswith("_") else None


def acl_to_mongo(acl: Mapping[str, Any]) -> dict[str, Any]:
    """Return the three keys that keep an ACL.

    Args:
        acl: ``{"*": {"read": true}, …}``.

    Raises:
        StorageError: It is no ACL.
    """
    if not isinstance(acl, Mapping) or not all(isinstance(each, Mapping) for each in acl.values()):
        raise StorageError(f"ACL: {acl!r} is no ACL")
    readers = [who for who, rights in acl.items() if rights.get("read")]
    writers = [who for who, rights in acl.items() if rights.get("write")]
    legacy: dict[str, dict[str, bool]] = {who: {"w": True} for who in writers}
    for who in readers:
        legacy.setdefault(who, {})["r"] = True
    return {"_wperm": writers, "_rperm": readers, "_acl": legacy}


def to_rest(class_name: str, document: Mapping[str, Any], schema: ClassSchema) -> dict[str, Any]:
    """Turn a document into the object that a server shows to the master key.

    Args:
        class_name: Its class.
        document: As MongoDB has it, with BSON types.
        schema: The schema of the class: it decides what a stored value is.

    Returns:
        The object as JSON. Secrets that no server shows (the hash of a password, tokens of
        e-mails) are left out; the token of a session is there. Files are without ``url``.

    Raises:
        StorageError: A server cannot read the document, and answers 500 for its whole class.
    """
    obj: dict[str, Any] = {}
    readers, writers = document.get("_rperm"), document.get("_wperm")
    if readers is not None or writers is not None:
        obj["ACL"] = _acl_to_rest(readers or [], writers or [])
    elif "_rperm" in document or "_wperm" in document:
        raise StorageError("_rperm and _wperm are null, which no server can read")
    for key, value in document.items():
        if key in _SPECIAL:
            name, convert = _SPECIAL[key]
            obj[name] = convert(value, key)
        elif key in _HIDDEN:
            continue
        elif key.startswith("_") and key != "__type":
            _underscored(class_name, obj, key, value, schema)
        elif key == "authData" and class_name == "_User":
            continue  # ignored with a warning: it is made of _auth_data_<provider>
        else:
            obj[key] = _top_to_rest(key, value, schema.type_of(key))
    for name, target in schema.relations():
        obj[name] = {"__type": "Relation", "className": target}
    return obj


def _top_to_mongo(
    key: str, value: Any, schema: ClassSchema, *, levels: int
) -> tuple[str, Any] | None:
    kind = value.get("__type") if isinstance(value, Mapping) else None
    match kind:
        case "Relation":
            return None
        case "Pointer":
            target, id_ = value.get("className"), value.get("objectId")
            if not isinstance(target, str) or not isinstance(id_, str):
                raise StorageError(f"{key}: {value!r} is no pointer")
            return f"_p_{key}", f"{target}${id_}"
        case "Date":
            return key, stored_date(value, key)
        case "Bytes":
            return key, stored_bytes(value, key)
        case "GeoPoint":
            return key, [stored_number(value.get(each), key) for each in ("longitude", "latitude")]
        case "Polygon":
            return key, stored_polygon(value, key)
        case "File":
            return key, value.get("name")
    type_ = schema.type_of(key)
    if type_ is not None and type_.type == "Pointer" and value:
        raise StorageError(f"{key}: {value!r} is no pointer to {type_.target_class}")
    return key, _nested_to_mongo(value, key, levels + 1)


def _nested_to_mongo(value: Any, path: str, levels: int) -> Any:
    if isinstance(value, (list, tuple)):
        return [
            _nested_to_mongo(each, f"{path}[{index}]", levels - 1)
            for index, each in enumerate(value)
        ]
    if isinstance(value, Mapping):
        kind = value.get("__type")
        if kind == "Date" and levels > 0:
            return stored_date(value, path)
        if kind == "Bytes" and levels > 0:
            return stored_bytes(value, path)
        for key in value:
            if not isinstance(key, str) or "$" in key or "." in key:
                raise StorageError(f"{path}: the nested key {key!r} has '$' or '.'")
        return {
            key: _nested_to_mongo(each, f"{path}.{key}", levels - 1) for key, each in value.items()
        }
    if value is None or isinstance(value, (str, bool)):
        return value
    return stored_number(value, path)


def _underscored(
    class_name: str, obj: dict[str, Any], key: str, value: Any, schema: ClassSchema
) -> None:
    if class_name == "_User" and (found := _AUTH_DATA.fullmatch(key)):
        obj.setdefault("authData", {})[found[1]] = _nested_to_rest(value, key)
        return
    if not key.startswith("_p_"):
        raise StorageError(f"{key}: no server knows this key")
    type_ = schema.type_of(key[3:])
    if type_ is None or type_.type != "Pointer" or value is None:
        return  # servers drop it
    class_of, dollar, rest = str(value).partition("$")
    if class_of != type_.target_class:
        raise StorageError(f"{key}: pointer to incorrect className")
    if not isinstance(value, str) or not dollar:
        raise StorageError(f"{key}: not of the form Class$objectId")
    object_id = rest.partition("$")[0]
    obj[key[3:]] = {"__type": "Pointer", "className": class_of, "objectId": object_id}


def _top_to_rest(key: str, value: Any, type_: FieldType | None) -> Any:
    match type_.type if type_ is not None else None:
        case "File" if isinstance(value, str):
            return {"__type": "File", "name": value}
        case "GeoPoint" if isinstance(value, list) and len(value) == 2:
            lng, lat = (_nested_to_rest(each, key) for each in value)
            return {"__type": "GeoPoint", "latitude": lat, "longitude": lng}
        case "Polygon" if value is not None:
            return _shown_polygon(key, value)
        case "Bytes" if isinstance(value, str) and _BASE64.fullmatch(value):
            return {"__type": "Bytes", "base64": value}
        case _:
            return _nested_to_rest(value, key)


def _shown_polygon(key: str, value: Any) -> dict[str, Any]:
    try:
        [ring] = value["coordinates"]
        corners = [[_nested_to_rest(each, key) for each in (lat, lng)] for lng, lat in ring]
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"{key}: no polygon") from error
    return {"__type": "Polygon", "coordinates": corners}


def _nested_to_rest(value: Any, path: str) -> Any:
    match value:
        case None | bool() | str() | float():
            return value
        case int() | Int64():
            whole = int(value)
            return whole if -EXACT <= whole <= EXACT else float(whole)
        case datetime() | DatetimeMS():
            return {"__type": "Date", "iso": iso_of(value, path)}
        case bytes():
            return {"__type": "Bytes", "base64": base64.b64encode(value).decode("ascii")}
        case list():
            return [_nested_to_rest(each, f"{path}[{n}]") for n, each in enumerate(value)]
        case {"__type": "Date", "iso": datetime() | DatetimeMS() as moment}:
            return {**value, "iso": iso_of(moment, path)}
        case Mapping():
            return {key: _nested_to_rest(each, f"{path}.{key}") for key, each in value.items()}
    raise StorageError(f"{path}: {type(value).__name__} has no form in Parse")


def _shown_date(value: Any, path: str) -> Any:
    return None if value is None else {"__type": "Date", "iso": iso_of(value, path)}


def _acl_to_rest(readers: Any, writers: Any) -> dict[str, dict[str, bool]]:
    acl: dict[str, dict[str, bool]] = {}
    for right, names in (("read", readers), ("write", writers)):
        if not isinstance(names, list):
            raise StorageError(f"_{right[0]}perm is a list, not {type(names).__name__}")
        for who in names:
            acl.setdefault(str(who), {})[right] = True
    return acl


def _object_id(value: Any, _path: str) -> str:
    if isinstance(value, (str, int, ObjectId)):
        return str(value)
    raise StorageError(f"_id: {type(value).__name__} is no object id")


_SPECIAL: Final = {
    "_id": ("objectId", _object_id),
    "_created_at": ("createdAt", iso_of),
    "createdAt": ("createdAt", iso_of),
    "_updated_at": ("updatedAt", iso_of),
    "updatedAt": ("updatedAt", iso_of),
    "expiresAt": ("expiresAt", _shown_date),
    "_expiresAt": ("expiresAt", _shown_date),
    "_last_used": ("lastUsed", iso_of),
    "_session_token": ("sessionToken", lambda value, _: value),
    "times_used": ("timesUsed", _nested_to_rest),
}
