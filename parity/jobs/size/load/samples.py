"""Rows of the app's own data that queries are made of, read once before the load begins.

They are spread over the whole class: what is read decides what MongoDB has to keep in its cache,
and the newest hundred rows would always be in it.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping
from typing import Any, Final

from parity.targets.client import ParseClient

PAGE: Final = 1000
"""Rows of one request: the most that the hosted service gave (REST guide, "Queries")."""
PROBES: Final = 20
_CHARACTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase

Row = Mapping[str, Any]


def sample_rows(
    client: ParseClient, class_name: str, fields: Iterable[str], rng: random.Random, probes: int
) -> list[Row]:
    """Return rows of a class.

    Ids are random, so rows from a random id on are a random choice, and the index on the id finds
    them in a class of any size.

    Args:
        client: Asks with the key of an app's clients, so that only what they may see is found.
        class_name: The class.
        fields: Fields that are needed; empty for all.
        rng: Chooses.
        probes: Requests to send at most, each for :data:`PAGE` rows.

    Returns:
        Rows as JSON of REST; all of a class that is small.
    """
    keys = ",".join(sorted({*fields, "objectId"})) if fields else None
    first = _page(client, class_name, keys, None)
    if len(first) < PAGE:
        return first
    found: dict[str, Row] = {}
    for _ in range(probes):
        start = "".join(rng.choice(_CHARACTERS) for _ in range(3))
        for row in _page(client, class_name, keys, {"objectId": {"$gte": start}}):
            found[str(row.get("objectId"))] = row
    return list(found.values()) or first


def _page(
    client: ParseClient, class_name: str, keys: str | None, where: Mapping[str, Any] | None
) -> list[Row]:
    params: dict[str, Any] = {"limit": PAGE, "keys": keys} if keys else {"limit": PAGE}
    if where is not None:
        params |= {"where": where, "order": "objectId"}
    reply = client.get(f"classes/{class_name}", params=params)
    if not reply.ok:
        return []
    return [row for row in reply.results if isinstance(row, dict) and row.get("objectId")]
