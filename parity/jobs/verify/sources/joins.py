"""Compares the rows of a relation: pairs of owner and member, whatever their ``_id`` is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from parity.jobs.verify import codes
from parity.jobs.verify.result import NotVerified
from parity.jobs.verify.sources.destination import Stored
from parity.jobs.verify.sources.index import BATCH, Entry, SourceIndex, join_key
from parity.jobs.verify.sources.objects import json_id
from parity.jobs.verify.sources.rows import Row
from parity.jobs.verify.sources.tally import Tally
from parity.model import Difference, Kind

_STORED: Final = "\0destination:"
"""What the copy of the destination's rows is called in the index: no class has such a name."""


@dataclass(frozen=True, slots=True)
class Shows:
    """Which rows of a relation a source can show at all.

    Attributes:
        owner: Whether the members of this owner were asked for.
        member: Whether this id is that of an object; a query does not show others.
    """

    owner: Callable[[bytes], bool]
    member: Callable[[bytes], bool]


def join_entry(row: Row) -> Entry:
    """Return a row of an exported join table as an entry.

    Raises:
        ValueError: It does not name both ends.
    """
    owner, member = row.value.get("owningId"), row.value.get("relatedId")
    if not isinstance(owner, str) or not isinstance(member, str):
        raise ValueError("a row of a relation without owningId and relatedId")  # noqa: TRY004
    return Entry(join_key(owner, member), b"{}", row.doubt)


def compare_joins(
    tally: Tally,
    index: SourceIndex,
    documents: Iterable[Stored],
    shows: Shows | None,
    *,
    partial: bool = False,
) -> None:
    """Compare a join table.

    Args:
        tally: Where everything is counted; its name is the collection's.
        index: Holds the source's rows under that name, and room for the destination's.
        documents: The destination's rows, in any order.
        shows: What the source can show; ``None`` if it shows every row.
        partial: Whether only a part of the source's rows could be read.
    """
    copy = _STORED + tally.name
    index.forget(copy)
    index.begin(copy)
    for batch in _batches(_stored(tally, documents)):
        index.add(copy, batch)
    index.finish(copy)
    hidden = 0
    for key, wanted, stored in _counted(index.entries(tally.name), index.entries(copy)):
        owner, _, member = key.partition(b"\0")
        pair = {"owningId": _text(owner), "relatedId": _text(member)}
        tally.source_documents += wanted
        if wanted and stored:
            tally.equal += 1
        elif wanted:
            found = Difference("relatedId", Kind.MISSING, pair["relatedId"], None)
            tally.differ(codes.JOIN.id, pair, [found])
        elif partial:
            tally.unknown += stored
            continue
        elif shows is None or (shows.owner(owner) and shows.member(member)):
            found = Difference("relatedId", Kind.EXTRA, None, pair["relatedId"])
            tally.differ(codes.JOIN.id, pair, [found])
        else:
            hidden += stored
            continue
        if stored > max(1, wanted):
            tally.differ(codes.DUPLICATE.id, pair)
    index.forget(copy)
    if hidden:
        why = "the source does not show rows of owners or members that are gone or were not asked"
        tally.notes.append(NotVerified(f"{tally.name} rows", why, hidden))


def _stored(tally: Tally, documents: Iterable[Stored]) -> Iterator[Entry]:
    for document in documents:
        tally.destination_documents += 1
        tally.destination_bytes += document.size
        owner, member = document.document.get("owningId"), document.document.get("relatedId")
        if isinstance(owner, str) and isinstance(member, str):
            yield Entry(join_key(owner, member), b"")
        else:
            reason = "a row that does not join two ids"
            tally.differ(
                codes.JOIN.id, json_id(document.id), [Difference("", Kind.TYPE, None, reason)]
            )


def _batches(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _counted(
    source: Iterator[Entry], destination: Iterator[Entry]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield each pair with how often it stands on either side."""
    left, right = _groups(source), _groups(destination)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield one[0], one[1], 0
            one = next(left, None)
        elif one is None or other[0] < one[0]:
            yield other[0], 0, other[1]
            other = next(right, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(left, None), next(right, None)


def _groups(entries: Iterator[Entry]) -> Iterator[tuple[bytes, int]]:
    for key, group in groupby(entries, key=lambda entry: entry.key):
        yield key, sum(1 for _ in group)


def _text(key: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")
