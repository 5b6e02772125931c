"""Queries and keys as people read them, without values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.indexes.model import Keys
from parity.indexes.sent import Sent
from parity.profiles.profile import VALUE


def shown_filter(sent: Sent) -> dict[str, Any]:
    """Return a MongoDB query with ``?`` for its values, so that it can be shown to anybody."""
    return {key: _hidden(key, each) for key, each in sent.filter.items()}


def shown_keys(keys: Keys) -> str:
    """Return keys as the shell writes them: ``{_p_author: 1, _created_at: -1}``."""
    return "{" + ", ".join(f"{key}: {way}" for key, way in keys) + "}"


def _hidden(key: str, value: Any) -> Any:
    if key == "_rperm":
        return {"$in": [None, "*", VALUE]}
    if isinstance(value, list) and key in ("$or", "$and", "$nor"):
        return [{name: _hidden(name, one) for name, one in each.items()} for each in value]
    if isinstance(value, Mapping) and value and all(str(each).startswith("$") for each in value):
        return {name: _hidden(name, each) for name, each in value.items()}
    if key in ("$exists", "$maxDistance", "$options"):
        return value
    return VALUE
