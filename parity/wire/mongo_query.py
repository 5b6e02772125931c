"""The MongoDB query that Parse Server makes of a Parse query; no side effects.

Sources: parse-server 2.8.4 and 9.10.0, ``MongoTransform.js`` (``transformQueryKeyValue``,
``transformConstraint``, ``transformKey``, the atoms), ``DatabaseController.js`` (``addReadACL``,
``validateQuery``) and ``MongoStorageAdapter.find``. Compared with what both versions send in
``tests/indexes/test_sent.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bson import Regex
from packaging.version import InvalidVersion, Version

from parity.model.errors import ParityError
from parity.wire.query import LOGICAL
from parity.wire.storage import BUILT_IN, ClassSchema, StorageError
from parity.wire.storage_values import stored_bytes, stored_date, stored_polygon

NEAR: Final = frozenset({"$near", "$nearSphere"})
UNITS: Final = {
    "$maxDistance": 1,
    "$maxDistanceInRadians": 1,
    "$maxDistanceInMiles": 3959,
    "$maxDistanceInKilometers": 6371,
}
"""How many of a unit are one radian, as Parse Server reckons."""

_RENAMED: Final = {
    "objectId": "_id",
    "createdAt": "_created_at",
    "updatedAt": "_updated_at",
    "sessionToken": "_session_token",
    "lastUsed": "_last_used",
    "timesUsed": "times_used",
}
_DATES: Final = frozenset({"createdAt", "updatedAt", "expiresAt", "lastUsed"})
_AUTH_DATA: Final = re.compile(r"authData\.([a-zA-Z0-9_]+)(?:\.(.+))?")
_COMPARED: Final = frozenset({"$lt", "$lte", "$gt", "$gte", "$exists", "$ne", "$eq"})


class Untranslatable(ParityError):
    """A query that Parse Server refuses, or that we do not know."""


def mongo_key(name: str, schema: ClassSchema) -> str:
    """Return the stored name of a field."""
    if name in _RENAMED:
        return _RENAMED[name]
    type_ = schema.type_of(name)
    return f"_p_{name}" if type_ is not None and type_.type == "Pointer" else name


def mongo_where(
    where: Mapping[str, Any], schema: ClassSchema, *, count: bool = False
) -> dict[str, Any]:
    """Translate a ``where`` without subqueries and relations.

    Args:
        where: As in REST, with values.
        schema: Schema of the class.
        count: Whether rows are only counted, by a Parse Server that counts with an aggregation.

    Raises:
        Untranslatable: There is something in it that Parse Server refuses.
    """
    found: dict[str, Any] = {}
    for key, value in where.items():
        name, condition = _entry(key, value, schema, count=count)
        found[name] = condition
    return found


def mongo_sort(
    order: str, schema: ClassSchema, *, known_only: bool = True
) -> tuple[tuple[str, int], ...]:
    """Translate ``order``.

    Args:
        order: As in REST: ``-createdAt,score``.
        schema: Schema of the class.
        known_only: Whether fields that the class does not have are left out: 9.10.0 does that,
            2.8.4 does not.

    Raises:
        Untranslatable: Rows are ordered by the score of a text search.
    """
    keys: dict[str, int] = {}
    for key in filter(None, (part.strip() for part in order.split(","))):
        name, direction = (key[1:], -1) if key[0] == "-" else (key, 1)
        name = {"_created_at": "createdAt", "_updated_at": "updatedAt"}.get(name, name)
        if name == "$score":
            raise Untranslatable("rows ordered by the score of a text search are always sorted")
        if known_only and not _is_known(name.partition(".")[0], schema):
            continue
        keys[mongo_key(name, schema)] = direction
    return tuple(keys.items())


def readable_by(condition: Mapping[str, Any], user: str | None) -> dict[str, Any]:
    """Add what Parse Server adds for everybody but the master key.

    Args:
        condition: The query.
        user: Id of the user who asks; ``None`` for somebody who is not logged in.

    Source: ``RestQuery.getUserAndRoleACL`` puts ``*`` into the list, ``addReadACL`` once more.
    """
    return {**condition, "_rperm": {"$in": [None, "*", "*", *([user] if user else [])]}}


def pushes_into_or(version: str) -> bool:
    """Tell whether a server copies all conditions into the branches of ``$or``.

    Source: ``validateQuery`` of 2.8.4 (SERVER-13732); removed in 4.0.0 by pull request 6445.
    """
    try:
        return Version(version) < Version("4.0.0")
    except InvalidVersion:
        return False


def push_into_or(where: Mapping[str, Any]) -> dict[str, Any]:
    """Do so; conditions on a field that a branch has as well, and ``$nearSphere``, stay."""
    copied = dict(where)
    for logical in LOGICAL & copied.keys():
        copied[logical] = [push_into_or(branch) for branch in copied[logical]]
    if not isinstance(copied.get("$or"), list):
        return copied
    branches = [dict(branch) for branch in copied["$or"]]
    for key in [key for key in copied if key != "$or"]:
        value = copied[key]
        near = isinstance(value, Mapping) and bool(NEAR & value.keys())
        if not near and not any(key in branch for branch in branches):
            for branch in branches:
                branch[key] = value
            del copied[key]
    # Once more, as the server does: a branch that has an $or of its own got new conditions.
    copied["$or"] = [push_into_or(branch) for branch in branches]
    return copied


def _is_known(name: str, schema: ClassSchema) -> bool:
    return name in BUILT_IN or schema.type_of(name) is not None


def _entry(key: str, value: Any, schema: ClassSchema, *, count: bool) -> tuple[str, Any]:
    if key in LOGICAL:
        return key, [mongo_where(branch, schema, count=count) for branch in _list(key, value)]
    return _named(key, value, schema) or _condition(key, value, schema, count=count)


def _named(key: str, value: Any, schema: ClassSchema) -> tuple[str, Any] | None:
    """Translate what is stored under a name of its own; ``None`` for everything else."""
    if key in _DATES and isinstance(value, str):
        return _RENAMED.get(key, key), _date(value)
    if key in ("_rperm", "_wperm"):
        return key, value
    if key in ("objectId", "sessionToken", "timesUsed"):
        return _RENAMED[key], value
    if schema.class_name == "_User" and (found := _AUTH_DATA.fullmatch(key)):
        return f"_auth_data_{found[1]}" + (f".{found[2]}" if found[2] else ""), value
    return None


def _condition(key: str, value: Any, schema: ClassSchema, *, count: bool) -> tuple[str, Any]:
    name = mongo_key(key, schema)
    type_ = schema.type_of(key)
    is_array = type_ is not None and type_.type == "Array"
    atom = interior if is_array or "." in name else _atom_of(schema, key)
    condition = _constraint(value, atom, count=count)
    if condition is None:
        if is_array and not isinstance(value, list):
            return name, {"$all": [interior(value)]}
        return name, atom(value)
    if "$text" in condition:
        return "$text", condition["$text"]
    if "$elemMatch" in condition:
        return "$nor", [{name: condition}]
    return name, condition


def _constraint(value: Any, atom: Callable[[Any], Any], *, count: bool) -> dict[str, Any] | None:
    """Translate ``{"$gt": 1}``; ``None`` if the value is no constraint but a value."""
    if not isinstance(value, Mapping) or not value:
        return None if not isinstance(value, Mapping) else {}
    answer: dict[str, Any] = {}
    for key in sorted(value, reverse=True):
        if not key.startswith("$"):
            return None
        given = value[key]
        if key in _COMPARED:
            answer[key] = atom(given)
        elif key in ("$in", "$nin"):
            answer[key] = [atom(element) for element in _list(key, given)]
        elif key == "$all":
            answer[key] = [interior(element) for element in _list(key, given)]
        elif key == "$containedBy":
            answer["$elemMatch"] = {"$nin": [atom(element) for element in _list(key, given)]}
        elif key in ("$regex", "$options"):
            answer[key] = given
        elif key == "$text":
            answer[key] = _text(given)
        else:
            answer |= _geo(key, given, value, count=count)
    return answer


def _geo(key: str, given: Any, constraint: Mapping[str, Any], *, count: bool) -> dict[str, Any]:
    if key in UNITS:
        return {} if count and key == "$maxDistance" else {"$maxDistance": given / UNITS[key]}
    match key:
        case "$nearSphere" if count:
            return {"$geoWithin": {"$centerSphere": [_lng_lat(given), _radius(constraint)]}}
        case "$nearSphere":
            return {key: _lng_lat(given)}
        case "$within":
            return {key: {"$box": [_lng_lat(point) for point in given["$box"]]}}
        case "$geoWithin" if "$polygon" in given:
            polygon = given["$polygon"]
            if isinstance(polygon, Mapping):
                return {key: {"$polygon": [list(point) for point in polygon["coordinates"]]}}
            return {key: {"$polygon": [_lng_lat(point) for point in polygon]}}
        case "$geoWithin":
            point, distance = given["$centerSphere"][:2]
            return {key: {"$centerSphere": [_lng_lat(point), distance]}}
        case "$geoIntersects":
            point = _lng_lat(given["$point"])
            return {key: {"$geometry": {"type": "Point", "coordinates": point}}}
    raise Untranslatable(f"Parse Server does not know {key}")


def _radius(constraint: Mapping[str, Any]) -> Any:
    # Only this name is looked at when rows are counted, in 9.10.0 too.
    return constraint.get("$maxDistance")


def _text(given: Any) -> dict[str, Any]:
    search = given.get("$search") if isinstance(given, Mapping) else None
    if not isinstance(search, Mapping) or not isinstance(search.get("$term"), str):
        raise Untranslatable("$text needs $search with a $term")
    options = ("$language", "$caseSensitive", "$diacriticSensitive")
    return {"$search": search["$term"]} | {
        name: search[name] for name in options if search.get(name)
    }


def _lng_lat(point: Any) -> list[Any]:
    if isinstance(point, Mapping):
        return [point.get("longitude"), point.get("latitude")]
    if isinstance(point, Sequence) and not isinstance(point, str) and len(point) == 2:
        return list(point)
    raise Untranslatable(f"{type(point).__name__} is no point")


def interior(value: Any) -> Any:
    """Translate a value inside an array or object."""
    if isinstance(value, Mapping):
        match value.get("__type"):
            case "Pointer":
                return {name: value.get(name) for name in ("__type", "className", "objectId")}
            case "Date":
                return _date(value)
            case "Bytes":
                return stored_bytes(value, "")
        if "$regex" in value:
            return Regex(value["$regex"])
        return dict(value)
    return value


def _atom_of(schema: ClassSchema, key: str) -> Callable[[Any], Any]:
    type_ = schema.type_of(key)
    target = type_.target_class if type_ is not None and type_.type == "Pointer" else ""

    def atom(value: Any) -> Any:
        if isinstance(value, str):
            return f"{target}${value}" if target else value
        if not isinstance(value, Mapping):
            return value
        try:
            return _typed(value)
        except StorageError as error:
            raise Untranslatable(str(error)) from error

    return atom


def _typed(value: Mapping[str, Any]) -> Any:
    match value.get("__type"):
        case "Pointer":
            return f"{value.get('className')}${value.get('objectId')}"
        case "Date":
            return _date(value)
        case "Bytes":
            return stored_bytes(value, "")
        case "GeoPoint":
            return _lng_lat(value)
        case "Polygon":
            return stored_polygon(value, "")
        case "File":
            return value.get("name")
    raise Untranslatable("an object cannot be compared as a whole")


def _date(value: Any) -> Any:
    try:
        return stored_date(value, "")
    except StorageError as error:
        raise Untranslatable(str(error)) from error


def _list(key: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Untranslatable(f"{key} needs a list")
    return value
