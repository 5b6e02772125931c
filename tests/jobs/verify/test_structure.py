"""Which additional indexes of a destination do harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from parity.jobs.verify.structure import _harms
from parity.stack import selfhosted_member, start_stack, stop_stack


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The indexes of every collection that a Parse Server makes by itself when it starts."""
    stack = start_stack([selfhosted_member()])
    try:
        mongo = stack.targets[0].mongo
        assert mongo is not None
        with MongoClient[dict[str, Any]](mongo.value) as client:
            db = client.get_default_database()
            names = db.list_collection_names()
            found = {name: [dict(index) for index in db[name].list_indexes()] for name in names}
        yield found
    finally:
        stop_stack(stack)


def test_no_index_that_a_parse_server_makes_by_itself_does_harm(
    started: dict[str, list[dict[str, Any]]],
) -> None:
    unique = [i["name"] for indexes in started.values() for i in indexes if i.get("unique")]
    assert "_auth_data_anonymous_id" in unique
    assert [
        (name, index["name"])
        for name, indexes in started.items()
        for index in indexes
        if _harms(name, index)
    ] == []


@pytest.mark.parametrize(
    ("collection", "index"),
    [
        ("Post", {"key": {"title": 1}, "unique": True}),
        ("Post", {"key": {"_created_at": 1}, "expireAfterSeconds": 60}),
        ("_Session", {"key": {"_auth_data_x.id": 1}, "unique": True}),
        ("_User", {"key": {"phone": 1}, "unique": True}),
        ("_User", {"key": {"_auth_data_x.id": 1, "phone": 1}, "unique": True}),
        ("_User", {"key": {"username": 1}, "unique": True, "expireAfterSeconds": 60}),
    ],
)
def test_an_index_that_refuses_or_deletes_rows_does(collection: str, index: dict[str, Any]) -> None:
    assert _harms(collection, index)
