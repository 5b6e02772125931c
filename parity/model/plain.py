"""Values as evidence holds them: times, clipped bodies, and whatever JSON can say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

BODY_LIMIT = 16_384
"""Characters of a body that evidence keeps."""

_Made = TypeVar("_Made")
_DEEPEST = 40
_LONGEST_INTEGER_BITS = 4096


def utc_now() -> str:
    """Return the time in the form that evidence uses: ``2026-07-30T12:34:56.789Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body_text(body: bytes | str, limit: int = BODY_LIMIT) -> str:
    """Return a body as text, clipped.

    Args:
        body: Raw bytes (read as UTF-8, bad bytes replaced) or text.
        limit: Characters to keep.

    Returns:
        The text, with ``…(+N bytes)`` at its end if N bytes (in UTF-8) were left out.
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if len(text) <= limit:
        return text
    left_out = len(text[limit:].encode("utf-8", "surrogatepass"))
    return f"{text[:limit]}…(+{left_out} bytes)"


def plain(value: Any, depth: int = 0) -> Any:
    """Return the nearest value that JSON can hold, unchanged if it already can.

    NaN, infinities, endless integers, other objects and too deep nesting become text.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        bits = value.bit_length()
        return value if bits <= _LONGEST_INTEGER_BITS else f"integer of {bits} bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if depth >= _DEEPEST:
        return "… (nested deeper)"
    if isinstance(value, Mapping):
        return {str(key): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, depth + 1) for each in value]
    return repr(value)


def picked(kind: type[_Made], *sources: object, **given: Any) -> _Made:
    """Make a result for machines of what some objects have under the same names.

    Args:
        kind: A dataclass.
        sources: Where a field is looked up that is not given; the first that has it counts.
        given: Fields by name.

    Returns:
        The result; its own numbers are rounded for readers, and JSON knows no infinity.

    Raises:
        StopIteration: Nothing has a field of that name; that is a fault of ours.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    values = given | {
        name: next(getattr(source, name) for source in sources if hasattr(source, name))
        for name in names
        if name not in given
    }
    return kind(**{name: _finite(value) for name, value in values.items()})


def _finite(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 6) if math.isfinite(value) else None
