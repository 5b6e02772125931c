"""What a query would examine with an index, estimated from the rows that were drawn.

MongoDB counts among the drawn rows, so that its own rules of comparison apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pymongo.collection import Collection

from parity.indexes.explain import Seen
from parity.indexes.model import Keys
from parity.indexes.needs import Need
from parity.indexes.sample import Row, Sample
from parity.indexes.sent import Sent

UNSEEN: Final = 0.5
"""Rows that are taken to match where none of the drawn ones does."""
FEWEST: Final = 8
"""Drawn rows below which a share among them says little."""
NOT_IN_MATCH: Final = frozenset({"$text"})
_NEAR: Final = frozenset({"$nearSphere", "$near"})


@dataclass(frozen=True, slots=True)
class Shape:
    """An index that a need could have.

    Attributes:
        equal: Keys for equality, in any order.
        tail: Keys after them, in this order.
        examined: What would be examined with it.
        sorts: Whether rows are still sorted in memory.
    """

    equal: frozenset[str]
    tail: Keys
    examined: float
    sorts: bool = False


def best_shape(
    collection: Collection[Row], sample: Sample, need: Need, sent: Sent, seen: Seen
) -> Shape:
    """Choose between order first and range first for a need that has both.

    Args:
        collection: Where the drawn rows are.
        sample: The drawn rows.
        need: What the query needs.
        sent: The query, with values.
        seen: What MongoDB does for it now.
    """
    shares = _Shares(collection, sample, sent, need)
    rows = max(sample.rows, 1)
    equal = rows * shares.equal
    bounded = rows * shares.bounded
    everything = max(float(seen.matched), rows * shares.everything if not seen.scans else 0.0)
    bounded = max(bounded, min(everything, float(rows))) if seen.matched else bounded
    by_range = Shape(need.equal, _ascending(need.ranges), bounded)
    if not need.sort:
        return by_range
    wanted = sent.limit + sent.skip
    by_sort = max(equal, bounded)
    if wanted:
        # Read in order, rows are passed over until enough have matched.
        by_sort = min(by_sort, wanted / max(shares.everything_of_equal, 1e-9))
    first = need.sort[0][0]
    rest = tuple(key for key in need.ranges if key not in dict(need.sort))
    in_order = Shape(need.equal, need.sort + _ascending(rest), by_sort)
    if first in need.ranges:
        return Shape(need.equal, in_order.tail, min(by_sort, bounded))
    # Sorting costs about as much again as examining.
    if need.ranges and 2 * bounded < by_sort:
        return Shape(need.equal, by_range.tail, bounded, sorts=True)
    return in_order


def _ascending(keys: tuple[str, ...]) -> Keys:
    return tuple((key, 1) for key in keys)


class _Shares:
    """Shares of the drawn rows that meet parts of a query."""

    def __init__(self, collection: Collection[Row], sample: Sample, sent: Sent, need: Need) -> None:
        filter_ = {
            key: value
            for key, value in sent.filter.items()
            if key not in NOT_IN_MATCH and not _is_near(value)
        }
        equal = _only(filter_, need.equal)
        bounded = _only(filter_, need.equal | frozenset(need.ranges))
        counts = _count(collection, sample, {"equal": equal, "bounded": bounded, "all": filter_})
        drawn = max(len(sample.stored), 1)
        self.equal = 1.0 if not need.equal else max(counts["equal"], UNSEEN) / drawn
        narrows = need.equal or need.ranges
        self.bounded = 1.0 if not narrows else max(counts["bounded"], UNSEEN) / drawn
        self.everything = max(counts["all"], UNSEEN) / drawn
        if counts["equal"] >= FEWEST:
            self.everything_of_equal = max(counts["all"], UNSEEN) / counts["equal"]
        else:
            other = {key: condition for key, condition in filter_.items() if key not in need.equal}
            left = _count(collection, sample, {"other": other})["other"]
            self.everything_of_equal = max(left, UNSEEN) / drawn


def _only(filter_: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    """Return the parts of a query that are about some keys, wherever in it they stand."""
    found: dict[str, Any] = {key: condition for key, condition in filter_.items() if key in keys}
    for clause in filter_.get("$and", []):
        inner = _only(clause, keys)
        if inner:
            found.setdefault("$and", []).append(inner)
    branches = [_only(branch, keys) for branch in filter_.get("$or", [])]
    if branches and any(branches):
        # A branch that has none of the keys is not what this index is for.
        found["$or"] = [branch for branch in branches if branch]
    return found


def _is_near(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(_NEAR & value.keys())


def _count(
    collection: Collection[Row], sample: Sample, filters: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    drawn = [row["_id"] for row in sample.stored]
    facets = {
        name: [{"$match": dict(condition)}, {"$count": "n"}] for name, condition in filters.items()
    }
    [reply] = collection.aggregate([{"$match": {"_id": {"$in": drawn}}}, {"$facet": facets}])
    return {name: int(reply[name][0]["n"]) if reply[name] else 0 for name in filters}
