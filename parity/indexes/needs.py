"""Which index a query needs: equality, then sort, then range.

Source: MongoDB manual, "The ESR (Equality, Sort, Range) Guideline", "Indexing Strategies", and
what mongod 6.0.5 does with the proposals (``tests/indexes/test_propose.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bson import Regex

from parity.indexes.model import Keys
from parity.indexes.sent import Sent

NEVER: Final = frozenset({"_rperm", "_wperm"})
"""Nearly every row has null or ``*`` there, so an index on them excludes nothing; and they are
arrays, of which an index can have one."""
TEXT: Final = "$text"
"""Stands for the field of a text search, which the MongoDB query does not name."""
_RANGE: Final = frozenset({"$gt", "$gte", "$lt", "$lte"})
_GEO: Final = frozenset({"$nearSphere", "$near", "$within", "$geoWithin"})
_REGEX_SPECIAL: Final = frozenset(".^$*+?()[]{}|\\")


@dataclass(frozen=True, slots=True)
class Need:
    """What an index has to have for one query, or one branch of its ``$or``.

    Attributes:
        equal: Keys with values that have to be equal; their order is free.
        sort: Keys of the sort, in order.
        ranges: Keys with ranges.
        special: A key and its kind: ``("place", "2d")``; ``None`` for a plain index.
        useless: Keys with conditions that no index narrows: ``$ne``, an unanchored ``$regex``.
    """

    equal: frozenset[str] = frozenset()
    sort: Keys = ()
    ranges: tuple[str, ...] = ()
    special: tuple[str, str] | None = None
    useless: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no index narrows the query or has its order."""
        return not (self.equal or self.sort or self.ranges or self.special)


@dataclass(slots=True)
class _Conditions:
    equal: dict[str, None] = field(default_factory=dict)
    ranges: dict[str, None] = field(default_factory=dict)
    useless: dict[str, None] = field(default_factory=dict)
    special: tuple[str, str] | None = None
    branches: list[Mapping[str, Any]] = field(default_factory=list)
    by_id: bool = False


def needs_of(sent: Sent) -> list[Need]:
    """Return what indexes have to have for a query.

    Args:
        sent: The query, with values.

    Returns:
        One for each branch of an ``$or`` that nothing outside narrows, else one; none if the
        index of ``_id`` is all that it needs.
    """
    outer = _conditions(sent.filter)
    if outer.special and outer.special[0] == TEXT:
        outer.special = (sent.text or TEXT, "text")
    if outer.by_id:
        return []
    if outer.equal or outer.special or not outer.branches:
        return [_need(outer, sent.sort)]
    return _of_branches(outer, sent)


def _of_branches(outer: _Conditions, sent: Sent) -> list[Need]:
    branches = [_conditions(branch) for branch in outer.branches]
    common = [key for key in branches[0].equal if all(key in branch.equal for branch in branches)]
    if common:
        # Parse Server 2.8.4 copies what is outside into every branch: one index serves all.
        return [_need(_Conditions(equal=dict.fromkeys(common)), sent.sort)]
    found = []
    for branch in branches:
        if branch.by_id:
            continue
        branch.ranges |= outer.ranges
        need = _need(branch, sent.sort)
        narrows = need.equal or need.ranges or need.special
        if not narrows:
            # One branch without an index makes MongoDB read everything.
            return [Need(sort=sent.sort, useless=tuple(outer.useless | branch.useless))]
        found.append(need)
    return found


def _need(conditions: _Conditions, sort: Keys) -> Need:
    ranges = tuple(key for key in conditions.ranges if key not in conditions.equal)
    # An order by a key that is equal in all rows is no order.
    rest = tuple(key for key in sort if key[0] not in conditions.equal)
    return Need(
        frozenset(conditions.equal), rest, ranges, conditions.special, tuple(conditions.useless)
    )


def _conditions(filter_: Mapping[str, Any]) -> _Conditions:
    found = _Conditions()
    for key, value in filter_.items():
        if key == "$and":
            for clause in value:
                _merge(found, _conditions(clause))
        elif key == "$or":
            found.branches = found.branches or list(value)
        elif key == "$text":
            found.special = (TEXT, "text")
        elif key.startswith("$") or key in NEVER:
            continue
        else:
            _classify(found, key, value)
    return found


def _merge(found: _Conditions, other: _Conditions) -> None:
    found.equal |= other.equal
    found.ranges |= other.ranges
    found.useless |= other.useless
    found.special = found.special or other.special
    found.branches = found.branches or other.branches
    found.by_id = found.by_id or other.by_id


def _classify(found: _Conditions, key: str, value: Any) -> None:
    operators = value.keys() if isinstance(value, Mapping) else frozenset()
    if not operators or not all(operator.startswith("$") for operator in operators):
        found.equal[key] = None
    elif "$geoIntersects" in operators:
        found.special = (key, "2dsphere")
    elif _GEO & operators:
        found.special = found.special or (key, "2d")
    elif "$eq" in operators or "$all" in operators or _is_list_of_values(value.get("$in")):
        found.equal[key] = None
    elif _RANGE & operators or _is_prefix(value) or "$in" in operators:
        found.ranges[key] = None
    else:
        found.useless[key] = None
    if key == "_id":
        found.by_id = bool({"_id"} & (found.equal.keys() | found.ranges.keys()))
        for conditions in (found.equal, found.ranges, found.useless):
            conditions.pop("_id", None)


def _is_list_of_values(values: Any) -> bool:
    return isinstance(values, list) and not any(isinstance(value, Regex) for value in values)


def _is_prefix(condition: Mapping[str, Any]) -> bool:
    """Tell whether a regular expression says how a text begins, so that an index can be used.

    Source: MongoDB manual, "$regex", "Index Use".
    """
    pattern = condition.get("$regex")
    if not isinstance(pattern, str) or set(str(condition.get("$options", ""))) & set("imx"):
        return False
    if not pattern.startswith("^") or len(pattern) < 2:
        return False
    if pattern.startswith("^\\Q"):
        return len(pattern) > 3
    rest = pattern[1:]
    # "a?" and "a*" make the first character optional; an alternative has no common beginning.
    if "|" in rest or (len(rest) > 1 and rest[1] in "?*{"):
        return False
    return rest[0] not in _REGEX_SPECIAL or (rest[0] == "\\" and not rest[1:2].isalnum())


def describe_useless(filter_: Mapping[str, Any]) -> str:
    """Say what can be done about the conditions of a query that no index narrows."""
    text = str(filter_)
    if "$regex" in text:
        return (
            "An index does not help a $regex that is not anchored, or ignores case: keep a "
            "lower-case copy of the field and ask with ^ (startsWith), or use full text search."
        )
    if "$ne" in text or "$nin" in text or "$nor" in text:
        return (
            "An index does not help to find what is not equal: ask for the values that are wanted "
            "($in), or keep a field that says so."
        )
    if "$exists" in text:
        return "Ask for a value instead of $exists: give the field a default."
    return "Ask for less: add a condition that few rows meet, or a limit with an order."
