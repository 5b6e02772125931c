"""The classes of an app as a recording shows them, where nobody has the master key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from parity.capture.exchanges import RecordedExchange
from parity.capture.recording import RecordingReader
from parity.wire.operation import Action, Operation, parse_json, parse_operation

Json = dict[str, Any]

_COMMON: Final[Json] = {
    "objectId": {"type": "String"},
    "createdAt": {"type": "Date"},
    "updatedAt": {"type": "Date"},
    "ACL": {"type": "ACL"},
}
_NOT_FIELDS: Final = frozenset({"__type", "className", "sessionToken", "authData", "_method"})
_OPERATORS: Final = {"Increment": "Number", "Add": "Array", "AddUnique": "Array", "Remove": "Array"}
_WRITING: Final = frozenset({Action.CREATE, Action.UPDATE})
_RELATIONS: Final = frozenset({"AddRelation", "RemoveRelation"})
_LIKE_ITS_TYPE: Final = frozenset({"Date", "Bytes", "GeoPoint", "Polygon", "File"})


def schemas_in(reader: RecordingReader) -> list[Json]:
    """Return the classes and fields that recorded traffic shows, as ``/schemas`` would tell them.

    A field that was never sent and never answered is not there, and nobody's permissions are: a
    recording shows what was allowed to its clients, not what is forbidden to others.

    Args:
        reader: An open recording.
    """
    mount = urlsplit(reader.header.base_url or "").path.rstrip("/")
    found: dict[str, Json] = defaultdict(lambda: dict(_COMMON))
    for exchange in reader:
        request = exchange.request
        operation = parse_operation(request.method, request.url, request.body, mount)
        for class_name, row in _rows(operation, exchange):
            for key, value in row.items():
                kind = _type_of(value)
                if key not in _NOT_FIELDS and kind is not None:
                    found[class_name].setdefault(key, kind)
    return [{"className": name, "fields": fields} for name, fields in sorted(found.items())]


def _rows(operation: Operation, exchange: RecordedExchange) -> Iterator[tuple[str, Json]]:
    """Yield class and content of every object that was sent or answered."""
    for part in operation.parts or (operation,):
        if part.class_name and isinstance(part.body, dict) and part.action in _WRITING:
            yield part.class_name, part.body
    response = exchange.response
    if response is None or response.status >= 400 or not operation.class_name:
        return
    answer = parse_json(response.body)
    if not isinstance(answer, dict):
        return
    rows = answer.get("results", [answer])
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            yield operation.class_name, row


def _type_of(value: Any) -> Json | None:
    """Return the type that a value shows; ``None`` where it shows none: null, a removal."""
    match value:
        case bool():
            return {"type": "Boolean"}
        case int() | float():
            return {"type": "Number"}
        case str():
            return {"type": "String"}
        case list():
            return {"type": "Array"}
        case {"__op": operator, **rest}:
            return _type_of_operator(str(operator), rest)
        case {"__type": kind, **rest}:
            return _type_of_object(str(kind), rest)
        case dict():
            return {"type": "Object"}
    return None


def _type_of_operator(operator: str, rest: Mapping[Any, Any]) -> Json | None:
    if operator in _RELATIONS:
        objects = rest.get("objects") or [{}]
        first = objects[0] if isinstance(objects[0], dict) else {}
        return {"type": "Relation", "targetClass": str(first.get("className", ""))}
    kind = _OPERATORS.get(operator)
    return {"type": kind} if kind else None


def _type_of_object(kind: str, rest: Mapping[Any, Any]) -> Json | None:
    if kind in ("Pointer", "Object"):
        return {"type": "Pointer", "targetClass": str(rest.get("className", ""))}
    if kind == "Relation":
        return {"type": "Relation", "targetClass": str(rest.get("className", ""))}
    return {"type": kind} if kind in _LIKE_ITS_TYPE else {"type": "Object"}
