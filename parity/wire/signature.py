"""The signature of a request: what it asks for, without the values.

Two requests with one signature exercise the same code of an app, whoever sends them and
whatever about. Coverage of real traffic is counted in signatures.
"""

from __future__ import annotations

from typing import Any

from parity.wire.operation import Action, Operation
from parity.wire.query import LOGICAL

_SHOWN_PARAMS = ("count", "distinct", "excludeKeys", "include", "includeAll", "keys", "order")
_LISTS = frozenset({"excludeKeys", "include", "keys", "order"})
_DEEPEST = 6


def signature(operation: Operation) -> str:
    """Return the signature of an operation.

    Returns:
        For example ``GET /classes/Post where(random,$or(title)) order(-createdAt) limit``: the
        route with ``:id`` for an object, the shape of the query, the operators of an update.
    """
    parts = [f"{operation.method} {_route(operation)}"]
    if operation.action is Action.BATCH:
        parts += sorted({f"[{signature(part)}]" for part in operation.parts})
    elif operation.action in (Action.QUERY, Action.GET):
        parts += _query(operation.params)
    elif operation.action in (Action.CREATE, Action.UPDATE) and isinstance(operation.body, dict):
        operators = {
            str(value["__op"])
            for value in operation.body.values()
            if isinstance(value, dict) and "__op" in value
        }
        parts += [f"ops({','.join(sorted(operators))})"] if operators else []
    return " ".join(parts)


def _route(operation: Operation) -> str:
    segments = operation.segments
    if operation.action is Action.OUTSIDE:
        return operation.path
    if not segments:
        return operation.path or "/"
    if operation.object_id and operation.action is not Action.CREATE:
        return "/" + "/".join([*segments[:-1], ":id"])
    if segments[0] == "files":
        return "/files/:name" if operation.action is Action.UPLOAD else "/files/:app/:name"
    return "/" + "/".join(segments)


def _query(params: dict[str, Any]) -> list[str]:
    found = []
    where = params.get("where")
    if isinstance(where, dict) and where:
        found.append(f"where({_shape(where, 0)})")
    for name in _SHOWN_PARAMS:
        if name in params:
            value = params[name]
            found.append(f"{name}({value})" if name in _LISTS and value else name)
    return found + [name for name in ("limit", "skip") if name in params]


def _shape(value: Any, depth: int) -> str:
    if not isinstance(value, dict) or depth > _DEEPEST:
        return ""
    names = []
    for key in sorted(value):
        inner = value[key]
        if key in LOGICAL and isinstance(inner, list):
            shapes = sorted({_shape(each, depth + 1) for each in inner})
            names.append(f"{key}({'|'.join(shapes)})")
        elif isinstance(inner, dict) and "__type" not in inner and inner:
            names.append(f"{key}({_shape(inner, depth + 1)})")
        else:
            names.append(key)
    return ",".join(names)
