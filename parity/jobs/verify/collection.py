"""One collection: sums of both sides, then only what differs is read again and classed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bson import decode

from parity.jobs.verify import codes
from parity.jobs.verify.bsonraw import NUMBERS, elements, raw_id, shown, shown_id
from parity.jobs.verify.buckets import Buckets, Sums, are_minted, boundaries_for
from parity.jobs.verify.classify import JOIN, alone, classify, number
from parity.jobs.verify.drill import Suspects, drill
from parity.jobs.verify.result import EXAMPLES, CollectionResult, DocumentDifference, State
from parity.jobs.verify.sides import OnRead, Sides
from parity.jobs.verify.walk import Fetch, Find, Hashes, Sample, Walk
from parity.model import Difference
from parity.model.difference import Kind
from parity.model.evidence import utc_now

FETCH_BYTES: Final = 8_000_000
"""Documents of about this size are held at once for each side while they are classed."""

FETCH_MOST: Final = 1000
FEW_IDS: Final = 400
"""Ids that are looked at first: enough to see whether they are random."""

DOUBTED_AT_ONCE: Final = 1_000
"""Buckets whose documents are looked for again at once."""

OnDifference = Callable[[DocumentDifference], None]
"""Is told each differing document, once."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of a collection before it is read.

    Attributes:
        name: Its name.
        source_documents: About how many documents the source has; 0 if it lacks the collection.
        destination_documents: The same for the destination.
        average: Average size of a document in bytes.
        in_source: Whether the source has the collection.
        in_destination: Whether the destination has it.
        gridfs: Whether it holds files or chunks of GridFS.
    """

    name: str
    source_documents: int
    destination_documents: int
    average: int
    in_source: bool = True
    in_destination: bool = True
    gridfs: bool = False


@dataclass(slots=True)
class Tally:
    """What was found so far in one collection."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: list[DocumentDifference] = field(default_factory=list)
    hidden: int = 0

    def add(self, difference: DocumentDifference) -> None:
        """Count one document, and keep it if it is among the first of its code."""
        self.counts[difference.code] += 1
        # A flood of one kind must not hide the only example of another.
        if self.counts[difference.code] <= EXAMPLES:
            self.examples.append(difference)


def verify_collection(
    sides: Sides, part: Part, on_read: OnRead | None, on_difference: OnDifference
) -> CollectionResult:
    """Compare every document of a collection.

    Args:
        sides: Both databases.
        part: What is known of the collection.
        on_read: Is told how far the sides are.
        on_difference: Is told each differing document.

    Returns:
        The result, without the structure.

    Raises:
        UserError, HarnessError: It could not be read to its end; nothing may be concluded.
    """
    started = time.monotonic()
    buckets = _divide(sides, part)
    walk = Walk(part.name, buckets, part.average)
    left, right = sides.run(
        walk if part.in_source else None, walk if part.in_destination else None, on_read
    )
    size = len(buckets)
    nothing = Sums(counts=[0] * size, sums=[0] * size)
    sums: tuple[Sums, Sums] = (left or nothing, right or nothing)
    tally = Tally()
    doubted: set[int] = set()
    for suspects in drill(sides, part.name, buckets, part.average, sums):
        for each in judge(sides, part, suspects):
            tally.add(each)
            on_difference(each)
        if suspects.hidden:
            doubted.update(suspects.buckets)
    tally.hidden = _hidden(sides, part, buckets, sorted(doubted))
    result = _result(part, sums, tally)
    return replace(result, seconds=time.monotonic() - started, finished_at=utc_now())


def judge(sides: Sides, part: Part, suspects: Suspects) -> Iterator[DocumentDifference]:
    """Read suspects by their ids on both sides and say how they differ.

    What is the same by now is not reported: something wrote while the collection was read.

    Args:
        sides: Both databases.
        part: Their collection.
        suspects: What differed a moment ago.
    """
    whole = part.gridfs or part.name.startswith(JOIN)
    yield from _judge_ids(sides, part, suspects.changed, whole=True)
    for ids in (suspects.missing, suspects.extra):
        numbers = [id_ for id_ in ids if id_[0] in NUMBERS]
        others = [id_ for id_ in ids if id_[0] not in NUMBERS]
        yield from _judge_ids(sides, part, numbers, whole=True)
        yield from _judge_ids(sides, part, others, whole=whole)
    for side, ids in (
        ("source", suspects.twice_source),
        ("destination", suspects.twice_destination),
    ):
        for id_ in ids:
            text = f"the {side} has this _id more than once"
            difference = Difference("_id", Kind.EXTRA, None, text)
            yield DocumentDifference(part.name, shown_id(id_), codes.DUPLICATE.id, (difference,))


def _divide(sides: Sides, part: Part) -> Buckets:
    number_of_ids = boundaries_for(max(part.source_documents, part.destination_documents))
    if number_of_ids < 2:
        return Buckets()
    # From both sides: what only one of them has must not land in one bucket.
    sides_with = (part.source_documents > 0) + (part.destination_documents > 0)
    if number_of_ids > FEW_IDS and are_minted(_sampled(sides, part, FEW_IDS)):
        # To look where random ids lie would take as long as a tenth of reading them all.
        return Buckets.of_prefixes()
    return Buckets.of_sample(_sampled(sides, part, number_of_ids // sides_with))


def _sampled(sides: Sides, part: Part, size: int) -> list[bytes]:
    sample = Sample(part.name, size)
    left, right = sides.run(
        sample if part.source_documents else None, sample if part.destination_documents else None
    )
    return [*(left or ()), *(right or ())]


def _result(part: Part, sums: tuple[Sums, Sums], tally: Tally) -> CollectionResult:
    left, right = sums
    of_source = sum(
        count for code, count in tally.counts.items() if code not in codes.ONLY_DESTINATION
    )
    state, reason = State.VERIFIED, ""
    if tally.hidden:
        state = State.NOT_JUDGED
        reason = (
            f"{tally.hidden:,} documents are there and not found by their ids: "
            "the index on _id is damaged"
        )
    elif not left.documents and not right.documents:
        state, reason = State.EMPTY, "no document on either side"
    return CollectionResult(
        name=part.name,
        state=state,
        reason=reason,
        source_documents=left.documents,
        destination_documents=right.documents,
        source_bytes=left.size,
        destination_bytes=right.size,
        equal=max(0, min(right.documents, left.documents - of_source)),
        counts=dict(sorted(tally.counts.items())),
        examples=tuple(tally.examples),
    )


def _hidden(sides: Sides, part: Part, buckets: Buckets, doubted: list[int]) -> int:
    """Count the documents that stay in the collection and are never found by their ids.

    An app deletes rows all the time, such as sessions: what was counted by the walk and is gone
    when it is looked up proves nothing. What a scan shows before and after the index was asked,
    and the index does not, is hidden by a damaged index.

    Args:
        sides: Both databases.
        part: The collection.
        buckets: How it is divided.
        doubted: Buckets in which the walk counted more than the index showed.
    """
    hidden = 0
    for start in range(0, len(doubted), DOUBTED_AT_ONCE):
        wanted = tuple(doubted[start : start + DOUBTED_AT_ONCE])
        by_index = Hashes(part.name, buckets, part.average, wanted)
        scan = replace(by_index, natural=True)
        looks = [
            sides.run(task if part.in_source else None, task if part.in_destination else None)
            for task in (scan, by_index, scan)
        ]
        before, through_index, after = (
            [frozenset(found.hashes) if found else frozenset() for found in look] for look in looks
        )
        hidden += min(len((before[n] & after[n]) - through_index[n]) for n in (0, 1))
    return hidden


def _judge_ids(
    sides: Sides, part: Part, ids: list[bytes], *, whole: bool
) -> Iterator[DocumentDifference]:
    size = max(1, min(FETCH_MOST, FETCH_BYTES // max(1, part.average))) if whole else FETCH_MOST
    for start in range(0, len(ids), size):
        chunk = ids[start : start + size]
        fetch = Fetch(part.name, tuple(chunk), whole)
        left, right = sides.run(
            fetch if part.in_source else None, fetch if part.in_destination else None
        )
        left, right = _by_id(left), _by_id(right)
        for each in chunk:
            difference = judge_pair(sides, part, each, left, right)
            if difference is not None:
                yield difference


def _by_id(documents: list[bytes] | None) -> dict[bytes, bytes]:
    return {raw_id(document): document for document in documents or ()}


def judge_pair(
    sides: Sides, part: Part, id_: bytes, left: dict[bytes, bytes], right: dict[bytes, bytes]
) -> DocumentDifference | None:
    """Say how one document differs, if it does.

    Args:
        sides: Both databases, to look for the other row of a relation.
        part: The collection.
        id_: The typed ``_id``.
        left: Documents of the source by typed id, those that equal ``id_`` as numbers included.
        right: The same of the destination.

    Returns:
        The difference, or ``None`` if both have the same bytes or neither has it.
    """
    expected, actual = left.get(id_), right.get(id_)
    if expected == actual:
        return None
    if expected is not None and actual is not None:
        return classify(part.name, expected, actual, gridfs=part.gridfs)
    if id_[0] in NUMBERS:  # 1 and 1.0 are one id for MongoDB, with other bytes
        twin = next((each for each in (right if expected else left) if _equal(each, id_)), None)
        if twin is not None and expected is not None:
            return classify(part.name, expected, right[twin], gridfs=part.gridfs)
        if twin is not None:
            return None  # told from the source's side
    kind = Kind.EXTRA if expected is None else Kind.MISSING
    found = alone(part.name, id_, kind, gridfs=part.gridfs)
    document = expected or actual or b""
    if part.name.startswith(JOIN):
        return _judge_row(sides, part, found, document, kind)
    if part.gridfs:
        return replace(found, differences=_file_of(document, kind))
    return found


def _equal(left: bytes, right: bytes) -> bool:
    one = number(left)
    return one is not None and one == number(right)


def _file_of(document: bytes, kind: Kind) -> tuple[Difference, ...]:
    """Name the file of a chunk, and the name of a file."""
    return tuple(
        Difference(name, kind, *_sided(shown(element.type, element.value), kind))
        for element in elements(document)
        if (name := element.key.decode("utf-8", "replace"))
        in ("files_id", "n", "filename", "length")
    )


def _sided(value: object, kind: Kind) -> tuple[object, object]:
    return (value, None) if kind is Kind.MISSING else (None, value)


def _judge_row(
    sides: Sides, part: Part, found: DocumentDifference, document: bytes, kind: Kind
) -> DocumentDifference | None:
    """Tell a row of a relation that has another id from one that is missing, extra or twice."""
    row = decode(document)
    ends: dict[str, Any] = {name: row[name] for name in ("owningId", "relatedId") if name in row}
    differences = tuple(
        Difference(name, kind, *_sided(value, kind)) for name, value in ends.items()
    )
    found = replace(found, differences=differences)
    if len(ends) != 2:
        return found
    find = Find(part.name, ends, 2)
    left, right = sides.run(find if part.in_source else None, find if part.in_destination else None)
    if kind is Kind.MISSING and right:
        return replace(found, code=codes.JOIN_ID.id)
    if kind is Kind.EXTRA and len(right or ()) > 1:
        return replace(found, code=codes.DUPLICATE.id)
    return None if kind is Kind.EXTRA and left else found
