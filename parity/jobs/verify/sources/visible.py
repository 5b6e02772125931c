"""What a source shows of an object, in a form that is the same on both sides if the object is."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import orjson

_KEY: Final = secrets.token_bytes(32)
EXACT: Final = 2**53
"""Whole numbers below this are the same whether they came as ``1`` or ``1.0``."""

SHOWN: Final = frozenset(
    {"_id", "_created_at", "_updated_at", "_rperm", "_wperm", "_acl", "_expiresAt"}
)
"""Keys of a stored document with ``_`` that REST shows under another name.
Source: parse-server MongoTransform ``mongoObjectToParseObject``; ``differences.md`` section 3."""

_PASSWORD: Final = "bcryptPassword"
"""Field of an exported user with the hash of the password, where the export had it."""


def plain(value: Any) -> Any:
    """Return a JSON value with every form that means the same written as one.

    The URL of a file is dropped, because a server works it out when it is read; whole numbers
    become integers; NaN and infinities become null, as JSON shows them.
    """
    kind = type(value)
    if kind is float:
        if value.is_integer() and -EXACT < value < EXACT:
            return int(value)
        return value if math.isfinite(value) else None
    if kind is list:
        return [plain(each) for each in value]
    if kind is dict:
        if value.get("__type") == "File":
            value = {name: each for name, each in value.items() if name != "url"}
        return {name: plain(each) for name, each in value.items()}
    return value


def same_bytes(value: dict[str, Any]) -> bytes:
    """Return bytes that are equal only for values that are equal.

    Equal values may give other bytes (a double and a long integer); those are looked at again.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits, a lone surrogate
        return b"\0" + json.dumps(value, sort_keys=True).encode()


def source_view(class_name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared of an object that a source gave.

    Args:
        class_name: Its class.
        value: The object as JSON.

    Returns:
        Its fields without relations (whose rows are compared on their own) and with pseudonyms in
        the place of secrets.
    """
    view = {
        name: _acl(each) if name == "ACL" else plain(each)
        for name, each in value.items()
        if not is_relation(each)
    }
    if class_name == "_User":
        view.pop("sessionToken", None)
        _hide(view, (_PASSWORD,))
        _auth_data(view)
    elif class_name == "_Session":
        _hide(view, ("sessionToken",))
    return view


def destination_view(
    class_name: str,
    value: Mapping[str, Any],
    document: Mapping[str, Any],
    source: Mapping[str, Any],
    unseen: Counter[str],
) -> dict[str, Any]:
    """Return what is compared of a stored object: what the source shows of it.

    Args:
        class_name: Its class.
        value: The stored object as REST JSON.
        document: The stored document.
        source: The view of the source's object.
        unseen: Counts, by field, the values that the source does not show.
    """
    hash_ = document.get("_hashed_password")
    view = source_view(class_name, {**value, _PASSWORD: hash_} if hash_ is not None else value)
    for name in ("authData", "sessionToken", _PASSWORD):
        if name in view and name not in source:
            del view[name]
            unseen["_hashed_password" if name == _PASSWORD else name] += 1
    for name in document:
        if name[0] == "_" and not _has_rest_form(class_name, name):
            unseen[name] += 1
    return view


def is_relation(value: Any) -> bool:
    """Tell whether a JSON value is a relation column."""
    return isinstance(value, dict) and value.get("__type") == "Relation"


def type_of(value: Any) -> str | None:
    """Return the type that a column needs to hold a value, as ``/schemas`` names it.

    Returns:
        ``Number``, ``Pointer<_User>``, …; ``None`` for null, which every column holds.
    """
    match value:
        case None:
            return None
        case bool():
            return "Boolean"
        case int() | float():
            return "Number"
        case str():
            return "String"
        case list():
            return "Array"
        case {"__type": "Pointer" | "Relation" as kind, "className": target}:
            return f"{kind}<{target}>"
        case {"__type": "Date" | "GeoPoint" | "File" | "Bytes" | "Polygon" as kind}:
            return str(kind)
        case _:
            return "Object"


def _has_rest_form(class_name: str, name: str) -> bool:
    if name in SHOWN or name.startswith(("_p_", "_auth_data_")):
        return True
    if class_name == "_User":
        return name == "_hashed_password"
    return class_name == "_Session" and name == "_session_token"


def _acl(value: Any) -> Any:
    """Return an ACL with only the rights that it grants, as servers of both styles mean it."""
    if not isinstance(value, dict):
        return value
    granted = {
        who: {name: right for name, right in rights.items() if right is not False}
        for who, rights in value.items()
        if isinstance(rights, dict)
    }
    if len(granted) != len(value):
        return value
    return {who: rights for who, rights in granted.items() if rights}


def _auth_data(view: dict[str, Any]) -> None:
    """Drop providers that were unlinked (null), and hide what they hold beside the id."""
    data = view.get("authData")
    if data is None:
        view.pop("authData", None)
        return
    if not isinstance(data, dict):
        return
    linked = {name: each for name, each in data.items() if each is not None}
    if not linked:
        del view["authData"]
        return
    view["authData"] = {
        provider: {
            name: each if name == "id" or not isinstance(each, str) else pseudonym(each)
            for name, each in details.items()
        }
        if isinstance(details, dict)
        else details
        for provider, details in linked.items()
    }


def _hide(view: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if isinstance(view.get(name), str):
            view[name] = pseudonym(view[name])


def pseudonym(secret: str) -> str:
    """Return a word that stands for a secret; equal secrets of one run have equal words."""
    content = secret.encode("utf-8", "surrogatepass")
    return f"<{hashlib.blake2b(content, key=_KEY, digest_size=6).hexdigest()}>"
