"""Compares the results of a query: which rows, in which order, with what in them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from parity.jobs.replay.pairing import MINTED_TIMES, Pairing
from parity.model import Difference, Kind
from parity.wire.operation import Operation

MINTED = ("objectId", *MINTED_TIMES)
SAME_DISTANCE = 1e-9
"""Radians, less than a centimetre: rows at one distance come in any order."""
_NEAR = ("$nearSphere", "$near")


@dataclass(slots=True)
class Rows:
    """How the rows of two results belong together.

    Attributes:
        pairs: Index of a recorded row and of its live row, in recorded order.
        missing: Indexes of recorded rows that did not come.
        extra: Indexes of live rows that were not recorded.
        foreign: Indexes of recorded rows that no request of the recording created.
    """

    pairs: list[tuple[int, int]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    extra: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)


def match_rows(recorded: list[Any], live: list[Any], pairing: Pairing) -> Rows:
    """Find which live row each recorded row is.

    A row whose id is bound is found by it. The others, made by a trigger or by somebody who was
    not recorded, are found by what is in them.
    """
    rows = Rows()
    by_id = {_id(row): number for number, row in enumerate(live) if _id(row)}
    claimed: set[int] = set()
    open_rows: list[int] = []
    for number, row in enumerate(recorded):
        object_id = _id(row)
        if object_id and not pairing.is_foreign(object_id):
            index = by_id.get(pairing.expected(object_id))
        elif object_id and pairing.literal:
            index = by_id.get(object_id)
        else:
            open_rows.append(number)
            continue
        if index is None or index in claimed:  # a row that was recorded twice has to come twice
            rows.missing.append(number)
        else:
            claimed.add(index)
            rows.pairs.append((number, index))
    free = _free(live, claimed, pairing)
    for number in open_rows:
        candidates = free.get(_content(recorded[number], pairing), [])
        if candidates:
            index = candidates.pop(0)
            claimed.add(index)
            rows.pairs.append((number, index))
        elif _id(recorded[number]):
            rows.foreign.append(number)
        else:
            rows.missing.append(number)
    rows.pairs.sort()
    rows.extra = [number for number in range(len(live)) if number not in claimed]
    return rows


def order_of(operation: Operation) -> list[tuple[str, bool]] | None:
    """Return what a query asked to be ordered by.

    Returns:
        Names of fields, each with whether it is descending; empty where the rows themselves do
        not hold what they are ordered by (the distance of ``$nearSphere``); ``None`` if it asked
        for no order.
    """
    order = operation.params.get("order")
    if isinstance(order, str) and order:
        names = [each.strip() for each in order.split(",")]
        return [(name.lstrip("-+"), name.startswith("-")) for name in names]
    return [] if near_fields(operation) else None


def near_fields(operation: Operation) -> list[str]:
    """Return the fields by whose distance a query asks for its rows."""
    where = operation.params.get("where")
    return [
        name
        for name, value in (where.items() if isinstance(where, dict) else ())
        if isinstance(value, dict) and any(each in value for each in _NEAR)
    ]


Distance = Callable[[Any], float | None]
"""Gives the distance of a row from the point of a query, in radians; ``None`` if it hides it."""


def distance_of(operation: Operation) -> Distance | None:
    """Return what measures how far a row is from the point that a query asks for; or ``None``."""
    where = operation.params.get("where")
    names = near_fields(operation)
    if not names or not isinstance(where, dict):
        return None
    name, query = names[0], where[names[0]]
    centre = _point(next(query[word] for word in _NEAR if word in query))

    def distance(row: Any) -> float | None:
        point = _point(_member(row, name))
        if centre is None or point is None:
            return None
        (one, east), (other, east_2) = centre, point
        half = math.sin((one - other) / 2) ** 2
        half += math.cos(one) * math.cos(other) * math.sin((east - east_2) / 2) ** 2
        return 2 * math.asin(math.sqrt(min(1.0, half)))

    return distance


def _point(value: Any) -> tuple[float, float] | None:
    """Return latitude and longitude of a GeoPoint in radians, or ``None``."""
    if not isinstance(value, dict):
        return None
    numbers = value.get("latitude"), value.get("longitude")
    if not all(isinstance(number, int | float) for number in numbers):
        return None
    return math.radians(numbers[0]), math.radians(numbers[1])  # type: ignore[arg-type]


def wrong_order(
    rows: Rows,
    recorded: list[Any],
    live: list[Any],
    order: list[tuple[str, bool]],
    path: str,
    distance: Distance | None = None,
) -> list[Difference]:
    """Return a Difference if rows come in another order than recorded, except among equals.

    What a server mints is ordered by its own values: two ids that were minted in one order need
    not be in the same order again.
    """
    in_live_order = sorted(rows.pairs, key=lambda pair: pair[1])
    if distance is not None and not order:
        far = [distance(recorded[number]) for number, _ in in_live_order]
        if all(one is not None for one in far):
            near_first = all(
                one <= other + SAME_DISTANCE
                for one, other in pairwise([one for one in far if one is not None])
            )
            return [] if near_first else [_order_difference(rows, recorded, live, path)]
    own = next((i for i, (name, _) in enumerate(order) if name in MINTED), None)
    if in_live_order != rows.pairs:
        fields = [name for name, _ in (order if own is None else order[:own])]
        ranks = [_rank(recorded[n], fields) if order else n for n, _ in rows.pairs]
        by_live = [_rank(recorded[n], fields) if order else n for n, _ in in_live_order]
        if by_live != ranks:
            return [_order_difference(rows, recorded, live, path)]
    if own is not None:
        name, descending = order[own]
        fields = [each for each, _ in order[:own]]
        if not _is_sorted([live[index] for _, index in in_live_order], fields, name, descending):
            return [_order_difference(rows, recorded, live, path)]
    return []


def hides_order(rows: Rows, recorded: list[Any], order: list[tuple[str, bool]]) -> bool:
    """Return whether rows changed places, and no row shows what they are ordered by.

    The parameter ``keys`` may leave out the very fields that ``order`` names.
    """
    indexes = [index for _, index in rows.pairs]
    if indexes == sorted(indexes):
        return False
    names = {name.partition(".")[0] for name, _ in order}
    return not any(isinstance(row, dict) and row.keys() & names for row in recorded)


def _is_sorted(
    rows: list[Any],
    fields: list[str],
    name: str,
    descending: bool,  # noqa: FBT001
) -> bool:
    for one, other in pairwise(rows):
        if _rank(one, fields) != _rank(other, fields):
            continue
        first, second = _text(one, name), _text(other, name)
        if first and second and first != second and (first > second) != descending:
            return False
    return True


def _order_difference(rows: Rows, recorded: list[Any], live: list[Any], path: str) -> Difference:
    old = [_id(recorded[number]) for number, _ in rows.pairs]
    new = [_id(live[index]) for index in sorted(index for _, index in rows.pairs)]
    return Difference(path, Kind.ORDER, old, new)


def missing_and_extra(
    rows: Rows, recorded: list[Any], live: list[Any], path: str
) -> list[Difference]:
    """Return a Difference for each row that did not come or was not expected."""
    found = [
        Difference(f"{path}[{number}]", Kind.MISSING, recorded[number], None)
        for number in rows.missing
    ]
    return found + [
        Difference(f"{path}[{len(recorded) + place}]", Kind.EXTRA, None, live[number])
        for place, number in enumerate(rows.extra)
    ]


def _free(live: list[Any], claimed: set[int], pairing: Pairing) -> dict[bytes, list[int]]:
    free: dict[bytes, list[int]] = defaultdict(list)
    for number, row in enumerate(live):
        if number not in claimed and pairing.bindings.recorded(_id(row)) is None:
            free[_content(row, None)].append(number)
    return free


def _content(row: Any, pairing: Pairing | None) -> bytes:
    """Return what is in a row, without what a server mints."""
    if not isinstance(row, dict):
        return orjson.dumps(_plain(row, pairing), option=orjson.OPT_SORT_KEYS)
    kept = {key: _plain(value, pairing) for key, value in row.items() if key not in MINTED}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def _plain(value: Any, pairing: Pairing | None) -> Any:
    if isinstance(value, dict):
        return {
            (pairing.expected(key) if pairing else key): _plain(each, pairing)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_plain(each, pairing) for each in value]
    if isinstance(value, str) and pairing is not None:
        return pairing.expected(value)
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    return value


def _rank(row: Any, order: list[str]) -> Any:
    return orjson.dumps([_member(row, name) for name in order])


def _member(row: Any, name: str) -> Any:
    # An order may name a member of an object: "address.city".
    for each in name.split("."):
        row = row.get(each) if isinstance(row, dict) else None
    return row


def _id(row: Any) -> str:
    return _text(row, "objectId")


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""
