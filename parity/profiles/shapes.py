"""What a recorded request asks for, without its values: one operation of a profile.

Nothing of a user's data gets into a profile: values become :data:`VALUE`, and names of fields are
kept only if they are names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from parity.profiles.profile import MOST_PARTS, VALUE, Ask, Operation
from parity.wire.operation import Action
from parity.wire.operation import Operation as Recorded
from parity.wire.query import LOGICAL

LITERAL: Final = frozenset(
    {
        *("$exists", "$options", "$maxDistance", "$maxDistanceInRadians", "$maxDistanceInMiles"),
        *("$maxDistanceInKilometers", "$maxDistanceRadians"),
    }
)
"""Constraints whose value belongs to the shape: it decides what the query costs."""
_FIELD: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z0-9_]{1,64}){0,4}")
_CONSTRAINT: Final = re.compile(r"\$[A-Za-z]{1,32}")
_CLASS: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9_]{0,127}")
_FUNCTION: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,127}")
_OPTIONS: Final = re.compile(r"[imsxu]{0,5}")
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100)
"""Lengths of lists of values that are told apart."""
_DEEPEST: Final = 6
_LARGEST_LIMIT: Final = 100_000

_SIMPLE: Final = {
    Action.GET: Ask.GET,
    Action.ME: Ask.GET,
    Action.UPDATE: Ask.UPDATE,
    Action.DELETE: Ask.DELETE,
    Action.LOG_IN: Ask.LOG_IN,
    Action.LOG_OUT: Ask.LOG_OUT,
    Action.UPLOAD: Ask.UPLOAD,
    Action.DOWNLOAD: Ask.DOWNLOAD,
    Action.FUNCTION: Ask.FUNCTION,
}
_WITHOUT_CLASS: Final = frozenset({Ask.LOG_IN, Ask.LOG_OUT, Ask.UPLOAD, Ask.DOWNLOAD})


class NotInProfile(Exception):
    """A request that no operation of a profile stands for; the text says what it is."""


def operation_of(recorded: Recorded) -> Operation:
    """Return the operation that a recorded request is one of; its weight is 1, its size 0.

    Raises:
        NotInProfile: There is none.
    """
    if recorded.action is Action.CREATE:
        return _creation(recorded.class_name)
    if recorded.action is Action.BATCH:
        return _batch(recorded)
    if recorded.action is Action.QUERY and recorded.segments[0] != "aggregate":
        return _query(recorded)
    ask = _SIMPLE.get(recorded.action)
    if ask is Ask.FUNCTION:
        return _function(recorded)
    if ask is None:
        raise NotInProfile(_kind_of(recorded))
    name = "" if ask in _WITHOUT_CLASS else _class_name(recorded.class_name)
    return Operation(ask, 1.0, name)


def shape_of(where: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return the shape of a query: its fields and constraints, and "?" for values.

    Raises:
        NotInProfile: A name in it is none, so that it may be somebody's data.
    """
    if depth > _DEEPEST:
        raise NotInProfile("a query that is nested too deeply")
    shape: dict[str, Any] = {}
    for key, inner in where.items():
        if key in LOGICAL and isinstance(inner, list):
            shape[key] = [shape_of(_mapping(branch), depth + 1) for branch in inner[:10]]
        elif key == "$relatedTo":
            shape[key] = _related(inner)
        elif not _FIELD.fullmatch(key):
            raise NotInProfile("a query with a name that is no field")
        elif isinstance(inner, Mapping) and inner and "__type" not in inner:
            shape[key] = {
                _constraint(name): _argument(name, argument, depth + 1)
                for name, argument in inner.items()
            }
        else:
            shape[key] = VALUE
    return shape


def _constraint(name: str) -> str:
    if not _CONSTRAINT.fullmatch(name):
        # Equality with an object: {"settings": {"theme": "dark"}}.
        raise NotInProfile("a query for an object")
    return name


def _argument(name: str, argument: Any, depth: int) -> Any:
    if name in LITERAL:
        return _literal(argument)
    if name in ("$inQuery", "$notInQuery"):
        return _inner(_mapping(argument), depth)
    if name in ("$select", "$dontSelect"):
        inner = _mapping(argument)
        key = str(inner.get("key", ""))
        if not _FIELD.fullmatch(key):
            raise NotInProfile("a query with a name that is no field")
        return {"query": _inner(_mapping(inner.get("query")), depth), "key": key}
    if name in ("$within", "$geoWithin", "$geoIntersects", "$text"):
        return {_constraint(name): VALUE for name in _mapping(argument)}
    if isinstance(argument, list):
        return [VALUE] * next((size for size in _SIZES if size >= len(argument)), _SIZES[-1])
    return VALUE


def _literal(argument: Any) -> Any:
    if isinstance(argument, bool | int | float):
        return argument
    return argument if isinstance(argument, str) and _OPTIONS.fullmatch(argument) else VALUE


def _inner(query: Mapping[str, Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"className": _class_name(query.get("className"))}
    where = query.get("where")
    found["where"] = shape_of(where, depth + 1) if isinstance(where, Mapping) else {}
    return found


def _related(argument: Any) -> dict[str, Any]:
    argument = _mapping(argument)
    key = str(argument.get("key", ""))
    if not _FIELD.fullmatch(key):
        raise NotInProfile("a query with a name that is no field")
    owner = _class_name(_mapping(argument.get("object")).get("className"))
    pointer = {"__type": "Pointer", "className": owner, "objectId": VALUE}
    return {"object": pointer, "key": key}


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise NotInProfile("a query that no server understands")
    return value


def _creation(class_name: str) -> Operation:
    if class_name == "_User":
        return Operation(Ask.SIGN_UP, 1.0)
    if class_name == "_Installation":
        return Operation(Ask.INSTALLATION, 1.0)
    return Operation(Ask.CREATE, 1.0, _class_name(class_name))


def _batch(recorded: Recorded) -> Operation:
    classes = Counter(part.class_name for part in recorded.parts if part.class_name)
    if not classes:
        raise NotInProfile("a batch about no class")
    [(name, _)] = classes.most_common(1)
    return Operation(Ask.BATCH, 1.0, _class_name(name), parts=min(len(recorded.parts), MOST_PARTS))


def _function(recorded: Recorded) -> Operation:
    name = recorded.segments[1] if len(recorded.segments) > 1 else ""
    if recorded.segments[0] != "functions" or not _FUNCTION.fullmatch(name):
        raise NotInProfile("a background job")
    return Operation(Ask.FUNCTION, 1.0, function=name)


def _query(recorded: Recorded) -> Operation:
    params = recorded.params
    where = params.get("where")
    limit = _number(params.get("limit"))
    counts = params.get("count") not in (None, "0", 0, False) and limit == 0
    return Operation(
        Ask.COUNT if counts else Ask.QUERY,
        1.0,
        _class_name(recorded.class_name),
        where=shape_of(where) if isinstance(where, Mapping) else {},
        order="" if counts else _order(params.get("order")),
        limit=None if counts else limit,
        skip=0 if counts else _number(params.get("skip")) or 0,
        keys=() if counts else _names(params.get("keys")),
        include=() if counts else _names(params.get("include")),
    )


def _class_name(name: object) -> str:
    if not isinstance(name, str) or not _CLASS.fullmatch(name):
        raise NotInProfile("a class with a name that is none")
    return name


def _number(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= _LARGEST_LIMIT else None


def _order(value: object) -> str:
    keys = [key.strip() for key in value.split(",")] if isinstance(value, str) else []
    return ",".join(key for key in keys if _FIELD.fullmatch(key.removeprefix("-")))


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    names = value if isinstance(value, list) else []
    return tuple(name for name in names if isinstance(name, str) and _FIELD.fullmatch(name))


def _kind_of(recorded: Recorded) -> str:
    if recorded.action is Action.OUTSIDE:
        return "outside of the app's mount"
    if recorded.action is Action.QUERY:
        return "an aggregation"
    head = recorded.segments[0] if recorded.segments else ""
    known = head if re.fullmatch(r"[a-zA-Z_]{1,32}", head) else "another route"
    return f"{recorded.action}: {known}"
