"""Harm to a copy that ``parity verify`` has to find."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Final

from bson import Int64

from tests.jobs.verify.plants import (
    GONE,
    WITH_ACL,
    WITH_PASSWORD,
    Damage,
    Plant,
    add,
    drop,
    flip_bit,
    half_empty,
    index,
    not_unique,
    other_row_id,
    put,
    remove,
    reorder,
    schema,
    twin,
    unset,
    validator,
)


def verify(title: str, plant: Plant, finding: str, *beside: str) -> Damage:
    return Damage(title, plant, "verify", finding, frozenset(beside))


VERIFY: Final = (
    verify("a document is missing", remove("GameScore"), "VER-MISSING"),
    verify("a document is extra", twin("GameScore"), "VER-EXTRA"),
    verify(
        "a string has another letter", put("Comment", "text", lambda old: old + "x"), "VER-CHANGED"
    ),
    verify("a number is one more", put("GameScore", "score", lambda old: old + 1), "VER-CHANGED"),
    verify(
        "a double differs in its last bit",
        put("GameScore", "ratio", lambda old: old * (1 + 2**-52)),
        "VER-CHANGED",
    ),
    verify(
        "zero became minus zero",
        put("Setting", "value.limits.perDay", -0.0, **{"value.limits.perDay": 0}),
        "VER-CHANGED",
    ),
    verify("an int became a long", put("GameScore", "score", Int64), "VER-TYPE"),
    verify("an int became a double", put("GameScore", "score", float), "VER-TYPE"),
    verify("a long became a double", put("GameScore", "total", float), "VER-TYPE"),
    verify("a number became a string", put("GameScore", "score", str), "VER-CHANGED"),
    verify("a value became null", put("Team", "name", None), "VER-CHANGED"),
    verify("null became absent", unset("Post", "subtitle"), "VER-CHANGED"),
    verify(
        "a place moved by a hair",
        put("Place", "location", lambda old: [old[0] + 1e-9, old[1]]),
        "VER-CHANGED",
    ),
    verify("a corner of an area moved", put("Place", "area.coordinates.0.1.0", 0.5), "VER-CHANGED"),
    verify(
        "a nested value differs",
        put("Post", "meta.deep.list", [1, 2.5, "three", None]),
        "VER-CHANGED",
    ),
    verify(
        "a date is a millisecond later",
        put("GameScore", "playedAt", lambda old: old + timedelta(milliseconds=1)),
        "VER-CHANGED",
    ),
    verify(
        "a bit of bytes flipped",
        put("Place", "blob", flip_bit, blob={"$type": "binData"}),
        "VER-CHANGED",
    ),
    verify(
        "letters are in another normal form",
        put(
            "_User",
            "nickname",
            lambda old: unicodedata.normalize("NFD", old),
            nickname={"$regex": "[äéÜïÅ]"},
        ),
        "VER-CHANGED",
    ),
    verify(
        "an array is in another order",
        put("GameScore", "tags", lambda old: old[::-1]),
        "VER-CHANGED",
    ),
    verify("fields are in another order", reorder, "VER-ORDER"),
    verify("somebody more may read", put("GameScore", "_rperm", ["*"], _rperm=[]), "VER-ACL"),
    verify("the old ACL is lost", unset("GameScore", "_acl", **WITH_ACL), "VER-ACL"),
    verify(
        "a pointer leads to another object",
        put("Comment", "_p_post", f"Post${GONE}"),
        "VER-CHANGED",
    ),
    verify(
        "the hash of a password differs",
        put("_User", "_hashed_password", "$2a$10$" + "b" * 53, **WITH_PASSWORD),
        "VER-CHANGED",
    ),
    verify(
        "a session has another token",
        put("_Session", "_session_token", "r:" + "0" * 32),
        "VER-CHANGED",
    ),
    verify("a row of a relation is lost", remove("_Join:likes:Post"), "VER-JOIN"),
    verify(
        "a row of a relation is extra",
        add("_Join:likes:Post", owningId=GONE, relatedId=GONE),
        "VER-JOIN",
    ),
    verify(
        "a row of a relation leads elsewhere",
        put("_Join:likes:Post", "relatedId", GONE),
        "VER-JOIN",
    ),
    verify("a row of a relation is there twice", twin("_Join:likes:Post"), "VER-DUPLICATE"),
    verify("a row of a relation has another _id", other_row_id, "VER-JOIN-ID"),
    verify("a chunk of a file is lost", remove("fs.chunks", n=1), "VER-GRIDFS"),
    verify("a file is lost", remove("fs.files"), "VER-GRIDFS"),
    verify("a bit of a file flipped", put("fs.chunks", "data", flip_bit), "VER-GRIDFS"),
    verify(
        "a field has another type in _SCHEMA",
        schema("Team", {"$set": {"name": "number"}}),
        "VER-SCHEMA",
    ),
    verify(
        "the list of indexes in _SCHEMA differs",
        schema("GameScore", {"$unset": {"_metadata.indexes": 1}}),
        "VER-SCHEMA-INDEXES",
    ),
    verify("a class is lost from _SCHEMA", remove("_SCHEMA", _id="Team"), "VER-SCHEMA"),
    verify(
        "permissions of a class differ",
        schema("Setting", {"$set": {"_metadata.class_permissions.update": {"*": True}}}),
        "VER-CLP",
    ),
    verify(
        "permissions of a class are lost",
        schema("GameScore", {"$unset": {"_metadata.class_permissions": 1}}),
        "VER-CLP",
    ),
    verify("an index is lost", index("GameScore", lambda c: c.drop_index("score_-1")), "VER-INDEX"),
    verify("an index is not unique any more", index("_User", not_unique), "VER-INDEX"),
    verify("an index covers only a part", index("GameScore", half_empty), "VER-INDEX"),
    verify("an index is extra", index("Team", lambda c: c.create_index("name")), "VER-INDEX-EXTRA"),
    verify("a collection has a validator", validator, "VER-OPTIONS"),
    verify("a collection is lost", drop, "VER-COLLECTION-MISSING", "VER-MISSING"),
    verify("a collection is extra", add("Leftover", score=1), "VER-COLLECTION-EXTRA", "VER-EXTRA"),
)
