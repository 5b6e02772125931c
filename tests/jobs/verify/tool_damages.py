"""What tools do to a Parse database: importers, exports, scripts, Compass, half a restore.

Each is planted alone into a copy of a sound database. An audit of the copy and a comparison with
the original have to find it, under exactly these codes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bson import (
    Code,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    encode,
)
from bson.raw_bson import RawBSONDocument

from tests.jobs.verify.plants import (
    WITH_PASSWORD,
    Db,
    Plant,
    pick,
    put,
    schema,
    unset,
    update,
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One damage, and the codes under which it is found.

    Attributes:
        title: What happened; unique.
        plant: Does it.
        audited: Codes of the audit of the damaged database alone; empty where one database cannot
            show it.
        verified: Codes of the comparison with the original.
    """

    title: str
    plant: Plant
    audited: frozenset[str]
    verified: frozenset[str]


def _trial(title: str, plant: Plant, audited: str, verified: str) -> Trial:
    audit, verify = audited.split(), verified.split()
    return Trial(
        title,
        plant,
        frozenset(f"AUD-{code}" for code in audit),
        frozenset(f"VER-{code}" for code in verify),
    )


def on(name: str, change: Callable[[Any], Any]) -> Plant:
    """Change a collection as a whole."""

    def plant(db: Db, _rng: random.Random) -> str:
        change(db[name])
        return name

    return plant


def many(name: str, change: Any, query: dict[str, Any] | None = None) -> Plant:
    """Update every document that a query finds."""
    return on(name, lambda rows: rows.update_many(query or {}, change))


def renamed(old: str, new: str) -> Plant:
    return on(old, lambda rows: rows.rename(new))


def rewritten(name: str, **options: Any) -> Plant:
    """Make a collection again with other options, its rows and indexes kept."""

    def change(rows: Any) -> None:
        documents, indexes = list(rows.find()), list(rows.list_indexes())
        rows.drop()
        rows.database.create_collection(name, **options)
        rows.insert_many(documents)
        for index in indexes:
            if index["name"] != "_id_":
                more = {k: v for k, v in index.items() if k not in ("v", "key")}
                more.setdefault("collation", {"locale": "simple"})
                rows.create_index(list(index["key"].items()), **more)

    return on(name, change)


def without_indexes(db: Db, _rng: random.Random) -> str:
    for entry in db.list_collections(filter={"type": "collection"}):
        if not entry["name"].startswith("system."):
            db[entry["name"]].drop_indexes()
    return ""


def under_object_id(rows: Any) -> None:
    """Write the class Team into _SCHEMA as a tool does that gives every document an ObjectId."""
    row = rows.find_one_and_delete({"_id": "Team"})
    rows.insert_one({**row, "_id": ObjectId(), "className": "Team"})


def as_view(name: str) -> Plant:
    def change(rows: Any) -> None:
        rows.rename(f"{name}Rows")
        rows.database.create_collection(name, viewOn=f"{name}Rows", pipeline=[])

    return on(name, change)


def with_object_id(name: str) -> Plant:
    """Insert a document again as mongoimport does with JSON of the REST API."""

    def plant(db: Db, rng: random.Random) -> str:
        row = pick(db, name, rng)
        db[name].delete_one({"_id": row["_id"]})
        made = {"objectId": row.pop("_id"), **row}
        db[name].insert_one({"_id": ObjectId(), **made})
        return name

    return plant


def without(index: str, values: dict[str, Any]) -> Plant:
    """Set values of a place that one of its indexes would refuse."""

    def change(rows: Any) -> None:
        rows.drop_index(index)
        rows.update_one({}, {"$set": values})

    return on("Place", change)


def as_rest_json(db: Db, rng: random.Random) -> str:
    """Replace a document by what ``mongoimport`` makes of the REST API's JSON."""
    row = pick(db, "GameScore", rng, _p_player={"$type": "string"}, _rperm={"$exists": True})
    db["GameScore"].delete_one({"_id": row["_id"]})
    times = {
        f"{k}At": row.pop(f"_{k}_at").strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for k in ("created", "updated")
    }
    player = row.pop("_p_player").partition("$")[2]
    for key in ("_rperm", "_wperm", "_acl"):
        row.pop(key, None)
    played = row["playedAt"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    db["GameScore"].insert_one(
        {
            **row,
            "_id": ObjectId(),
            "objectId": row["_id"],
            **times,
            "player": {"__type": "Pointer", "className": "_User", "objectId": player},
            "playedAt": {"__type": "Date", "iso": played},
            "ACL": {"*": {"read": True}},
        }
    )
    return "GameScore"


def broken_text(db: Db, rng: random.Random) -> str:
    """Store text that is not UTF-8, as old drivers did."""
    row = pick(db, "Comment", rng)
    db["Comment"].delete_one({"_id": row["_id"]})
    raw = encode({**row, "text": "caf?"}).replace(b"caf?", b"caf\xe9")
    db["Comment"].insert_one(RawBSONDocument(raw))
    return "Comment"


def other_index(name: str, **options: Any) -> Plant:
    def change(rows: Any) -> None:
        rows.drop_index("username_1")
        rows.create_index([("username", 1)], name=name, **options)

    return on("_User", change)


def chunk(change: Callable[[Db, dict[str, Any], list[dict[str, Any]]], Any]) -> Plant:
    """Change the chunks of a file that has several."""

    def plant(db: Db, _rng: random.Random) -> str:
        first = db["fs.chunks"].find_one({"n": 1})
        assert first is not None
        file = db["fs.files"].find_one({"_id": first["files_id"]})
        assert file is not None
        change(db, file, list(db["fs.chunks"].find({"files_id": file["_id"]}).sort("n")))
        return f"fs.files/{file['_id']}"

    return plant


def _oid(old: Any) -> ObjectId:
    return ObjectId("0123456789abcdef01234567")


def _rest_acl(_: Any) -> dict[str, Any]:
    acl = {"abc": {"read": True, "write": True}}
    return {"$set": {"ACL": acl}, "$unset": dict.fromkeys(("_rperm", "_wperm", "_acl"), 1)}


def _drop(name: str) -> Plant:
    return on(name, lambda rows: rows.drop())


def _pointer_as_json(old: dict[str, Any]) -> dict[str, Any]:
    name, _, identity = old["_p_player"].partition("$")
    value = {"__type": "Pointer", "className": name, "objectId": identity}
    return {"$set": {"player": value}, "$unset": {"_p_player": 1}}


HAS_PLAYER: Final = {"_p_player": {"$type": "string"}}
CLP: Final = "_metadata.class_permissions"

TRIALS: Final = (
    # mongoimport, and scripts that write what they read from the REST API
    _trial(
        "a row is imported as the REST API shows it",
        as_rest_json,
        "ACL-NAME DATE-TEXT ID-NAME ID-TYPE POINTER-NAME TIMESTAMP-NAME",
        "EXTRA MISSING",
    ),
    _trial(
        "a row has a new ObjectId, its id is objectId",
        with_object_id("GameScore"),
        "ID-NAME ID-TYPE",
        "EXTRA MISSING",
    ),
    _trial(
        "the id of a user is a number",
        on(
            "_User",
            lambda rows: rows.insert_one(
                {**rows.find_one(), "_id": 5, "username": "five", "email": "five@example.com"}
            ),
        ),
        "ID-TYPE",
        "EXTRA",
    ),
    _trial(
        "the time of making has its public name",
        update(
            "Team",
            lambda old: {"$set": {"createdAt": old["_created_at"]}, "$unset": {"_created_at": 1}},
        ),
        "TIMESTAMP-NAME",
        "CHANGED",
    ),
    _trial(
        "both times are text under public names",
        update(
            "Team",
            lambda old: {
                "$set": {
                    "createdAt": "2016-01-01T00:00:00.000Z",
                    "updatedAt": "2016-01-01T00:00:00.000Z",
                },
                "$unset": {"_created_at": 1, "_updated_at": 1},
            },
        ),
        "TIMESTAMP-NAME",
        "CHANGED",
    ),
    _trial(
        "a time is there under both names",
        put("Team", "updatedAt", datetime(2016, 1, 1, tzinfo=UTC)),
        "TIMESTAMP-NAME",
        "CHANGED",
    ),
    _trial(
        "a time is text",
        put("Team", "_updated_at", "2016-01-01T00:00:00.000Z"),
        "DATE-TEXT",
        "CHANGED",
    ),
    _trial(
        "a time is JSON",
        put("Team", "_created_at", {"__type": "Date", "iso": "2016-01-01"}),
        "DATE-TEXT",
        "CHANGED",
    ),
    _trial(
        "a time is a number", put("Team", "_created_at", 1451606400000), "FIELD-TYPE", "CHANGED"
    ),
    _trial("a time is null", put("Team", "_created_at", None), "TIMESTAMP-MISSING", "CHANGED"),
    _trial(
        "a time is a Timestamp of MongoDB",
        put("Team", "_created_at", Timestamp(1451606400, 1)),
        "BSON-TYPE",
        "CHANGED",
    ),
    _trial(
        "seconds were taken for milliseconds",
        put("Team", "_created_at", datetime(1970, 1, 17, tzinfo=UTC)),
        "TIMESTAMP-ODD",
        "CHANGED",
    ),
    _trial(
        "milliseconds were taken for seconds",
        put("Team", "_updated_at", datetime(9000, 1, 1, tzinfo=UTC)),
        "TIMESTAMP-ODD",
        "CHANGED",
    ),
    _trial(
        "a time is before it was made",
        put("Team", "_updated_at", datetime(2011, 6, 1, tzinfo=UTC)),
        "TIMESTAMP-ODD",
        "CHANGED",
    ),
    _trial(
        "all times are hours off",
        many("Team", [{"$set": {"_created_at": {"$add": ["$_created_at", 7200000]}}}]),
        "",
        "CHANGED",
    ),
    _trial(
        "an ACL has its public name",
        update("GameScore", _rest_acl, _rperm={"$exists": True}),
        "ACL-NAME",
        "CHANGED",
    ),
    _trial(
        "a user has a plain password",
        put("_User", "password", "secret", **WITH_PASSWORD),
        "PASSWORD-PLAIN",
        "CHANGED",
    ),
    _trial(
        "a session has a token under its public name",
        update(
            "_Session",
            lambda old: {
                "$set": {"sessionToken": old["_session_token"]},
                "$unset": {"_session_token": 1},
            },
        ),
        "SESSION-FORM SESSION-TOKEN-NAME",
        "CHANGED",
    ),
    _trial(
        "a pointer is JSON under its public name",
        update("GameScore", _pointer_as_json, **HAS_PLAYER),
        "POINTER-NAME",
        "CHANGED",
    ),
    _trial(
        "a pointer is a DBRef",
        update(
            "GameScore",
            lambda old: {
                "$set": {"player": DBRef("_User", old["_p_player"].partition("$")[2])},
                "$unset": {"_p_player": 1},
            },
            **HAS_PLAYER,
        ),
        "BSON-TYPE",
        "CHANGED",
    ),
    _trial(
        "a pointer is an ObjectId",
        put("GameScore", "_p_player", _oid, **HAS_PLAYER),
        "OBJECT-ID",
        "CHANGED",
    ),
    _trial(
        "a pointer is the id alone",
        put("GameScore", "_p_player", lambda old: old.partition("$")[2], **HAS_PLAYER),
        "POINTER-FORM",
        "CHANGED",
    ),
    _trial(
        "a pointer leads to User without its underscore",
        put("GameScore", "_p_player", lambda old: old[1:], **HAS_PLAYER),
        "POINTER-CLASS",
        "CHANGED",
    ),
    _trial(
        "a pointer is JSON in its stored column",
        put(
            "GameScore",
            "_p_player",
            {"__type": "Pointer", "className": "_User", "objectId": "x"},
            **HAS_PLAYER,
        ),
        "POINTER-FORM",
        "CHANGED",
    ),
    _trial(
        "a date is text",
        put("GameScore", "playedAt", "2016-01-01T00:00:00.000Z"),
        "DATE-TEXT",
        "CHANGED",
    ),
    _trial(
        "a date is extended JSON that nobody read",
        on(
            "GameScore",
            lambda rows: rows.database.command(
                "update",
                "GameScore",
                updates=[
                    {
                        "q": {"_id": rows.find_one()["_id"]},
                        "u": [
                            {"$set": {"playedAt": {"$literal": {"$date": "2016-01-01T00:00:00Z"}}}}
                        ],
                    }
                ],
            ),
        ),
        "DATE-TEXT",
        "CHANGED",
    ),
    _trial(
        "a date is a number", put("GameScore", "playedAt", 1451606400000), "FIELD-TYPE", "CHANGED"
    ),
    _trial(
        "a place is JSON",
        without("location_2d", {"location": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}}),
        "FIELD-JSON GEO-INDEX INDEX-LOST",
        "CHANGED INDEX",
    ),
    _trial(
        "a place is GeoJSON",
        without("location_2d", {"location": {"type": "Point", "coordinates": [1, 2]}}),
        "FIELD-TYPE GEO-INDEX INDEX-LOST",
        "CHANGED INDEX",
    ),
    _trial(
        "a file is JSON",
        put(
            "Photo",
            "image",
            lambda old: {"__type": "File", "name": old, "url": "https://x.example/a"},
        ),
        "FIELD-JSON",
        "CHANGED",
    ),
    _trial(
        "a file is a URL",
        put("Photo", "image", lambda old: f"https://x.example/{old}"),
        "FILE-NAME",
        "CHANGED",
    ),
    _trial("a file has no name", put("Photo", "image", ""), "FILE-NAME", "CHANGED"),
    _trial(
        "an area is JSON",
        without(
            "area_2dsphere",
            {"area": {"__type": "Polygon", "coordinates": [[0, 0], [1, 1], [0, 1]]}},
        ),
        "FIELD-JSON INDEX-LOST",
        "CHANGED INDEX",
    ),
    _trial(
        "an area is not closed",
        on(
            "Place",
            lambda rows: (
                rows.drop_index("area_2dsphere"),
                rows.update_one({}, {"$pop": {"area.coordinates.0": 1}}),
            ),
        ),
        "FIELD-TYPE INDEX-LOST",
        "CHANGED INDEX",
    ),
    _trial(
        "bytes are JSON",
        put("Place", "blob", {"__type": "Bytes", "base64": "AAEC"}),
        "FIELD-JSON",
        "CHANGED",
    ),
    _trial(
        "a relation is JSON",
        put("Post", "likes", {"__type": "Relation", "className": "_User"}),
        "FIELD-JSON",
        "CHANGED",
    ),
    _trial("a number is text", put("GameScore", "score", str), "FIELD-TYPE", "CHANGED"),
    _trial("a boolean is text", put("GameScore", "cheatMode", "true"), "FIELD-TYPE", "CHANGED"),
    _trial("a boolean is a number", put("GameScore", "cheatMode", 1), "FIELD-TYPE", "CHANGED"),
    _trial(
        "a number is a Decimal128",
        put("GameScore", "score", Decimal128("1.5")),
        "BSON-TYPE",
        "CHANGED",
    ),
    _trial(
        "a number has more digits than a double",
        put("GameScore", "total", Int64(2**53 + 1)),
        "NUMBER-INEXACT",
        "CHANGED",
    ),
    _trial("a number wrapped round", put("GameScore", "total", -(2**31)), "", "CHANGED"),
    _trial(
        "a number is not one",
        put("GameScore", "ratio", float("nan")),
        "NUMBER-NOT-FINITE",
        "CHANGED",
    ),
    _trial("a text is an ObjectId", put("Comment", "text", _oid), "OBJECT-ID", "CHANGED"),
    _trial("a text is a number", put("Comment", "text", 5), "FIELD-TYPE", "CHANGED"),
    _trial(
        "a text is a regular expression", put("Comment", "text", Regex("a")), "BSON-TYPE", "CHANGED"
    ),
    _trial("a text is JavaScript", put("Comment", "text", Code("x")), "BSON-TYPE", "CHANGED"),
    _trial("a text is the smallest key", put("Comment", "text", MinKey()), "BSON-TYPE", "CHANGED"),
    _trial("a text is not UTF-8", broken_text, "TEXT-UTF8", "CHANGED"),
    _trial("an array is text", put("GameScore", "tags", '["a"]'), "FIELD-TYPE", "CHANGED"),
    _trial(
        "an array is an object of numbers",
        put("GameScore", "tags", {"0": "a"}),
        "FIELD-TYPE",
        "CHANGED",
    ),
    _trial("an object is text", put("GameScore", "stats", '{"a":1}'), "FIELD-TYPE", "CHANGED"),
    _trial(
        "an array holds an ObjectId",
        put("GameScore", "tags", [ObjectId("0123456789abcdef01234567")]),
        "OBJECT-ID",
        "CHANGED",
    ),
    _trial(
        "an object holds a Decimal128",
        put("GameScore", "stats", {"a": {"b": Decimal128("1")}}),
        "BSON-TYPE",
        "CHANGED",
    ),
    _trial(
        "an object holds the largest key",
        put("GameScore", "stats", {"a": [MaxKey()]}),
        "BSON-TYPE",
        "CHANGED",
    ),
    _trial(
        "an array holds half a pointer",
        put("Post", "mentions", [{"__type": "Pointer", "className": "_User"}]),
        "NESTED-FORM",
        "CHANGED",
    ),
    _trial(
        "an object holds a date without a time",
        put("Post", "meta", {"edited": {"__type": "Date"}}),
        "NESTED-FORM",
        "CHANGED",
    ),
    _trial(
        "an object holds a place without numbers",
        put("Post", "meta", {"p": {"__type": "GeoPoint", "latitude": "1", "longitude": 2}}),
        "NESTED-FORM",
        "CHANGED",
    ),
    # Users and their log-ins
    _trial("a name is empty", put("_User", "username", ""), "USERNAME-MISSING", "CHANGED"),
    _trial(
        "a name is a number",
        put("_User", "username", 12345),
        "FIELD-TYPE USERNAME-MISSING",
        "CHANGED",
    ),
    _trial(
        "a name is longer than old MongoDBs index, and the index is lost",
        on(
            "_User",
            lambda rows: (
                rows.drop_index("username_1"),
                rows.update_one({}, {"$set": {"username": "x" * 1100}}),
            ),
        ),
        "INDEX-KEY-LONG INDEX-MISSING",
        "CHANGED INDEX",
    ),
    _trial(
        "an address is none",
        put("_User", "email", "ann", email={"$type": "string"}),
        "EMAIL-FORM",
        "CHANGED",
    ),
    _trial(
        "an address is empty",
        put("_User", "email", "", email={"$type": "string"}),
        "EMAIL-FORM",
        "CHANGED",
    ),
    _trial(
        "an address is an array",
        put("_User", "email", lambda old: [old], email={"$type": "string"}),
        "FIELD-TYPE",
        "CHANGED",
    ),
    _trial(
        "all hashes are lost",
        many("_User", {"$unset": {"_hashed_password": 1}}),
        "PASSWORD-MISSING",
        "CHANGED",
    ),
    _trial(
        "a hash has a line end",
        put("_User", "_hashed_password", lambda old: old + "\n", **WITH_PASSWORD),
        "PASSWORD-UNSOUND",
        "CHANGED",
    ),
    _trial(
        "a hash is binary",
        put("_User", "_hashed_password", lambda old: old.encode(), **WITH_PASSWORD),
        "PASSWORD-UNSOUND",
        "CHANGED",
    ),
    _trial(
        "a hash is MD5",
        put("_User", "_hashed_password", "5f4dcc3b5aa765d61d8327deb882cf99", **WITH_PASSWORD),
        "PASSWORD-UNSOUND",
        "CHANGED",
    ),
    _trial(
        "a hash is empty",
        put("_User", "_hashed_password", "", **WITH_PASSWORD),
        "PASSWORD-UNSOUND",
        "CHANGED",
    ),
    _trial(
        "an account of a provider has a number as id",
        put("_User", "_auth_data_facebook.id", Int64, _auth_data_facebook={"$exists": True}),
        "AUTH-DATA-FORM",
        "CHANGED",
    ),
    _trial(
        "an account of a provider has no id",
        put(
            "_User",
            "_auth_data_facebook",
            {"access_token": "x"},
            _auth_data_facebook={"$exists": True},
        ),
        "AUTH-DATA-FORM",
        "CHANGED",
    ),
    _trial(
        "an account of a provider is text",
        put("_User", "_auth_data_facebook", '{"id":"1"}', _auth_data_facebook={"$exists": True}),
        "AUTH-DATA-FORM",
        "CHANGED",
    ),
    _trial(
        "an account of a provider is lost",
        unset(
            "_User",
            "_auth_data_facebook",
            "_hashed_password",
            _auth_data_facebook={"$exists": True},
        ),
        "PASSWORD-MISSING",
        "CHANGED",
    ),
    _trial(
        "a user's verified mark is text",
        put("_User", "emailVerified", "true"),
        "FIELD-TYPE",
        "CHANGED",
    ),
    _trial(
        "sessions are without an end",
        many("_Session", {"$unset": {"expiresAt": 1}}),
        "SESSION-ENDLESS",
        "CHANGED",
    ),
    _trial(
        "a session is without an end", unset("_Session", "expiresAt"), "SESSION-ENDLESS", "CHANGED"
    ),
    _trial(
        "a session's end is text",
        put("_Session", "expiresAt", "2100-01-01T00:00:00.000Z"),
        "DATE-TEXT",
        "CHANGED",
    ),
    _trial(
        "a session's end is null", put("_Session", "expiresAt", None), "SESSION-ENDLESS", "CHANGED"
    ),
    _trial(
        "a session's user is of another class",
        put("_Session", "_p_user", "Team$x"),
        "POINTER-CLASS",
        "CHANGED",
    ),
    _trial("a session's user is null", put("_Session", "_p_user", None), "SESSION-FORM", "CHANGED"),
    _trial(
        "a session's token is null",
        put("_Session", "_session_token", None),
        "SESSION-FORM",
        "CHANGED",
    ),
    _trial("a role has no name", unset("_Role", "name"), "ROLE-NAME", "CHANGED"),
    _trial("a role has no ACL", unset("_Role", "_rperm", "_wperm", "_acl"), "ROLE-OPEN", "ACL"),
    _trial(
        "roles inherit in a circle",
        on(
            "_Join:roles:_Role",
            lambda rows: rows.insert_many(
                [
                    {"owningId": r["relatedId"], "relatedId": r["owningId"]}
                    for r in list(rows.find())
                ]
            ),
        ),
        "ROLE-CYCLE",
        "JOIN",
    ),
    _trial(
        "an installation has neither token nor id",
        unset("_Installation", "deviceToken", "installationId"),
        "INSTALLATION-FORM",
        "CHANGED",
    ),
    _trial(
        "an installation's channels are text",
        put("_Installation", "channels", "all"),
        "FIELD-TYPE",
        "CHANGED",
    ),
    _trial(
        "an installation's badge is text",
        put("_Installation", "badge", "1"),
        "FIELD-TYPE",
        "CHANGED",
    ),
    _trial(
        "a device has two rows",
        on(
            "_Installation",
            lambda rows: rows.insert_one(
                {
                    **rows.find_one({"deviceToken": {"$exists": True}}),
                    "_id": "twin000000",
                    "installationId": "other",
                }
            ),
        ),
        "DEVICE-TOKEN-DUPLICATE",
        "EXTRA",
    ),
    # Access
    _trial(
        "readers are an object",
        put("GameScore", "_rperm", {"0": "*"}, _rperm={"$exists": True}),
        "ACL-FORM",
        "ACL",
    ),
    _trial(
        "readers hold an ObjectId",
        put(
            "GameScore", "_rperm", [ObjectId("0123456789abcdef01234567")], _rperm={"$exists": True}
        ),
        "ACL-FORM",
        "ACL",
    ),
    _trial(
        "readers are lost everywhere",
        many("GameScore", {"$unset": {"_rperm": 1}}, {"_rperm": {"$exists": True}}),
        "ACL-ONE-SIDED",
        "ACL",
    ),
    _trial(
        "both lists are lost everywhere",
        many("GameScore", {"$unset": {"_rperm": 1, "_wperm": 1}}),
        "ACL-ONLY-LEGACY",
        "ACL",
    ),
    _trial(
        "all of an ACL is lost",
        unset("GameScore", "_rperm", "_wperm", "_acl", _rperm={"$exists": True}),
        "",
        "ACL",
    ),
    _trial(
        "the old ACL has the public form",
        put("GameScore", "_acl", {"*": {"read": True}}, _rperm=[]),
        "ACL-FORM",
        "ACL",
    ),
    _trial(
        "writers name a role that is written otherwise",
        put("_Role", "_wperm", ["role:admins"]),
        "ACL-DISAGREE ACL-ROLE-MISSING",
        "ACL",
    ),
    # _SCHEMA
    _trial(
        "a class is in _SCHEMA under an ObjectId",
        on("_SCHEMA", under_object_id),
        "SCHEMA-FORM SCHEMA-MISSING SCHEMA-TARGET",
        "SCHEMA",
    ),
    _trial(
        "a class is in _SCHEMA as the REST API shows it",
        on(
            "_SCHEMA",
            lambda rows: rows.replace_one(
                {"_id": "Team"},
                {
                    "className": "Team",
                    "fields": {"name": {"type": "String"}, "strength": {"type": "Number"}},
                    "classLevelPermissions": {},
                },
            ),
        ),
        "FIELD-UNKNOWN SCHEMA-FORM",
        "SCHEMA",
    ),
    _trial(
        "all of _SCHEMA but users is lost",
        on("_SCHEMA", lambda rows: rows.delete_many({"_id": {"$ne": "_User"}})),
        "JOIN-FIELD SCHEMA-MISSING",
        "SCHEMA",
    ),
    _trial(
        "a field is lost from _SCHEMA",
        schema("GameScore", {"$unset": {"score": 1}}),
        "FIELD-UNKNOWN",
        "SCHEMA",
    ),
    _trial(
        "a pointer of _SCHEMA is text",
        schema("GameScore", {"$set": {"player": "string"}}),
        "FIELD-UNKNOWN",
        "SCHEMA",
    ),
    _trial(
        "a pointer of _SCHEMA leads to another class",
        schema("GameScore", {"$set": {"player": "*Team"}}),
        "POINTER-CLASS",
        "SCHEMA",
    ),
    _trial(
        "a pointer of _SCHEMA leads to no class",
        schema("Setting", {"$set": {"owner": "*Owner"}}),
        "SCHEMA-TARGET",
        "SCHEMA",
    ),
    _trial(
        "a relation of _SCHEMA leads to another class",
        schema("Post", {"$set": {"likes": "relation<Team>"}}),
        "JOIN-RELATED-MISSING",
        "SCHEMA",
    ),
    _trial(
        "a relation is lost from _SCHEMA",
        schema("Post", {"$unset": {"likes": 1}}),
        "JOIN-FIELD",
        "SCHEMA",
    ),
    _trial(
        "a type of _SCHEMA has a capital letter",
        schema("Team", {"$set": {"name": "String"}}),
        "SCHEMA-TYPE",
        "SCHEMA",
    ),
    _trial(
        "a type of _SCHEMA is an object",
        schema("Team", {"$set": {"name": {"type": "String"}}}),
        "SCHEMA-TYPE",
        "SCHEMA",
    ),
    _trial(
        "users' names are numbers in _SCHEMA",
        schema("_User", {"$set": {"username": "number"}}),
        "SCHEMA-DEFAULT",
        "SCHEMA",
    ),
    _trial(
        "users' addresses are an object in _SCHEMA",
        schema("_User", {"$set": {"email": {"type": "String"}}}),
        "SCHEMA-TYPE",
        "SCHEMA",
    ),
    _trial(
        "sessions end with text in _SCHEMA",
        schema("_Session", {"$set": {"expiresAt": "string"}}),
        "SCHEMA-DEFAULT",
        "SCHEMA",
    ),
    _trial("metadata is text", schema("Team", {"$set": {"_metadata": "{}"}}), "CLP-FORM", "CLP"),
    _trial("metadata is an array", schema("Team", {"$set": {"_metadata": []}}), "CLP-FORM", "CLP"),
    _trial("metadata is lost", schema("Setting", {"$unset": {"_metadata": 1}}), "", "CLP"),
    _trial("permissions are text", schema("Team", {"$set": {CLP: "{}"}}), "CLP-FORM", "CLP"),
    _trial("permissions are null", schema("Team", {"$set": {CLP: None}}), "CLP-FORM", "CLP"),
    _trial(
        "permissions of find are null",
        schema("Team", {"$set": {f"{CLP}.find": None}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "permissions of find are true",
        schema("Team", {"$set": {f"{CLP}.find": True}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "permissions of find are a list",
        schema("Team", {"$set": {f"{CLP}.find": ["*"]}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "a permission is text",
        schema("Team", {"$set": {f"{CLP}.find": {"*": "false"}}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "protected fields are a list",
        schema("Team", {"$set": {f"{CLP}.protectedFields": ["name"]}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "protected fields are text",
        schema("Team", {"$set": {f"{CLP}.protectedFields": {"*": "name"}}}),
        "CLP-FORM",
        "CLP",
    ),
    _trial(
        "fields of writers are text",
        schema("Post", {"$set": {f"{CLP}.writeUserFields": "author"}}),
        "CLP-FORM",
        "CLP",
    ),
    # Collections
    _trial(
        "join tables have an underscore",
        renamed("_Join:likes:Post", "_Join_likes_Post"),
        "JOIN-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA JOIN",
    ),
    _trial(
        "join tables are percent-encoded",
        renamed("_Join:users:_Role", "_Join%3Ausers%3A_Role"),
        "JOIN-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA JOIN",
    ),
    _trial(
        "join tables have a dot",
        renamed("_Join:roles:_Role", "_Join.roles._Role"),
        "JOIN-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA JOIN",
    ),
    _trial(
        "join tables have one colon",
        renamed("_Join:likes:Post", "_Join:likes"),
        "JOIN-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING JOIN",
    ),
    _trial(
        "join tables are written small",
        renamed("_Join:likes:Post", "_join:likes:Post"),
        "JOIN-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA JOIN",
    ),
    _trial("a join table is lost", _drop("_Join:likes:Post"), "", "COLLECTION-MISSING JOIN"),
    _trial(
        "rows of a relation have ObjectIds",
        put("_Join:likes:Post", "relatedId", _oid),
        "OBJECT-ID",
        "JOIN",
    ),
    _trial(
        "rows of a relation have pointers",
        put("_Join:likes:Post", "relatedId", lambda old: f"_User${old}"),
        "JOIN-RELATED-MISSING",
        "JOIN",
    ),
    _trial(
        "rows of a relation are turned round",
        on(
            "_Join:likes:Post",
            lambda rows: rows.update_many(
                {}, [{"$set": {"owningId": "$relatedId", "relatedId": "$owningId"}}]
            ),
        ),
        "JOIN-OWNER-MISSING JOIN-RELATED-MISSING",
        "JOIN",
    ),
    _trial("a class is lost", _drop("Place"), "COLLECTION-MISSING", "COLLECTION-MISSING MISSING"),
    _trial(
        "a class is a copy under another name",
        renamed("Place", "Place-old"),
        "COLLECTION-MISSING COLLECTION-NAME",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA MISSING",
    ),
    _trial(
        "a class has a small letter",
        renamed("Place", "place"),
        "COLLECTION-MISSING SCHEMA-MISSING",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA MISSING",
    ),
    _trial(
        "users have lost their underscore",
        renamed("_User", "User"),
        "ACL-USER-MISSING COLLECTION-MISSING INDEX-UNIQUE JOIN-RELATED-MISSING KEY-UNKNOWN "
        "POINTER-MISSING SCHEMA-MISSING SESSION-ORPHAN",
        "COLLECTION-EXTRA COLLECTION-MISSING EXTRA MISSING",
    ),
    _trial("a class is empty", on("Place", lambda rows: rows.delete_many({})), "", "MISSING"),
    _trial(
        "a class is a view",
        as_view("Place"),
        "COLLECTION-OPTIONS SCHEMA-MISSING",
        "COLLECTION-EXTRA EXTRA VIEW",
    ),
    _trial(
        "a class is capped",
        rewritten("Setting", capped=True, size=100_000),
        "COLLECTION-OPTIONS",
        "OPTIONS",
    ),
    _trial(
        "a class has a collation",
        rewritten("Setting", collation={"locale": "en", "strength": 2}),
        "COLLECTION-OPTIONS",
        "INDEX OPTIONS",
    ),
    _trial(
        "users have a collation",
        rewritten("_User", collation={"locale": "en", "strength": 2}),
        "COLLECTION-OPTIONS",
        "INDEX OPTIONS",
    ),
    _trial(
        "a class has a validator",
        on(
            "Setting",
            lambda rows: rows.database.command(
                "collMod", "Setting", validator={"key": {"$type": "string"}}
            ),
        ),
        "COLLECTION-OPTIONS",
        "OPTIONS",
    ),
    _trial(
        "a class has a validator that only warns",
        on(
            "Setting",
            lambda rows: rows.database.command(
                "collMod",
                "Setting",
                validator={"key": {"$type": "string"}},
                validationAction="warn",
            ),
        ),
        "",
        "OPTIONS",
    ),
    # Indexes
    _trial("all indexes are lost", without_indexes, "GEO-INDEX INDEX-LOST INDEX-MISSING", "INDEX"),
    _trial(
        "the unique index has another name",
        other_index("mine", unique=True, sparse=True),
        "INDEX-OTHERWISE",
        "INDEX-HARMS",
    ),
    _trial(
        "the unique index is not sparse",
        other_index("username_1", unique=True),
        "INDEX-OTHERWISE",
        "INDEX",
    ),
    _trial(
        "the unique index is partial",
        other_index(
            "username_1", unique=True, partialFilterExpression={"username": {"$exists": True}}
        ),
        "INDEX-OTHERWISE",
        "INDEX",
    ),
    _trial(
        "the index that ignores case is another",
        on(
            "_User",
            lambda rows: rows.create_index(
                "username",
                name="case_insensitive_username",
                collation={"locale": "en", "strength": 2},
                sparse=True,
            ),
        ),
        "INDEX-OTHERWISE",
        "INDEX-HARMS",
    ),
    _trial(
        "sessions end on another day",
        on(
            "_Session",
            lambda rows: rows.create_index("_created_at", expireAfterSeconds=86_400 * 20_000),
        ),
        "INDEX-TTL",
        "INDEX-HARMS",
    ),
    _trial(
        "sessions are deleted when they end",
        on("_Session", lambda rows: rows.create_index("expiresAt", expireAfterSeconds=0)),
        "",
        "INDEX-HARMS",
    ),
    _trial(
        "rows are deleted",
        on(
            "GameScore",
            lambda rows: rows.create_index("playedAt", expireAfterSeconds=86_400 * 20_000),
        ),
        "INDEX-TTL",
        "INDEX-HARMS",
    ),
    _trial(
        "a unique index refuses saves",
        on("_Installation", lambda rows: rows.create_index("installationId", unique=True)),
        "INDEX-UNIQUE",
        "INDEX-HARMS",
    ),
    _trial(
        "the index on a place is lost",
        on("Place", lambda rows: rows.drop_index("location_2d")),
        "GEO-INDEX INDEX-LOST",
        "INDEX",
    ),
    # GridFS
    _trial(
        "the last chunk is lost",
        chunk(lambda db, file, chunks: db["fs.chunks"].delete_one({"_id": chunks[-1]["_id"]})),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "the first chunk is lost",
        chunk(lambda db, file, chunks: db["fs.chunks"].delete_one({"_id": chunks[0]["_id"]})),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial("all chunks are lost", _drop("fs.chunks"), "FILE-CHUNKS", "COLLECTION-MISSING GRIDFS"),
    _trial(
        "a chunk is cut off",
        chunk(
            lambda db, file, chunks: db["fs.chunks"].update_one(
                {"_id": chunks[0]["_id"]}, {"$set": {"data": chunks[0]["data"][:-1]}}
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "a chunk is there twice instead of another",
        chunk(
            lambda db, file, chunks: (
                db.command("dropIndexes", "fs.chunks", index="*"),
                db["fs.chunks"].update_one({"_id": chunks[1]["_id"]}, {"$set": {"n": 0}}),
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS INDEX",
    ),
    _trial(
        "a chunk is there twice",
        chunk(
            lambda db, file, chunks: (
                db.command("dropIndexes", "fs.chunks", index="*"),
                db["fs.chunks"].insert_one({**chunks[0], "_id": ObjectId()}),
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS INDEX",
    ),
    _trial(
        "a chunk is text",
        chunk(
            lambda db, file, chunks: db["fs.chunks"].update_one(
                {"_id": chunks[0]["_id"]}, {"$set": {"data": "x" * len(chunks[0]["data"])}}
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "two chunks are exchanged",
        chunk(
            lambda db, file, chunks: (
                db.command("dropIndexes", "fs.chunks", index="*"),
                db["fs.chunks"].update_one({"_id": chunks[0]["_id"]}, {"$set": {"n": 1}}),
                db["fs.chunks"].update_one({"_id": chunks[1]["_id"]}, {"$set": {"n": 0}}),
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS INDEX",
    ),
    _trial(
        "a length is wrong",
        chunk(
            lambda db, file, chunks: db["fs.files"].update_one(
                {"_id": file["_id"]}, {"$inc": {"length": 5}}
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "a chunk size is wrong",
        chunk(
            lambda db, file, chunks: db["fs.files"].update_one(
                {"_id": file["_id"]}, {"$set": {"chunkSize": 261_120}}
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "a file has no length",
        chunk(
            lambda db, file, chunks: db["fs.files"].update_one(
                {"_id": file["_id"]}, {"$unset": {"length": 1}}
            )
        ),
        "FILE-CHUNKS",
        "GRIDFS",
    ),
    _trial(
        "a file has no name in GridFS",
        chunk(
            lambda db, file, chunks: db["fs.files"].update_one(
                {"_id": file["_id"]}, {"$unset": {"filename": 1}}
            )
        ),
        "FILE-CHUNKS FILE-HOSTED FILE-NO-KEY",
        "GRIDFS",
    ),
    _trial(
        "a file is renamed in GridFS",
        chunk(
            lambda db, file, chunks: db["fs.files"].update_one(
                {"_id": file["_id"]}, {"$set": {"filename": "other.jpg"}}
            )
        ),
        "FILE-HOSTED FILE-NO-KEY",
        "GRIDFS",
    ),
    _trial(
        "all entries of files are lost",
        _drop("fs.files"),
        "FILE-HOSTED FILE-NO-KEY FILE-ORPHAN",
        "COLLECTION-MISSING GRIDFS",
    ),
    # Config and hooks
    _trial(
        "the config has a text as id",
        on(
            "_GlobalConfig",
            lambda rows: rows.insert_one({**rows.find_one_and_delete({}), "_id": "1"}),
        ),
        "CONFIG-FORM",
        "EXTRA MISSING",
    ),
    _trial(
        "the config has an ObjectId",
        on(
            "_GlobalConfig",
            lambda rows: rows.insert_one({**rows.find_one_and_delete({}), "_id": ObjectId()}),
        ),
        "CONFIG-FORM",
        "EXTRA MISSING",
    ),
    _trial(
        "the config's parameters are text",
        put("_GlobalConfig", "params", "{}"),
        "CONFIG-FORM",
        "CHANGED",
    ),
    _trial(
        "a parameter of the config differs",
        put("_GlobalConfig", "params.maxLevel", 98),
        "",
        "CHANGED",
    ),
    _trial("the config is lost", _drop("_GlobalConfig"), "", "COLLECTION-MISSING MISSING"),
    _trial(
        "a hook has no address",
        on("_Hooks", lambda rows: rows.insert_one({"functionName": "f"})),
        "HOOK-FORM",
        "COLLECTION-EXTRA EXTRA",
    ),
)
