"""A MongoDB against an export and a REST source of the same app, on real servers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from parity.jobs.verify.result import State, VerifyResult
from parity.jobs.verify.sources import RestSource, SourceOptions, open_export, verify_source
from tests.jobs.verify.sources.conftest import App
from tests.jobs.verify.sources.world import Mongo

Copy = Callable[[], Mongo]
KINDS = ("export", "rest")


def verify(app: App, kind: str, database: Mongo, work: Path, **options: Any) -> VerifyResult:
    source = RestSource(app.target) if kind == "rest" else open_export(app.export)
    return verify_source(source, app.uri(database.name), SourceOptions(work, **options))


def codes(result: VerifyResult) -> dict[str, set[str]]:
    """Return the codes that were found, by collection."""
    found: dict[str, set[str]] = {}
    for collection in result.collections:
        here = {*collection.counts, *(one.code for one in collection.structure)}
        if here:
            found[collection.name] = here
    return found


def paths(result: VerifyResult) -> set[str]:
    documents = {
        f"{collection.name}/{one.id}.{place.path}"
        for collection in result.collections
        for one in collection.examples
        for place in one.differences
    }
    structure = {
        one.difference.path for collection in result.collections for one in collection.structure
    }
    return documents | structure


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_the_same(app: App, copy: Copy, tmp_path: Path, kind: str) -> None:
    result = verify(app, kind, copy(), tmp_path)
    assert codes(result) == {}
    assert result.problems == ()
    states = {collection.name: collection.state for collection in result.collections}
    assert {name for name, state in states.items() if state is State.NOT_JUDGED} == set()
    assert states["GameScore"] is State.VERIFIED
    assert states["_Join:users:_Role"] is State.VERIFIED
    counts = {
        collection.name: (collection.source_documents, collection.equal)
        for collection in result.collections
    }
    assert counts["GameScore"] == (240, 240)
    assert counts["_Join:fans:Team"] == (3, 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_source_cannot_show_is_listed(
    app: App, copy: Copy, tmp_path: Path, kind: str
) -> None:
    result = verify(app, kind, copy(), tmp_path)
    whole = {each.what for each in result.not_verified}
    assert {"number types", "order of fields", "indexes and collection options"} <= whole
    assert ("_SCHEMA and class-level permissions" in whole) is (kind == "export")
    parts = {
        one.what: one.count for collection in result.collections for one in collection.not_verified
    }
    assert parts["_User._hashed_password"] == 3
    assert parts.get("_Session.sessionToken") == (3 if kind == "export" else None)
    assert parts["fs.files documents"] == 1


@dataclass(frozen=True, slots=True)
class Damage:
    """One harm to a copy.

    Attributes:
        name: What it is.
        plant: Does it, and returns the id of the document it harmed.
        collection: Where it is found.
        code: Under which code.
        path: At which path of that document; ``None`` for the whole document.
        kinds: Which sources show it.
    """

    name: str
    plant: Callable[[Mongo], Any]
    collection: str
    code: str
    path: str | None = None
    kinds: tuple[str, ...] = KINDS


def rich(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Mongo], Any]:
    """Return a plant that updates the object that has everything."""
    return one("Rich", {"whole": 42}, change)


def one(
    name: str, query: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> Callable[[Mongo], Any]:
    def plant(database: Mongo) -> Any:
        document = database[name].find_one(query, sort=[("_id", 1)])
        assert document is not None
        database[name].update_one({"_id": document["_id"]}, change(document))
        return document["_id"]

    return plant


def set_(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {"$set": fields}


def unset(*fields: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {"$unset": dict.fromkeys(fields, 1)}


def delete_one(database: Mongo) -> Any:
    document = database["GameScore"].find_one_and_delete({"score": 100})
    assert document is not None
    return document["_id"]


def insert_one(database: Mongo) -> Any:
    return database["GameScore"].insert_one({"_id": "extraextra", "score": 1}).inserted_id


def other_id(database: Mongo) -> Any:
    document = database["Team"].find_one_and_delete({"name": "R"})
    assert document is not None
    database["Team"].insert_one({**document, "_id": ObjectId()})
    return document["_id"]


def flip_a_bit(document: dict[str, Any]) -> dict[str, Any]:
    data = bytearray(document["data"])
    data[17] ^= 4
    return {"$set": {"data": bytes(data)}}


def decomposed(document: dict[str, Any]) -> dict[str, Any]:
    return {"$set": {"text": unicodedata.normalize("NFD", document["text"])}}


def later(document: dict[str, Any]) -> dict[str, Any]:
    return {"$set": {"when": document["when"] + timedelta(milliseconds=1)}}


def drop(name: str) -> Callable[[Mongo], Any]:
    return lambda database: database.drop_collection(name)


def lose_row(name: str) -> Callable[[Mongo], Any]:
    return lambda database: database[name].find_one_and_delete({}, sort=[("relatedId", 1)])


def repeat_row(name: str) -> Callable[[Mongo], Any]:
    def plant(database: Mongo) -> Any:
        row = database[name].find_one({}, {"_id": 0})
        assert row is not None
        database[name].insert_one(row)

    return plant


def foreign_member(database: Mongo) -> None:
    """Make a user a member of a role that he is not in."""
    role = database["_Role"].find_one({"name": "owners"})
    user = database["_User"].find_one({"username": "user2"})
    assert role is not None
    assert user is not None
    database["_Join:users:_Role"].insert_one({"owningId": role["_id"], "relatedId": user["_id"]})


def schema(name: str, change: dict[str, Any]) -> Callable[[Mongo], Any]:
    return lambda database: database["_SCHEMA"].update_one({"_id": name}, change)


CHANGED, REST = "VER-CHANGED", ("rest",)
GAME = {"score": 7}
DAMAGES = [
    Damage("lost object", delete_one, "GameScore", "VER-MISSING"),
    Damage("extra object", insert_one, "GameScore", "VER-EXTRA"),
    Damage("other id type", other_id, "Team", "VER-MISSING"),
    Damage("string", rich(set_(text="naive")), "Rich", CHANGED, "text"),
    Damage("normal form", rich(decomposed), "Rich", CHANGED, "text"),
    Damage("empty string to null", rich(set_(empty=None)), "Rich", CHANGED, "empty"),
    Damage("null lost", rich(unset("nothing")), "Rich", CHANGED, "nothing"),
    Damage("number", rich(set_(whole=43)), "Rich", CHANGED, "whole"),
    Damage("large number", rich(set_(big=9007199254740990)), "Rich", CHANGED, "big"),
    Damage("fraction", rich(set_(fraction=0.1 + 2**-56)), "Rich", CHANGED, "fraction"),
    Damage("number as text", rich(set_(whole="42")), "Rich", CHANGED, "whole"),
    Damage("boolean as number", rich(set_(yes=1)), "Rich", CHANGED, "yes"),
    Damage("date by 1 ms", rich(later), "Rich", CHANGED, "when.iso"),
    Damage("date as text", rich(set_(when="2014-02-28T23:59:59.999Z")), "Rich", CHANGED, "when"),
    Damage("geo swapped", rich(set_(place=[12.34, -56.78])), "Rich", CHANGED, "place.latitude"),
    Damage("geo rounded", rich(set_(place=[-56.8, 12.34])), "Rich", CHANGED, "place.longitude"),
    Damage("one bit", rich(flip_a_bit), "Rich", CHANGED, "data.base64"),
    Damage("file name", rich(set_(file="other.txt")), "Rich", CHANGED, "file.name"),
    Damage("pointer", rich(set_(_p_user="_User$other")), "Rich", CHANGED, "user.objectId"),
    Damage("pointer lost", rich(unset("_p_user")), "Rich", CHANGED, "user"),
    Damage(
        "pointer as object",
        rich(
            lambda document: {
                "$unset": {"_p_user": 1},
                "$set": {
                    "user": {
                        "__type": "Pointer",
                        "className": "_User",
                        "objectId": document["_p_user"].partition("$")[2],
                    }
                },
            }
        ),
        "Rich",
        CHANGED,
        "_p_user",
    ),
    Damage("array order", rich(lambda d: {"$set": {"list": d["list"][::-1]}}), "Rich", CHANGED,
           "list"),
    Damage("array cut", rich(lambda d: {"$set": {"list": d["list"][:-1]}}), "Rich", CHANGED,
           "list"),
    Damage("nested", rich(set_(**{"object.nested.deep.0": 2})), "Rich", CHANGED,
           "object.nested.deep[0]"),
    Damage("nested date", rich(set_(**{"object.date": datetime(2013, 1, 2, tzinfo=UTC)})), "Rich",
           CHANGED, "object.date.iso"),
    Damage("extra field", rich(set_(more=1)), "Rich", CHANGED, "more"),
    Damage("createdAt", rich(set_(_created_at=datetime(2020, 1, 1, tzinfo=UTC))), "Rich", CHANGED,
           "createdAt"),
    Damage("updatedAt lost", rich(unset("_updated_at")), "Rich", CHANGED, "updatedAt"),
    Damage("readable by all", one("Rich", {"text": "only text"}, set_(_rperm=["*"])), "Rich",
           "VER-ACL"),
    Damage("no permissions", rich(unset("_rperm", "_wperm", "_acl")), "Rich", "VER-ACL", "ACL"),
    Damage("only the old ACL", rich(unset("_rperm", "_wperm")), "Rich", "VER-ACL"),
    Damage("old ACL disagrees", rich(set_(_acl={"*": {"r": True, "w": True}})), "Rich", "VER-ACL",
           "_acl"),
    Damage("user name", one("_User", {"username": "user1"}, set_(username="User1")), "_User",
           CHANGED, "username"),
    Damage("linked account lost",
           one("_User", {"username": "user0"}, unset("_auth_data_anonymous")),
           "_User", CHANGED, "authData"),
    Damage("linked account", one("_User", {"username": "user0"},
                                 set_(_auth_data_anonymous={"id": "another"})),
           "_User", CHANGED, "authData.anonymous.id"),
    Damage("device token", one("_Installation", {"badge": 1}, set_(deviceToken="0")),
           "_Installation", CHANGED, "deviceToken"),
    Damage("session token", one("_Session", {}, set_(_session_token="r:0")), "_Session", CHANGED,
           "sessionToken", REST),
    Damage("session of another user", one("_Session", {}, set_(_p_user="_User$another")),
           "_Session", CHANGED, "user.objectId"),
    Damage("join row lost", lose_row("_Join:users:_Role"), "_Join:users:_Role", "VER-JOIN"),
    Damage("join row lost of an own relation", lose_row("_Join:fans:Team"),
           "_Join:fans:Team", "VER-JOIN"),
    Damage("join row more", foreign_member, "_Join:users:_Role", "VER-JOIN"),
    Damage("join row twice", repeat_row("_Join:fans:Team"), "_Join:fans:Team",
           "VER-DUPLICATE"),
    Damage("join table lost", drop("_Join:roles:_Role"), "_Join:roles:_Role",
           "VER-COLLECTION-MISSING"),
    Damage("class lost", drop("GameScore"), "GameScore", "VER-COLLECTION-MISSING"),
    Damage("class more", lambda db: db["Other"].insert_one({"_id": "a", "n": 1}), "Other",
           "VER-COLLECTION-EXTRA"),
]  # fmt: skip
STRUCTURE = [
    Damage("column lost", schema("Rich", {"$unset": {"place": 1}}), "", "VER-SCHEMA", "Rich.place"),
    Damage("column type", schema("GameScore", {"$set": {"score": "string"}}), "", "VER-SCHEMA",
           "GameScore.score"),
    Damage("pointer class", schema("GameScore", {"$set": {"team": "*Rich"}}), "", "VER-SCHEMA",
           "GameScore.team"),
    Damage("class not in _SCHEMA", lambda db: db["_SCHEMA"].delete_one({"_id": "Team"}), "",
           "VER-SCHEMA", "Team"),
    Damage("relation column lost", schema("Team", {"$unset": {"fans": 1}}), "", "VER-SCHEMA",
           "Team.fans", REST),
    Damage("column more", schema("Team", {"$set": {"mascot": "string"}}), "", "VER-SCHEMA",
           "Team.mascot", REST),
    Damage("permission lost",
           schema("Team", {"$set": {"_metadata.class_permissions": {"get": {"*": True}}}}), "",
           "VER-CLP", "Team.classLevelPermissions.find['*']", REST),
]  # fmt: skip


def cases(damages: list[Damage]) -> list[Any]:
    return [
        pytest.param(damage, kind, id=f"{damage.name} {kind}")
        for damage in damages
        for kind in damage.kinds
    ]


@pytest.mark.parametrize(("damage", "kind"), cases(DAMAGES))
def test_damage_is_found_where_it_is(
    app: App, copy: Copy, tmp_path: Path, damage: Damage, kind: str
) -> None:
    database = copy()
    harmed = damage.plant(database)
    result = verify(app, kind, database, tmp_path)
    found = codes(result)
    assert damage.code in found.get(damage.collection, set())
    if damage.path is not None:
        place = f"{damage.collection}/{harmed}.{damage.path}"
        assert place in paths(result)
        assert len(paths(result)) == (2 if damage.name == "geo swapped" else 1)
    assert set(found) == {damage.collection}


@pytest.mark.parametrize(("damage", "kind"), cases(STRUCTURE))
def test_damage_to_the_schema_is_found(
    app: App, copy: Copy, tmp_path: Path, damage: Damage, kind: str
) -> None:
    database = copy()
    damage.plant(database)
    result = verify(app, kind, database, tmp_path)
    assert damage.path in paths(result)
    assert damage.code in set().union(*codes(result).values())
