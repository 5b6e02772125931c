"""A small sound database: every kind of thing that the audit looks at, and nothing wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pymongo.database import Database

Db = Database[dict[str, Any]]

THEN = datetime(2016, 4, 20, 10, 0, 0)  # noqa: DTZ001 - as BSON dates are decoded
LATER = datetime(2999, 1, 1)  # noqa: DTZ001
HASH = "$2a$10$" + "N9qo8uLOickgx2ZMRZoMye" + "IjZAgcfl7p92ldGxad68LJZdL17lhWy"
TIMES = {"_created_at": THEN, "_updated_at": THEN}
HOSTED_FILE = "tfss-0b5b1c5e-8d6a-4c39-9c5c-3b0c5d0c0a11-photo.jpg"
OWN_FILE = "0123456789abcdef0123456789abcdef_photo.jpg"
PERMISSIONS = {
    operation: {"*": True}
    for operation in ("get", "find", "count", "create", "update", "delete", "addField")
}


def private(user: str) -> dict[str, Any]:
    """The three keys of an object that one user may change and all may read."""
    return {
        "_rperm": ["*", user],
        "_wperm": [user],
        "_acl": {"*": {"r": True}, user: {"r": True, "w": True}},
    }


def fill(db: Db) -> None:
    """Write the sound database."""
    db["_SCHEMA"].insert_many(
        [
            {"_id": "_User", "objectId": "string", "username": "string", "email": "string"},
            {"_id": "_Role", "name": "string", "users": "relation<_User>"},
            {"_id": "_Session", "user": "*_User", "expiresAt": "date"},
            {"_id": "_Installation", "deviceToken": "string"},
            {
                "_id": "Post",
                "title": "string",
                "score": "number",
                "done": "boolean",
                "when": "date",
                "author": "*_User",
                "tags": "array",
                "extra": "map",
                "place": "geopoint",
                "photo": "file",
                "blob": "bytes",
                "likes": "relation<_User>",
                "_metadata": {"class_permissions": {**PERMISSIONS, "get": {"role:admin": True}}},
            },
        ]
    )
    db["_User"].insert_many(
        [
            {"_id": "user000001", "username": "ann", "email": "ann@example.com",
             "_hashed_password": HASH, **TIMES, **private("user000001")},
            {"_id": "user000002", "username": "bob", "_hashed_password": HASH,
             "_auth_data_facebook": {"id": "1"}, **TIMES, **private("user000002")},
            {"_id": "user000003", "username": "eve", "_auth_data_facebook": {"id": "2"},
             "_tombstone": True, **TIMES},
        ]
    )  # fmt: skip
    db["_Role"].insert_many(
        [
            {"_id": "role000001", "name": "admin", **TIMES, **private("user000001")},
            {"_id": "role000002", "name": "editor", **TIMES, **private("user000001")},
        ]
    )
    db["_Session"].insert_one(
        {"_id": "session001", "_session_token": "r:" + "0" * 32, "_p_user": "_User$user000001",
         "expiresAt": LATER, "createdWith": {"action": "login"}, **TIMES}
    )  # fmt: skip
    db["_Installation"].insert_many(
        [
            {"_id": f"install00{n}", "installationId": f"id-{n}", "deviceToken": f"token-{n}",
             "deviceType": "ios", "channels": [""], "badge": 0, **TIMES}
            for n in range(2)
        ]
    )  # fmt: skip
    db["Post"].insert_many(
        [
            {"_id": "post000001", "title": "one", "score": 1, "done": True, "when": THEN,
             "_p_author": "_User$user000001", "tags": ["a", {"deep": [1, None]}],
             "extra": {"by": {"__type": "Pointer", "className": "_User", "objectId": "user000002"},
                       "at": {"__type": "Date", "iso": "2016-04-20T10:00:00.000Z"}},
             "place": [-122.4, 37.7], "photo": OWN_FILE, "blob": b"\x00\x01",
             **TIMES, **private("user000001")},
            {"_id": "post000002", "title": None, "score": 2.5, "_p_author": None, "photo": None,
             "place": None, "tags": [], "extra": {}, **TIMES,
             "_rperm": ["role:admin"], "_wperm": [], "_acl": {"role:admin": {"r": True}}},
            {"_id": "post000003", **TIMES},
        ]
    )  # fmt: skip
    db["_Join:likes:Post"].insert_one({"owningId": "post000001", "relatedId": "user000002"})
    db["_Join:users:_Role"].insert_one({"owningId": "role000001", "relatedId": "user000001"})
    db["_Join:roles:_Role"].insert_one({"owningId": "role000001", "relatedId": "role000002"})
    db["_Hooks"].insert_one({"functionName": "f", "url": "https://example.com/f"})
    db["_GlobalConfig"].insert_one({"_id": 1, "params": {"welcome": "hello"}})
    db["fs.files"].insert_one({"filename": OWN_FILE, "length": 0, "chunkSize": 255})
    for collection, key in (("_User", "username"), ("_User", "email"), ("_Role", "name")):
        db[collection].create_index(key, unique=True, sparse=True)
    db["Post"].create_index("title")
    db["Post"].create_index([("place", "2d")])
