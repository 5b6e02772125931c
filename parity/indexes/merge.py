"""Few indexes for many queries: one serves all whose keys it begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity.indexes.model import Keys


@dataclass(frozen=True, slots=True)
class Wish:
    """What one query wants of an index.

    Attributes:
        signature: The query.
        equal: Keys for equality, in any order.
        tail: Keys after them, in this order; the directions matter for those of the sort.
        ordered: How many keys of the tail are of the sort.
        saves: What need not be examined each second.
        kind: ``""``, or the special kind of its only key: ``2d``, ``2dsphere``, ``text``.
    """

    signature: str
    equal: frozenset[str]
    tail: Keys
    ordered: int
    saves: float
    kind: str = ""


@dataclass(slots=True)
class Planned:
    """An index that serves some wishes."""

    keys: Keys
    wishes: list[Wish] = field(default_factory=list)

    @property
    def saves(self) -> float:
        """What need not be examined each second."""
        return sum(wish.saves for wish in self.wishes)


def plan(wishes: Iterable[Wish], existing: Sequence[Keys] = ()) -> list[Planned]:
    """Choose indexes for the wishes of one collection.

    Args:
        wishes: None of them is served by an existing index.
        existing: Keys of the indexes that are there; they are made longer where that is enough.

    Returns:
        Most useful first.
    """
    ordered = sorted(wishes, key=lambda wish: (-wish.saves, wish.signature))
    popularity = _popularity(ordered)
    planned: list[Planned] = []
    starts = sorted(existing, key=len, reverse=True)
    for wish in ordered:
        _place(wish, planned, starts, popularity)
    return sorted(planned, key=lambda index: -index.saves)


def serves(keys: Keys, wish: Wish) -> bool:
    """Tell whether an index has all that a wish wants."""
    if wish.kind:
        return bool(keys) and keys[0] == (next(iter(wish.equal)), wish.kind)
    count = len(wish.equal)
    if {key for key, _ in keys[:count]} != wish.equal or len(keys) < count + len(wish.tail):
        return False
    return _same_order(keys[count:], wish)


def arrange(wish: Wish, start: Keys, popularity: Mapping[str, float]) -> Keys | None:
    """Return keys for a wish that begin with others; ``None`` if they cannot.

    Args:
        wish: What is wanted.
        start: Keys to begin with; may be empty.
        popularity: What each key saves altogether: popular ones come first.
    """
    if wish.kind:
        only = next(iter(wish.equal))
        return ((only, wish.kind),) if not start else None
    count = len(wish.equal)
    head, rest = start[:count], start[count:]
    if not {key for key, _ in head} <= wish.equal:
        return None
    left = sorted(
        wish.equal - {key for key, _ in head}, key=lambda key: (-popularity.get(key, 0.0), key)
    )
    if left and rest:
        return None
    tail = wish.tail
    if rest:
        if len(rest) > len(tail) or not _same_order(
            rest, Wish("", frozenset(), tail[: len(rest)], min(wish.ordered, len(rest)), 0.0)
        ):
            return None
        flipped = rest[0][1] != tail[0][1]
        tail = _flip(tail) if flipped else tail
    return head + tuple((key, 1) for key in left) + tail


def existing_keys(index: Mapping[str, Any]) -> Keys | None:
    """Return the keys of an index that serves every query; ``None`` if it serves only some.

    Args:
        index: As ``Collection.index_information`` has it.
    """
    if any(
        index.get(name) for name in ("partialFilterExpression", "sparse", "collation", "hidden")
    ):
        return None
    return tuple(
        (str(key), int(way) if isinstance(way, (int, float)) else str(way))
        for key, way in index["key"]
    )


def duplicates(indexes: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return pairs of indexes of which the first is the beginning of the second.

    Args:
        indexes: As ``Collection.index_information`` returns them.
    """
    plain = {name: existing_keys(index) for name, index in indexes.items() if name != "_id_"}
    found = []
    for name, keys in plain.items():
        if keys is None or indexes[name].get("unique") or "expireAfterSeconds" in indexes[name]:
            continue
        for other, longer in plain.items():
            if other != name and longer and len(longer) > len(keys) and longer[: len(keys)] == keys:
                found.append((name, other))
                break
    return found


def _place(
    wish: Wish, planned: list[Planned], starts: Sequence[Keys], popularity: Mapping[str, float]
) -> None:
    for index in planned:
        if serves(index.keys, wish):
            index.wishes.append(wish)
            return
    for index in planned:
        longer = arrange(wish, index.keys, popularity)
        if longer is not None:
            index.keys = longer
            index.wishes.append(wish)
            return
    for start in (*starts, ()):
        keys = arrange(wish, start, popularity)
        if keys is not None:
            planned.append(Planned(keys, [wish]))
            return


def _popularity(wishes: Sequence[Wish]) -> dict[str, float]:
    found: dict[str, float] = {}
    for wish in wishes:
        for key in wish.equal:
            found[key] = found.get(key, 0.0) + wish.saves
    return found


def _same_order(keys: Keys, wish: Wish) -> bool:
    """Tell whether keys begin with the tail of a wish, read forwards or backwards."""
    for (key, _), (wanted, _) in zip(keys, wish.tail, strict=False):
        if key != wanted:
            return False
    ways = [
        way == wanted
        for (_, way), (_, wanted) in zip(keys, wish.tail[: wish.ordered], strict=False)
    ]
    return all(ways) or not any(ways)


def _flip(keys: Keys) -> Keys:
    return tuple((key, -way if isinstance(way, int) else way) for key, way in keys)
