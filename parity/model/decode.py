"""Strict reading of JSON into the frozen dataclasses of the vocabulary.

Only what evidence needs: strings, numbers, booleans, ``None``, literals, string enums, lists
as tuples, objects with string keys, nested dataclasses, and unions of one type with ``None``.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
_HINTS: dict[type[Any], dict[str, Any]] = {}


class Misfit(ValueError):
    """A JSON value does not have the shape of the class; the message names the place."""


def decode(cls: type[T], value: Any, where: str) -> T:
    """Build a dataclass from a JSON object.

    Args:
        cls: A dataclass whose annotations are all of the kinds named above.
        value: The parsed JSON; every field without a default must be there, and no other.
        where: What the value is called in messages, for example ``check``.

    Returns:
        An instance of ``cls``.

    Raises:
        Misfit: If a field is missing, unknown, or of another type, or ``cls`` refuses it.
    """
    if not isinstance(value, dict):
        raise Misfit(f"{where}: expected an object, got {_short(value)}")
    hints = _hints(cls)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise Misfit(f"{where}: unknown field {unknown[0]!r}")
    required = {
        each.name
        for each in fields(cls)  # type: ignore[arg-type]
        if each.default is MISSING and each.default_factory is MISSING
    }
    missing = sorted(required - set(value))
    if missing:
        raise Misfit(f"{where}: field {missing[0]!r} is missing")
    arguments = {
        name: _convert(hints[name], each, f"{where}.{name}") for name, each in value.items()
    }
    try:
        return cls(**arguments)
    except ValueError as error:
        raise Misfit(f"{where}: {error}") from None


def _hints(cls: type[Any]) -> dict[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = typing.get_type_hints(cls)
    return _HINTS[cls]


def _convert(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    origin = typing.get_origin(kind)
    if origin is not None:
        return _convert_generic(origin, typing.get_args(kind), value, where)
    if is_dataclass(kind):
        return decode(typing.cast("type[Any]", kind), value, where)
    if issubclass(kind, Enum):
        return _convert_enum(kind, value, where)
    return _convert_plain(kind, value, where)


def _convert_generic(origin: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (each for each in arguments if each is not type(None))
        return _convert(kind, value, where)
    if origin is typing.Literal:
        if not (isinstance(value, str) and value in arguments):
            raise Misfit(f"{where}: expected one of {', '.join(arguments)}, got {_short(value)}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise Misfit(f"{where}: expected a list, got {_short(value)}")
        return tuple(
            _convert(arguments[0], each, f"{where}[{number}]") for number, each in enumerate(value)
        )
    if not isinstance(value, Mapping):
        raise Misfit(f"{where}: expected an object, got {_short(value)}")
    return {key: _convert(arguments[1], each, f"{where}.{key}") for key, each in value.items()}


def _convert_enum(kind: type[Enum], value: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(str(each.value) for each in kind)
        raise Misfit(f"{where}: expected one of {words}, got {_short(value)}") from None


def _convert_plain(kind: type[Any], value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    # bool is an int in Python, but true is no number in JSON.
    if type(value) is not kind:
        raise Misfit(f"{where}: expected {kind.__name__}, got {_short(value)}")
    if kind is float and not math.isfinite(value):
        raise Misfit(f"{where}: expected a finite number")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
