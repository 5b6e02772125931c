"""Single values of MongoDB as a Parse Server writes and reads them; see ``storage``."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bson.datetime_ms import DatetimeMS

from parity.wire.storage_schema import StorageError
from parity.wire.types import Date

_INT32_END: Final = 2**31
_FAR_DATE: Final = re.compile(r"([+-]\d{6})(-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)", re.ASCII)
_400_YEARS_MS: Final = 146_097 * 86_400_000


def stored_number(value: Any, path: str) -> int | float:
    """Return a number as the driver of a server stores it: 32-bit integers, else doubles.

    Source: the bson package of Node.js, ``serializeNumber``.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise StorageError(f"{path}: {value!r} has no form in MongoDB")
    if not -_INT32_END <= value < _INT32_END:
        return float(value)
    if isinstance(value, float):
        negative_zero = value == 0 and math.copysign(1, value) < 0
        return value if negative_zero or not value.is_integer() else int(value)
    return int(value)


def stored_date(value: Any, path: str) -> datetime | DatetimeMS:
    """Return a date as MongoDB has it.

    Args:
        value: ``{"__type": "Date", "iso": …}`` or the ISO text itself.
        path: Where it stands, for error messages.

    Raises:
        StorageError: It is no date.
    """
    iso = value.get("iso") if isinstance(value, Mapping) else value
    if isinstance(iso, datetime):
        return iso
    if not isinstance(iso, str):
        raise StorageError(f"{path}: {iso!r} is no date")
    try:
        if far := _FAR_DATE.fullmatch(iso):
            cycles, year = divmod(int(far[1]), 400)
            near = Date.parse(f"{year + 400:04}{far[2]}").milliseconds
            return DatetimeMS(near + (cycles - 1) * _400_YEARS_MS)
        moment = datetime.fromisoformat(iso)
    except ValueError as error:
        raise StorageError(f"{path}: {iso!r} is no date") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Beyond milliseconds there is nothing in MongoDB either.
    return Date.of(moment).datetime


def stored_bytes(value: Mapping[str, Any], path: str) -> bytes:
    """Return the content of ``{"__type": "Bytes", "base64": …}``.

    Raises:
        StorageError: Its base64 is absent or broken.
    """
    try:
        return base64.b64decode(value["base64"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise StorageError(f"{path}: bytes without valid base64") from error


def stored_polygon(value: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return GeoJSON, with longitude before latitude and the ring closed.

    Raises:
        StorageError: Corners are not pairs of numbers, or fewer than three.
    """
    try:
        ring = [
            [stored_number(lng, path), stored_number(lat, path)]
            for lat, lng in value["coordinates"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(f"{path}: a polygon without coordinates") from error
    if ring and ring[0] != ring[-1]:
        ring.append(list(ring[0]))
    if len({(lng, lat) for lng, lat in ring}) < 3:
        raise StorageError(f"{path}: a polygon needs three different corners")
    return {"type": "Polygon", "coordinates": [ring]}


def iso_of(value: Any, path: str) -> str:
    """Return a stored date as a server shows it; far years with a sign and six digits.

    Raises:
        StorageError: It is no date.
    """
    match value:
        case datetime():
            return Date.of(value if value.tzinfo else value.replace(tzinfo=UTC)).iso
        case DatetimeMS():
            cycles, near = divmod(int(value), _400_YEARS_MS)
            iso = Date(near).iso
            year = int(iso[:4]) + 400 * cycles
            shown = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
            return shown + iso[4:]
        case str():
            return value  # a server makes a date of it, whatever form it has
    raise StorageError(f"{path}: {value!r} is no date")
