"""Update operators, and what each does to a field.

Sources: REST guide "Updating Objects" (counters, arrays, relations, deleting a field);
parse-server ``src/Controllers/DatabaseController.js`` (``flattenUpdateOperatorsForCreate``,
``handleRelationUpdates``) and ``src/Adapters/Storage/Mongo/MongoTransform.js``
(``transformUpdateOperator``) for ``Batch``, ``SetOnInsert`` and the differences on create.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from parity.wire.types import DecodeError, Pointer, decode, encode


class Unset(Enum):
    """The state of a field that an object does not have; not the same as null."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class WrongTypeError(ValueError):
    """An operator met a value that it cannot work on; a server answers with an error."""


@dataclass(frozen=True, slots=True)
class Increment:
    """Add a number, which may be negative."""

    amount: float

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"__op": "Increment", "amount": self.amount}


@dataclass(frozen=True, slots=True)
class _Items:
    objects: tuple[Any, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"__op": type(self).__name__, "objects": encode(list(self.objects))}


class Add(_Items):
    """Append to an array."""

    __slots__ = ()


class AddUnique(_Items):
    """Append to an array what it does not have yet."""

    __slots__ = ()


class Remove(_Items):
    """Take every occurrence of some values out of an array."""

    __slots__ = ()


class AddRelation(_Items):
    """Put pointers into a relation."""

    __slots__ = ()


class RemoveRelation(_Items):
    """Take pointers out of a relation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the field from the object."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"__op": "Delete"}


@dataclass(frozen=True, slots=True)
class SetOnInsert:
    """Set the field when the object is made, and leave it alone later; parse-server only."""

    value: Any

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, where the value is called ``amount`` whatever its type."""
        return {"__op": "SetOnInsert", "amount": encode(self.value)}


@dataclass(frozen=True, slots=True)
class Batch:
    """Several operators on one relation, in order."""

    ops: tuple[AddRelation | RemoveRelation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"__op": "Batch", "ops": [op.to_json() for op in self.ops]}


Op = (
    Increment | Add | AddUnique | Remove | AddRelation | RemoveRelation
    | Delete | SetOnInsert | Batch
)  # fmt: skip


def decode_op(value: Any, path: str = "$") -> Op:
    """Read ``{"__op": …}``.

    Raises:
        DecodeError: Anything else, an unknown operator, or wrong or missing keys.
    """
    name = value.get("__op") if isinstance(value, dict) else None
    if not isinstance(name, str) or name not in _PARTS:
        raise DecodeError(path, f"expected one of {', '.join(_PARTS)}, got {value!r}")
    part = _PARTS[name]
    if value.keys() != {"__op", part} - {""}:
        raise DecodeError(path, f"{name} has {sorted(value)}")
    if not part:
        return Delete()
    content = value[part]
    if name == "SetOnInsert":
        return SetOnInsert(decode(content, f"{path}.{part}"))
    if name == "Increment":
        if isinstance(content, bool) or not isinstance(content, (int, float)):
            raise DecodeError(f"{path}.{part}", f"expected a number, got {content!r}")
        return Increment(content)
    if not isinstance(content, list):
        raise DecodeError(f"{path}.{part}", f"expected an array, got {content!r}")
    return _decode_list(name, content, f"{path}.{part}")


def _decode_list(name: str, content: list[Any], path: str) -> Op:
    if name == "Batch":
        ops = [decode_op(each, f"{path}[{index}]") for index, each in enumerate(content)]
        relation_ops = tuple(op for op in ops if isinstance(op, (AddRelation, RemoveRelation)))
        if len(relation_ops) != len(ops):
            raise DecodeError(path, "a Batch holds AddRelation and RemoveRelation only")
        return Batch(relation_ops)
    objects = tuple(decode(content, path))
    kind = _LISTS[name]
    if kind in (AddRelation, RemoveRelation):
        for index, each in enumerate(objects):
            if not isinstance(each, Pointer):
                raise DecodeError(f"{path}[{index}]", f"expected a Pointer, got {each!r}")
    return kind(objects)


def apply(op: Op, old: Any, *, creating: bool = False) -> Any:
    """Say what a field holds after ``op``: the model that a server is compared with.

    Args:
        op: The operator.
        old: What the field holds: decoded values, or ``UNSET``. For a relation, the list of its
            members.
        creating: Whether the object is being made by this request; then ``AddUnique`` keeps
            repeats, ``Remove`` leaves an empty array and ``SetOnInsert`` sets.

    Returns:
        The new value, or ``UNSET``.

    Raises:
        WrongTypeError: ``Increment`` of what is not a number, or an array operator on what is
            not an array. Null counts as such: it is a value.
    """
    if isinstance(op, Delete):
        return UNSET
    if isinstance(op, SetOnInsert):
        return op.value if creating else old
    if isinstance(op, Increment):
        if old is not UNSET and (isinstance(old, bool) or not isinstance(old, (int, float))):
            raise WrongTypeError(f"{old!r} is not a number")
        return op.amount if old is UNSET else old + op.amount
    if old is not UNSET and not isinstance(old, list):
        raise WrongTypeError(f"{old!r} is not an array")
    if isinstance(op, Batch):
        for each in op.ops:
            old = apply(each, old)
        return old
    return _apply_list(op, old, creating=creating)


def _apply_list(op: _Items, old: Any, *, creating: bool) -> Any:
    items = [] if old is UNSET else list(old)
    if isinstance(op, Add) or (creating and isinstance(op, AddUnique)):
        return [*items, *op.objects]
    if isinstance(op, (Remove, RemoveRelation)):
        if old is UNSET and not creating and isinstance(op, Remove):
            return UNSET
        return [item for item in items if not any(_same(item, object_) for object_ in op.objects)]
    for object_ in op.objects:
        if not any(_same(item, object_) for item in items):
            items.append(object_)
    return items


def _same(one: Any, other: Any) -> bool:
    """Compare as MongoDB does: 1 is 1.0, true is not 1, and the order of fields counts."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(_same, one.values(), other.values()))
    return bool(one == other)


_LISTS: Final[Mapping[str, Callable[[tuple[Any, ...]], Op]]] = {
    kind.__name__: kind for kind in (Add, AddUnique, Remove, AddRelation, RemoveRelation)
}
_PARTS: Final[Mapping[str, str]] = {
    "Increment": "amount",
    **dict.fromkeys(_LISTS, "objects"),
    "Delete": "",
    "SetOnInsert": "amount",
    "Batch": "ops",
}
