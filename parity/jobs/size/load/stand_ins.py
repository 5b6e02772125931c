"""The classes that a load test writes, in place of the app's own.

The app's rows are never changed: what a profile creates, updates and deletes in ``Post`` goes to
``Parity<mark>_Post``, which gets the fields and the indexes of ``Post``. So a run is removed by
removing classes, also when it was killed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from parity.model.errors import HarnessError
from parity.profiles.profile import Ask, Operation
from parity.targets.client import ParseClient
from parity.targets.namespace import PREFIX
from parity.wire.query import LOGICAL

PAD: Final = "parityPad"
"""Field that brings a row to the size that the profile asks for."""
NUMBER: Final = "parityNumber"
"""Field with a number that is new in every write, so that a lost one is seen."""
_OWN: Final = frozenset({"objectId", "createdAt", "updatedAt", "ACL"})
_PUBLIC: Final = {
    **{name: {"*": True} for name in ("find", "count", "get", "create", "update", "delete")},
    "addField": {"*": True},
}
_GEO: Final = frozenset({"$nearSphere", "$within", "$geoWithin"})
_NUMERIC: Final = frozenset({"$lt", "$lte", "$gt", "$gte"})
KINDS_OF_VALUES: Final = 25
"""Different values of a made-up field, so that a query of it finds a part of the rows."""


def stand_in_name(mark: str, class_name: str) -> str:
    """Return the name of the class that is written in place of another."""
    return f"{PREFIX}{mark}_{class_name}"


def made_up_fields(operations: Iterable[Operation], class_name: str) -> dict[str, str]:
    """Guess the fields of a class that the app does not have, from the queries of a profile.

    Args:
        operations: The profile's operations.
        class_name: The class.

    Returns:
        The type of each field, as ``/schemas`` names it.
    """
    found: dict[str, str] = {}
    for operation in operations:
        if operation.class_name != class_name:
            continue
        _guess(operation.where, found)
        for key in operation.order.split(","):
            name = key.lstrip("-")
            if name and "." not in name:
                found.setdefault(name, "Number")
        for name in operation.keys:
            if "." not in name:
                found.setdefault(name, "String")
    return {name: type_ for name, type_ in found.items() if name not in _OWN}


def _guess(where: Mapping[str, Any], found: dict[str, str]) -> None:
    for key, inner in where.items():
        if key in LOGICAL and isinstance(inner, list):
            for each in inner:
                _guess(each, found)
        elif not key.startswith("$") and "." not in key:
            names = set(inner) if isinstance(inner, Mapping) else set()
            if names & _GEO:
                found[key] = "GeoPoint"
            elif "$all" in names:
                found[key] = "Array"
            elif names & _NUMERIC:
                found[key] = "Number"
            else:
                found.setdefault(key, "String")


def make_stand_in(
    master: ParseClient, mark: str, class_name: str, fields: Mapping[str, str]
) -> str:
    """Create the class that is written in place of another.

    Args:
        master: Sends the master key.
        mark: Mark of the run.
        class_name: The app's class.
        fields: Types of its fields, if the app has no such class.

    Returns:
        Its name.

    Raises:
        HarnessError: The server refuses.
    """
    name = stand_in_name(mark, class_name)
    real = master.get(f"schemas/{class_name}")
    schema: dict[str, Any] = real.json if real.ok and isinstance(real.json, dict) else {}
    columns = {
        key: {k: v for k, v in each.items() if k != "required"}
        for key, each in (schema.get("fields") or {}).items()
        if key not in _OWN and isinstance(each, dict)
    }
    columns = columns or {key: {"type": type_} for key, type_ in fields.items()}
    columns |= {PAD: {"type": "String"}, NUMBER: {"type": "Number"}}
    body = {"className": name, "fields": columns, "classLevelPermissions": _PUBLIC}
    indexes = _indexes(schema.get("indexes"), columns)
    reply = master.post(f"schemas/{name}", body | ({"indexes": indexes} if indexes else {}))
    if not reply.ok and indexes:  # a server that does not know them, or an index it cannot make
        reply = master.post(f"schemas/{name}", body)
    if not reply.ok:
        raise HarnessError(f"{name} cannot be made: status {reply.status} {reply.text.strip()}")
    return name


def _indexes(indexes: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(indexes, dict):
        return {}
    return {
        name: keys
        for name, keys in indexes.items()
        if isinstance(keys, dict)
        and all(key.removeprefix("_p_") in columns for key in keys)
        and all(direction in (1, -1) for direction in keys.values())
    }


def template_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that a new row can have as well."""
    return {
        key: value
        for key, value in row.items()
        if key not in _OWN and not key.startswith("_") and _can_be_copied(value)
    }


def _can_be_copied(value: Any) -> bool:
    if isinstance(value, Mapping):
        return value.get("__type") not in ("Relation", "File", "Object")
    return value is not None


def made_up_row(fields: Mapping[str, str], rng: random.Random) -> dict[str, Any]:
    """Return values for the fields of :func:`made_up_fields`."""
    return {name: _value(type_, rng.randrange(KINDS_OF_VALUES)) for name, type_ in fields.items()}


def _value(type_: str, number: int) -> Any:
    match type_:
        case "Number":
            return number * 10
        case "Array":
            return [f"value {number}", f"value {number + 1}"]
        case "GeoPoint":
            return {"__type": "GeoPoint", "latitude": 40.0 + number / 10, "longitude": number / 10}
        case "Date":
            day = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)
            return {"__type": "Date", "iso": f"{day:%Y-%m-%dT%H:%M:%S}.000Z"}
        case _:
            return f"value {number:03d}"


WRITES_ROWS: Final = frozenset({Ask.CREATE, Ask.UPDATE, Ask.DELETE, Ask.BATCH})
"""Operations that write rows of a class."""
