from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from parity.compare import Unordered
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient, Reply

pytestmark = [pytest.mark.area("objects")]

THREADS = 8
CALLS = 32


def at_once(call: Callable[[int], Reply]) -> list[Reply]:
    """Make the calls 0 to 31 with eight threads; return the replies in the order of the calls."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, range(CALLS)))


@pytest.mark.spec("rest/objects#counters")
def test_concurrent_increments_lose_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients increment one counter at once: each reply has its own value, none is lost."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {"score": 0})["objectId"]
    one_more = {"score": {"__op": "Increment", "amount": 1}}
    replies = at_once(lambda _: parse.update(game_score, object_id, one_more))
    expect.equal(sorted(reply["score"] for reply in replies), list(range(1, CALLS + 1)))
    expect.contains(parse.fetch(game_score, object_id), {"score": CALLS}, status=200)


@pytest.mark.spec("rest/objects#arrays")
def test_concurrent_adds_lose_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients Add to one array at once: it ends up with every object, once each."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {"log": []})["objectId"]
    replies = at_once(
        lambda n: parse.update(game_score, object_id, {"log": {"__op": "Add", "objects": [n]}})
    )
    expect.equal([reply.status for reply in replies], [200] * CALLS, at="$.statuses")
    log = Unordered(list(range(CALLS)))
    expect.contains(parse.fetch(game_score, object_id), {"log": log}, status=200)


@pytest.mark.spec("rest/objects#arrays")
def test_concurrent_add_unique_adds_once(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients AddUnique the same four values at once: each value is there once."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {"tags": []})["objectId"]
    replies = at_once(
        lambda n: parse.update(
            game_score, object_id, {"tags": {"__op": "AddUnique", "objects": [n % 4]}}
        )
    )
    expect.equal([reply.status for reply in replies], [200] * CALLS, at="$.statuses")
    tags = Unordered([0, 1, 2, 3])
    expect.contains(parse.fetch(game_score, object_id), {"tags": tags}, status=200)


@pytest.mark.spec("rest/objects#updating-objects")
def test_concurrent_updates_of_different_fields_are_all_kept(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients update different keys of one object at once: every key has its value."""
    game_score = new_class("GameScore")
    names = [f"field{n}" for n in range(CALLS)]
    object_id = parse.create(game_score, dict.fromkeys(names, -1))["objectId"]
    replies = at_once(lambda n: parse.update(game_score, object_id, {names[n]: n}))
    expect.equal([reply.status for reply in replies], [200] * CALLS, at="$.statuses")
    expect.contains(
        parse.fetch(game_score, object_id), {name: n for n, name in enumerate(names)}, status=200
    )


@pytest.mark.spec("rest/objects#creating-objects")
def test_concurrent_creates_in_a_new_class_all_succeed(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients create objects in a new class at once: all are stored, once each."""
    game_score = new_class("GameScore")
    replies = at_once(lambda n: parse.create(game_score, {"n": n}))
    expect.equal([reply.status for reply in replies], [201] * CALLS, at="$.statuses")
    rows = parse.find(game_score, limit=1000).results
    ids = {reply["objectId"]: n for n, reply in enumerate(replies)}
    expect.equal({row["objectId"]: row["n"] for row in rows}, ids, at="$.rows")


@pytest.mark.spec("rest/objects#deleting-objects")
def test_concurrent_deletes_succeed_once(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Eight clients delete one object at once: one of them succeeds, all others get 101."""
    game_score = new_class("GameScore")
    object_id = parse.create(game_score, {})["objectId"]
    replies = at_once(lambda _: parse.destroy(game_score, object_id))
    statuses = sorted(reply.status for reply in replies)
    expect.equal(statuses, [200] + [404] * (CALLS - 1), at="$.statuses")
    expect.error(parse.fetch(game_score, object_id), 101, status=404)
