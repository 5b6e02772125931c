"""A whole verification against a real mongod: what is planted is found, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import Binary, Int64, ObjectId

from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.result import CollectionResult, DocumentDifference, State, VerifyResult
from parity.model import Secret, UserError
from parity.model.errors import TargetDown
from parity.targets.mongo import Access
from tests.jobs.verify.databases import Pair, fill, game_score, pair_of_databases
from tests.mongod import Mongod


@pytest.fixture
def empty(mongod: Mongod) -> Iterator[Pair]:
    with pair_of_databases(mongod) as pair:
        yield pair


@pytest.fixture
def pair(empty: Pair) -> Pair:
    fill(empty)
    return empty


def verified(pair: Pair, **options: Any) -> VerifyResult:
    return verify_databases(*pair.accesses, Options(**options))


def by_name(result: VerifyResult) -> dict[str, CollectionResult]:
    return {collection.name: collection for collection in result.collections}


def all_counts(result: VerifyResult) -> dict[tuple[str, str], int]:
    found = {(c.name, code): n for c in result.collections for code, n in c.counts.items()}
    found |= {(c.name, each.code): 1 for c in result.collections for each in c.structure}
    return found


def test_a_copy_is_equal_in_every_collection(pair: Pair) -> None:
    result = verified(pair)

    assert all_counts(result) == {}
    assert {collection.state for collection in result.collections} == {State.VERIFIED}
    assert not result.problems
    equal = {collection.name: collection.equal for collection in result.collections}
    assert equal == {
        "Capped": 1,
        "GameScore": 300,
        "Odd": 11,
        "_Join:users:_Role": 10,
        "_SCHEMA": 1,
        "_User": 20,
        "fs.chunks": 2,
        "fs.files": 1,
    }


Plant = Callable[[Pair], Any]


def an_id(pair: Pair, name: str = "GameScore") -> Any:
    found = pair.source[name].find_one(sort=[("_id", 1)])
    assert found is not None
    return found["_id"]


def set_field(name: str, path: str, value: Any) -> Plant:
    return lambda pair: pair.copy[name].update_one(
        {"_id": an_id(pair, name)}, {"$set": {path: value}}
    )


def delete(name: str) -> Plant:
    return lambda pair: pair.copy[name].delete_one({"_id": an_id(pair, name)})


def insert(name: str, document: dict[str, Any]) -> Plant:
    return lambda pair: pair.copy[name].insert_one(dict(document))


def retype_id(pair: Pair) -> None:
    pair.copy["Odd"].delete_one({"_id": 1})
    pair.copy["Odd"].insert_one({"_id": Int64(1)})


def reorder(pair: Pair) -> None:
    document = pair.copy["GameScore"].find_one({"_id": an_id(pair)})
    assert document is not None
    document["score"] = document.pop("score")
    pair.copy["GameScore"].replace_one({"_id": document["_id"]}, document)


def other_row_id(pair: Pair) -> None:
    rows = pair.copy["_Join:users:_Role"]
    row = rows.find_one_and_delete({"_id": an_id(pair, "_Join:users:_Role")})
    assert row is not None
    rows.insert_one({**row, "_id": "otherother"})


def row_twice(pair: Pair) -> None:
    rows = pair.copy["_Join:users:_Role"]
    row = rows.find_one()
    assert row is not None
    rows.insert_one({**row, "_id": "twicetwice"})


def recreate_capped(pair: Pair) -> None:
    pair.copy["Capped"].drop()
    pair.copy["Capped"].insert_one({"_id": 1, "line": "x"})


def unique_lost(pair: Pair) -> None:
    pair.copy["_User"].drop_index("username_1")
    pair.copy["_User"].create_index("username", sparse=True)


def rename_index(pair: Pair) -> None:
    pair.copy["_User"].drop_index("username_1")
    pair.copy["_User"].create_index("username", unique=True, sparse=True, name="other")


PLANTS: dict[str, tuple[Plant, str, str]] = {
    "a lost document": (delete("GameScore"), "GameScore", "VER-MISSING"),
    "an extra document": (insert("GameScore", {"_id": "zzzzzzzzzz"}), "GameScore", "VER-EXTRA"),
    "an extra id of another type": (
        insert("GameScore", {"_id": ObjectId()}),
        "GameScore",
        "VER-EXTRA",
    ),
    "a string": (set_field("GameScore", "playerName", "x"), "GameScore", "VER-CHANGED"),
    "a binary": (set_field("GameScore", "raw", Binary(b"x")), "GameScore", "VER-CHANGED"),
    "an added null": (set_field("GameScore", "nothing", None), "GameScore", "VER-CHANGED"),
    "a part of a geo point": (
        set_field("GameScore", "location.0", 1.25),
        "GameScore",
        "VER-CHANGED",
    ),
    "int to long": (set_field("GameScore", "settings.levels.0", Int64(1)), "GameScore", "VER-TYPE"),
    "int to double": (set_field("GameScore", "settings.levels.0", 1.0), "GameScore", "VER-TYPE"),
    "permissions": (set_field("GameScore", "_wperm", []), "GameScore", "VER-ACL"),
    "order of fields": (reorder, "GameScore", "VER-ORDER"),
    "a lost number id": (delete("Odd"), "Odd", "VER-MISSING"),
    "another type of an id": (retype_id, "Odd", "VER-TYPE"),
    "a lost row": (delete("_Join:users:_Role"), "_Join:users:_Role", "VER-JOIN"),
    "an extra row": (
        insert("_Join:users:_Role", {"_id": "y", "owningId": "o", "relatedId": "r"}),
        "_Join:users:_Role",
        "VER-JOIN",
    ),
    "a row under another id": (other_row_id, "_Join:users:_Role", "VER-JOIN-ID"),
    "a row twice": (row_twice, "_Join:users:_Role", "VER-DUPLICATE"),
    "a type in the schema": (set_field("_SCHEMA", "score", "string"), "_SCHEMA", "VER-SCHEMA"),
    "a permission of a class": (
        set_field("_SCHEMA", "_metadata.class_permissions.delete", {"*": True}),
        "_SCHEMA",
        "VER-CLP",
    ),
    "a lost chunk": (delete("fs.chunks"), "fs.chunks", "VER-GRIDFS"),
    "a byte of a chunk": (
        set_field("fs.chunks", "data", Binary(b"abd")),
        "fs.chunks",
        "VER-GRIDFS",
    ),
    "a lost index": (
        lambda pair: pair.copy["_User"].drop_index("username_1"),
        "_User",
        "VER-INDEX",
    ),
    "an index not unique": (unique_lost, "_User", "VER-INDEX"),
    "another name of an index": (rename_index, "_User", "VER-INDEX-HARMS"),
    "an extra index": (lambda pair: pair.copy["Odd"].create_index("a"), "Odd", "VER-INDEX-EXTRA"),
    "options": (recreate_capped, "Capped", "VER-OPTIONS"),
    "an extra collection": (insert("Other", {"_id": 1}), "Other", "VER-COLLECTION-EXTRA"),
}


@pytest.mark.parametrize("what", PLANTS)
def test_one_planted_difference_is_found_and_classed(pair: Pair, what: str) -> None:
    plant, name, code = PLANTS[what]
    plant(pair)
    found = all_counts(verified(pair))
    found.pop(("Other", "VER-EXTRA"), None)

    assert found == {(name, code): 1}


def test_a_missing_collection_is_said_and_its_documents_are_counted(pair: Pair) -> None:
    pair.copy["_User"].drop()
    result = by_name(verified(pair))["_User"]

    assert [each.code for each in result.structure] == ["VER-COLLECTION-MISSING"]
    assert result.counts == {"VER-MISSING": 20}
    assert result.equal == 0


def test_a_lost_chunk_names_its_file(pair: Pair) -> None:
    delete("fs.chunks")(pair)
    (example,) = by_name(verified(pair))["fs.chunks"].examples

    assert [difference.path for difference in example.differences] == ["files_id", "n"]


def test_an_index_comes_with_the_command_that_makes_it(pair: Pair) -> None:
    pair.copy["GameScore"].drop_index("score_1_playerName_-1")
    (lost,) = by_name(verified(pair))["GameScore"].structure

    assert lost.remedy == (
        'db.getCollection("GameScore").createIndex({"score": 1, "playerName": -1}, '
        '{"name": "score_1_playerName_-1"})'
    )


@pytest.mark.parametrize("kind", ["strings", "numbers", "object ids", "one prefix"])
def test_many_differences_are_counted_exactly_whatever_the_ids(empty: Pair, kind: str) -> None:
    rng = random.Random(3)
    make: dict[str, Callable[[int], Any]] = {
        "strings": lambda n: game_score(rng, n)["_id"],
        "numbers": lambda n: n if n % 2 else n + 0.5,
        "object ids": lambda _: ObjectId(rng.randbytes(12)),
        "one prefix": lambda n: f"user-2016-01-01-{n:09}",
    }
    documents = [{"_id": make[kind](n), "n": n} for n in range(6000)]
    for database in (empty.source, empty.copy):
        database["C"].insert_many(documents)
    empty.copy["C"].delete_many({"n": {"$mod": [10, 0]}})
    empty.copy["C"].update_many({"n": {"$mod": [10, 1]}}, {"$set": {"n": -1}})
    empty.copy["C"].update_many({"n": {"$mod": [10, 2]}}, [{"$set": {"n": {"$toLong": "$n"}}}])
    empty.copy["C"].insert_many([{"_id": f"extra{n}"} for n in range(77)])
    told: list[DocumentDifference] = []
    result = verify_databases(*empty.accesses, on_difference=told.append)
    (collection,) = result.collections

    expected = {"VER-CHANGED": 600, "VER-EXTRA": 77, "VER-MISSING": 600, "VER-TYPE": 600}
    assert collection.counts == expected
    assert collection.equal == 6000 - 1800
    assert len(told) == 1877
    assert len({str(each.id) for each in told}) == 1877
    assert len(collection.examples) == 4 * 20


def test_more_workers_find_the_same(pair: Pair) -> None:
    delete("GameScore")(pair)
    delete("_User")(pair)

    assert all_counts(verified(pair, workers=4)) == {
        ("GameScore", "VER-MISSING"): 1,
        ("_User", "VER-MISSING"): 1,
    }


def test_an_excluded_collection_is_said_not_verified(pair: Pair) -> None:
    delete("_User")(pair)
    result = verified(pair, exclude=("_U*",))

    assert by_name(result)["_User"].state is State.NOT_VERIFIED
    assert [each.what for each in result.not_verified] == ["_User"]
    assert all_counts(result) == {}


def test_a_view_is_said_not_verified(pair: Pair) -> None:
    for database in (pair.source, pair.copy):
        database.create_collection("View", viewOn="GameScore", pipeline=[])

    assert by_name(verified(pair))["View"].state is State.NOT_VERIFIED


def test_a_collection_without_documents_is_no_pass(pair: Pair) -> None:
    for database in (pair.source, pair.copy):
        database.create_collection("Nothing")

    assert by_name(verified(pair))["Nothing"].state is State.EMPTY


def test_documents_under_a_collation_are_found_again(empty: Pair) -> None:
    for database in (empty.source, empty.copy):
        database.create_collection("C", collation={"locale": "en", "strength": 2})
        database["C"].insert_many([{"_id": f"{n:05}ä", "n": n} for n in range(2000)])
    empty.copy["C"].update_one({"n": 700}, {"$set": {"n": -1}})

    assert all_counts(verified(empty)) == {("C", "VER-CHANGED"): 1}


def test_an_empty_source_is_refused_with_what_there_is(empty: Pair) -> None:
    empty.copy["GameScore"].insert_one({"_id": "x"})
    with pytest.raises(UserError, match="is empty") as caught:
        verified(empty)

    assert caught.value.code == "empty-source"
    assert empty.copy.name in caught.value.remedy


def test_a_source_of_empty_collections_is_refused(empty: Pair) -> None:
    for database in (empty.source, empty.copy):
        database.create_collection("GameScore")
    with pytest.raises(UserError, match="has no document"):
        verified(empty)


def test_everything_excluded_is_no_pass(pair: Pair) -> None:
    assert verified(pair, exclude=("*",)).problems == ("No document of the source was compared.",)


def test_the_same_database_is_refused_whatever_it_is_called(pair: Pair, mongod: Mongod) -> None:
    other = f"mongodb://localhost:{mongod.port}/{pair.source.name}?appName=x"
    with pytest.raises(UserError, match="are the same database"):
        verify_databases(pair.accesses[0], Access("other", Secret(other)))


def test_a_uri_without_a_database_is_refused(pair: Pair, mongod: Mongod) -> None:
    with pytest.raises(UserError, match="names no database"):
        verify_databases(pair.accesses[0], Access("other", Secret(mongod.uri)))


def test_a_uri_that_is_none_is_refused_without_being_repeated(pair: Pair) -> None:
    with pytest.raises(UserError, match="is not valid") as caught:
        verify_databases(Access("hosted", Secret("mongo://u:geheim@h/db")), pair.accesses[1])

    assert "geheim" not in str(caught.value)


def test_a_server_that_is_not_there_is_no_finding(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.targets.mongo.SELECTION_TIMEOUT_MS", 100)
    with pytest.raises(TargetDown, match="nowhere"):
        verify_databases(
            pair.accesses[0], Access("nowhere", Secret("mongodb://127.0.0.1:1/database"))
        )
