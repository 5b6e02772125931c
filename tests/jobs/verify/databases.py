"""Databases to verify: a source with a bit of everything, and a copy of it."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bson import Binary, Int64, ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from parity.model import Secret
from parity.targets.mongo import Access
from tests.mongod import Mongod

ALPHABET = string.ascii_letters + string.digits
START = datetime(2016, 1, 1, tzinfo=UTC)
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and its copy on one server.

    Attributes:
        source: The database that is right.
        copy: The database that is judged.
        accesses: How both are read.
    """

    source: Database[Document]
    copy: Database[Document]
    accesses: tuple[Access, Access]

    def refresh(self, name: str) -> None:
        """Copy a collection again."""
        self.copy[name].drop()
        documents = list(self.source[name].find())
        if documents:
            self.copy[name].insert_many(documents)


@contextmanager
def pair_of_databases(mongod: Mongod, patience_ms: int = 20_000) -> Iterator[Pair]:
    """Make two empty databases, and drop them at the end.

    Args:
        mongod: Where.
        patience_ms: How long the client waits for a server; short if the test kills it.
    """
    mark = uuid4().hex[:12]
    names = (f"source_{mark}", f"copy_{mark}")
    left, right = (
        Access(name, Secret(mongod.database_uri(database)))
        for name, database in zip(("hosted", "selfhosted"), names, strict=True)
    )
    with MongoClient[Document](mongod.uri, serverSelectionTimeoutMS=patience_ms) as client:
        try:
            yield Pair(client[names[0]], client[names[1]], (left, right))
        finally:
            if mongod.process.poll() is None:
                for name in names:
                    client.drop_database(name)


def fill(pair: Pair, documents: int = 300, seed: int = 1) -> None:
    """Write a small Parse database, with its indexes, and copy it.

    Args:
        pair: The databases.
        documents: Documents of the class GameScore.
        seed: Of all that is made up.
    """
    rng = random.Random(seed)
    for database in (pair.source, pair.copy):
        database.create_collection("Capped", capped=True, size=65_536)
        database["_User"].create_index("username", unique=True, sparse=True)
        database["GameScore"].create_index([("score", 1), ("playerName", -1)])
    scores = [game_score(rng, number) for number in range(documents)]
    _insert(pair, "GameScore", scores)
    users = [
        {"_id": object_id(rng), "username": f"u{n}", "_hashed_password": "$2a$10$x", "n": n}
        for n in range(20)
    ]
    _insert(pair, "_User", users)
    rows = [
        {"_id": object_id(rng), "relatedId": users[n]["_id"], "owningId": "RoleRoleRo"}
        for n in range(10)
    ]
    _insert(pair, "_Join:users:_Role", rows)
    permissions = {"get": {"*": True}, "find": {"*": True}}
    schema = {
        "_id": "GameScore",
        "objectId": "string",
        "score": "number",
        "_metadata": {"class_permissions": permissions},
    }
    _insert(pair, "_SCHEMA", [schema])
    file = ObjectId()
    _insert(pair, "fs.files", [{"_id": file, "filename": "a.png", "length": 6, "chunkSize": 3}])
    chunks = [
        {"_id": ObjectId(), "files_id": file, "n": n, "data": Binary(b"abc")} for n in range(2)
    ]
    _insert(pair, "fs.chunks", chunks)
    odd = [
        {"_id": each}
        for each in (1, 2.5, Int64(2**40), None, True, {"a": 1}, START, b"bin", ObjectId(), "x", "")
    ]
    _insert(pair, "Odd", odd)
    _insert(pair, "Capped", [{"_id": 1, "line": "x"}])


def game_score(rng: random.Random, number: int) -> Document:
    """Return a document of a class, with most of the types that Parse has."""
    user = object_id(rng)
    return {
        "_id": object_id(rng),
        "_created_at": START,
        "_updated_at": START + timedelta(seconds=number),
        "score": number,
        "ratio": number * 0.37 + 0.1,
        "playerName": f"player {number}",
        "_p_user": f"_User${user}",
        "location": [number % 180 + 0.5, number % 90 + 0.25],
        "_rperm": ["*"],
        "_wperm": [user],
        "_acl": {"*": {"r": True}, user: {"w": True, "r": True}},
        "settings": {"volume": 1.5, "levels": [1, 2, 3]},
        "raw": Binary(rng.randbytes(24)),
    }


def object_id(rng: random.Random) -> str:
    """Return an objectId as Parse makes them."""
    return "".join(rng.choices(ALPHABET, k=10))


def _insert(pair: Pair, name: str, documents: list[Document]) -> None:
    for database in (pair.source, pair.copy):
        database[name].insert_many(documents)
