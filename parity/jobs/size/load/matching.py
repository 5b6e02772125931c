"""Does a row belong into the answer of a query?

A load test asks it of every row that comes back, so it is quick, and it says "no" only when it is
sure: constraints whose meaning needs another query or geometry are not judged.

Source: REST guide "Queries" (the table of constraints; a constraint on an array concerns its
elements).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from parity.wire.query import LOGICAL

_ABSENT: Final = object()
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$lt": lambda mine, theirs: mine < theirs,
    "$lte": lambda mine, theirs: mine <= theirs,
    "$gt": lambda mine, theirs: mine > theirs,
    "$gte": lambda mine, theirs: mine >= theirs,
}


def matches(where: Mapping[str, Any], row: Mapping[str, Any], *, whole: bool) -> bool | None:
    """Tell whether a row matches a query.

    Args:
        where: The query, in Parse's own form.
        row: The row, as JSON of REST or, with a query translated for it, as MongoDB has it.
        whole: Whether the row has all its fields; else a field that is not there says nothing.

    Returns:
        ``None`` if that cannot be said.
    """
    verdict: bool | None = True
    for key, inner in where.items():
        if key in LOGICAL:
            found = _logical(key, inner, row, whole=whole)
        elif key.startswith("$"):
            found = None
        else:
            found = _field(_value(row, key), inner, whole=whole)
        if found is False:
            return False
        verdict = verdict if found else None
    return verdict


def out_of_order(sort: tuple[str, int], rows: Sequence[Any]) -> bool:
    """Tell whether rows are surely not in the order that a query asked for.

    Args:
        sort: The first key, and 1 or -1.
        rows: The rows.
    """
    key, direction = sort
    values = [_plain(_value(row, key)) for row in rows]
    for before, after in pairwise(values):
        if not _comparable(before, after):
            continue
        if (before > after) if direction > 0 else (before < after):
            return True
    return False


def same(sent: Any, got: Any) -> bool:
    """Tell whether a value that was saved came back as it was: equal as a Parse value."""
    if isinstance(sent, Mapping) and isinstance(got, Mapping):
        if sent.get("__type") in ("Pointer", "Date"):
            return _equal(_plain(sent), _plain(got))
        return sent.keys() <= got.keys() and all(same(sent[key], got[key]) for key in sent)
    if isinstance(sent, list) and isinstance(got, list):
        return len(sent) == len(got) and all(map(same, sent, got))
    return _equal(sent, got)


def _logical(key: str, inner: Any, row: Mapping[str, Any], *, whole: bool) -> bool | None:
    found = [matches(branch, row, whole=whole) for branch in inner]
    if key == "$and":
        return False if False in found else None if None in found else True
    any_of = True if True in found else None if None in found else False
    if key == "$or" or any_of is None:
        return any_of
    return not any_of


def _field(value: Any, inner: Any, *, whole: bool) -> bool | None:
    if value is _ABSENT and not whole:
        return None
    if not isinstance(inner, Mapping) or "__type" in inner or not inner:
        return _has(value, inner)
    verdict: bool | None = True
    for name, argument in inner.items():
        found = _constraint(value, name, argument)
        if found is False:
            return False
        verdict = verdict if found else None
    return verdict


def _constraint(value: Any, name: str, argument: Any) -> bool | None:
    if name in _COMPARE:
        return _compared(value, _COMPARE[name], argument)
    if name == "$eq":
        return _has(value, argument)
    if name == "$ne":
        return not _has(value, argument)
    if name in ("$in", "$nin") and isinstance(argument, list):
        return any(_has(value, wanted) for wanted in argument) is (name == "$in")
    if name == "$all" and isinstance(argument, list):
        return all(_has(value, wanted) for wanted in argument)
    if name == "$exists":
        return (value is not _ABSENT) is bool(argument)
    if name == "$regex" and isinstance(argument, str) and isinstance(value, str):
        return _found(argument, value)
    return None


def _compared(value: Any, compare: Callable[[Any, Any], bool], argument: Any) -> bool | None:
    if value is _ABSENT or value is None:
        return False
    if isinstance(value, list):
        return None
    mine, theirs = _plain(value), _plain(argument)
    return compare(mine, theirs) if _comparable(mine, theirs) else None


def _found(pattern: str, value: str) -> bool | None:
    # What this package makes up: the start of a text. Other patterns may mean other things in
    # MongoDB's dialect.
    if pattern[:1] != "^" or re.search(r"(?<!\\)[.*+?()\[\]{}|$]", pattern[1:]):
        return None
    return re.match(pattern, value) is not None


def _has(value: Any, wanted: Any) -> bool:
    if value is _ABSENT:
        return wanted is None
    plain = _plain(wanted)
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(_equal(_plain(element), plain) for element in value)
    return _equal(_plain(value), plain)


def _equal(one: Any, other: Any) -> bool:
    # In JSON true is not 1.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _comparable(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    kinds: tuple[Any, ...] = (str, int | float, datetime)
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in kinds)


def _plain(value: Any) -> Any:
    """Return a pointer, an included object or a date as something that can be compared."""
    if not isinstance(value, dict):
        return value
    kind = value.get("__type")
    if kind in ("Pointer", "Object"):
        return ("pointer", value.get("className"), value.get("objectId"))
    return value.get("iso") if kind == "Date" else value


def _value(row: Any, key: str) -> Any:
    value = row
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value
