"""Reading a collection as bytes, and what a worker can be asked to read.

The driver's ``find_raw_batches`` builds an object for each document (3 µs of 5); asking with the
bare command and walking the reply costs a third of that. Natural order costs the server a fifth
of ``_id`` order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from xxhash import xxh3_64_intdigest

from parity.jobs.verify.bsonraw import RAW, BadBson, any_of, raw_id, value_size
from parity.jobs.verify.buckets import Buckets, Sums
from parity.targets.mongo import Reader, Throttle, reported

BATCH_BYTES: Final = 4_000_000
"""Size of a reply to aim at: larger ones are no faster and are held three times."""

SIMPLE: Final = {"locale": "simple"}
_INT = Struct("<i")
_MASK: Final = (1 << 64) - 1
_PARSE_ID: Final = b"\x02_id\x00\x0b\x00\x00\x00"
"""How a document starts whose id is a string of ten bytes, as Parse makes them."""

_NAME_WIDTHS: Final = tuple((2 + digits, 10**digits) for digits in range(1, 9))
"""Bytes before each document of an array: its type, its index in decimal, a zero; up to where."""

Progress = Callable[[int, int], None]
"""Called with the numbers of documents and bytes that were read since the last call."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Ask for ids of random documents.

    Attributes:
        collection: Where.
        size: How many.
    """

    collection: str
    size: int

    def run(self, reader: Reader, _progress: Progress) -> list[bytes]:
        """Return the ids as :func:`parity.jobs.verify.bsonraw.raw_id` gives them."""
        pipeline = [{"$sample": {"size": self.size}}, {"$project": {"_id": 1}}]
        command = {"aggregate": self.collection, "pipeline": pipeline, "cursor": {}}
        return [
            raw_id(document)
            for reply in replies(reader, command, self.collection, self.size + 1)
            for document in documents(reply)
        ]


@dataclass(frozen=True, slots=True)
class Walk:
    """Ask for the sums of a collection.

    Attributes:
        collection: What to read.
        buckets: How to divide it.
        average: Average size of its documents in bytes.
        only: Read only these buckets; empty for the whole collection in natural order.
    """

    collection: str
    buckets: Buckets
    average: int
    only: tuple[int, ...] = ()

    def run(self, reader: Reader, progress: Progress) -> Sums:
        """Read every document once."""
        size = len(self.buckets)
        sums = Sums(counts=[0] * size, sums=[0] * size)
        throttle = Throttle(reader.access.max_mb_s)
        command: dict[str, Any] = {"find": self.collection}
        if self.only:
            command |= {"filter": self.buckets.filter(self.only), "collation": SIMPLE}
        for reply in replies(reader, command, self.collection, batch_of(self.average)):
            before, size_before = sums.documents, sums.size
            _add(reply, self.buckets, sums)
            progress(sums.documents - before, sums.size - size_before)
            throttle.wait(sums.size - size_before)
        sums.sums = [sum_ & _MASK for sum_ in sums.sums]
        if self.only:
            _keep_only(sums, self.only)
        return sums


@dataclass(slots=True)
class Found:
    """The documents of some buckets.

    Attributes:
        hashes: Hash of each document by its id.
        twice: Ids that came more than once.
        count: Number of documents.
    """

    hashes: dict[bytes, int] = field(default_factory=dict)
    twice: set[bytes] = field(default_factory=set)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Hashes:
    """Ask for the ids and hashes of the documents of some buckets.

    Attributes:
        collection: What to read.
        buckets: How it is divided.
        average: Average size of its documents in bytes.
        wanted: Numbers of the buckets, sorted.
        natural: Read the collection itself, not its index on ``_id``.
    """

    collection: str
    buckets: Buckets
    average: int
    wanted: tuple[int, ...]
    natural: bool = False

    def run(self, reader: Reader, _progress: Progress) -> Found:
        """Read the buckets, through the index on ``_id`` unless it is asked for otherwise."""
        found = Found()
        wanted = frozenset(self.wanted)
        throttle = Throttle(reader.access.max_mb_s)
        filter_ = self.buckets.filter(self.wanted)
        command = {"find": self.collection, "filter": filter_, "collation": SIMPLE}
        if self.natural:
            command["hint"] = {"$natural": 1}
        for reply in replies(reader, command, self.collection, batch_of(self.average)):
            for document in documents(reply):
                typed = raw_id(document)
                if self.buckets.of(typed) in wanted:
                    found.count += 1
                    if typed in found.hashes:
                        found.twice.add(typed)
                    found.hashes[typed] = xxh3_64_intdigest(document)
            throttle.wait(len(reply))
        return found


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask for documents by their ids.

    Attributes:
        collection: Where.
        ids: Ids as :func:`parity.jobs.verify.bsonraw.raw_id` gives them.
        whole: Whether the documents are wanted, or only which of them are there.
    """

    collection: str
    ids: tuple[bytes, ...]
    whole: bool = True

    def run(self, reader: Reader, _progress: Progress) -> list[bytes]:
        """Return what is there, in no order; an id of another number type is found as well."""
        command: dict[str, Any] = {"find": self.collection, "filter": any_of(self.ids)}
        command["collation"] = SIMPLE
        if not self.whole:
            command["projection"] = {"_id": 1}
        throttle = Throttle(reader.access.max_mb_s)
        found: list[bytes] = []
        for reply in replies(reader, command, self.collection, len(self.ids) * 2 + 1):
            found += documents(reply)
            throttle.wait(len(reply))
        return found


@dataclass(frozen=True, slots=True)
class Find:
    """Ask for the first documents that a filter finds.

    Attributes:
        collection: Where.
        filter: A MongoDB filter.
        limit: Documents at most.
    """

    collection: str
    filter: dict[str, Any]
    limit: int

    def run(self, reader: Reader, _progress: Progress) -> list[bytes]:
        """Return the documents as bytes."""
        command = {"find": self.collection, "filter": self.filter, "limit": self.limit}
        return [
            document
            for reply in replies(reader, command, self.collection, self.limit)
            for document in documents(reply)
        ]


Task = Sample | Walk | Hashes | Fetch | Find


def batch_of(average: int) -> int:
    """Return how many documents of an average size to ask for at once."""
    return max(2, min(100_000, BATCH_BYTES // max(1, average)))


def replies(
    reader: Reader, command: dict[str, Any], collection: str, batch: int
) -> Iterator[bytes]:
    """Run a command that makes a cursor, and yield the cursor of each reply as raw BSON.

    Args:
        reader: The connection.
        command: ``find`` or ``aggregate``.
        collection: Name of the collection.
        batch: Documents to ask for at once.

    Raises:
        HarnessError: The cursor or the connection was lost; nothing may be concluded.
    """
    command = {**command, "readConcern": {"level": reader.concern}}
    if "find" in command:
        command["batchSize"] = batch
    else:
        command["cursor"] = {"batchSize": batch}
    with reported(reader.access.name), reader.client.start_session() as session:
        while True:
            reply: RawBSONDocument = reader.db.command(
                command, codec_options=RAW, session=session, read_preference=reader.preference
            )
            cursor = reply["cursor"]
            raw = bytes(cursor.raw)
            number = cursor["id"]
            yield raw
            if not number:
                return
            command = {"getMore": number, "collection": collection, "batchSize": batch}


def documents(reply: bytes) -> Iterator[bytes]:
    """Yield the documents of a reply's cursor."""
    position, end = _batch(reply)
    while position < end:
        position = reply.find(0, position + 1) + 1
        (size,) = _INT.unpack_from(reply, position)
        yield reply[position : position + size]
        position += size


def _batch(reply: bytes) -> tuple[int, int]:
    """Return where the elements of ``firstBatch`` or ``nextBatch`` start and end."""
    position = 4
    while True:
        zero = reply.index(0, position + 1)
        size = value_size(reply, reply[position], zero + 1)
        if reply.endswith(b"Batch", position, zero):
            return zero + 5, zero + size
        position = zero + 1 + size


def _add(reply: bytes, buckets: Buckets, sums: Sums) -> None:
    """Add the documents of a reply to the sums: the loop that a verification spends its time in."""
    position, end = _batch(reply)
    first, strings = position, buckets.strings
    of, length, digest, spans = buckets.of, _INT.unpack_from, xxh3_64_intdigest, buckets.spans
    totals, counts = sums.sums, sums.counts
    everywhere = (0, len(strings))
    count = names = 0
    for width, below in _NAME_WIDTHS:
        before = count
        while count < below and position < end:
            start = position + width
            position = start + length(reply, start)[0]
            raw = reply[start:position]
            if raw[4:13] == _PARSE_ID:
                low, high = spans.get(raw[13:15], everywhere)
                bucket = low if low == high else bisect_right(strings, raw[13:23], low, high)
            else:
                bucket = of(raw_id(raw))
            totals[bucket] += digest(raw)
            counts[bucket] += 1
            count += 1
        names += width * (count - before)
    if position != end:
        raise BadBson("a reply that does not end with its last document")
    sums.documents += count
    sums.size += end - first - names


def _keep_only(sums: Sums, only: tuple[int, ...]) -> None:
    """Forget what a filter found beyond the buckets that were asked for."""
    wanted = frozenset(only)
    for bucket in range(len(sums.counts)):
        if bucket not in wanted:
            sums.counts[bucket] = sums.sums[bucket] = 0
    sums.documents = sum(sums.counts)
