"""Typed equality of JSON values as Parse means them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from parity.model import Difference, Kind

MISSING: Any = object()
"""Stands for a key that is not there, which is not the same as ``null``."""


@runtime_checkable
class Comparable(Protocol):
    """An expectation that is not a plain value."""

    def compare(self, actual: Any, path: str) -> list[Difference]:
        """Return where ``actual`` disagrees; an empty list when it does not."""

    def describe(self) -> str:
        """Return a few words that name what is expected."""


def describe(expected: Any) -> Any:
    """Return ``expected`` as JSON, with matchers replaced by their description in angle brackets.

    Args:
        expected: Any JSON value, possibly with matchers inside.

    Returns:
        A JSON-serialisable value to show to people.
    """
    if isinstance(expected, Comparable):
        return f"<{expected.describe()}>"
    if isinstance(expected, dict):
        return {key: describe(value) for key, value in expected.items()}
    if isinstance(expected, list | tuple | set | frozenset):
        return [describe(value) for value in expected]
    return expected


def differences(expected: Any, actual: Any, path: str = "$") -> list[Difference]:
    """Compare two JSON values; every key and every element counts.

    Numbers are equal when they are one JavaScript number (``-30`` and ``-30.0``; an integer and a
    double beyond 2^53); two integers are compared exactly, so that rounding shows. A boolean is
    never a number, and ``null`` is never a missing key.

    Args:
        expected: A JSON value; matchers may stand anywhere in it.
        actual: What was observed; :data:`MISSING` when there is nothing.
        path: JSON path of the two values, for the differences.

    Returns:
        One difference for each place that disagrees, in document order.
    """
    if actual is MISSING:
        if isinstance(expected, Comparable):
            return expected.compare(MISSING, path)
        return [Difference(path, Kind.MISSING, describe(expected), None)]
    if isinstance(expected, Comparable):
        return expected.compare(actual, path)
    if _type_name(expected) != _type_name(actual):
        return [Difference(path, Kind.TYPE, describe(expected), actual)]
    if isinstance(expected, dict):
        return _objects(expected, actual, path)
    if isinstance(expected, list | tuple):
        return _arrays(expected, actual, path)
    if not _same_scalar(expected, actual):
        return [Difference(path, Kind.VALUE, expected, actual)]
    return []


def child(path: str, key: str) -> str:
    """Return the JSON path of member ``key`` of the object at ``path``."""
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def _objects(expected: dict[str, Any], actual: dict[str, Any], path: str) -> list[Difference]:
    found: list[Difference] = []
    for key, value in expected.items():
        found += differences(value, actual.get(key, MISSING), child(path, key))
    found += [
        Difference(child(path, key), Kind.EXTRA, None, actual[key])
        for key in actual
        if key not in expected
    ]
    return found


def _arrays(
    expected: list[Any] | tuple[Any, ...], actual: list[Any], path: str
) -> list[Difference]:
    if len(expected) != len(actual):
        return [Difference(path, Kind.LENGTH, describe(expected), actual)]
    found: list[Difference] = []
    for index, (left, right) in enumerate(zip(expected, actual, strict=True)):
        found += differences(left, right, f"{path}[{index}]")
    if found and _same_elements(expected, actual):
        return [Difference(path, Kind.ORDER, describe(expected), actual)]
    return found


def _same_elements(expected: list[Any] | tuple[Any, ...], actual: list[Any]) -> bool:
    rest = list(actual)
    for value in expected:
        match = next((i for i, other in enumerate(rest) if not differences(value, other)), None)
        if match is None:
            return False
        del rest[match]
    return True


def _same_scalar(expected: Any, actual: Any) -> bool:
    if isinstance(expected, float) or isinstance(actual, float):
        try:
            return float(expected) == float(actual)
        except OverflowError:  # an integer beyond every double
            return False
    return bool(expected == actual)


def _type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case list() | tuple():
            return "array"
        case _:
            return type(value).__name__


def follow(value: Any, path: str) -> Any:
    """Return the value at a path such as ``.results[0].objectId``.

    Raises:
        LookupError: There is none.
    """
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        if name:
            if not isinstance(value, Mapping):
                raise LookupError(name)
            value = value[name]
        else:
            if not isinstance(value, list):
                raise LookupError(index)
            value = value[int(index)]
    return value
