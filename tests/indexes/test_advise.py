"""Each planted query is named rightly, and none is named falsely; on a real mongod."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from parity.indexes import Advice, AdviceOptions, IndexUse, advise
from parity.indexes.codes import (
    KEY_TOO_LONG,
    NO_INDEX,
    NO_INDEX_HELPS,
    PARALLEL_ARRAYS,
    SORT_IN_MEMORY,
    TOO_MANY_INDEXES,
    UNSELECTIVE,
)
from parity.indexes.model import Keys
from parity.model.finding import Code
from parity.profiles.profile import Ask, Operation
from tests.indexes.conftest import Mongo, build, only, profile, query, schema
from tests.mongod import Mongod

ROWS = 12_000
START = datetime(2014, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def posts(mongod: Mongod) -> Iterator[Mongo]:
    """A class of 12,000 rows with an index on ``score``; tests do not write to it."""
    with mongod.client() as client:
        database = client["advice_posts"]
        client.drop_database(database.name)
        schema(
            database,
            "Post",
            author="*_User",
            title="string",
            body="string",
            score="number",
            flag="boolean",
            tags="array",
            fans="array",
            place="geopoint",
            likes="relation<_User>",
        )
        schema(database, "_User")
        chance = random.Random(5)
        database["Post"].insert_many(_post(number, chance) for number in range(ROWS))
        database["Post"].create_index("score")
        database["_User"].insert_many({"_id": f"u{number}"} for number in range(600))
        database["_Join:likes:Post"].insert_many(
            {"relatedId": f"u{number % 600}", "owningId": f"p{number}"} for number in range(ROWS)
        )
        yield database
        client.drop_database(database.name)


def _post(number: int, chance: random.Random) -> dict[str, Any]:
    made = START + timedelta(minutes=number)
    return {
        "_id": f"p{number}",
        "_p_author": f"_User$u{chance.randrange(600)}",
        "title": f"{chance.randrange(10**9)} is a title",
        "body": "x" * 100,
        "score": chance.randrange(4000),
        "flag": chance.random() < 0.5,
        "tags": [f"t{chance.randrange(900)}", f"t{chance.randrange(900)}"],
        "fans": [f"f{chance.randrange(900)}"],
        "place": [chance.uniform(-170, 170), chance.uniform(-80, 80)],
        "_created_at": made,
        "_updated_at": made,
        "_rperm": ["*"] if number % 7 else [f"u{number % 600}"],
    }


@dataclass(frozen=True, slots=True)
class Planted:
    """A query that has no index, and the index that it needs."""

    operation: Operation
    codes: set[Code]
    keys: Keys


AUTHOR = query("Post", {"author": "?"})
SLOW = {
    "equality": Planted(AUTHOR, {NO_INDEX}, (("_p_author", 1),)),
    "equality and order": Planted(
        query("Post", {"author": "?"}, order="-createdAt", limit=10),
        {NO_INDEX},
        (("_p_author", 1), ("_created_at", -1)),
    ),
    "order alone": Planted(
        query("Post", order="-createdAt", limit=10),
        {NO_INDEX, SORT_IN_MEMORY},
        (("_created_at", -1),),
    ),
    "range that few rows meet": Planted(
        Operation(Ask.COUNT, 1.0, "Post", {"title": "?", "createdAt": {"$gt": "?"}}),
        {NO_INDEX},
        (("title", 1), ("_created_at", 1)),
    ),
    "beginning of a text": Planted(
        query("Post", {"title": {"$regex": "^\\Q?\\E"}}), {NO_INDEX}, (("title", 1),)
    ),
    "element of an array": Planted(query("Post", {"tags": "?"}), {NO_INDEX}, (("tags", 1),)),
    "several values": Planted(
        query("Post", {"author": {"$in": ["?", "?"]}}), {NO_INDEX}, (("_p_author", 1),)
    ),
    "an or whose branches share a key": Planted(
        query("Post", {"author": "?", "$or": [{"flag": True}, {"score": 1}]}),
        {NO_INDEX},
        (("_p_author", 1),),
    ),
    "a box on the map": Planted(
        query("Post", {"place": {"$within": {"$box": "?"}}}), {NO_INDEX}, (("place", "2d"),)
    ),
}
SERVED = {
    "an index with the key": query("Post", {"score": "?"}),
    "an index with the order": query("Post", order="-score", limit=20),
    "a range with the order": query("Post", {"score": {"$gt": "?"}}, order="score", limit=20),
    "an object by its id": query("Post", {"objectId": "?"}),
    "the first rows, in no order": query("Post", limit=20),
    "half of the rows, the first of them": query("Post", {"flag": True}, limit=20),
    "a count of half of the rows": Operation(Ask.COUNT, 1.0, "Post", {"flag": True}),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_query_without_index_is_named_and_mended(posts: Mongo, name: str) -> None:
    planted = SLOW[name]
    advice = advise(posts, profile(planted.operation))
    judged = only(advice)
    assert judged.use is IndexUse.SLOW
    assert planted.codes <= set(judged.codes)
    [proposal] = advice.proposals
    assert proposal.keys == planted.keys
    assert proposal.serves == (judged.signature,)
    index = posts["Post"].create_index(list(proposal.keys))
    try:
        mended = only(advise(posts, profile(planted.operation)))
        assert mended.use is IndexUse.SERVED, mended.reason
        assert mended.cost is not None
        assert index in mended.cost.index
        assert not mended.cost.sorts
        assert judged.cost is not None
        assert max(mended.cost.docs, mended.cost.keys) * 10 <= judged.cost.docs
    finally:
        posts["Post"].drop_index(index)


@pytest.mark.parametrize("name", SERVED)
def test_a_query_that_an_index_serves_is_not_named(posts: Mongo, name: str) -> None:
    advice = advise(posts, profile(SERVED[name]))
    assert only(advice).use is IndexUse.SERVED, only(advice).reason
    assert advice.proposals == ()


def test_a_small_collection_is_not_nagged_about(database: Mongo) -> None:
    schema(database, "City", name="string")
    database["City"].insert_many({"_id": f"c{n}", "name": f"n{n}"} for n in range(900))
    judged = only(advise(database, profile(query("City", {"name": "?"}))))
    assert judged.use is IndexUse.SMALL
    larger = only(
        advise(
            database, profile(query("City", {"name": "?"})), options=AdviceOptions(small_rows=100)
        )
    )
    assert larger.use is IndexUse.SLOW


def test_an_index_does_not_help_to_find_what_is_inside_a_text(posts: Mongo) -> None:
    for shape in ({"$regex": "nowhere"}, {"$regex": "^Nothing", "$options": "i"}):
        operation = query("Post", {"title": shape})
        advice = advise(posts, profile(operation))
        judged = only(advice)
        assert judged.codes == (NO_INDEX_HELPS,)
        assert "lower-case copy" in judged.advice
        assert advice.proposals == ()


def test_an_index_that_narrows_too_little_is_named(posts: Mongo) -> None:
    advice = advise(posts, profile(query("Post", {"score": {"$gte": 0}, "author": "?"})))
    judged = only(advice)
    assert judged.codes in ((UNSELECTIVE,), (NO_INDEX,))
    assert advice.proposals[0].keys[0] == ("_p_author", 1)


def test_one_index_serves_several_queries(posts: Mongo) -> None:
    ordered = query("Post", {"author": "?"}, order="-createdAt", limit=10)
    backwards = query("Post", {"author": "?"}, order="createdAt", limit=10)
    both = query("Post", {"author": "?", "title": "?"})
    advice = advise(posts, profile(AUTHOR, ordered, backwards, both))
    assert len(advice.slow) == 4
    keys = [proposal.keys for proposal in advice.proposals]
    assert (("_p_author", 1), ("_created_at", -1)) in keys or (
        ("_p_author", 1),
        ("_created_at", 1),
    ) in keys
    assert len(keys) == 2
    served = {name for proposal in advice.proposals for name in proposal.serves}
    assert served == {each.signature for each in advice.slow}


def test_an_existing_index_is_made_longer_and_not_repeated(database: Mongo) -> None:
    schema(database, "Post", author="*_User", kind="string")
    database["Post"].insert_many(
        {"_id": f"p{n}", "_p_author": f"_User$u{n % 3}", "kind": f"k{n % 2000}"}
        for n in range(6000)
    )
    database["Post"].create_index("_p_author")
    advice = advise(database, profile(query("Post", {"author": "?", "kind": "?"})))
    assert only(advice).codes == (UNSELECTIVE,)
    [proposal] = advice.proposals
    assert proposal.keys == (("_p_author", 1), ("kind", 1))
    assert proposal.replaces == "_p_author_1"
    build(database, advice)
    later = advise(database, profile(query("Post", {"author": "?", "kind": "?"})))
    assert only(later).use is IndexUse.SERVED
    assert any("_p_author_1 is the beginning of" in note for note in later.notes)


def test_at_most_three_indexes_are_proposed_for_a_class(posts: Mongo) -> None:
    names = ("author", "title", "tags", "fans", "body")
    operations = [query("Post", {name: "?", "score": {"$ne": -1}}) for name in names[:4]]
    advice = advise(posts, profile(*operations))
    assert len(advice.slow) == 4
    assert len(advice.proposals) == 3
    assert sum("gain more" in each.advice for each in advice.slow) == 1


def test_the_rows_of_a_relation_are_looked_at(posts: Mongo) -> None:
    advice = advise(posts, profile(query("Post", {"likes": "?"})))
    [slow] = advice.slow
    assert slow.collection == "_Join:likes:Post"
    [proposal] = advice.proposals
    assert proposal.shell == ('db.getCollection("_Join:likes:Post").createIndex({"relatedId": 1})')


def test_what_a_server_asks_for_itself_is_looked_at(database: Mongo) -> None:
    schema(database, "Post", title="string")
    database["Post"].insert_one({"_id": "p", "title": "t"})
    database["_Session"].insert_many(
        {
            "_id": f"s{n}",
            "_session_token": f"r:{n}",
            "_p_user": f"_User$u{n}",
            "installationId": f"i{n}",
        }
        for n in range(4000)
    )
    database["_Installation"].insert_many(
        {"_id": f"i{n}", "installationId": f"i{n}", "deviceToken": f"d{n}"} for n in range(4000)
    )
    for join in ("_Join:users:_Role", "_Join:roles:_Role"):
        database[join].insert_many({"relatedId": f"u{n}", "owningId": "r"} for n in range(4000))
    asked = profile(
        query("Post", {"title": "?"}), Operation(Ask.LOG_IN, 1.0), Operation(Ask.INSTALLATION, 1.0)
    )
    advice = advise(database, asked)
    keys = {(proposal.collection, proposal.keys) for proposal in advice.proposals}
    assert keys == {
        ("_Session", (("_session_token", 1),)),
        ("_Session", (("_p_user", 1), ("installationId", 1))),
        ("_Join:users:_Role", (("relatedId", 1),)),
        ("_Join:roles:_Role", (("relatedId", 1),)),
        ("_Installation", (("installationId", 1),)),
        ("_Installation", (("deviceToken", 1),)),
    } or keys >= {("_Session", (("installationId", 1), ("_p_user", 1)))}
    build(database, advice)
    assert advise(database, asked).slow == ()


def test_a_near_query_without_index_gets_the_one_that_parse_server_builds(posts: Mongo) -> None:
    near = query("Post", {"place": {"$nearSphere": "?"}}, limit=5)
    advice = advise(posts, profile(near))
    assert only(advice).codes == (NO_INDEX,)
    [proposal] = advice.proposals
    assert proposal.keys == (("place", "2d"),)
    assert any("Parse Server builds this one itself" in note for note in proposal.notes)
    build(posts, advice)
    try:
        assert only(advise(posts, profile(near))).use is IndexUse.SERVED
    finally:
        posts["Post"].drop_index("place_2d")


def test_a_text_search_without_index_gets_one(posts: Mongo) -> None:
    search = query("Post", {"title": {"$text": {"$search": {"$term": "?"}}}})
    advice = advise(posts, profile(search))
    assert only(advice).codes == (NO_INDEX,)
    assert [proposal.keys for proposal in advice.proposals] == [(("title", "text"),)]


def test_values_too_long_for_an_old_server_are_foreseen(database: Mongo) -> None:
    schema(database, "Page", url="string")
    database["Page"].insert_many({"_id": f"p{n}", "url": f"http://a/{n}"} for n in range(3000))
    database["Page"].insert_one({"_id": "long", "url": "u" * 2048})
    asked = profile(query("Page", {"url": "?"}))
    old = advise(database, asked, options=AdviceOptions(mongo_version="4.0"))
    assert KEY_TOO_LONG in old.proposals[0].codes
    assert "2,060 bytes" in old.proposals[0].notes[0]
    assert "hashed" in old.proposals[0].notes[0]
    assert '"background": true' in old.proposals[0].shell
    new = advise(database, asked)
    assert new.proposals[0].codes == ()
    build(database, new)
    database["Page"].delete_one({"_id": "long"})
    database["Page"].drop_indexes()
    assert (
        advise(database, asked, options=AdviceOptions(mongo_version="4.0")).proposals[0].codes == ()
    )


def test_a_long_name_is_shortened_for_an_old_server(database: Mongo) -> None:
    fields = {f"averylongnameofafield{letter * 20}": "string" for letter in "abc"}
    schema(database, "Page", **fields)
    database["Page"].insert_many(
        {"_id": f"p{n}", **dict.fromkeys(fields, f"v{n}")} for n in range(3000)
    )
    asked = profile(query("Page", dict.fromkeys(fields, "?")))
    old = advise(database, asked, options=AdviceOptions(mongo_version="3.6")).proposals[0]
    assert len(old.command["indexes"][0]["name"]) < 20
    assert '"name": "parity_' in old.shell
    new = advise(database, asked).proposals[0]
    assert new.command["indexes"][0]["name"].count("averylong") == 3


def test_two_arrays_do_not_come_into_one_index(posts: Mongo) -> None:
    asked = profile(query("Post", {"tags": "?", "fans": "?"}))
    advice = advise(posts, asked)
    [proposal] = advice.proposals
    assert PARALLEL_ARRAYS in proposal.codes
    assert len(proposal.keys) == 1
    with pytest.raises(OperationFailure, match="parallel arrays"):
        posts["Post"].create_index([("tags", 1), ("fans", 1)])
    build(posts, advice)
    try:
        assert only(advise(posts, asked)).use is IndexUse.SERVED
    finally:
        posts["Post"].drop_index(proposal.command["indexes"][0]["name"])


def test_a_collection_that_is_full_gets_no_index(database: Mongo) -> None:
    schema(database, "Post", title="string")
    database["Post"].insert_many({"_id": f"p{n}", "title": f"t{n}"} for n in range(2000))
    for number in range(63):
        database["Post"].create_index(f"unused{number}")
    advice = advise(database, profile(query("Post", {"title": "?"})))
    assert advice.proposals[0].codes == (TOO_MANY_INDEXES,)


UNJUDGED = {
    "a class that is not there": query("Nope", {"title": "?"}),
    "a field that no row has": query("Post", {"absent": "?"}),
    "a constraint that nobody knows": query("Post", {"title": {"$magic": "?"}}),
    "a subquery that tells no class": query("Post", {"author": {"$inQuery": "?"}}),
    "a shape that is none": query("Post", {"$or": "?"}),
}


@pytest.mark.parametrize("name", UNJUDGED)
def test_what_cannot_be_judged_is_said(posts: Mongo, name: str) -> None:
    judged = only(advise(posts, profile(UNJUDGED[name])))
    assert judged.use is IndexUse.UNJUDGED
    assert judged.reason
    assert not judged.broken


def test_what_there_is_no_time_for_is_not_judged(posts: Mongo) -> None:
    judged = only(advise(posts, profile(AUTHOR), options=AdviceOptions(budget_s=0)))
    assert judged.use is IndexUse.UNJUDGED
    assert judged.broken


def test_a_query_that_does_not_end_in_time_is_named(posts: Mongo) -> None:
    slow = query("Post", {"title": {"$regex": "(a+)+$"}, "body": {"$regex": "(x+x+)+y"}})
    judged = only(advise(posts, profile(slow), options=AdviceOptions(max_time_ms=1)))
    # MongoDB notices only now and then that the time is over.
    assert judged.use is IndexUse.SLOW
    assert "did not end within 0.001 s" in judged.reason or "reads 12,000" in judged.reason


def test_a_sort_that_mongodb_gives_up_is_named(mongod: Mongod, database: Mongo) -> None:
    schema(database, "Post", title="string", body="string")
    database["Post"].insert_many(
        {"_id": f"p{n}", "title": f"{n:05}", "body": "x" * 1000} for n in range(3000)
    )
    limit = "internalQueryMaxBlockingSortMemoryUsageBytes"
    no_disk = "allowDiskUseByDefault"
    with mongod.client() as client:
        was = client.admin.command({"getParameter": 1, limit: 1, no_disk: 1})
        client.admin.command({"setParameter": 1, limit: 100_000, no_disk: False})
        try:
            asked = profile(query("Post", order="title", limit=1000))
            judged = only(advise(database, asked))
        finally:
            client.admin.command({"setParameter": 1, limit: was[limit], no_disk: was[no_disk]})
    assert "MongoDB gave it up" in judged.reason
    assert SORT_IN_MEMORY in judged.codes


def test_the_costliest_at_the_peak_comes_first(posts: Mongo) -> None:
    rare = Operation(Ask.QUERY, 1.0, "Post", {"title": "?"})
    often = Operation(Ask.QUERY, 99.0, "Post", {"author": "?"})
    advice = advise(posts, profile(rare, often))
    assert [each.rate for each in advice.slow] == [99.0, 1.0]
    assert advice.proposals[0].keys == (("_p_author", 1),)


def test_the_writes_that_pay_for_an_index_are_counted(posts: Mongo) -> None:
    writes = Operation(Ask.BATCH, 1.0, "Post", parts=20)
    advice = advise(posts, profile(AUTHOR, writes, peak_rate=10))
    assert advice.proposals[0].writes == pytest.approx(100.0)


def test_the_estimated_size_is_near_the_real_one(posts: Mongo) -> None:
    ordered = query("Post", {"author": "?"}, order="-createdAt", limit=10)
    for operation in (ordered, query("Post", {"title": "?"}), query("Post", {"tags": "?"})):
        advice = advise(posts, profile(operation))
        [proposal] = advice.proposals
        build(posts, advice)
        name = proposal.command["indexes"][0]["name"]
        real = posts.command("collStats", "Post")["indexSizes"][name]
        posts["Post"].drop_index(name)
        assert real / 2 < proposal.bytes < real * 3


def test_nothing_of_a_users_data_is_shown(posts: Mongo) -> None:
    operation = query("Post", {"author": "?", "$or": [{"title": "?"}, {"score": {"$gt": "?"}}]})
    judged = only(advise(posts, profile(operation)))
    assert judged.filter == {
        "_p_author": "?",
        "$or": [{"title": "?"}, {"score": {"$gt": "?"}}],
        "_rperm": {"$in": [None, "*", "?"]},
    }


def test_nothing_is_written(posts: Mongo) -> None:
    before: Any = (posts.list_collection_names(), posts["Post"].index_information())
    advice: Advice = advise(posts, profile(AUTHOR))
    assert advice.slow
    assert (posts.list_collection_names(), posts["Post"].index_information()) == before


def test_what_mongodb_says_of_a_query_it_refuses_is_not_quoted(posts: Mongo) -> None:
    # Two $nearSphere in one query; the text of MongoDB's error has the points in it.
    near = {"$nearSphere": {"__type": "GeoPoint", "latitude": 12.34567, "longitude": 1}}
    shape = {"$or": [{"place": near}, {"title": "?"}]}
    judged = only(advise(posts, profile(query("Post", shape))))
    assert judged.use is IndexUse.UNJUDGED
    assert judged.broken
    assert "12.34567" not in judged.reason
    assert "MongoDB refuses it" in judged.reason
