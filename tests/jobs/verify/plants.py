"""How harm is done to a seeded database, and to nothing else in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from bson import ObjectId
from pymongo.database import Database

Db = Database[dict[str, Any]]
Plant = Callable[[Db, random.Random], str]
"""Does it, and returns the collection, or ``collection/id`` of the document."""
Change = Callable[[dict[str, Any]], dict[str, Any]]
GONE: Final = "gone000000"

LONE_ACL: Final = {"_rperm": {"$exists": False}, "_acl": {"$exists": False}}
WITH_ACL: Final = {"_rperm": {"$exists": True}, "_acl": {"$exists": True}}
WITH_PASSWORD: Final = {
    "_hashed_password": {"$exists": True},
    "_auth_data_facebook": {"$exists": False},
}


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of harm.

    Attributes:
        title: What is wrong, in a few words; unique.
        plant: Does it, and returns the collection, or ``collection/id`` of the document.
        found_by: Which command has to find it.
        finding: Under which code.
        beside: Codes that this harm cannot be without.
    """

    title: str
    plant: Plant
    found_by: Literal["verify", "audit"]
    finding: str
    beside: frozenset[str] = frozenset()


def pick(db: Db, name: str, rng: random.Random, /, **query: Any) -> dict[str, Any]:
    """Return a document, chosen at random, whatever the order in which they lie."""
    ids = sorted((each["_id"] for each in db[name].find(query, {"_id": 1})), key=str)
    found = db[name].find_one({"_id": rng.choice(ids)})
    assert found is not None
    return found


def update(name: str, change: Change, /, **query: Any) -> Plant:
    """Update one document; ``change`` makes the update from the document."""

    def plant(db: Db, rng: random.Random) -> str:
        document = pick(db, name, rng, **query)
        assert db[name].update_one({"_id": document["_id"]}, change(document)).modified_count == 1
        return f"{name}/{document['_id']}"

    return plant


def put(name: str, key: str, value: Any, /, **query: Any) -> Plant:
    """Set one key; a function makes the value from the old one."""

    def change(document: dict[str, Any]) -> dict[str, Any]:
        old = document
        for step in key.split("."):
            old = old.get(step) if isinstance(old, dict) else None  # type: ignore[assignment]
        return {"$set": {key: value(old) if callable(value) else value}}

    return update(name, change, **query)


def unset(name: str, /, *keys: str, **query: Any) -> Plant:
    return update(name, lambda _: {"$unset": dict.fromkeys(keys, 1)}, **query)


def remove(name: str, /, **query: Any) -> Plant:
    def plant(db: Db, rng: random.Random) -> str:
        document = pick(db, name, rng, **query)
        db[name].delete_one({"_id": document["_id"]})
        return f"{name}/{document['_id']}"

    return plant


def twin(name: str, drop: str = "", /, **changes: Any) -> Plant:
    """Add a copy of a document under another id; ``drop`` is an index that would refuse it."""

    def plant(db: Db, rng: random.Random) -> str:
        if drop:
            db[name].drop_index(drop)
        document = pick(db, name, rng, **{change: {"$exists": True} for change in changes})
        made = {each: v(document[each]) if callable(v) else v for each, v in changes.items()}
        number = rng.randrange(10**6)
        document = {**document, "_id": f"twin{number:06d}", **made}
        if name == "_User":  # nothing else of two users may be the same
            document.pop("_auth_data_facebook", None)
            document.pop("_auth_data_anonymous", None)
            document.setdefault("_hashed_password", "$2a$10$" + "a" * 53)
            if "username" not in changes:
                document["username"] = f"twin{number}"
            if "email" not in changes:
                document.pop("email", None)
        db[name].insert_one(document)
        return f"{name}/{document['_id']}"

    return plant


def add(name: str, /, **fields: Any) -> Plant:
    """Add a document with times that Parse would give it."""

    def plant(db: Db, rng: random.Random) -> str:
        other = db["Team"].find_one()
        assert other is not None
        times = {key: other[key] for key in ("_created_at", "_updated_at")}
        own = {} if name.startswith(("_Join:", "_SCHEMA")) else times
        document = {"_id": f"made{rng.randrange(10**6):06d}", **fields, **own}
        db[name].insert_one(document)
        return f"{name}/{document['_id']}"

    return plant


def index(name: str, change: Callable[[Any], Any]) -> Plant:
    def plant(db: Db, _rng: random.Random) -> str:
        change(db[name])
        return name

    return plant


def schema(name: str, change: dict[str, Any]) -> Plant:
    def plant(db: Db, _rng: random.Random) -> str:
        assert db["_SCHEMA"].update_one({"_id": name}, change).modified_count == 1
        return f"_SCHEMA/{name}"

    return plant


def reorder(db: Db, rng: random.Random) -> str:
    document = pick(db, "GameScore", rng)
    document["score"] = document.pop("score")
    db["GameScore"].replace_one({"_id": document["_id"]}, document)
    return f"GameScore/{document['_id']}"


def other_row_id(db: Db, rng: random.Random) -> str:
    row = pick(db, "_Join:likes:Post", rng)
    db["_Join:likes:Post"].delete_one({"_id": row["_id"]})
    db["_Join:likes:Post"].insert_one({**row, "_id": "another000"})
    return "_Join:likes:Post/another000"


def validator(db: Db, _rng: random.Random) -> str:
    db.command("collMod", "Team", validator={"name": {"$exists": True}})
    return "Team"


def drop(db: Db, _rng: random.Random) -> str:
    db.drop_collection("Setting")
    return "Setting"


def object_id_as_id(db: Db, rng: random.Random) -> str:
    row = pick(db, "Comment", rng)
    row["_id"] = ObjectId()
    db["Comment"].insert_one(row)
    return f"Comment/{row['_id']}"


def plant_far_place(db: Db, rng: random.Random) -> str:
    db["Place"].drop_index("location_2d")  # it refuses such places
    return put("Place", "location", [200.0, 10.0])(db, rng)


def role_circle(db: Db, _rng: random.Random) -> str:
    row = db["_Join:roles:_Role"].find_one()
    assert row is not None
    back = {"_id": "circle0000", "owningId": row["relatedId"], "relatedId": row["owningId"]}
    db["_Join:roles:_Role"].insert_one(back)
    return "_Join:roles:_Role"


def null_emails(db: Db, _rng: random.Random) -> str:
    db["_User"].drop_index("email_1")
    ids = [each["_id"] for each in db["_User"].find({"email": {"$exists": False}}).limit(2)]
    db["_User"].update_many({"_id": {"$in": ids}}, {"$set": {"email": None}})
    return "_User"


def join_without_column(db: Db, _rng: random.Random) -> str:
    row = db["_Join:likes:Post"].find_one()
    assert row is not None
    db["_Join:loves:Post"].insert_one(row)
    return "_Join:loves:Post"


def not_unique(collection: Any) -> None:
    collection.drop_index("username_1")
    collection.create_index([("username", 1)], sparse=True)


def half_empty(collection: Any) -> None:
    collection.drop_index("score_-1")
    collection.create_index([("score", -1)], partialFilterExpression={"score": {"$gt": 5}})


def flip_bit(raw: bytes) -> bytes:
    return bytes([raw[0] ^ 1]) + raw[1:]
