"""From buckets that differ to the documents that do, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from parity.jobs.verify.buckets import Buckets, Sums
from parity.jobs.verify.sides import Sides
from parity.jobs.verify.walk import Found, Hashes

GROUP_DOCUMENTS: Final = 20_000
"""Documents of one group of buckets that are read again through the index."""

GROUP_OTHERS: Final = 200_000
"""The same for ids that take a scan of the whole collection: as few groups as memory allows."""

GROUP_RANGES: Final = 200


@dataclass(frozen=True, slots=True)
class Suspects:
    """The documents of a group of buckets that are not the same on both sides.

    Attributes:
        missing: Ids that only the source has, typed as in :func:`raw_id`.
        extra: Ids that only the destination has.
        changed: Ids of documents that have other bytes.
        twice_source: Ids that the source has more than once.
        twice_destination: Ids that the destination has more than once.
        hidden: Documents that the walk counted and the index did not show, on both sides.
        buckets: Numbers of the buckets of the group.
    """

    missing: list[bytes] = field(default_factory=list)
    extra: list[bytes] = field(default_factory=list)
    changed: list[bytes] = field(default_factory=list)
    twice_source: list[bytes] = field(default_factory=list)
    twice_destination: list[bytes] = field(default_factory=list)
    hidden: int = 0
    buckets: tuple[int, ...] = ()


def drill(
    sides: Sides, collection: str, buckets: Buckets, average: int, sums: tuple[Sums, Sums]
) -> Iterator[Suspects]:
    """Read the buckets that differ again, a group at a time.

    Args:
        sides: Both databases.
        collection: Name of the collection.
        buckets: How it is divided.
        average: Average size of its documents in bytes.
        sums: What source and destination summed up.

    Yields:
        The suspects of each group.
    """
    source, destination = sums
    unlike = source.unlike(destination)
    documents = [max(source.counts[each], destination.counts[each]) for each in unlike]
    for wanted in groups(buckets, unlike, documents):
        task = Hashes(collection, buckets, average, wanted)
        left, right = sides.run(
            task if source.documents else None, task if destination.documents else None
        )
        counted = (
            sum(source.counts[each] for each in wanted),
            sum(destination.counts[each] for each in wanted),
        )
        suspects = compare(left or Found(), right or Found(), counted)
        yield replace(suspects, buckets=wanted)


def groups(buckets: Buckets, unlike: list[int], documents: list[int]) -> Iterator[tuple[int, ...]]:
    """Divide buckets into groups that are read at once.

    Args:
        buckets: The division.
        unlike: Numbers of the buckets that differ, sorted.
        documents: How many documents each holds.
    """
    group: list[int] = []
    total = ranges = 0
    for number, count in zip(unlike, documents, strict=True):
        other = number >= buckets.first_other
        most = GROUP_OTHERS if other else GROUP_DOCUMENTS
        new_range = not group or number != group[-1] + 1
        kind_changes = bool(group) and other != (group[-1] >= buckets.first_other)
        if group and (
            kind_changes
            or total + count > most
            or (not other and new_range and ranges >= GROUP_RANGES)
        ):
            yield tuple(group)
            group, total, ranges, new_range = [], 0, 0, True
        group.append(number)
        total += count
        ranges += new_range
    if group:
        yield tuple(group)


def compare(left: Found, right: Found, counted: tuple[int, int]) -> Suspects:
    """Compare what the two sides hold in the same buckets.

    Args:
        left: Of the source.
        right: Of the destination.
        counted: How many documents the walk counted there on each side.
    """
    return Suspects(
        missing=[hash_ for hash_ in left.hashes if hash_ not in right.hashes],
        extra=[hash_ for hash_ in right.hashes if hash_ not in left.hashes],
        changed=[
            each for each, digest in left.hashes.items() if right.hashes.get(each, digest) != digest
        ],
        twice_source=sorted(left.twice),
        twice_destination=sorted(right.twice),
        hidden=max(0, min(counted[0] - left.count, counted[1] - right.count)),
    )
