"""Verifying while the source is written to and the copy follows late."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.moving import Pending, Timing, watch_databases
from parity.jobs.verify.result import State, VerifyResult
from parity.jobs.verify.sides import InlineSides
from parity.jobs.verify.walk import Fetch, Walk
from parity.model import HarnessError
from parity.targets.mongo import Access
from tests.jobs.verify.databases import Pair, fill, game_score, pair_of_databases
from tests.mongod import Mongod

WRITES_A_SECOND = 200
LATE_BY = 40
"""Writes that the copy is behind: 0.2 seconds of the test's clock."""
DEADLINE_S = 60.0


class LateMirror:
    """Writes to a source and, some writes later, to its copy; its clock counts writes.

    So a slow machine changes nothing: the copy is always as late, and a second is 200 writes.
    """

    def __init__(self, pair: Pair, lose: Callable[[int], bool] = lambda _: False) -> None:
        self._pair = pair
        self._lose = lose
        self._rng = random.Random(5)
        self._ids = [each["_id"] for each in pair.source["GameScore"].find({}, {"_id": 1})]
        self._late: deque[Callable[[Any], Any]] = deque()
        self._number = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> LateMirror:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_S)

    def clock(self) -> float:
        return self._number / WRITES_A_SECOND

    def wait(self, seconds: float) -> None:
        goal = self._number + seconds * WRITES_A_SECOND
        with self._changed:
            assert self._changed.wait_for(lambda: self._number >= goal, DEADLINE_S)

    def _run(self) -> None:
        while not self._stop.wait(0.001):
            write = self._next()
            write(self._pair.source["GameScore"])
            self._late.append((lambda _: None) if self._lose(self._number) else write)
            if len(self._late) > LATE_BY:
                self._late.popleft()(self._pair.copy["GameScore"])
            with self._changed:
                self._number += 1
                self._changed.notify_all()

    def _next(self) -> Callable[[Any], Any]:
        kind = self._rng.random()
        document = game_score(self._rng, self._number)
        if kind < 0.3:
            self._ids.append(document["_id"])
            return lambda target: target.insert_one(dict(document))
        place = self._rng.randrange(len(self._ids))
        if kind < 0.4:
            gone = self._ids.pop(place)
            return lambda target: target.delete_one({"_id": gone})
        id_ = self._ids[place]
        change = {"score": self._number, "_updated_at": document["_updated_at"]}
        return lambda target: target.update_one({"_id": id_}, {"$set": change})


@pytest.fixture
def pair(replica_set: Mongod) -> Iterator[Pair]:
    with pair_of_databases(replica_set) as pair:
        fill(pair, documents=2000)
        yield pair


def watched(pair: Pair, mirror: LateMirror, settle_s: float = 2.0) -> VerifyResult:
    timing = Timing(settle_s, mirror.clock, mirror.wait)
    return watch_databases(*pair.accesses, timing)


def counts(result: VerifyResult) -> dict[tuple[str, str], int]:
    return {(c.name, code): n for c in result.collections for code, n in c.counts.items()}


def test_writes_that_arrive_late_are_no_difference(pair: Pair) -> None:
    with LateMirror(pair) as mirror:
        mirror.wait(0.5)
        result = watched(pair, mirror)

    assert counts(result) == {}
    assert result.problems == ()
    assert result.in_sync_as_of
    assert "change stream" in result.assured[-1]


def test_a_lost_write_among_them_is_found_with_its_age(pair: Pair) -> None:
    with LateMirror(pair) as mirror:
        mirror.wait(0.5)
        pair.source["GameScore"].insert_one({"_id": "lostlostlo", "score": 1})
        result = watched(pair, mirror)

    assert counts(result) == {("GameScore", "VER-MISSING"): 1}
    assert not result.in_sync_as_of
    (lost,) = result.permanent
    assert lost.id == "lostlostlo"
    assert lost.age_s is not None
    assert lost.age_s >= 2.0


def test_a_benign_difference_does_not_keep_it_waiting(pair: Pair) -> None:
    pair.copy["_User"].update_many({"n": {"$gte": 15}}, [{"$set": {"n": {"$toLong": "$n"}}}])
    with LateMirror(pair) as mirror:
        result = watched(pair, mirror)

    assert counts(result) == {("_User", "VER-TYPE"): 5}
    assert result.in_sync_as_of


def test_ctrl_c_ends_with_the_list_of_what_differs_now(pair: Pair) -> None:
    pair.copy["GameScore"].delete_many({"score": {"$lt": 3}})

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    timing = Timing(600.0, lambda: 1000.0, interrupt)
    result = watch_databases(*pair.accesses, timing)

    assert result.interrupted
    assert not result.in_sync_as_of
    assert {each.code for each in result.unsettled} == {"VER-MISSING"}
    assert len(result.unsettled) == 3


def test_a_collection_that_appears_meanwhile_is_no_pass(pair: Pair) -> None:
    pair.copy["GameScore"].delete_one({})

    def create(_: float) -> None:
        pair.source["Late"].insert_one({"_id": 1})

    result = watch_databases(*pair.accesses, Timing(600.0, lambda: 1000.0, create))

    assert any("Late was created" in problem for problem in result.problems)
    assert not result.in_sync_as_of


def test_a_dropped_collection_is_no_pass(pair: Pair) -> None:
    pair.copy["GameScore"].delete_one({})
    drop = Timing(600.0, lambda: 1000.0, lambda _: pair.source["_User"].drop())
    result = watch_databases(*pair.accesses, drop)

    assert any("dropped or renamed" in problem for problem in result.problems)


def test_a_standalone_is_followed_by_time(mongod: Mongod) -> None:
    with pair_of_databases(mongod) as pair:
        fill(pair)
        pair.copy["GameScore"].update_one({"score": 7}, {"$set": {"score": -1}})
        late = pair.source["GameScore"].find_one(sort=[("_updated_at", -1)])
        assert late is not None
        ticks = iter(range(1000, 100_000))
        looks: list[int] = []

        def write_and_mend(_: float) -> None:
            looks.append(1)
            newer = {"_updated_at": late["_updated_at"].replace(year=2017), "score": 12345}
            pair.source["GameScore"].update_one({"_id": late["_id"]}, {"$set": newer})
            if len(looks) > 1:
                pair.copy["GameScore"].update_one({"_id": late["_id"]}, {"$set": newer})
                pair.refresh("GameScore")

        timing = Timing(10_000.0, lambda: float(next(ticks)), write_and_mend)
        result = watch_databases(*pair.accesses, timing)

    assert counts(result) == {}
    assert result.in_sync_as_of
    assert "no change stream" in result.assured[-1]


class Deleting(InlineSides):
    """Deletes rows on both sides as soon as they were read, as users do who log out."""

    def __init__(self, source: Access, destination: Access, pair: Pair) -> None:
        super().__init__(source, destination)
        self._pair = pair

    def run(self, *tasks: Any, **more: Any) -> Any:
        done = super().run(*tasks, **more)
        if isinstance(tasks[0], Walk) and tasks[0].collection == "GameScore":
            for side in (self._pair.source, self._pair.copy):
                side["GameScore"].delete_many({"score": {"$lt": 1500}})
        return done


class Breaking(InlineSides):
    """Loses the connection after the first difference of a collection was told."""

    def run(self, *tasks: Any, **more: Any) -> Any:
        if isinstance(tasks[0], Fetch) and not tasks[0].whole:
            raise HarnessError("the connection was lost")
        return super().run(*tasks, **more)


@pytest.mark.parametrize("watch", [False, True])
def test_rows_that_are_deleted_meanwhile_do_not_matter(pair: Pair, watch: bool) -> None:  # noqa: FBT001
    for place in range(0, 2000, 20):  # something differs wherever something is deleted
        pair.source["GameScore"].update_one({"score": place}, {"$set": {"late": True}})
    options = Options(sides=lambda source, destination: Deleting(source, destination, pair))
    if watch:
        ticks = iter(range(1000, 100_000))
        timing = Timing(3.0, lambda: float(next(ticks)), lambda _: None)
        result = watch_databases(*pair.accesses, timing, options)
    else:
        result = verify_databases(*pair.accesses, options)

    assert counts(result) == {("GameScore", "VER-CHANGED"): 25}
    assert {collection.state for collection in result.collections} == {State.VERIFIED}


def test_what_differs_where_reading_broke_off_has_not_settled(pair: Pair) -> None:
    pair.copy["GameScore"].update_one({"score": 7}, {"$set": {"score": -1}})
    pair.copy["GameScore"].delete_one({"score": 8})
    result = watch_databases(
        *pair.accesses, Timing(600.0, lambda: 1000.0, lambda _: None), Options(sides=Breaking)
    )

    states = {collection.name: collection.state for collection in result.collections}
    assert states["GameScore"] is State.NOT_JUDGED
    assert [each.code for each in result.unsettled] == ["VER-CHANGED"]


def test_a_document_that_comes_to_an_earlier_version_has_settled() -> None:
    pending = Pending(0.0)

    assert not pending.see(b"version 2", b"version 1", 1.0)
    assert not pending.see(b"version 3", b"version 1", 2.0)
    assert pending.see(b"version 4", b"version 2", 3.0)


def test_a_document_that_the_copy_leaves_alone_grows_old() -> None:
    pending = Pending(0.0)

    assert not any(pending.see(b"version %d" % now, b"old", float(now)) for now in range(1, 20))
    assert (pending.left_since, pending.looked_at) == (1.0, 19.0)


def test_a_document_that_the_copy_changes_does_not_grow_old() -> None:
    pending = Pending(0.0)

    assert not any(pending.see(b"s%d" % now, b"d%d" % now, float(now)) for now in range(1, 20))
    assert (pending.left_since, pending.looked_at) == (19.0, 19.0)


def test_a_document_that_was_looked_at_once_is_not_called_old() -> None:
    pending = Pending(0.0)
    pending.see(b"new", b"old", 1000.0)

    assert pending.looked_at - pending.left_since == 0.0
