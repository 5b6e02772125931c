"""Which values occur twice where they must not: 8 bytes for each value, then a second look."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.jobs.audit.findings import Findings
from parity.jobs.audit.walk import Reader
from parity.model.finding import Code

GROUPS_AT_MOST = 100_000
"""Repeated values that are looked at one by one in a collection."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must be unique.

    Attributes:
        code: What a repetition is.
        collection: Where.
        key: What a finding names.
        keys: Top-level keys that ``value`` needs.
        value: The value of a document, hashable; ``None`` if it has none.
        folded: Folds values that count as the same; a repetition is then two *different* ones.
    """

    code: Code
    collection: str
    key: str
    keys: tuple[str, ...]
    value: Callable[[Mapping[str, Any]], Any]
    folded: Callable[[Any], Any] | None = None

    def hash_of(self, document: Mapping[str, Any]) -> int | None:
        """Return the hash that is compared, or ``None`` if the document has no value."""
        value = self.value(document)
        if value is None:
            return None
        return hash(value if self.folded is None else self.folded(value))


@dataclass(slots=True)
class _Group:
    values: dict[Any, list[Any]] = field(default_factory=dict)


class Duplicates:
    """Collects the values of each rule as 64-bit hashes, and looks again at those that repeat."""

    def __init__(self) -> None:
        self.seen: dict[Rule, array[int]] = defaultdict(lambda: array("q"))

    def add(self, rule: Rule, document: Mapping[str, Any]) -> None:
        """Note a document's value."""
        value = rule.hash_of(document)
        if value is not None:
            self.seen[rule].append(value)

    def confirm(self, reader: Reader, findings: Findings) -> None:
        """Read the values that repeat again, and count those that really do."""
        for rule, hashes in self.seen.items():
            values, counts = np.unique(np.frombuffer(hashes, dtype=np.int64), return_counts=True)
            repeated = values[counts > 1][:GROUPS_AT_MOST]
            if repeated.size:
                _look(rule, frozenset(repeated.tolist()), reader, findings)


def _look(rule: Rule, repeated: frozenset[int], reader: Reader, findings: Findings) -> None:
    groups: dict[Any, _Group] = defaultdict(_Group)
    for _, documents in reader.batches(rule.collection, dict.fromkeys(rule.keys, 1)):
        for document in documents:
            if rule.hash_of(document) not in repeated:
                continue
            value = rule.value(document)
            folded = value if rule.folded is None else rule.folded(value)
            groups[folded].values.setdefault(value, []).append(document.get("_id"))
    for group in groups.values():
        if rule.folded is None:
            [owners] = group.values.values()
        else:
            owners = [each[0] for each in group.values.values()]
        if len(owners) > 1:
            others = ", ".join(str(owner) for owner in owners[1:6])
            detail = f"the same as {others}" + (", …" if len(owners) > 6 else "")
            findings.add(rule.code, rule.collection, rule.key, owners[0], detail)
