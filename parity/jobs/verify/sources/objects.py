"""Compares the objects of one class with the documents of one collection, both in order."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from bson import Binary, Int64, json_util
from bson.decimal128 import Decimal128

from parity.compare import differences
from parity.jobs.verify import codes
from parity.jobs.verify.sources.destination import DatetimeMS, Stored
from parity.jobs.verify.sources.index import Entry, key_of, shown_key
from parity.jobs.verify.sources.tally import Tally
from parity.jobs.verify.sources.visible import (
    destination_view,
    same_bytes,
    source_view,
)
from parity.model import Difference, Kind
from parity.wire.storage import ClassSchema, StorageError, to_mongo, to_rest

FetchSource = Callable[[list[bytes], set[bytes]], dict[bytes, Entry]]
"""Gets keys, and those of them that must not be taken for gone because a list leaves them out."""
FetchStored = Callable[[list[str]], dict[str, Stored]]

_PERMISSIONS: Final = frozenset({"ACL", "_acl", "_rperm", "_wperm"})
_PLACE: Final = re.compile(r"\w+(\.\w+|\[\d+\])*")
_SHOWN_VALUE: Final = 200
_GROUPS: Final[dict[type, str]] = {
    **dict.fromkeys((int, float, Int64, Decimal128), "number"),
    **dict.fromkeys((datetime, DatetimeMS), "date"),
    **dict.fromkeys((bytes, Binary), "binary"),
}
ASKED_ONE_BY_ONE: Final = 20


class Comparison:
    """The comparison of one class.

    Args:
        tally: Where everything is counted.
        schema: How the documents are read: :func:`reading_schema`.
        recheck: How many differing objects may be looked at again before they are judged.
        partial: Whether only a part of the source's objects could be read, so that nothing
            can be said about other documents.
    """

    def __init__(
        self, tally: Tally, schema: ClassSchema, *, recheck: int = 0, partial: bool = False
    ) -> None:
        self._tally = tally
        self._schema = schema
        self._room = recheck
        self._partial = partial
        self._suspects: dict[bytes, bool] = {}
        self._unseen = tally.unseen

    def run(self, entries: Iterable[Entry], documents: Iterable[Stored]) -> None:
        """Compare everything once.

        Args:
            entries: The objects of the source, in the order of their keys.
            documents: The documents of the destination, in the order of ``_id``.
        """
        tally = self._tally
        for key, entry, stored in _merge(self._once(entries), documents):
            if entry is not None:
                tally.source_documents += 1
                tally.source_bytes += len(entry.body)
            if stored is not None:
                tally.destination_documents += 1
                tally.destination_bytes += stored.size
            if entry is not None and entry.doubt:
                tally.doubt(shown_key(entry.key), entry.doubt)
                continue
            if entry is None and self._partial:
                tally.unknown += 1
                continue
            found = self._judge(entry, stored)
            if found is None:
                tally.equal += 1
            elif key is not None and self._room > 0:
                self._room -= 1
                self._suspects[key] = entry is not None
            else:
                tally.differ(*found)

    def recheck(self, source: FetchSource, destination: FetchStored, began: str) -> int:
        """Read what differs once more on both sides, because the source may have moved.

        Args:
            source: Reads objects of the source again.
            destination: Reads documents of the destination again.
            began: When the reading began, as the source writes times.

        Returns:
            How many are the same by now.
        """
        settled = 0
        self._unseen = Counter()  # counted already
        keys = list(self._suspects)
        unlisted = [key for key, listed in self._suspects.items() if not listed]
        # Listed and gone may be a loss that looks like a deletion: each is asked for. Of those
        # that were never listed, some are enough to tell whether the lists can be believed.
        fresh = source(keys, set(keys) - set(unlisted[ASKED_ONE_BY_ONE:]))
        stored = destination([key.decode("utf-8", "surrogatepass") for key in keys])
        left_out = 0
        for key, listed in self._suspects.items():
            entry = fresh.get(key)
            document = stored.get(key.decode("utf-8", "surrogatepass"))
            if entry is not None and not listed:
                left_out += str(entry.value().get("createdAt", "")) < began
            found = self._judge(entry, document)
            if entry is None and document is None:
                settled += 1
            elif found is None:
                self._tally.equal += 1
                settled += 1
            else:
                self._tally.differ(*found)
        self._suspects.clear()
        if left_out:
            self._tally.reasons.append(
                f"the source left {left_out} objects out of its lists that it has, so others may "
                "be missing from them as well"
            )
        return settled

    def _once(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield each object once; one that the source lists with two contents is in doubt."""
        for _, group in groupby(entries, key=lambda entry: entry.key):
            first, *others = group
            if any(other.body != first.body for other in others):
                yield Entry(first.key, first.body, "the source lists it with different contents")
            else:
                yield first

    def _judge(
        self, entry: Entry | None, stored: Stored | None
    ) -> tuple[str, Any, list[Difference]] | None:
        """Return code, id and differences, or ``None`` if both are the same (or both gone)."""
        if entry is None:
            return None if stored is None else (codes.EXTRA.id, json_id(stored.id), [])
        value = entry.value()
        id_ = shown_key(entry.key)
        if stored is None:
            return codes.MISSING.id, id_, []
        found = self._compare(value, stored.document)
        if not found:
            return None
        only_permissions = all(_top(each.path) in _PERMISSIONS for each in found)
        return codes.ACL.id if only_permissions else codes.CHANGED.id, id_, found

    def _compare(self, value: dict[str, Any], document: dict[str, Any]) -> list[Difference]:
        name = self._tally.name
        try:
            stored = to_rest(name, document, self._schema)
        except StorageError as error:
            place, _, reason = str(error).partition(": ")
            place = place if reason and _PLACE.fullmatch(place) else ""
            return [Difference(place, Kind.TYPE, None, f"no server can read it: {error}")]
        left = source_view(name, value)
        right = destination_view(name, stored, document, left, self._unseen)
        if same_bytes(left) != same_bytes(right):
            found = differences(left, right)
            if found:
                return [_below(each) for each in found]
        return self._stored_form(value, document)

    def _stored_form(self, value: dict[str, Any], document: dict[str, Any]) -> list[Difference]:
        """Compare how the document is stored with how the source's object would be.

        REST shows some forms alike that a server's queries do not: a pointer that is stored as
        an object, a permission in ``_acl`` alone.
        """
        try:
            expected = to_mongo(self._tally.name, value, self._schema)
        except StorageError:
            return []  # the source has a form that no server writes; what it shows is equal
        found = []
        for key, wanted in expected.items():
            if key == "_acl" and key not in document:
                continue  # Parse Server wrote none before 2.2.10, and never reads it
            if key not in document:
                found.append(Difference(key, Kind.MISSING, _shown(wanted), None))
            elif _group(wanted) != _group(document[key]):
                found.append(Difference(key, Kind.TYPE, _shown(wanted), _shown(document[key])))
            elif key == "_acl" and wanted != document[key]:
                found.append(Difference(key, Kind.VALUE, _shown(wanted), _shown(document[key])))
        return found


def _merge(
    entries: Iterator[Entry], documents: Iterable[Stored]
) -> Iterator[tuple[bytes | None, Entry | None, Stored | None]]:
    """Yield key, object and document of each id; a key is ``None`` if no source can have it."""
    entry = next(entries, None)
    for stored in documents:
        if not isinstance(stored.id, str):
            yield None, None, stored
            continue
        key = key_of(stored.id)
        while entry is not None and entry.key < key:
            yield entry.key, entry, None
            entry = next(entries, None)
        if entry is not None and entry.key == key:
            yield key, entry, stored
            entry = next(entries, None)
        else:
            yield key, None, stored
    while entry is not None:
        yield entry.key, entry, None
        entry = next(entries, None)


def _below(difference: Difference) -> Difference:
    """Return a difference whose path begins at the document."""
    path = difference.path.removeprefix("$").removeprefix(".")
    return Difference(path, difference.kind, difference.expected, difference.actual)


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def json_id(value: Any) -> Any:
    """Return an ``_id`` as canonical extended JSON: a string stays a string."""
    if isinstance(value, str):
        return value
    return json.loads(json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS))


def _group(value: Any) -> str:
    """Return the kind of a stored value, as queries of a Parse Server tell them apart."""
    kind = type(value)
    return _GROUPS.get(kind) or kind.__name__


def _shown(value: Any) -> Any:
    text = json_util.dumps(value, json_options=json_util.CANONICAL_JSON_OPTIONS)
    return json.loads(text) if len(text) <= _SHOWN_VALUE else text[: _SHOWN_VALUE - 1] + "…"
