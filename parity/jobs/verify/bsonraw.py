"""BSON as bytes: just enough to find elements without decoding, and to ask for raw ids.

Decoding loses what a verification is about (which of two equal numbers was a double, bytes that
are no UTF-8), and costs ten times more than hashing. Source: bsonspec.org, version 1.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

from bson import decode
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.json_util import CANONICAL_JSON_OPTIONS, dumps
from bson.raw_bson import RawBSONDocument

DOUBLE: Final = 0x01
STRING: Final = 0x02
DOCUMENT: Final = 0x03
ARRAY: Final = 0x04
OBJECT_ID: Final = 0x07
INT32: Final = 0x10
INT64: Final = 0x12
DECIMAL: Final = 0x13
NUMBERS: Final = frozenset({DOUBLE, INT32, INT64, DECIMAL})

_INT = Struct("<i")
_ID_KEY = b"_id\0"
_FIXED: Final = {
    0x01: 8,
    0x06: 0,
    0x07: 12,
    0x08: 1,
    0x09: 8,
    0x0A: 0,
    0x10: 4,
    0x11: 8,
    0x12: 8,
    0x13: 16,
    0xFF: 0,
    0x7F: 0,
}
# A value with a leading length: how many bytes come on top of that number.
_COUNTED: Final = {0x02: 4, 0x03: 0, 0x04: 0, 0x05: 5, 0x0C: 16, 0x0D: 4, 0x0E: 4, 0x0F: 0}

RAW: Final = CodecOptions(document_class=RawBSONDocument)
# Dates beyond Python's years and strings that are no UTF-8 must not stop a verification.
_LENIENT: Final = CodecOptions[dict[str, Any]](
    datetime_conversion=DatetimeConversion.DATETIME_MS,
    unicode_decode_error_handler="backslashreplace",
)


class BadBson(ValueError):
    """Bytes that are no BSON."""


class Element(NamedTuple):
    """One element of a document, undecoded.

    Attributes:
        type: Its BSON type.
        key: Its name, as bytes.
        value: The bytes of its value.
    """

    type: int
    key: bytes
    value: bytes


def elements(raw: bytes) -> Iterator[Element]:
    """Yield the elements of a document or array.

    Args:
        raw: The whole document with its length.

    Raises:
        BadBson: It is cut off, or has a type that does not exist.
    """
    position, end = 4, len(raw) - 1
    while position < end:
        name = position + 1
        zero = raw.find(0, name)
        if zero < 0:
            raise BadBson("an element whose name has no end")
        kind, start = raw[position], zero + 1
        position = start + value_size(raw, kind, start)
        if position > end:
            raise BadBson("an element that ends after its document")
        yield Element(kind, raw[name:zero], raw[start:position])


def value_size(raw: bytes, kind: int, start: int) -> int:
    """Return how many bytes a value takes.

    Args:
        raw: What it stands in.
        kind: Its BSON type.
        start: Where it starts.

    Raises:
        BadBson: There is no such type, or the value is cut off.
    """
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return fixed
    if kind == 0x0B:
        second = raw.find(0, raw.find(0, start) + 1)
        return second + 1 - start
    more = _COUNTED.get(kind)
    if more is None or start + 4 > len(raw):
        raise BadBson(f"an element of type 0x{kind:02x}, which BSON does not have")
    (size,) = _INT.unpack_from(raw, start)
    if size < 0:
        raise BadBson("a value with a negative length")
    return int(size) + more


def raw_id(raw: bytes) -> bytes:
    """Return the ``_id`` of a document: its type and the bytes of its value.

    Args:
        raw: The document.

    Returns:
        One byte of type, then the value.

    Raises:
        BadBson: There is no ``_id``.
    """
    if raw[5:9] == _ID_KEY:  # where MongoDB puts it
        kind = raw[4]
        return raw[4:5] + raw[9 : 9 + value_size(raw, kind, 9)]
    for element in elements(raw):
        if element.key == b"_id":
            return bytes([element.type]) + element.value
    raise BadBson("a document without _id")


def document(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Build a document from typed values.

    Args:
        parts: Name and value of each element; a value is its type's byte and its bytes.
    """
    body = b"".join(b"%c%b\0%b" % (value[0], key.encode(), value[1:]) for key, value in parts)
    return _INT.pack(len(body) + 5) + body + b"\0"


def embedded(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Build a document as a typed value, for use in :func:`document`."""
    return b"\x03" + document(parts)


def array(values: Iterable[bytes]) -> bytes:
    """Build an array of typed values as a typed value."""
    return b"\x04" + document((str(index), value) for index, value in enumerate(values))


def typed_string(value: bytes) -> bytes:
    """Build a string from its UTF-8 as a typed value."""
    return b"\x02" + _INT.pack(len(value) + 1) + value + b"\0"


def any_of(ids: Iterable[bytes]) -> RawBSONDocument:
    """Return the filter ``{_id: {$in: [...]}}`` for ids as :func:`raw_id` gives them."""
    return RawBSONDocument(document([("_id", embedded([("$in", array(ids))]))]))


def shown(kind: int, value: bytes) -> Any:
    """Return a value as canonical extended JSON, in which every type shows.

    Args:
        kind: Its BSON type.
        value: Its bytes.
    """
    raw = document([("v", bytes([kind]) + value)])
    try:
        return json.loads(dumps(decode(raw, _LENIENT), json_options=CANONICAL_JSON_OPTIONS))["v"]
    except Exception as error:  # noqa: BLE001 - whatever the driver thinks of a damaged value
        return f"0x{value[:64].hex()} (type 0x{kind:02x}: {error})"


def shown_id(typed: bytes) -> Any:
    """Return an ``_id`` as canonical extended JSON."""
    return shown(typed[0], typed[1:])
