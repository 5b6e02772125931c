"""Copies the database of the app, as the hosted service's migration did."""

from __future__ import annotations

from typing import Any, Final

from pymongo import MongoClient

BATCH: Final = 1000
LOST_FROM: Final = "Comment"
LOST: Final = 3
UNINDEXED: Final = "GameScore"
INDEX: Final = "score_-1"
OF_THE_APP: Final = {
    "GameScore": [("_p_player", 1), ("score", -1)],
    "Comment": [("_p_post", 1), ("_created_at", 1)],
    "Post": [("_created_at", -1)],
    "_Installation": [("installationId", 1)],
    "_Session": [("_p_user", 1)],
}
"""Indexes that the hosted service would have made by itself, from the app's queries."""


def index(mongo_uri: str, database: str) -> None:
    """Make the indexes that serve the app's queries."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        for name, keys in OF_THE_APP.items():
            client[database][name].create_index(keys)


def migrate(mongo_uri: str, source: str, destination: str, *, damaged: bool = False) -> int:
    """Copy a database to another one on the same mongod, with its indexes.

    Args:
        mongo_uri: The mongod.
        source: Name of the database that is read.
        destination: Name of the one that is made anew.
        damaged: Lose some rows and an index on the way.

    Returns:
        How many documents were copied.
    """
    copied = 0
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(destination)
        old, new = client[source], client[destination]
        for name in old.list_collection_names():
            new.create_collection(name)
            rows = list(old[name].find())
            if damaged and name == LOST_FROM:
                rows = rows[LOST:]
            for start in range(0, len(rows), BATCH):
                new[name].insert_many(rows[start : start + BATCH])
            copied += len(rows)
            for index, options in old[name].index_information().items():
                if index == "_id_" or (damaged and name == UNINDEXED and index == INDEX):
                    continue
                kept = {
                    key: value for key, value in options.items() if key not in ("key", "v", "ns")
                }
                new[name].create_index(options["key"], name=index, **kept)
    return copied


def mend(mongo_uri: str, source: str, destination: str) -> int:
    """Bring what was lost on the way, and leave everything else as it is.

    Returns:
        How many documents were missing.
    """
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        old, new = client[source], client[destination]
        there = {each["_id"] for each in new[LOST_FROM].find({}, {"_id": 1})}
        lost = [each for each in old[LOST_FROM].find() if each["_id"] not in there]
        new[LOST_FROM].insert_many(lost)
        new[UNINDEXED].create_index([("score", -1)], name=INDEX)
    return len(lost)
