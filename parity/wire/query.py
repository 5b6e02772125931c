"""The names in a query, and how it travels in a URL.

Sources: REST guide "Queries" and "GeoPoints"; parse-server 6.x
``src/Routers/ClassesRouter.js`` (the parameters it accepts) and
``src/Adapters/Storage/Mongo/MongoTransform.js`` (``transformConstraint``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from parity.wire.types import encode

HOSTED_PARAMETERS: Final = frozenset(
    {"where", "order", "limit", "skip", "keys", "include", "count", "redirectClassNameForKey"}
)
"""What the guide names; any other is refused by parse-server 2.2.15 and later unless below."""
PARAMETERS: Final = HOSTED_PARAMETERS | {
    *("comment", "excludeKeys", "explain", "hint", "includeAll"),
    *("includeReadPreference", "readPreference", "subqueryReadPreference"),
}
"""What a list of objects accepts self-hosted."""

HOSTED_CONSTRAINTS: Final = frozenset(
    {
        *("$lt", "$lte", "$gt", "$gte", "$ne", "$in", "$nin", "$exists", "$all"),
        *("$select", "$dontSelect", "$inQuery", "$notInQuery", "$relatedTo", "$or"),
        *("$regex", "$options", "$nearSphere", "$within", "$box"),
        *("$maxDistance", "$maxDistanceInRadians", "$maxDistanceInMiles"),
        "$maxDistanceInKilometers",
    }
)
"""Constraints that both styles know."""
CONSTRAINTS: Final = HOSTED_CONSTRAINTS | {
    *("$eq", "$and", "$nor", "$containedBy", "$text", "$search", "$term", "$language"),
    *("$caseSensitive", "$diacriticSensitive", "$geoWithin", "$polygon", "$centerSphere"),
    *("$geoIntersects", "$point"),
}
"""Constraints that a self-hosted server knows."""
LOGICAL: Final = frozenset({"$or", "$and", "$nor"})
"""Keys of a query whose value is a list of queries."""

_LISTS = frozenset({"order", "keys", "include", "excludeKeys"})


def compact_json(value: Any) -> str:
    """Return the shortest JSON of a Parse value: no spaces, characters as they are."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode_params(params: Mapping[str, Any]) -> dict[str, str]:
    """Turn a query into URL parameters, ready for an HTTP client to percent-encode as UTF-8.

    Args:
        params: By name. ``where`` is a mapping with Parse values inside; ``order``, ``keys``,
            ``include`` and ``excludeKeys`` are a list of names or already joined; a boolean
            becomes ``1`` or ``0``.

    Returns:
        Strings by name; parameters that are ``None`` are left out.

    Raises:
        ValueError: A name that no server knows; to send one all the same, add it afterwards.
    """
    if unknown := sorted(params.keys() - PARAMETERS):
        raise ValueError(f"unknown query parameters: {', '.join(unknown)}")
    return {name: _param(name, value) for name, value in params.items() if value is not None}


def _param(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if name in _LISTS and isinstance(value, (list, tuple)):
        return ",".join(value)
    return compact_json(value)
