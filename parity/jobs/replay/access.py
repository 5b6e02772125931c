"""What an exchange reads and writes, and what it mints: from this follows the order of a replay.

Lanes run side by side, but two exchanges that touch the same thing run in recorded order, else a
query would miss a row that another lane has not created yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parity.jobs.replay.rows import near_fields
from parity.wire.operation import Action, Operation

SCAN = "scan"
MODIFY = "modify"
TOUCH = "touch"
READ = "read"
CONFLICTS = {SCAN: (MODIFY,), MODIFY: (SCAN,), TOUCH: (TOUCH, READ), READ: (TOUCH,)}
"""Ways to use a thing, and which other uses of the same thing each has to wait for.

A class is scanned by queries and modified by writes; an object is read or touched.
"""

_MINTED_BY = {
    Action.CREATE: ("objectId", "sessionToken"),
    Action.LOG_IN: ("sessionToken",),
    Action.UPLOAD: ("name",),
}
_OF_SESSIONS = {
    Action.LOG_IN: (("class _Session", MODIFY), ("class _User", SCAN)),
    Action.LOG_OUT: (("class _Session", MODIFY),),
}
_WHOLE_SERVER = frozenset({"_Role", "_SCHEMA"})
_LARGEST_RESPONSE = 2000


@dataclass(frozen=True, slots=True)
class Access:
    """What an exchange touches.

    Attributes:
        uses: Each thing and how it is used.
        exclusive: Whether nothing else may run beside it: nobody knows what a cloud function
            reads and writes, and roles and schemas concern every request.
        fields: Fields that it may add to the schema, ``class.field``, or to the indexes.
        mints: Values that the server minted for it.
    """

    uses: tuple[tuple[str, str], ...]
    exclusive: bool
    fields: tuple[str, ...] = ()
    mints: tuple[str, ...] = ()


def access(
    operation: Operation, response: Any, time_ordered: frozenset[str] = frozenset()
) -> Access:
    """Work out what an exchange touches.

    Args:
        operation: The request.
        response: The recorded response as JSON; what it holds was there when it was sent.
        time_ordered: Classes that some query of the recording orders by the time of a write.
    """
    uses: dict[tuple[str, str], None] = {}
    fields: list[str] = []
    exclusive = False
    for part in operation.parts or (operation,):
        exclusive |= _exclusive(part)
        for use in _uses(part):
            uses[use] = None
        fields += _fields(part)
        if part.class_name in time_ordered and part.changes:
            uses["order of " + part.class_name, TOUCH] = None
    for object_id in _ids_in(response):
        uses.setdefault((object_id, READ))
    return Access(tuple(uses), exclusive, tuple(fields), tuple(mints(operation, response)))


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value, the keys of objects included."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from each
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)


def mints(operation: Operation, response: Any) -> Iterator[str]:
    """Yield every value that the server minted for a request: ids, session tokens, file names."""
    if operation.action is Action.BATCH:
        for part, answer in zip(operation.parts, _list(response), strict=False):
            if isinstance(answer, dict):
                yield from mints(part, answer.get("success"))
    elif isinstance(response, dict) and operation.action in _MINTED_BY:
        for name in _MINTED_BY[operation.action]:
            if isinstance(response.get(name), str):
                yield response[name]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _exclusive(part: Operation) -> bool:
    if part.action in (Action.FUNCTION, Action.CHANGE):
        return True
    return part.changes and part.class_name in _WHOLE_SERVER


def _uses(part: Operation) -> Iterator[tuple[str, str]]:
    name = "class " + part.class_name
    if part.action is Action.QUERY:
        yield name, SCAN
        for other in _classes_in(part.params):
            yield "class " + other, SCAN
        related = _related_to(part.params)
        if related:
            yield related, READ
    elif part.action in (Action.CREATE, Action.DELETE) or part.action is Action.UPDATE:
        yield name, MODIFY
        yield part.object_id or name, TOUCH if part.object_id else MODIFY
    elif part.action in _OF_SESSIONS:
        yield from _OF_SESSIONS[part.action]
    elif part.action in (Action.DOWNLOAD, Action.DELETE_FILE):
        yield part.segments[-1], READ if part.action is Action.DOWNLOAD else TOUCH
    elif part.action in (Action.GET, Action.ME):
        if part.object_id:
            yield part.object_id, READ
        else:
            yield name, SCAN
        if "include" in part.params:
            yield from _included(part)


def _included(part: Operation) -> Iterator[tuple[str, str]]:
    # The objects that were there are found in the response; this is for those that were not.
    yield "class " + part.class_name, SCAN


def _classes_in(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            name = each.get("className")
            if isinstance(name, str) and "__type" not in each:
                yield name
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)


def _related_to(params: dict[str, Any]) -> str:
    where = params.get("where")
    related = where.get("$relatedTo") if isinstance(where, dict) else None
    owner = related.get("object") if isinstance(related, dict) else None
    object_id = owner.get("objectId") if isinstance(owner, dict) else None
    return object_id if isinstance(object_id, str) else ""


def _fields(part: Operation) -> list[str]:
    if part.action is Action.QUERY:
        # The first one makes the index, and fails another that comes meanwhile with a 500 (9.10.0).
        return [f"{part.class_name}.{name} near" for name in near_fields(part)]
    if part.action not in (Action.CREATE, Action.UPDATE) or not isinstance(part.body, dict):
        return []
    return [f"{part.class_name}.{name}" for name in part.body]


def _ids_in(response: Any) -> Iterator[str]:
    stack, seen = [response], 0
    while stack and seen < _LARGEST_RESPONSE:
        each = stack.pop()
        seen += 1
        if isinstance(each, dict):
            object_id = each.get("objectId")
            if isinstance(object_id, str):
                yield object_id
            stack.extend(value for value in each.values() if isinstance(value, dict | list))
        elif isinstance(each, list):
            stack.extend(value for value in each if isinstance(value, dict | list))
