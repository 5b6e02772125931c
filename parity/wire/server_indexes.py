"""The indexes that Parse Server builds by itself when it starts.

Source: parse-server ``DatabaseController.performInitialization``; those of providers observed with
9.10.0, one for each that is configured, anonymous users included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

UNIQUE: Final = frozenset({("_User", "username"), ("_User", "email"), ("_Role", "name")})
"""Class and key of those that are unique."""
CASE_INSENSITIVE: Final = {
    "case_insensitive_username": "username",
    "case_insensitive_email": "email",
}
"""Of ``_User``, by name, with the key of each; from 4.0 on."""
_AUTH_DATA_ID: Final = re.compile(r"_auth_data_\w+\.id")


def builds_unique(collection: str, keys: tuple[str, ...]) -> bool:
    """Tell whether Parse Server builds a unique index of these keys.

    Args:
        collection: Where.
        keys: The keys of an index, in their order.
    """
    if (collection, *keys) in UNIQUE:
        return True
    return collection == "_User" and len(keys) == 1 and bool(_AUTH_DATA_ID.fullmatch(keys[0]))


def ignores_case(index: Mapping[str, Any]) -> bool:
    """Tell whether an index ignores case as Parse Server's own do.

    Source: parse-server ``MongoCollection.caseInsensitiveCollation``: ``en_US``, strength 2.

    Args:
        index: As MongoDB lists it.
    """
    collation = index.get("collation") or {}
    return (collation.get("locale"), collation.get("strength")) == ("en_US", 2)
