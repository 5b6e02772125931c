"""Values for the shape of a query: what some row of the class has in that field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from parity.indexes.sample import Sample, value_at
from parity.profiles.profile import VALUE
from parity.wire.mongo_query import Untranslatable
from parity.wire.query import LOGICAL
from parity.wire.storage import BUILT_IN

IN_VALUES: Final = 10
"""Values of a list that the shape does not count."""
NEAR_RADIANS: Final = 10 / 6371
"""A distance that the shape does not tell: 10 km."""
BOX_DEGREES: Final = 0.05
_SUBQUERIES: Final = frozenset({"$inQuery", "$notInQuery", "$select", "$dontSelect"})
_LOWER: Final = frozenset({"$gt", "$gte"})
_UPPER: Final = frozenset({"$lt", "$lte"})
_WORD: Final = re.compile(r"\w{3,}")

Samples = Callable[[str], Sample | None]
"""Gives the sample of a class; ``None`` if it has no rows."""


def bind(where: Mapping[str, Any], class_name: str, samples: Samples, random: Random) -> Any:
    """Fill the shape of a query with values.

    The values of one row are used as far as it has them, so that the query finds something.

    Args:
        where: The shape, with :data:`VALUE` for values.
        class_name: The class that is asked.
        samples: Where values come from.
        random: Chooses rows.

    Returns:
        The query in Parse's form.

    Raises:
        Untranslatable: No chosen row has a value for some field.
    """
    sample = samples(class_name)
    if sample is None or not sample.objects:
        why = "has no rows" if sample is None else "has no row that a server can read: parity audit"
        raise Untranslatable(f"{class_name} {why}")
    return _Binder(class_name, sample, samples, random).where(where)


class _Binder:
    def __init__(self, class_name: str, sample: Sample, samples: Samples, random: Random) -> None:
        self.class_name = class_name
        self.sample = sample
        self.samples = samples
        self.random = random
        self.row = random.choice(sample.objects)

    def where(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for key, value in shape.items():
            if key in LOGICAL:
                found[key] = [self._branch(branch) for branch in value]
            elif key == "$relatedTo":
                found[key] = self._related_to(value)
            else:
                found[key] = self._field(key, value)
        return found

    def _branch(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        # Each branch of an $or is about rows of its own.
        other = _Binder(self.class_name, self.sample, self.samples, self.random)
        return other.where(shape)

    def _field(self, key: str, shape: Any) -> Any:
        if is_value(shape):
            return self._value(key)
        if not isinstance(shape, Mapping):
            return shape
        low, high = None, None
        if _LOWER & shape.keys() and _UPPER & shape.keys():
            low, high = self._range(key)
        return {name: self._constraint(key, name, part, low, high) for name, part in shape.items()}

    def _constraint(self, key: str, name: str, shape: Any, low: Any, high: Any) -> Any:
        if name in _SUBQUERIES:
            return self._subquery(name, shape)
        if name in ("$in", "$nin", "$all", "$containedBy"):
            return self._several(key, name, shape)
        if name == "$regex":
            return self._regex(key, shape)
        if name == "$text":
            return self._text(key, shape)
        if name in ("$nearSphere", "$within", "$geoWithin", "$geoIntersects"):
            return self._geo(key, name, shape)
        if not is_value(shape):
            return shape
        if name.startswith("$maxDistance"):
            return NEAR_RADIANS
        if name == "$exists":
            return True
        if low is not None and name in _LOWER | _UPPER:
            return low if name in _LOWER else high
        return self._value(key, any_row=name == "$ne")

    def _value(self, key: str, *, any_row: bool = False) -> Any:
        value = None if any_row else value_at(self.row, key)
        if value in (None, []) or (
            isinstance(value, Mapping) and value.get("__type") == "Relation"
        ):
            value = self.random.choice(self._pool(key))
        value = self.random.choice(value) if isinstance(value, list) else value
        return as_sent(key, value)

    def _pool(self, key: str) -> list[Any]:
        type_ = BUILT_IN.get(key) or self.sample.schema.type_of(key.partition(".")[0])
        if type_ is not None and type_.type == "Relation":
            return self._related(type_.target_class)
        pool = self.sample.values(key)
        if not pool:
            raise Untranslatable(f"no row of {self.class_name} has a value in {key}")
        return pool

    def _related(self, target: str) -> list[Any]:
        other = self.samples(target)
        if other is None or not other.objects:
            raise Untranslatable(f"{target} has no rows")
        return [_pointer(target, row["objectId"]) for row in other.objects]

    def _range(self, key: str) -> tuple[Any, Any]:
        pool = [as_sent(key, value) for value in self._pool(key)]
        low, high = sorted((self.random.choice(pool), self.random.choice(pool)), key=_sort_key)
        return low, high

    def _several(self, key: str, name: str, shape: Any) -> list[Any]:
        count = IN_VALUES if is_value(shape) else len(shape)
        if not is_value(shape) and not any(map(is_value, shape)):
            return list(shape)
        own = value_at(self.row, key)
        if isinstance(own, list) and own and name == "$all":
            # Elements of one row, so that there is a row that has all of them.
            return [as_sent(key, own[at % len(own)]) for at in range(count)]
        first = [] if name == "$nin" else [self._value(key)]
        return first + [self._value(key, any_row=True) for _ in range(count - len(first))]

    def _regex(self, key: str, shape: Any) -> Any:
        if not isinstance(shape, str) or VALUE not in shape:
            return shape
        text = self._value(key)
        if not isinstance(text, str) or not text:
            raise Untranslatable(f"no row of {self.class_name} has text in {key}")
        anchored = shape.startswith("^")
        part = text[: max(3, len(text) // 2)] if anchored else text[len(text) // 3 :][:4]
        quoted = part.replace("\\E", "") if "\\Q" in shape else re.escape(part)
        return shape.replace(VALUE, quoted, 1)

    def _text(self, key: str, shape: Any) -> Any:
        if is_value(shape):
            shape = {"$search": {"$term": VALUE}}
        search = shape.get("$search") if isinstance(shape, Mapping) else None
        search = {"$term": VALUE} if is_value(search) else dict(search or {})
        if is_value(search.get("$term")):
            words = _WORD.findall(str(self._value(key)))
            search["$term"] = self.random.choice(words) if words else str(self._value(key))
        return {"$search": search}

    def _geo(self, key: str, name: str, shape: Any) -> Any:
        if VALUE not in str(shape):
            return shape
        value = self._value(key)
        point = _point(value)
        if name == "$nearSphere":
            return point
        if name == "$geoIntersects":
            return {"$point": point}
        lat, lng = point["latitude"], point["longitude"]
        if name == "$within":
            return {"$box": [_corner(lat, lng, -1, -1), _corner(lat, lng, 1, 1)]}
        if isinstance(shape, Mapping) and "$centerSphere" in shape:
            circle = shape["$centerSphere"]
            radius = circle[1] if isinstance(circle, list) and len(circle) > 1 else VALUE
            return {"$centerSphere": [point, NEAR_RADIANS if is_value(radius) else radius]}
        ring = [_corner(lat, lng, *way) for way in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
        return {"$polygon": ring}

    def _subquery(self, name: str, shape: Any) -> Any:
        if not isinstance(shape, Mapping):
            raise Untranslatable(f"the shape does not tell what {name} asks")
        query = shape.get("query", {}) if name in ("$select", "$dontSelect") else shape
        other = query.get("className") if isinstance(query, Mapping) else None
        if not isinstance(other, str):
            raise Untranslatable(f"the shape does not tell which class {name} asks")
        bound = {**query, "where": bind(query.get("where") or {}, other, self.samples, self.random)}
        return {**shape, "query": bound} if query is not shape else bound

    def _related_to(self, shape: Any) -> Any:
        owner = shape.get("object") if isinstance(shape, Mapping) else None
        class_name = owner.get("className") if isinstance(owner, Mapping) else None
        if not isinstance(class_name, str) or not isinstance(shape.get("key"), str):
            raise Untranslatable("the shape does not tell whose relation $relatedTo asks")
        return {**shape, "object": self.random.choice(self._related(class_name))}


def is_value(shape: Any) -> bool:
    """Tell whether a part of a shape stands for a value: ``?``, or a Parse value with ``?``."""
    if isinstance(shape, Mapping):
        return "__type" in shape and any(part == VALUE for part in shape.values())
    return bool(shape == VALUE)


def as_sent(key: str, value: Any) -> Any:
    """Return a value of a row as a client would send it in a query.

    Args:
        key: The field.
        value: As REST shows it; of an array its first element is taken.
    """
    if isinstance(value, list):
        return as_sent(key, value[0]) if value else None
    if isinstance(value, Mapping) and value.get("__type") == "Pointer":
        return _pointer(value["className"], value["objectId"])
    if key in ("createdAt", "updatedAt") and isinstance(value, str):
        # Shown as text, and compared only as a date.
        return {"__type": "Date", "iso": value}
    return value


def _is_relation(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("__type") == "Relation"


def _pointer(class_name: str, object_id: str) -> dict[str, Any]:
    return {"__type": "Pointer", "className": class_name, "objectId": object_id}


def _point(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping) and value.get("__type") == "Polygon":
        lat, lng = value["coordinates"][0]
        value = {"latitude": lat, "longitude": lng}
    if not isinstance(value, Mapping) or "latitude" not in value:
        raise Untranslatable("the field holds no points")
    return {
        "__type": "GeoPoint",
        "latitude": value["latitude"],
        "longitude": value["longitude"],
    }


def _corner(lat: float, lng: float, north: int, east: int) -> dict[str, Any]:
    return {
        "__type": "GeoPoint",
        "latitude": max(-90.0, min(90.0, lat + north * BOX_DEGREES)),
        "longitude": max(-180.0, min(180.0, lng + east * BOX_DEGREES)),
    }


def _sort_key(value: Any) -> tuple[str, Any]:
    if isinstance(value, Mapping):
        return "date", str(value.get("iso", value))
    if isinstance(value, (int, float)):
        return "number", value
    return "text", str(value)
