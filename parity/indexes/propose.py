"""From slow queries to proposed indexes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pymongo.collection import Collection

from parity.indexes.codes import PARALLEL_ARRAYS
from parity.indexes.estimate import best_shape
from parity.indexes.explain import Seen
from parity.indexes.judge import RATIO, SMALL_ROWS
from parity.indexes.limits import (
    MOST_INDEXES,
    Server,
    blocking_codes,
    estimated_bytes,
    index_name,
    longest_entry,
    one_array,
)
from parity.indexes.merge import Planned, Wish, existing_keys, plan, serves
from parity.indexes.model import Keys, Proposal
from parity.indexes.needs import TEXT, Need, needs_of
from parity.indexes.sample import Row, Sample
from parity.indexes.sent import Sent

MOST: Final = 3
"""Indexes proposed for one collection: each is paid for by every write."""
GAIN: Final = 3.0
"""Times less that has to be examined for an index to be worth its writes."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A query that is named.

    Attributes:
        signature: Its name.
        rate: Times a second at the peak.
        sent: It, with each set of values.
        seen: What MongoDB does for each.
    """

    signature: str
    rate: float
    sent: tuple[Sent, ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A collection that indexes are proposed for.

    Attributes:
        collection: It.
        sample: Rows of it.
        indexes: Its indexes, as ``index_information`` returns them.
        writes: Writes a second at the peak.
        server: The mongod.
        max_time_ms: Most that MongoDB may work on one question.
        small_rows: What may be examined without being named.
    """

    collection: Collection[Row]
    sample: Sample
    indexes: Mapping[str, Mapping[str, Any]]
    writes: float
    server: Server
    max_time_ms: int = 10_000
    small_rows: int = SMALL_ROWS


def wishes_of(slow: Slow, place: Place) -> tuple[list[Wish], str]:
    """Work out which indexes a query wants.

    Returns:
        The wishes: one, or one for each branch of an ``$or``; and why there is none.
    """
    pairs = list(zip(slow.sent, slow.seen, strict=True))
    worst, seen = max(pairs, key=lambda pair: pair[1].examined)
    needs = needs_of(worst)
    nameless = any(need.special and need.special[0] == TEXT for need in needs)
    if not needs or nameless or any(need.is_empty for need in needs):
        return [], "no condition of it can use an index"
    found = [_wish(slow, need, worst, seen, place)[0] for need in needs]
    # What an index brings is the mean over the values: it helps most where little matches.
    now = sum(look.examined + (look.matched if look.sorts else 0) for _, look in pairs) / len(pairs)
    costs = (
        _wish(slow, need, sent, look, place)[1] for sent, look in pairs for need in needs_of(sent)
    )
    examined = sum(costs) / len(pairs)
    if examined * GAIN > now and not seen.missing:
        return [], f"with an index it would still examine about {examined:,.0f}"
    left = [wish for wish in found if not _is_there(wish, place)]
    if not left:
        return [], "an index with these keys is there and does not help"
    share = slow.rate * max(now - examined, 0.0) / len(left)
    return [replace(wish, saves=share) for wish in left], ""


def propose(wishes: Iterable[Wish], place: Place) -> tuple[list[Proposal], list[Planned]]:
    """Propose indexes for the wishes of one collection.

    Returns:
        Proposals, most useful first, and what was left out because there are enough.
    """
    plain = [existing_keys(index) for name, index in place.indexes.items() if name != "_id_"]
    planned = plan(wishes, [keys for keys in plain if keys])
    kept = planned[:MOST]
    return [_proposal(index, place, number) for number, index in enumerate(kept)], planned[MOST:]


def _wish(slow: Slow, need: Need, sent: Sent, seen: Seen, place: Place) -> tuple[Wish, float]:
    if need.special is not None:
        field, kind = need.special
        cost = float(max(seen.matched, sent.limit))
        return Wish(slow.signature, frozenset({field}), (), 0, 0.0, kind), cost
    shape = best_shape(place.collection, place.sample, need, sent, seen)
    ordered = sum(1 for key in shape.tail if key in need.sort)
    cost = shape.examined * (2 if shape.sorts else 1)
    return Wish(slow.signature, shape.equal, shape.tail, ordered, 0.0), cost


def _is_there(wish: Wish, place: Place) -> bool:
    found = (existing_keys(index) for index in place.indexes.values())
    return any(keys is not None and serves(keys, wish) for keys in found)


def _proposal(planned: Planned, place: Place, number: int) -> Proposal:
    keys, dropped = one_array(planned.keys, place.sample)
    special = any(isinstance(way, str) for _, way in keys)
    longest = 0
    if place.server.limits_keys and not special:
        longest = longest_entry(place.collection, keys, place.sample, max_time_ms=place.max_time_ms)
    full = len(place.indexes) + number + 1 > MOST_INDEXES
    codes = blocking_codes(longest, place.server, full=full)
    if dropped:
        codes = (*codes, PARALLEL_ARRAYS)
    command = _command(keys, place)
    return Proposal(
        collection=place.collection.name,
        keys=keys,
        serves=tuple(dict.fromkeys(wish.signature for wish in planned.wishes)),
        saves=planned.saves,
        bytes=estimated_bytes(keys, place.sample),
        writes=place.writes,
        shell=_shell(command),
        command=command,
        codes=codes,
        notes=tuple(_notes(keys, dropped, longest, place)),
        replaces=_replaced(keys, place.indexes),
    )


def _command(keys: Keys, place: Place) -> dict[str, Any]:
    name = index_name(place.collection.database.name, place.collection.name, keys, place.server)
    index: dict[str, Any] = {"key": dict(keys), "name": name}
    if place.server.blocks_while_building:
        index["background"] = True
    return {"createIndexes": place.collection.name, "indexes": [index]}


def _shell(command: Mapping[str, Any]) -> str:
    [index] = command["indexes"]
    options = {name: option for name, option in index.items() if name != "key"}
    own = "_".join(f"{key}_{way}" for key, way in index["key"].items())
    if options.get("name") == own:
        del options["name"]
    arguments = [index["key"], *([options] if options else [])]
    text = ", ".join(json.dumps(argument, ensure_ascii=False) for argument in arguments)
    name = json.dumps(command["createIndexes"], ensure_ascii=False)
    return f"db.getCollection({name}).createIndex({text})"


def _replaced(keys: Keys, indexes: Mapping[str, Mapping[str, Any]]) -> str:
    for name, index in indexes.items():
        own = existing_keys(index)
        kept = name == "_id_" or index.get("unique") or "expireAfterSeconds" in index
        if own and not kept and len(own) < len(keys) and keys[: len(own)] == own:
            return name
    return ""


def _notes(keys: Keys, dropped: Sequence[str], longest: int, place: Place) -> Iterable[str]:
    kinds = {way for _, way in keys}
    if dropped:
        yield (
            f"{', '.join(dropped)} would be a second array in the index, which MongoDB refuses "
            "(cannot index parallel arrays): left out."
        )
    if longest and blocking_codes(longest, place.server, full=False):
        yield (
            f"An entry would have {longest:,} bytes; MongoDB before 4.2 takes fewer than 1,024 "
            "and refuses the index, or later the row. Move to 4.2 or later, or shorten the value"
            + ("; a hashed index serves equality alone." if len(keys) == 1 else ".")
        )
    if "2d" in kinds:
        yield (
            "Parse Server builds this one itself when the first $nearSphere needs it, while the "
            "app waits; build it before."
        )
    if "text" in kinds:
        yield (
            "A collection has one text index; Parse Server builds it itself at the first search, "
            "while the app waits; build it before."
        )
    if place.server.blocks_while_building:
        yield (
            "Before MongoDB 4.2 a build in the foreground stops the database: keep "
            "background: true, and build on one member of a replica set after the other."
        )
    if place.sample.rows < RATIO * place.small_rows:
        yield "The collection is small now: the gain grows with it."
