"""Buckets of documents by their ``_id``: what both sides sum up, and compare instead of documents.

A bucket of strings or ObjectIds is a range between two ids of a sample, so that a bucket that
differs can be read again through the index on ``_id``, however skewed the ids are. Ids of other
types are rare in a Parse database; they are spread by hash and found by reading all of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Final

from bson.raw_bson import RawBSONDocument
from xxhash import xxh3_64_intdigest

from parity.jobs.verify.bsonraw import (
    OBJECT_ID,
    STRING,
    array,
    document,
    embedded,
    typed_string,
)

OTHERS: Final = 1024
"""Buckets for ids that are neither strings nor ObjectIds."""

_FINE: Final = (128, 4096)
_COARSE: Final = (1024, 32_768)
_MASK: Final = (1 << 64) - 1
_ALPHANUMERIC: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MINTED = re.compile(rb"\x02\x0b\x00\x00\x00[0-9A-Za-z]{10}\x00")
_PREFIXES: Final = tuple(bytes(pair) for pair in product(_ALPHANUMERIC, repeat=2))
_ONE_BUCKET: Final = dict.fromkeys(_PREFIXES, (0, 0))


def boundaries_for(documents: int) -> int:
    """Return how many ids to sample for a collection.

    A bucket of 128 documents is quickly read again; large collections get larger ones, so that
    the sums stay small: 4,096 buckets up to four million documents, at most 32,768.

    Args:
        documents: Number of documents of the larger side.
    """
    return max(min(documents // size, most) for size, most in (_FINE, _COARSE))


def are_minted(ids: Iterable[bytes]) -> bool:
    """Return whether a sample shows ids as a Parse server mints them: random, of ten characters.

    Source: parse-server ``src/cryptoUtils.js``, ``newObjectId``.

    Args:
        ids: At least a few hundred, as :func:`parity.jobs.verify.bsonraw.raw_id` gives them.
    """
    firsts: Counter[bytes] = Counter()
    for id_ in ids:
        if _MINTED.fullmatch(id_) is None:
            return False
        firsts[id_[5:6]] += 1
    # Ids that count up, or that people chose, share their first characters.
    return bool(firsts) and max(firsts.values()) <= max(8, 6 * firsts.total() / len(_ALPHANUMERIC))


@dataclass(frozen=True, slots=True)
class Buckets:
    """How the documents of one collection are divided; the same for both sides.

    Attributes:
        strings: Ids (UTF-8) where a new bucket of string ids starts, sorted.
        object_ids: The same for ObjectIds (12 bytes).
    """

    strings: tuple[bytes, ...] = ()
    object_ids: tuple[bytes, ...] = ()
    spans: dict[bytes, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)
    """For the first two bytes of an id of letters and digits, between which boundaries to look."""

    def __post_init__(self) -> None:
        if not self.strings:
            self.spans.update(_ONE_BUCKET)
            return
        for prefix in _PREFIXES:
            low = bisect_right(self.strings, prefix)
            # Nothing that begins so is beyond this: no letter or digit is as large.
            self.spans[prefix] = (low, bisect_right(self.strings, prefix + b"\xff", low))

    @classmethod
    def of_sample(cls, ids: Iterable[bytes]) -> Buckets:
        """Divide by a random sample, so that buckets hold about the same number of documents.

        Args:
            ids: Ids as :func:`parity.jobs.verify.bsonraw.raw_id` gives them.
        """
        strings, object_ids = set(), set()
        for id_ in ids:
            if id_[0] == STRING:
                strings.add(id_[5:-1])
            elif id_[0] == OBJECT_ID:
                object_ids.add(id_[1:])
        return cls(tuple(sorted(strings)), tuple(sorted(object_ids)))

    @classmethod
    @cache
    def of_prefixes(cls) -> Buckets:
        """Divide by the first two characters: for ids that a Parse server minted at random."""
        return cls(_PREFIXES)

    def __len__(self) -> int:
        return self.first_other + OTHERS

    @property
    def first_object_id(self) -> int:
        """Number of the first bucket of ObjectIds."""
        return len(self.strings) + 1

    @property
    def first_other(self) -> int:
        """Number of the first bucket of other ids."""
        return self.first_object_id + len(self.object_ids) + 1

    def of(self, typed: bytes) -> int:
        """Return the number of the bucket of an id, as :func:`raw_id` gives it."""
        if typed[0] == STRING:
            return bisect_right(self.strings, typed[5:-1])
        if typed[0] == OBJECT_ID:
            return self.first_object_id + bisect_right(self.object_ids, typed[1:])
        return self.first_other + xxh3_64_intdigest(typed) % OTHERS

    def filter(self, wanted: Iterable[int]) -> RawBSONDocument:
        """Return a MongoDB filter that finds every document of some buckets.

        It may find others with ids that are neither strings nor ObjectIds; whoever reads
        looks at :meth:`of` again.

        Args:
            wanted: Numbers of buckets, sorted; neighbours become one range.
        """
        clauses, others = [], False
        for first, last in self._runs(wanted):
            if first >= self.first_other:
                others = True
            else:
                clauses.append(self._range(first, last))
        if others:
            types = array([typed_string(b"string"), typed_string(b"objectId")])
            clauses.append(embedded([("_id", embedded([("$not", embedded([("$type", types)]))]))]))
        if len(clauses) == 1:
            return RawBSONDocument(clauses[0][1:])
        return RawBSONDocument(document([("$or", array(clauses))]))

    def _runs(self, wanted: Iterable[int]) -> list[tuple[int, int]]:
        # A range never reaches from one type of ids into the next.
        starts = (self.first_object_id, self.first_other)
        found: list[tuple[int, int]] = []
        for each in wanted:
            if found and found[-1][1] == each - 1 and each not in starts:
                found[-1] = (found[-1][0], each)
            else:
                found.append((each, each))
        return found

    def _range(self, first: int, last: int) -> bytes:
        if first < self.first_object_id:
            low = typed_string(self.strings[first - 1] if first else b"")
            ends = [typed_string(string) for string in self.strings[last : last + 1]]
        else:
            first, last = first - self.first_object_id, last - self.first_object_id
            low = b"\x07" + (self.object_ids[first - 1] if first else bytes(12))
            ends = [b"\x07" + id_ for id_ in self.object_ids[last : last + 1]]
        # Without an upper end MongoDB still compares only with ids of the same type.
        return embedded([("_id", embedded([("$gte", low), *(("$lt", end) for end in ends)]))])


@dataclass(slots=True)
class Sums:
    """What one side read of a collection.

    Attributes:
        documents: Number of documents.
        size: Their bytes.
        counts: Documents in each bucket.
        sums: Sum of the hashes of the documents of each bucket, modulo 2^64.
    """

    documents: int = 0
    size: int = 0
    counts: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)

    def add(self, other: Sums) -> None:
        """Add what another reader read of other documents of the same collection."""
        self.documents += other.documents
        self.size += other.size
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sums = [(a + b) & _MASK for a, b in zip(self.sums, other.sums, strict=True)]

    def unlike(self, other: Sums) -> list[int]:
        """Return the numbers of the buckets that do not hold the same documents."""
        mine = zip(self.counts, self.sums, strict=True)
        theirs = zip(other.counts, other.sums, strict=True)
        return [
            number
            for number, (left, right) in enumerate(zip(mine, theirs, strict=True))
            if left != right
        ]
