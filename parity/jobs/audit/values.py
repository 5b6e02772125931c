"""Checks of single values, made once for each field of a class and then called for each document.

Sources: parse-server ``MongoTransform.js`` (which BSON type each Parse type is stored as).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bson import Binary, Int64
from bson.datetime_ms import DatetimeMS

from parity.jobs.audit import codes
from parity.jobs.audit.context import HOSTED_STORE, Context
from parity.jobs.audit.imported import nested_code
from parity.jobs.audit.schema import ClassSchema, FieldType
from parity.model.finding import Code
from parity.wire.ids import LEGACY_FILE_HOSTS

Handler = Callable[[Any, Any], None]
"""Told (value, _id of the document)."""
Reference = tuple[str, str]
"""(target class, id)."""

HOSTED_API: Final = "api.parse.com"
HOSTED_FILES: Final = re.compile(
    r"(?<![\w.-])files\.parse(?:tfss)?\.com(?![\w-])(?!\.(?!s3[.-])\w)", re.ASCII | re.IGNORECASE
)
"""Hosts of the closed file store, also as the name of its bucket at S3: before or in the path."""
NONE: Final[type] = type(None)
DATES: Final[frozenset[type]] = frozenset({datetime, DatetimeMS, NONE})
STRINGS: Final[frozenset[type]] = frozenset({str, NONE})
_CONTAINERS: Final = frozenset({dict, list})
_PLAIN: Final = frozenset({str, int, float, bool, NONE, datetime, Int64, bytes, Binary, DatetimeMS})
_NUMBERS: Final = frozenset({int, float, Int64})
_TEXT: Final = frozenset({str})
_FORMS: Final[Mapping[str, Mapping[str, frozenset[type]]]] = {
    "Pointer": {"className": _TEXT, "objectId": _TEXT},
    "Date": {"iso": frozenset({str, datetime, DatetimeMS})},
    "File": {"name": _TEXT},
    "GeoPoint": {"latitude": _NUMBERS, "longitude": _NUMBERS},
    "Bytes": {"base64": _TEXT},
}
"""What objects inside arrays and objects must have; source: REST guide, Data Types."""
EXACT: Final = 2**53
"""Whole numbers up to this are the same in JavaScript, which has doubles only."""
_STORED: Final[dict[str, frozenset[type]]] = {
    "string": STRINGS,
    "number": frozenset({int, float, Int64, NONE}),
    "boolean": frozenset({bool, NONE}),
    "date": DATES,
    "array": frozenset({list, NONE}),
    "object": frozenset({dict, NONE}),
    "geopoint": frozenset({list, NONE}),
    "file": STRINGS,
    # A reader also accepts base64 text, as the hosted service sometimes left it.
    "bytes": frozenset({bytes, Binary, str, NONE}),
    "polygon": frozenset({dict, NONE}),
    # Members of a relation are in a join table; the object holds nothing.
    "relation": frozenset({NONE}),
}


def stored_types(kind: str) -> frozenset[type]:
    """Return the Python types that a stored value of a Parse type may have."""
    return _STORED[kind]


def split_pointer(value: Any) -> Reference | None:
    """Split ``Class$id``; ``None`` for anything else."""
    if not isinstance(value, str):
        return None
    class_name, dollar, identity = value.partition("$")
    return (class_name, identity) if class_name and dollar and identity else None


def nested_references(value: Any, context: Context) -> Iterator[Reference]:
    """Yield the pointers and files inside arrays and objects."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if type(each) is list:
            waiting.extend(item for item in each if type(item) in _CONTAINERS)
        elif type(each) is dict:
            if "__type" in each:
                yield from _typed(each, context)
            waiting.extend(item for item in each.values() if type(item) in _CONTAINERS)


def flaws(value: Any) -> Iterator[tuple[Code, str]]:
    """Yield what is wrong inside arrays and objects, and where: keys, types of BSON, forms."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if type(each) is dict:
            for key in each:
                if "$" in key or "." in key:
                    yield codes.FIELD_NAME, f"the nested key {key!r}"
            if "__type" in each and not _is_formed(each):
                yield codes.NESTED_FORM, f"a {each['__type']} that is none"
            items: Iterable[Any] = each.values()
        else:
            items = each
        for item in items:
            kind = type(item)
            if kind in _CONTAINERS:
                waiting.append(item)
            elif kind not in _PLAIN and (code := nested_code(item)) is not None:
                yield code, f"{describe(item)} inside"


def _is_formed(value: dict[str, Any]) -> bool:
    """Tell whether an object that names a type of Parse has what this type needs."""
    kind = value["__type"]
    wanted = _FORMS.get(kind, {}) if type(kind) is str else {}
    return all(type(value.get(key)) in types for key, types in wanted.items())


def mentions(value: Any) -> set[Code]:
    """Return the findings for text anywhere in a value that refers to the hosted service.

    A File has a check of its own, so its URL is not text here.
    """
    found: set[Code] = set()
    waiting = [(value, False)]
    while waiting:
        item, in_file = waiting.pop()
        if type(item) is str:
            if HOSTED_API in item.lower():
                found.add(codes.HOSTED_API)
            if not in_file and HOSTED_FILES.search(item):
                found.add(codes.HOSTED_FILE_URL)
        elif type(item) is list:
            waiting.extend((member, False) for member in item)
        elif type(item) is dict:
            is_file = item.get("__type") == "File"
            waiting.extend((member, is_file) for member in item.values())
    return found


def describe(value: Any) -> str:
    """Name the type of a stored value as MongoDB does; never the value."""
    names = {
        str: "string",
        bool: "bool",
        int: "int",
        Int64: "long",
        float: "double",
        list: "array",
        dict: "object",
        datetime: "date",
        DatetimeMS: "date",
        bytes: "binData",
        Binary: "binData",
        NONE: "null",
    }
    return names.get(type(value), type(value).__name__)


class Values:
    """Makes the handlers for the fields of one class.

    Args:
        schema: The class.
        context: Where they write to.
    """

    def __init__(self, schema: ClassSchema, context: Context) -> None:
        self.schema = schema
        self.context = context
        self.wanted = context.references.wanted

    def references(self, key: str, value: Any) -> Iterator[Reference]:
        """Yield every reference in one top-level value; the slow twin of the handlers.

        Args:
            key: Key as stored: ``_p_owner``, ``_rperm``, ``photo``.
            value: The value as decoded.
        """
        if key in {"_rperm", "_wperm"}:
            yield from acl_references(value)
        elif key.startswith("_p_"):
            pointer = split_pointer(value)
            expected = self.schema.fields.get(key[3:])
            if pointer is not None and expected is not None and expected.target == pointer[0]:
                yield pointer
        elif type(value) in _CONTAINERS:
            yield from nested_references(value, self.context)
        elif type(value) is str and value and self._is_file(key):
            target = self.context.file_target(value)
            if target is not None:
                yield target, value

    def handler(self, key: str, type_: FieldType) -> Handler | None:
        """Return what looks at each value of a field, or ``None`` where the type says it all."""
        if type_.kind in {"array", "object"}:
            return self._nested(key)
        if type_.kind == "number":
            return self._number(key)
        if type_.kind == "geopoint":
            return self._geopoint(key)
        if type_.kind == "file":
            return self._file(key)
        return self._polygon(key) if type_.kind == "polygon" else None

    def pointer(self, key: str, target: str) -> Handler:
        """Return what looks at each value of a pointer column."""
        name, findings = self.schema.name, self.context.findings
        append = self.wanted[name, key, target].append
        prefix = f"{target}$"
        start = len(prefix)

        def look(value: str | None, identity: Any) -> None:
            if value is None:
                return
            if value.startswith(prefix) and len(value) > start:
                append(hash(value[start:]))
                return
            pointer = split_pointer(value)
            if pointer is None:
                findings.add(codes.POINTER_FORM, name, key, identity, "not of the form Class$id")
            else:
                detail = f"{pointer[0]} instead of {target}"
                findings.add(codes.POINTER_CLASS, name, key, identity, detail)

        return look

    def _is_file(self, key: str) -> bool:
        type_ = self.schema.fields.get(key)
        return type_ is not None and type_.kind == "file"

    def _nested(self, key: str) -> Handler:
        name, context = self.schema.name, self.context

        def look(value: Any, identity: Any) -> None:
            if not value:
                return
            for target, reference in nested_references(value, context):
                self.wanted[name, key, target].append(hash(reference))
            for code, text in flaws(value):
                context.findings.add(code, name, key, identity, text)

        return look

    def _number(self, key: str) -> Handler:
        name, findings = self.schema.name, self.context.findings

        def look(value: Any, identity: Any) -> None:
            if type(value) is float:
                if not math.isfinite(value):
                    findings.add(codes.NUMBER_NOT_FINITE, name, key, identity)
            elif value is not None and not -EXACT <= value <= EXACT and int(float(value)) != value:
                findings.add(codes.NUMBER_INEXACT, name, key, identity)

        return look

    def _geopoint(self, key: str) -> Handler:
        name, findings = self.schema.name, self.context.findings
        places = self.context.places[name]

        def look(value: Any, identity: Any) -> None:
            if value is None:
                return
            places.add(key)
            if not _is_place(value):
                text = "not [longitude, latitude]"
                findings.add(codes.FIELD_TYPE, name, key, identity, text)
            elif not _on_earth(value):
                findings.add(codes.GEO_RANGE, name, key, identity)

        return look

    def _polygon(self, key: str) -> Handler:
        name, findings = self.schema.name, self.context.findings

        def look(value: Any, identity: Any) -> None:
            if value is None:
                return
            corners = _corners(value)
            if corners is None:
                code = codes.FIELD_JSON if "__type" in value else codes.FIELD_TYPE
                text = "not a closed ring of [longitude, latitude]"
                findings.add(code, name, key, identity, text)
            elif not all(map(_on_earth, corners)):
                findings.add(codes.GEO_RANGE, name, key, identity)

        return look

    def _file(self, key: str) -> Handler:
        name, context = self.schema.name, self.context

        def look(value: str | None, identity: Any) -> None:
            if value is not None and (not value or "://" in value):
                text = "a URL instead of a name" if value else "an empty name"
                context.findings.add(codes.FILE_NAME, name, key, identity, text)
                return
            target = context.file_target(value) if value else None
            if target is not None:
                self.wanted[name, key, target].append(hash(value))

        return look


def _is_place(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and all(type(each) in _NUMBERS for each in value)


def _on_earth(place: list[Any]) -> bool:
    # Written so that NaN is out of range as well.
    return bool(-180 <= place[0] <= 180 and -90 <= place[1] <= 90)


def _corners(value: Any) -> list[Any] | None:
    """Return the places of a polygon as Parse Server stores it; ``None`` if it is none.

    Source: parse-server ``MongoTransform.js`` (``PolygonCoder``): GeoJSON with one closed ring.
    """
    rings = value.get("coordinates") if value.get("type") == "Polygon" else None
    ring = rings[0] if type(rings) is list and rings else None
    if type(ring) is not list or len(ring) < 4 or not all(map(_is_place, ring)):
        return None
    return ring if ring[0] == ring[-1] else None


def acl_references(value: Any) -> Iterator[Reference]:
    """Yield the users and roles that a ``_rperm`` or ``_wperm`` names."""
    if type(value) is not list:
        return
    for entry in value:
        if type(entry) is not str or entry == "*":
            continue
        if entry.startswith("role:"):
            yield "role:", entry[len("role:") :]
        else:
            yield "_User", entry


def _typed(value: dict[str, Any], context: Context) -> Iterator[Reference]:
    kind = value["__type"]
    if kind == "Pointer":
        class_name, identity = value.get("className"), value.get("objectId")
        if type(class_name) is str and type(identity) is str:
            yield class_name, identity
    elif kind == "File" and type(value.get("name")) is str:
        name, url = value["name"], value.get("url")
        if type(url) is str and url:
            # A stored URL is handed out as it is.
            if _host(url) in LEGACY_FILE_HOSTS:
                yield HOSTED_STORE, name
            return
        target = context.file_target(name)
        if target is not None:
            yield target, name


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
