"""Indexes tried on a copy: what is measured, and that nothing is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parity.indexes import Advice, AdviceOptions, TryOut, advise
from parity.indexes import tryout as module
from parity.indexes.tryout import orphans, scratch_database, speedup
from parity.model import Secret, UserError
from tests.indexes.conftest import Mongo, profile, query, schema
from tests.mongod import Mongod, running_mongod

ROWS = 4000
ASKED = profile(query("Post", {"author": "?"}), query("Post", order="-createdAt", limit=10))


def when(number: int) -> datetime:
    return datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=number)


@pytest.fixture
def posts(database: Mongo) -> Mongo:
    schema(database, "Post", author="*_User", title="string")
    database["Post"].insert_many(
        {"_id": f"p{n}", "_p_author": f"_User$u{n % 800}", "title": f"t{n}", "_created_at": when(n)}
        for n in range(ROWS)
    )
    database["Post"].create_index("title", name="mine", sparse=True)
    return database


def tried(mongod: Mongod, database: Mongo, **more: Any) -> Advice:
    place = TryOut(Secret(mongod.uri), f"Parity{database.name}", rounds=2, **more)
    return advise(database, ASKED, try_on=place)


def names(mongod: Mongod) -> set[str]:
    with mongod.client() as client:
        return set(client.list_database_names())


def test_each_proposal_is_measured_on_a_copy(mongod: Mongod, posts: Mongo) -> None:
    before = names(mongod)
    advice = tried(mongod, posts)
    assert len(advice.proposals) == 2
    for proposal in advice.proposals:
        [trial] = proposal.tried
        assert trial.rows == trial.of_rows == ROWS
        assert trial.used
        assert trial.same_rows
        assert trial.low <= trial.speedup <= trial.high
        assert trial.before_ms > 0
        assert trial.after_ms > 0
    assert names(mongod) == before
    assert set(posts["Post"].index_information()) == {"_id_", "mine"}


def test_of_a_large_class_a_part_is_copied_and_said(mongod: Mongod, posts: Mongo) -> None:
    advice = tried(mongod, posts, max_rows=1000)
    for proposal in advice.proposals:
        assert 800 <= proposal.tried[0].rows <= 1000
        assert proposal.tried[0].of_rows == ROWS


def test_the_copy_has_the_indexes_of_the_class(
    mongod: Mongod, posts: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    run = module._run

    def watched(scratch: Mongo, sent: Any) -> Any:
        seen.append(set(scratch[sent.collection].index_information()))
        return run(scratch, sent)

    monkeypatch.setattr(module, "_run", watched)
    tried(mongod, posts)
    assert all("mine" in each for each in seen)
    assert {len(each) for each in seen} == {2, 3}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_copy_is_dropped_however_it_ends(
    mongod: Mongod,
    posts: Mongo,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    before = names(mongod)

    def stop(*_: object) -> None:
        assert names(mongod) > before
        raise error

    monkeypatch.setattr(module, "_run", stop)
    with pytest.raises(error):
        tried(mongod, posts)
    assert names(mongod) == before


def test_a_database_that_is_there_is_not_touched(mongod: Mongod, posts: Mongo) -> None:
    with mongod.client() as client:
        other = client[f"Parity{posts.name}_indexes"]
        other["mine"].insert_one({"_id": 1})
        try:
            with pytest.raises(UserError, match="there is a database"):
                tried(mongod, posts)
            assert other["mine"].count_documents({}) == 1
            assert orphans(client, f"Parity{posts.name}") == [other.name]
        finally:
            client.drop_database(other.name)


def test_an_index_that_cannot_be_built_is_said(
    mongod: Mongod, posts: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rows that were drawn had one array; another row has two.
    monkeypatch.setattr("parity.indexes.sample.Sample.is_array", lambda *_: False)
    posts["Post"].drop_index("mine")
    posts["Post"].insert_many(
        {"_id": f"a{n}", "_p_author": [f"_User$u{n}"], "title": ["a"], "_created_at": when(n)}
        for n in range(5)
    )
    asked = profile(query("Post", {"author": "?", "title": "?"}))
    place = TryOut(Secret(mongod.uri), f"Parity{posts.name}", rounds=1)
    [proposal] = advise(posts, asked, options=AdviceOptions(), try_on=place).proposals
    assert proposal.tried == ()
    notes = " ".join(proposal.notes)
    assert "could not be built on the copy" in notes
    assert "CannotIndexParallelArrays" in notes


def test_what_cannot_be_built_is_not_tried(mongod: Mongod, database: Mongo) -> None:
    schema(database, "Page", url="string")
    database["Page"].insert_many({"_id": f"p{n}", "url": f"{n}" * 600} for n in range(1500))
    place = TryOut(Secret(mongod.uri), f"Parity{database.name}", rounds=1)
    options = AdviceOptions(mongo_version="3.4")
    asked = profile(query("Page", {"url": "?"}))
    [proposal] = advise(database, asked, options=options, try_on=place).proposals
    assert proposal.tried == ()


def test_a_server_that_refuses_to_write_is_the_users_affair() -> None:
    with running_mongod("--auth") as closed:
        place = TryOut(Secret(closed.uri), "Parityabc123")
        with pytest.raises(UserError, match="cannot be written"), scratch_database(place):
            pass  # pragma: no cover - never entered


def test_the_interval_holds_the_median_and_most_rounds() -> None:
    middle, low, high = speedup([10.0] * 7, [1.0, 2.0, 1.0, 1.25, 1.0, 5.0, 1.0])
    assert middle == 10.0
    assert low == 2.0
    assert high == 10.0
    assert speedup([4.0], [2.0]) == (2.0, 2.0, 2.0)
