"""Parse's values: typed in Python, JSON on the wire.

Sources: REST guide "Data Types" (Date, Bytes, Pointer, Relation, File), "GeoPoints" and
"Security" (ACL); parse-server ``src/Adapters/Storage/Mongo/MongoTransform.js`` (the coders, and
Polygon, which the hosted service did not have).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Protocol, Self, runtime_checkable

from parity.model.errors import ParityError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class DecodeError(ParityError, ValueError):
    """JSON that is not a Parse value.

    Args:
        path: JSON path of the place: ``$.results[0].when``.
        problem: What is wrong there.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


@runtime_checkable
class Encodable(Protocol):
    """A value that knows its JSON form: the types here and the operators of ``ops``."""

    def to_json(self) -> Any:
        """Return the JSON form."""


@dataclass(frozen=True, slots=True, order=True)
class Date:
    """A moment with the precision of the wire.

    Attributes:
        milliseconds: Since the epoch, in UTC; the years 1 to 9999.
    """

    milliseconds: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Convert an aware datetime; microseconds are cut off, as a server does.

        Raises:
            ValueError: The datetime has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone, so it is no moment in time")
        return cls((moment - _EPOCH) // timedelta(milliseconds=1))

    @classmethod
    def parse(cls, iso: str) -> Self:
        """Read ``YYYY-MM-DDTHH:MM:SS.mmmZ``, the form of ``createdAt`` and of ``Date``.

        Raises:
            ValueError: Any other form, or no such day or time.
        """
        if not _ISO.fullmatch(iso):
            raise ValueError(f"{iso!r} is not of the form YYYY-MM-DDTHH:MM:SS.mmmZ")
        return cls.of(datetime.fromisoformat(iso))

    @property
    def datetime(self) -> datetime:
        """The moment as a datetime in UTC."""
        return _EPOCH + timedelta(milliseconds=self.milliseconds)

    @property
    def iso(self) -> str:
        """The moment as ``YYYY-MM-DDTHH:MM:SS.mmmZ``."""
        moment = self.datetime.replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds") + "Z"

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Date", "iso": …}``."""
        return {"__type": "Date", "iso": self.iso}


@dataclass(frozen=True, slots=True)
class Pointer:
    """A reference to an object: its class and its id."""

    class_name: str
    object_id: str

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Pointer", "className": …, "objectId": …}``."""
        return {"__type": "Pointer", "className": self.class_name, "objectId": self.object_id}


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation column; its members are found by a query with ``$relatedTo``."""

    class_name: str

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Relation", "className": …}``."""
        return {"__type": "Relation", "className": self.class_name}


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place in degrees. The range is the server's to check."""

    latitude: float
    longitude: float

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "GeoPoint", "latitude": …, "longitude": …}``."""
        return {"__type": "GeoPoint", "latitude": self.latitude, "longitude": self.longitude}


@dataclass(frozen=True, slots=True)
class Polygon:
    """An area; parse-server only.

    Attributes:
        coordinates: ``(latitude, longitude)`` of each corner, in degrees.
    """

    coordinates: tuple[tuple[float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Polygon", "coordinates": [[latitude, longitude], …]}``."""
        return {"__type": "Polygon", "coordinates": [list(corner) for corner in self.coordinates]}


@dataclass(frozen=True, slots=True)
class File:
    """A stored file; the server works out the URL when it is read."""

    name: str
    url: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "File", "name": …}``, with ``url`` if there is one."""
        url = {} if self.url is None else {"url": self.url}
        return {"__type": "File", "name": self.name, **url}


@dataclass(frozen=True, slots=True)
class Bytes:
    """Binary data inside an object."""

    data: bytes

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Bytes", "base64": …}``."""
        return {"__type": "Bytes", "base64": base64.b64encode(self.data).decode("ascii")}


@dataclass(frozen=True, slots=True)
class ParseObject:
    """A whole object, as in the place of an included pointer or a cloud function's result.

    Attributes:
        class_name: Its class.
        fields: Everything else by name; ``createdAt`` and ``updatedAt`` are strings there.
    """

    class_name: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"__type": "Object", "className": …, …}``."""
        return {"__type": "Object", "className": self.class_name, **encode(dict(self.fields))}


@dataclass(frozen=True, slots=True)
class Permission:
    """What one user, role or everybody may do with an object."""

    read: bool = False
    write: bool = False


@dataclass(frozen=True, slots=True)
class ACL:
    """Who may read and write an object.

    Attributes:
        entries: A permission for each ``*`` (everybody), user id or ``role:<name>``.
    """

    PUBLIC: ClassVar[str] = "*"
    entries: Mapping[str, Permission] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: Any, path: str = "$.ACL") -> Self:
        """Read ``{"*": {"read": true}, "<id>": {…}, "role:<name>": {…}}``.

        Raises:
            DecodeError: Anything else.
        """
        if not isinstance(value, dict):
            raise DecodeError(path, f"an ACL is an object, not {value!r}")
        entries = {}
        for who, rights in value.items():
            if not isinstance(rights, dict) or not rights.keys() <= {"read", "write"}:
                raise DecodeError(f"{path}.{who}", f"expected read and write, got {rights!r}")
            if not all(isinstance(right, bool) for right in rights.values()):
                raise DecodeError(f"{path}.{who}", f"a right is true or false, got {rights!r}")
            entries[who] = Permission(**rights)
        return cls(entries)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; rights that are not granted are left out, as SDKs do."""
        return {
            who: {name: True for name in ("read", "write") if getattr(permission, name)}
            for who, permission in self.entries.items()
        }


def encode(value: Any) -> Any:
    """Turn a Python value into JSON.

    Args:
        value: Any of this module's types, an operator, an aware ``datetime`` (becomes Date),
            ``bytes`` (becomes Bytes), or JSON with these inside. JSON itself stays as it is.

    Returns:
        Dicts, lists, strings, numbers, booleans and ``None``.

    Raises:
        TypeError: A value or key that Parse has no form for.
        ValueError: A number that JSON cannot hold, or a datetime without a time zone.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"JSON cannot hold {value!r}")
        return value
    if isinstance(value, datetime):
        return Date.of(value).to_json()
    if isinstance(value, bytes):
        return Bytes(value).to_json()
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {_name(key): encode(item) for key, item in value.items()}
    if isinstance(value, Encodable):
        return value.to_json()
    raise TypeError(f"Parse has no form for {value!r}")


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a field's name is a string, not {key!r}")
    return key


def decode(value: Any, path: str = "$") -> Any:
    """Turn parsed JSON into Python values.

    Args:
        value: Parsed JSON: a response body or a part of one.
        path: Where it stands, for error messages.

    Returns:
        The same, with each ``{"__type": …}`` replaced by its type. ``encode`` undoes it.

    Raises:
        DecodeError: An unknown ``__type``, or one with keys missing, too many or of a wrong type.
    """
    if isinstance(value, list):
        return [decode(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if "__type" not in value:
        return {key: decode(item, f"{path}.{key}") for key, item in value.items()}
    kind = value["__type"]
    decoder = _DECODERS.get(kind) if isinstance(kind, str) else None
    if decoder is None:
        raise DecodeError(path, f"unknown __type {kind!r}; known are {', '.join(_DECODERS)}")
    try:
        return decoder({key: item for key, item in value.items() if key != "__type"}, path)
    except DecodeError:
        raise
    except (TypeError, ValueError) as problem:
        raise DecodeError(path, f"{kind}: {problem}") from problem


def _keys(value: dict[str, Any], kinds: Mapping[str, type], optional: str = "") -> list[Any]:
    unknown = value.keys() - kinds.keys()
    missing = kinds.keys() - value.keys() - {optional}
    if unknown or missing:
        raise ValueError(f"has {sorted(value)}, not {sorted(kinds)}")
    for key, item in value.items():
        if kinds[key] is float:
            _number(item)
        elif not isinstance(item, kinds[key]):
            raise TypeError(f"{key} is a {kinds[key].__name__}, not {item!r}")
    return [value.get(key) for key in kinds]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"expected a number, not {value!r}")
    return value


def _bytes(value: dict[str, Any], _path: str) -> Bytes:
    (text,) = _keys(value, {"base64": str})
    try:
        found = Bytes(base64.b64decode(text, validate=True))
    except binascii.Error as problem:
        raise ValueError(f"base64: {problem}") from problem
    if found.to_json()["base64"] != text:
        raise ValueError("base64 has stray bits at its end")
    return found


def _polygon(value: dict[str, Any], _path: str) -> Polygon:
    (corners,) = _keys(value, {"coordinates": list})
    if not all(isinstance(corner, list) and len(corner) == 2 for corner in corners):
        raise ValueError("coordinates are pairs of latitude and longitude")
    return Polygon(tuple((_number(lat), _number(long)) for lat, long in corners))


def _object(value: dict[str, Any], path: str) -> ParseObject:
    fields = {key: decode(item, f"{path}.{key}") for key, item in value.items()}
    class_name = fields.pop("className", None)
    if not isinstance(class_name, str):
        raise TypeError(f"className is a str, not {class_name!r}")
    return ParseObject(class_name, fields)


_DECODERS: Final[Mapping[str, Callable[[dict[str, Any], str], Any]]] = {
    "Date": lambda value, _: Date.parse(*_keys(value, {"iso": str})),
    "Pointer": lambda value, _: Pointer(*_keys(value, {"className": str, "objectId": str})),
    "Relation": lambda value, _: Relation(*_keys(value, {"className": str})),
    "GeoPoint": lambda value, _: GeoPoint(*_keys(value, {"latitude": float, "longitude": float})),
    "Polygon": _polygon,
    "File": lambda value, _: File(*_keys(value, {"name": str, "url": str}, optional="url")),
    "Bytes": _bytes,
    "Object": _object,
}
