"""Verifying while the source is written to: differences settle, or prove permanent.

A copy that follows its source is always a little behind, so one look proves nothing about a
document that was just written. A document that differs is looked at again until it is equal, or
until the destination has left it as it is for the time that settling may take.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Final

from bson import encode
from bson.json_util import CANONICAL_JSON_OPTIONS, loads
from xxhash import xxh3_64_intdigest

from parity.jobs.verify import codes
from parity.jobs.verify.bsonraw import raw_id
from parity.jobs.verify.collection import FETCH_BYTES, FETCH_MOST, Part, judge_pair
from parity.jobs.verify.engine import Finished, Options, verify_databases
from parity.jobs.verify.progress import Progress
from parity.jobs.verify.result import (
    EXAMPLES,
    CollectionResult,
    DocumentDifference,
    State,
    VerifyResult,
)
from parity.jobs.verify.sides import Sides
from parity.jobs.verify.structure import describe
from parity.jobs.verify.tracker import Touched, Tracker, track
from parity.jobs.verify.walk import Fetch
from parity.model.errors import HarnessError
from parity.model.evidence import utc_now
from parity.targets.mongo import Access, Reader

MOST_PENDING: Final = 200_000
"""Documents that are looked at again; with more differing at once a copy is not following."""

VERSIONS: Final = 32
"""Versions of a document at the source that are remembered while it is looked at."""

DRAINS: Final = 2
"""Times that the tracker is asked after the first pass: what the server told late is in it."""

PATIENCE: Final = 3
"""Settling times to wait for a document that the destination changes and that is never equal."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take.

    Attributes:
        settle_s: Seconds after which a difference that the destination does not touch is
            permanent: more than the copy is ever behind.
        clock: Seconds since the epoch.
        wait: Waits some seconds.
    """

    settle_s: float
    clock: Callable[[], float] = time.time
    wait: Callable[[float], None] = time.sleep

    @property
    def look_every_s(self) -> float:
        """Seconds between two looks."""
        return max(0.1, min(5.0, self.settle_s / 20))


@dataclass(slots=True)
class Pending:
    """A document that differs, or was written during the first pass.

    Attributes:
        since: When it was first seen to differ.
        looked_at: When it was last seen to differ.
        left_since: Since when the destination has been seen to leave it as it is.
        versions: Hashes of what the source had when it was looked at, newest last.
        destination: Hash of what the destination has.
        difference: How it differed at the last look.
    """

    since: float
    looked_at: float = 0.0
    left_since: float = 0.0
    versions: list[int] = field(default_factory=list)
    destination: int | None = None
    difference: DocumentDifference | None = None

    def see(self, source: bytes, destination: bytes, now: float) -> bool:
        """Note what both sides have now; they are not equal.

        Args:
            source: The document; empty if it is not there.
            destination: The same of the destination.
            now: When.

        Returns:
            Whether the destination has a version that an earlier look saw at the source: then
            it holds all that was written before that look, and is only late with the rest.
        """
        hash_source, hash_destination = map(xxh3_64_intdigest, (source, destination))
        follows = hash_destination in self.versions
        if hash_source not in self.versions[-1:]:
            self.versions = [*self.versions, hash_source][-VERSIONS:]
        if hash_destination != self.destination:
            self.left_since = now
            self.destination = hash_destination
        self.looked_at = now
        return follows


def watch_databases(
    source: Access,
    destination: Access,
    timing: Timing,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    state: Finished | None = None,
) -> VerifyResult:
    """Verify, and look again at what differs until it settles or proves permanent.

    Ends when every write up to the end of the first pass is in the destination, or when all that
    is not is permanent. Ctrl-C ends it with what is known then.

    Args:
        source: The side that is right, and may be written to.
        destination: The side that is judged.
        timing: How long settling may take.
        options: As for :func:`verify_databases`.
        progress: Is told how far it is.
        state: Remembers finished collections for another run.

    Returns:
        The result; ``counts`` are of permanent differences, ``unsettled`` of the others.

    Raises:
        UserError: The databases cannot be compared.
        HarnessError: A server cannot be reached at the start.
    """
    options, progress = options or Options(), progress or Progress()
    with Reader(source) as reader:
        tracker = track(reader, sorted(describe(reader)))
        watch = _Watch(timing)
        try:
            first = verify_databases(
                source,
                destination,
                options,
                progress,
                on_difference=watch.begin,
                state=state,
            )
            if first.problems or first.interrupted:
                return first
            sides = options.open_sides(source, destination, progress.planned_size)
            try:
                return watch.follow(first, sides, tracker, progress)
            finally:
                sides.close()
        finally:
            tracker.close()


class _Watch:
    """The documents that differ, from the first pass to the end."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._pending: dict[Touched, Pending] = {}
        self._benign: dict[Touched, DocumentDifference] = {}
        self._fixed: list[DocumentDifference] = []
        self._unread: list[Pending] = []
        self._left_out: set[str] = set()
        self._too_many = False

    def begin(self, difference: DocumentDifference) -> None:
        """Take a difference that the first pass found."""
        typed = _typed(difference)
        if typed is None or difference.code == codes.DUPLICATE.id:
            self._fixed.append(difference)  # cannot be looked up again
            return
        now = self._timing.clock()
        self._put((difference.collection, typed), now, difference)

    def follow(
        self, first: VerifyResult, sides: Sides, tracker: Tracker, progress: Progress
    ) -> VerifyResult:
        """Look again until there is a result."""
        parts = {
            collection.name: _part(collection)
            for collection in first.collections
            if _is_read(collection)
        }
        self._left_out = {
            collection.name for collection in first.collections if not _is_read(collection)
        }
        # What differed in a collection that was not read to its end is not looked at again.
        self._unread = [self._pending.pop(key) for key in [*self._pending] if key[0] not in parts]
        goal = self._timing.clock()
        problems: list[str] = []
        interrupted = False
        in_sync = ""
        try:
            for number in count():
                if number < DRAINS:
                    self._drain(parts, tracker)
                self._look(parts, sides)
                if number + 1 >= DRAINS and self._is_over(goal, problems):
                    in_sync = "" if self._pending or problems else _text(goal)
                    break
                progress.note(self._state())
                self._timing.wait(self._timing.look_every_s)
        except KeyboardInterrupt:
            interrupted = True
        except HarnessError as error:
            problems.append(str(error))
        return self._result(first, tracker.how, in_sync, problems, interrupted=interrupted)

    def _put(self, key: Touched, now: float, difference: DocumentDifference | None = None) -> None:
        if len(self._pending) >= MOST_PENDING and key not in self._pending:
            self._too_many = True
            return
        self._benign.pop(key, None)
        self._pending.setdefault(key, Pending(now, difference=difference))

    def _drain(self, parts: dict[str, Part], tracker: Tracker) -> None:
        """Take in what was written since the first document was read."""
        now = self._timing.clock()
        for key in tracker.touched():
            if key[0] in parts:
                self._put(key, now)
            elif key[0] not in self._left_out:
                raise HarnessError(
                    f"collection {key[0]} was created while the databases were verified: "
                    "verify again to cover it"
                )

    def _look(self, parts: dict[str, Part], sides: Sides) -> None:
        """Compare everything that is pending."""
        by_collection: dict[str, list[bytes]] = defaultdict(list)
        for name, id_ in self._pending:
            by_collection[name].append(id_)
        for name, ids in by_collection.items():
            part = parts[name]
            size = max(1, min(FETCH_MOST, FETCH_BYTES // max(1, part.average)))
            for start in range(0, len(ids), size):
                self._compare(part, ids[start : start + size], sides)

    def _compare(self, part: Part, ids: list[bytes], sides: Sides) -> None:
        fetch = Fetch(part.name, tuple(ids))
        left, right = ({raw_id(e): e for e in side} for side in sides.run(fetch, fetch))
        now = self._timing.clock()
        for id_ in ids:
            key = (part.name, id_)
            difference = judge_pair(sides, part, id_, left, right)
            if difference is None:
                del self._pending[key]
            elif difference.code in codes.BENIGN:  # equal for the app, and will stay so
                del self._pending[key]
                self._benign[key] = difference
            else:
                pending = self._pending[key]
                pending.difference = difference
                if pending.see(left.get(id_, b""), right.get(id_, b""), now):
                    del self._pending[key]

    def _is_over(self, goal: float, problems: list[str]) -> bool:
        if self._too_many:
            problems.append(
                f"More than {MOST_PENDING:,} documents differ at once: the destination does not "
                "follow the source. Verify without --watch to see them all."
            )
            return True
        moving = [each for each in self._pending.values() if not self._is_permanent(each)]
        if moving and self._timing.clock() - goal >= PATIENCE * self._timing.settle_s:
            problems.append(
                f"{len(moving):,} documents are written so often that they were never seen equal."
            )
            return True
        return not moving

    def _is_permanent(self, each: Pending) -> bool:
        # From the first look that saw it to the last one: when nobody looked proves nothing.
        return each.looked_at - each.left_since >= self._timing.settle_s

    def _state(self) -> str:
        now = self._timing.clock()
        oldest = max((now - each.since for each in self._pending.values()), default=0.0)
        permanent = sum(self._is_permanent(each) for each in self._pending.values())
        return (
            f"{len(self._pending):,} documents differ, the oldest for {oldest:.0f} s; "
            f"{permanent:,} are permanent"
        )

    def _result(
        self,
        first: VerifyResult,
        how: str,
        in_sync: str,
        problems: list[str],
        *,
        interrupted: bool,
    ) -> VerifyResult:
        now = self._timing.clock()
        permanent = [*self._fixed, *self._benign.values()]
        unsettled: list[DocumentDifference] = []
        for pending in (*self._unread, *self._pending.values()):
            if pending.difference is not None:
                aged = replace(pending.difference, age_s=round(now - pending.since, 1))
                (permanent if self._is_permanent(pending) else unsettled).append(aged)
        counted = _by_collection(permanent)
        return replace(
            first,
            collections=tuple(_recounted(collection, counted) for collection in first.collections),
            assured=(*first.assured[:-1], how),
            problems=(*first.problems, *problems),
            in_sync_as_of=""
            if any(each.code not in codes.BENIGN for each in permanent)
            else in_sync,
            permanent=tuple(permanent),
            unsettled=tuple(unsettled),
            interrupted=interrupted,
        )


def _by_collection(
    differences: Iterable[DocumentDifference],
) -> dict[str, list[DocumentDifference]]:
    found: dict[str, list[DocumentDifference]] = defaultdict(list)
    for difference in differences:
        found[difference.collection].append(difference)
    return found


def _recounted(
    result: CollectionResult, permanent: dict[str, list[DocumentDifference]]
) -> CollectionResult:
    mine = permanent.get(result.name, [])
    if not mine and not result.counts:
        return result
    counts = Counter(each.code for each in mine)
    seen: Counter[str] = Counter()
    examples = []
    for each in mine:
        seen[each.code] += 1
        if seen[each.code] <= EXAMPLES:
            examples.append(each)
    of_source = sum(n for code, n in counts.items() if code not in codes.ONLY_DESTINATION)
    return replace(
        result,
        counts=dict(sorted(counts.items())),
        examples=tuple(examples),
        equal=max(0, result.source_documents - of_source),
        finished_at=utc_now(),
    )


def _is_read(each: CollectionResult) -> bool:
    return each.state in (State.VERIFIED, State.EMPTY)


def _part(each: CollectionResult) -> Part:
    documents = max(1, each.source_documents, each.destination_documents)
    average = max(each.source_bytes, each.destination_bytes) // documents
    return Part(each.name, each.source_documents, each.destination_documents, average or 1000)


def _typed(difference: DocumentDifference) -> bytes | None:
    try:
        value = loads(json.dumps(difference.id), json_options=CANONICAL_JSON_OPTIONS)
        return raw_id(encode({"_id": value}))
    except (ValueError, TypeError):
        return None


def _text(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
