"""What is different between two documents, field by field, and what kind of difference it is.

Works on bytes: decoding would make equal what is not (a long and an int, 0.0 and -0.0, two
NaNs, two strings that are no UTF-8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import unpack
from typing import Any, Final, NamedTuple

from parity.jobs.verify import codes
from parity.jobs.verify.bsonraw import (
    ARRAY,
    DOCUMENT,
    DOUBLE,
    INT32,
    INT64,
    BadBson,
    Element,
    elements,
    shown,
    shown_id,
)
from parity.jobs.verify.result import FIELDS, DocumentDifference
from parity.model import Difference
from parity.model.difference import Kind

JOIN: Final = "_Join:"
SCHEMA: Final = "_SCHEMA"
_ACL: Final = re.compile(r"_(?:rperm|wperm|acl)(?![A-Za-z0-9_])")
_CLP: Final = re.compile(
    r"(?:_metadata\.class_permissions|_client_permissions)(?![A-Za-z0-9_])|_metadata$"
)
"""Without ``_metadata`` a class has no permissions at all, so anybody may do anything."""
_KEPT_INDEXES: Final = re.compile(r"_metadata\.indexes(?![A-Za-z0-9_])")
_SHORT_TEXT: Final = 200
_NUMBERS: Final = {DOUBLE: "<d", INT32: "<i", INT64: "<q"}
_DEEPEST: Final = 250


class FieldDifference(NamedTuple):
    """One difference within a document.

    Attributes:
        code: ``VER-CHANGED``, ``VER-TYPE`` or ``VER-ORDER``.
        difference: Where and what; values in canonical extended JSON.
    """

    code: str
    difference: Difference


def classify(
    collection: str, expected: bytes, actual: bytes, *, gridfs: bool = False
) -> DocumentDifference:
    """Say how a document differs.

    Args:
        collection: Name of its collection: ``_SCHEMA`` and joins have codes of their own.
        expected: The document of the source.
        actual: The document of the destination; not the same bytes.
        gridfs: Whether the collection holds files or chunks of GridFS.

    Returns:
        The difference, with its code and at most :data:`~parity.jobs.verify.result.FIELDS` fields.
    """
    try:
        found = list(_documents(expected, actual, "", 0))
        id_ = next(element for element in elements(expected) if element.key == b"_id")
    except (BadBson, StopIteration) as error:
        whole = Difference("", Kind.VALUE, f"0x{expected[:64].hex()}", f"{error}")
        return DocumentDifference(collection, None, codes.CHANGED.id, (whole,))
    if not found:  # other bytes that mean the same, for example other keys of an array
        value = Difference("", Kind.VALUE, _hex(expected), _hex(actual))
        found = [FieldDifference(codes.CHANGED.id, value)]
    return DocumentDifference(
        collection,
        shown(id_.type, id_.value),
        _code(collection, found, gridfs=gridfs),
        tuple(each.difference for each in found[:FIELDS]),
        max(0, len(found) - FIELDS),
    )


def alone(
    collection: str, typed_id: bytes, kind: Kind, *, gridfs: bool = False
) -> DocumentDifference:
    """Return the difference of a document that only one side has.

    Args:
        collection: Name of its collection.
        typed_id: Its ``_id`` as :func:`~parity.jobs.verify.bsonraw.raw_id` gives it.
        kind: ``MISSING`` if the source has it, ``EXTRA`` if the destination has it.
        gridfs: Whether the collection holds files or chunks of GridFS.
    """
    code = codes.MISSING.id if kind is Kind.MISSING else codes.EXTRA.id
    return DocumentDifference(collection, shown_id(typed_id), _special(collection, code, gridfs))


def number(typed: bytes) -> float | int | None:
    """Return the number that an int, long or double is; ``None`` for anything else."""
    layout = _NUMBERS.get(typed[0])
    return None if layout is None else unpack(layout, typed[1:])[0]


def _code(collection: str, found: list[FieldDifference], *, gridfs: bool) -> str:
    code = codes.worst(each.code for each in found)
    # Among benign ones the type of a number says more than the order of fields.
    if code in codes.BENIGN:
        is_type = any(difference.code == codes.TYPE.id for difference in found)
        return codes.TYPE.id if is_type else codes.ORDER.id
    paths = [each.difference.path for each in found if each.code not in codes.BENIGN]
    if collection == SCHEMA and all(_KEPT_INDEXES.match(path) for path in paths):
        return codes.SCHEMA_INDEXES.id
    if collection == SCHEMA and all(_CLP.match(path) for path in paths):
        return codes.CLP.id
    if all(_ACL.match(path) for path in paths):
        return codes.ACL.id
    return _special(collection, code, gridfs)


def _special(collection: str, code: str, gridfs: bool) -> str:  # noqa: FBT001
    if collection == SCHEMA:
        return codes.SCHEMA.id
    if collection.startswith(JOIN):
        return codes.JOIN.id
    return codes.GRIDFS.id if gridfs else code


def _documents(expected: bytes, actual: bytes, path: str, depth: int) -> Iterator[FieldDifference]:
    left, right = _by_name(expected), _by_name(actual)
    for name, element in left.items():
        where = _child(path, name)
        other = right.get(name)
        if other is None:
            yield _changed(where, Kind.MISSING, _show(element), None)
        elif element[::2] != other[::2]:
            yield from _values(element, other, where, depth)
    for name, element in right.items():
        if name not in left:
            yield _changed(_child(path, name), Kind.EXTRA, None, _show(element))
    order = [name for name in left if name in right]
    other_order = [name for name in right if name in left]
    if order != other_order:
        difference = Difference(path, Kind.ORDER, _clip(order), _clip(other_order))
        yield FieldDifference(codes.ORDER.id, difference)


def _values(left: Element, right: Element, path: str, depth: int) -> Iterator[FieldDifference]:
    if left.type != right.type:
        same = _same_number(left, right)
        code = codes.TYPE.id if same else codes.CHANGED.id
        yield FieldDifference(code, Difference(path, Kind.TYPE, _show(left), _show(right)))
    elif left.type == DOCUMENT and depth < _DEEPEST:
        yield from _documents(left.value, right.value, path, depth + 1)
    elif left.type == ARRAY and depth < _DEEPEST:
        yield from _arrays(left.value, right.value, path, depth + 1)
    else:
        yield _changed(path, Kind.VALUE, _show(left), _show(right))


def _arrays(expected: bytes, actual: bytes, path: str, depth: int) -> Iterator[FieldDifference]:
    left, right = list(elements(expected)), list(elements(actual))
    plain_left, plain_right = [each[::2] for each in left], [each[::2] for each in right]
    if plain_left != plain_right and sorted(plain_left) == sorted(plain_right):
        shown_left = _clip([_show(each) for each in left[:FIELDS]])
        yield _changed(path, Kind.ORDER, shown_left, _clip([_show(e) for e in right[:FIELDS]]))
        return
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one[::2] != other[::2]:
            yield from _values(one, other, f"{path}[{index}]", depth)
    for index in range(len(right), len(left)):
        yield _changed(f"{path}[{index}]", Kind.MISSING, _show(left[index]), None)
    for index in range(len(left), len(right)):
        yield _changed(f"{path}[{index}]", Kind.EXTRA, None, _show(right[index]))


def _by_name(raw: bytes) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in elements(raw):
        name = element.key.decode("utf-8", "backslashreplace")
        again = 2
        while name in found:  # BSON allows a name twice; MongoDB stores it
            name, again = f"{name}#{again}", again + 1
        found[name] = element
    return found


def _same_number(left: Element, right: Element) -> bool:
    """Whether Parse shows the same number for both.

    A decimal is not shown as a number at all, and -0 is not 0.
    """
    if left.type not in _NUMBERS or right.type not in _NUMBERS:
        return False
    one = unpack(_NUMBERS[left.type], left.value)[0]
    other = unpack(_NUMBERS[right.type], right.value)[0]
    return bool(one == other) and not _minus_zero(one) and not _minus_zero(other)


def _minus_zero(value: float) -> bool:
    return isinstance(value, float) and value == 0 and str(value).startswith("-")


def _changed(path: str, kind: Kind, expected: Any, actual: Any) -> FieldDifference:
    return FieldDifference(codes.CHANGED.id, Difference(path, kind, expected, actual))


def _show(element: Element) -> Any:
    if len(element.value) > _SHORT_TEXT * 20:
        return f"{len(element.value):,} bytes of BSON type 0x{element.type:02x}"
    return shown(element.type, element.value)


def _clip(values: list[Any]) -> list[Any]:
    return values if len(values) <= FIELDS else [*values[:FIELDS], f"… {len(values):,} in all"]


def _hex(raw: bytes) -> str:
    return f"0x{raw[:_SHORT_TEXT].hex()}{'…' if len(raw) > _SHORT_TEXT else ''}"


def _child(path: str, name: str) -> str:
    if not name.isidentifier():
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name
