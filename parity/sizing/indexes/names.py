"""The name of a query without its values, for people and for the ids of checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.sizing.indexes.bind import is_value
from parity.sizing.indexes.model import Keys
from parity.sizing.indexes.sent import Sent
from parity.sizing.profile import VALUE, Ask, Operation


def signature(operation: Operation) -> str:
    """Return what an operation asks for: ``Post where(author,score($gt)) order(-createdAt)``."""
    parts = [operation.class_name]
    if operation.ask is Ask.COUNT:
        parts.append("count")
    if operation.where:
        parts.append(f"where({_shape(operation.where)})")
    if operation.order:
        parts.append(f"order({operation.order.replace(' ', '')})")
    if operation.limit is not None:
        parts.append(f"limit({operation.limit})")
    if operation.skip:
        parts.append(f"skip({operation.skip})")
    return " ".join(parts)


def shown_filter(sent: Sent) -> dict[str, Any]:
    """Return a MongoDB query with ``?`` for its values, so that it can be shown to anybody."""
    return {key: _hidden(key, each) for key, each in sent.filter.items()}


def shown_keys(keys: Keys) -> str:
    """Return keys as the shell writes them: ``{_p_author: 1, _created_at: -1}``."""
    return "{" + ", ".join(f"{key}: {way}" for key, way in keys) + "}"


def _shape(where: Any) -> str:
    names = []
    for key, value in sorted(where.items()):
        if isinstance(value, list) and key.startswith("$") and _are_shapes(value):
            names.append(f"{key}({'|'.join(dict.fromkeys(_shape(each) for each in value))})")
        elif isinstance(value, Mapping) and value and not is_value(value):
            names.append(f"{key}({_shape(value)})" if "__type" not in value else key)
        elif key == "$regex":
            kind = "prefix" if str(value).startswith("^") else "anywhere"
            names.append(f"{key}:{kind}")
        elif key == "className":
            names.append(str(value))
        else:
            names.append(key)
    return ",".join(names)


def _are_shapes(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, Mapping) and "__type" not in each for each in value)


def _hidden(key: str, value: Any) -> Any:
    if key == "_rperm":
        return {"$in": [None, "*", VALUE]}
    if isinstance(value, list) and key in ("$or", "$and", "$nor"):
        return [{name: _hidden(name, one) for name, one in each.items()} for each in value]
    if isinstance(value, Mapping) and value and all(str(each).startswith("$") for each in value):
        return {name: _hidden(name, each) for name, each in value.items()}
    if key in ("$exists", "$maxDistance", "$options"):
        return value
    return VALUE
