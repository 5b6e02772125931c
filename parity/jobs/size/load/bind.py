"""Puts values that exist into the shapes of a profile's queries.

The values of one query come from one row, so that the row itself matches wherever the constraint
allows it, and an index is used as by the app's own queries.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from parity.profiles.profile import VALUE
from parity.profiles.shapes import LITERAL
from parity.wire.query import LOGICAL

_TIMES: Final = frozenset({"createdAt", "updatedAt"})
_LISTS: Final = ("$in", "$nin", "$all", "$containedBy")
_PREFIX: Final = 3
"""Characters of a value that a search by ``$regex`` looks for."""
_BOX: Final = 0.5
"""Degrees around a point that a search in a box looks at, each way."""

Pick = Callable[[str], Mapping[str, Any] | None]
"""Gives some row of a class."""


class CannotBind(Exception):
    """There is no value for a place in a shape; the text says for which."""


def fields_of(where: Mapping[str, Any]) -> set[str]:
    """Return the fields of the class that a shape needs values of."""
    found: set[str] = set()
    for key, inner in where.items():
        if key in LOGICAL and isinstance(inner, list):
            found.update(*(fields_of(branch) for branch in inner if isinstance(branch, Mapping)))
        elif not key.startswith("$"):
            found.add(key.partition(".")[0])
    return found


def classes_of(where: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the other classes that a shape asks, each with the shape of the inner query."""
    for key, inner in where.items():
        if key in LOGICAL and isinstance(inner, list):
            for branch in inner:
                if isinstance(branch, Mapping):
                    yield from classes_of(branch)
        elif key == "$relatedTo" and isinstance(inner, Mapping):
            owner = inner.get("object")
            if isinstance(owner, Mapping) and isinstance(owner.get("className"), str):
                yield owner["className"], {}
        elif isinstance(inner, Mapping):
            for name, value in inner.items():
                query = _inner_query(name, value)
                if query is not None:
                    yield query


def bind(
    where: Mapping[str, Any], row: Mapping[str, Any], pick: Pick, rng: random.Random
) -> dict[str, Any]:
    """Return a query of a shape, with values of a row.

    Args:
        where: The shape, with :data:`VALUE` for values.
        row: A row of the class, as JSON of REST.
        pick: Gives rows of other classes, and more of this one for lists.
        rng: Chooses.

    Raises:
        CannotBind: The row has no such field, or the constraint is not one that can be bound.
    """
    bound: dict[str, Any] = {}
    for key, inner in where.items():
        if key in LOGICAL:
            bound[key] = [bind(branch, row, pick, rng) for branch in inner]
        elif key == "$relatedTo":
            bound[key] = _related(inner, pick)
        elif key.startswith("$"):
            raise CannotBind(f"{key} is not a search that can be made up")
        else:
            bound[key] = _field(key, inner, row, pick, rng)
    return bound


def _field(key: str, inner: Any, row: Mapping[str, Any], pick: Pick, rng: random.Random) -> Any:
    if isinstance(inner, Mapping) and "__type" not in inner and inner:
        return {
            name: _constraint(name, argument, key, row, pick, rng)
            for name, argument in inner.items()
        }
    if inner == VALUE or isinstance(inner, Mapping):
        return _one(value_in(row, key), key, rng)
    return inner


def _constraint(
    name: str, argument: Any, key: str, row: Mapping[str, Any], pick: Pick, rng: random.Random
) -> Any:
    if name in LITERAL:
        return argument
    query = _inner_query(name, argument)
    if query is not None:
        class_name, shape = query
        inner_row = pick(class_name)
        if inner_row is None:
            raise CannotBind(f"no row of {class_name} for {name}")
        bound = {"className": class_name, "where": bind(shape, inner_row, pick, rng)}
        if name in ("$select", "$dontSelect"):
            return {"query": bound, "key": argument.get("key")}
        return {**argument, **bound}
    value = value_in(row, key)
    if name in _LISTS:
        return _several(argument, value, key, row, pick, rng)
    if name == "$regex":
        return _prefix(value, key)
    if name == "$within":
        return {"$box": _box(value, key)}
    if name.startswith(("$geo", "$text")):
        raise CannotBind(f"{name} is not a search that can be made up")
    return _one(value, key, rng) if argument == VALUE else argument


def value_in(row: Mapping[str, Any], key: str) -> Any:
    """Return the value of a field, or of a dotted path, as a query names it.

    Raises:
        CannotBind: There is none.
    """
    value: Any = row
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        raise CannotBind(f"no row has a {key}")
    if key in _TIMES and isinstance(value, str):
        return {"__type": "Date", "iso": value}
    if isinstance(value, Mapping) and value.get("__type") == "Object":
        return {
            "__type": "Pointer",
            "className": value.get("className"),
            "objectId": value.get("objectId"),
        }
    return value


def _one(value: Any, key: str, rng: random.Random) -> Any:
    if isinstance(value, list):  # equality with an array means: has this element
        if not value:
            raise CannotBind(f"no row has an element in {key}")
        return rng.choice(value)
    return value


def _several(
    argument: Any,
    value: Any,
    key: str,
    row: Mapping[str, Any],
    pick: Pick,
    rng: random.Random,
) -> list[Any]:
    number = len(argument) if isinstance(argument, Sequence) else 1
    found = [_one(value, key, rng)]
    while len(found) < number:
        other = pick("") or row
        try:
            found.append(_one(value_in(other, key), key, rng))
        except CannotBind:
            found.append(found[0])
    return found


def _prefix(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise CannotBind(f"{key} is no text that could be searched for")
    return "^" + re.escape(value[:_PREFIX])


def _box(value: Any, key: str) -> list[dict[str, Any]]:
    if not isinstance(value, Mapping) or value.get("__type") != "GeoPoint":
        raise CannotBind(f"{key} is no place")
    latitude, longitude = float(value["latitude"]), float(value["longitude"])
    return [
        {
            "__type": "GeoPoint",
            "latitude": max(-90.0, min(90.0, latitude + side * _BOX)),
            "longitude": max(-180.0, min(180.0, longitude + side * _BOX)),
        }
        for side in (-1, 1)
    ]


def _inner_query(name: str, argument: Any) -> tuple[str, Mapping[str, Any]] | None:
    if name in ("$select", "$dontSelect") and isinstance(argument, Mapping):
        argument = argument.get("query")
    elif name not in ("$inQuery", "$notInQuery"):
        return None
    if isinstance(argument, Mapping) and isinstance(argument.get("className"), str):
        shape = argument.get("where")
        return argument["className"], shape if isinstance(shape, Mapping) else {}
    return None


def _related(argument: Any, pick: Pick) -> dict[str, Any]:
    owner = argument.get("object") if isinstance(argument, Mapping) else None
    if not isinstance(owner, Mapping) or not isinstance(owner.get("className"), str):
        raise CannotBind("$relatedTo does not say of which class")
    row = pick(owner["className"])
    if row is None:
        raise CannotBind(f"no row of {owner['className']} for $relatedTo")
    return {**argument, "object": {**owner, "objectId": row.get("objectId")}}
