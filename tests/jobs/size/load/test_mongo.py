"""Mongo users: they do what a Parse Server does, they look at what comes, and they really ask."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from parity.jobs.size.load import mongo_rows
from parity.jobs.size.load.cleanup import clean
from parity.jobs.size.load.mongo import MongoLoad
from parity.jobs.size.load.mongo_arranging import arrange_mongo
from parity.jobs.size.load.order import LoadOrder, check_order
from parity.model import Secret, Style, Target, UserError, Writes
from parity.model.errors import HarnessError
from parity.profiles.profile import Ask, Operation
from parity.wire.storage import ClassSchema, FieldType, to_mongo
from tests.jobs.size.load.conftest import OPERATIONS, post, profile
from tests.mongod import Mongod

MARK = "tstmng"
SCHEMA = ClassSchema(
    "Post",
    {
        "author": FieldType("String"),
        "score": FieldType("Number"),
        "tags": FieldType("Array"),
        "text": FieldType("String"),
        "owner": FieldType("Pointer", "_User"),
    },
)
BY_OWNER = Operation(
    Ask.QUERY, 1, "Post", where={"owner": "?", "createdAt": {"$lte": "?"}}, order="-createdAt",
    limit=200, include=("owner",), keys=("author", "owner"),
)  # fmt: skip
IN_QUERY = Operation(
    Ask.QUERY, 1, "Post",
    where={"owner": {"$inQuery": {"className": "_User", "where": {"username": "?"}}}},
)  # fmt: skip
OF_ALL = (*OPERATIONS, BY_OWNER, IN_QUERY)


@pytest.fixture
def database(mongod: Mongod) -> Iterator[Target]:
    """A database with the app's rows, as a Parse Server stores them."""
    name = f"load{uuid.uuid4().hex[:8]}"
    uri = f"{mongod.uri}/{name}"
    with MongoClient[dict[str, Any]](uri) as client:
        database = client[name]
        database["_SCHEMA"].insert_one(SCHEMA.to_mongo())
        database["_User"].insert_many([{"_id": f"u{n}", "username": f"user {n}"} for n in range(4)])
        database["Post"].insert_many([stored(number) for number in range(60)])
        database["Post"].create_index([("author", 1), ("score", -1)], name="by_author")
        yield Target("app", Style.PARSE_SERVER, "http://127.0.0.1:9/parse", Secret("app"),
                     writes=Writes.NAMESPACED, mongo=Secret(uri))  # fmt: skip
        client.drop_database(name)


def stored(number: int) -> dict[str, Any]:
    time = "2026-01-01T00:00:00.000Z"
    owner = {"__type": "Pointer", "className": "_User", "objectId": f"u{number % 4}"}
    row = {"objectId": f"p{number:03d}", "createdAt": time, "updatedAt": time, "owner": owner}
    return to_mongo("Post", {**post(number), **row}, SCHEMA)


def order(target: Target, *operations: Operation, **changes: Any) -> LoadOrder:
    return LoadOrder("mongo", target, profile(*operations), **changes)


@contextlib.contextmanager
def running(asked: LoadOrder) -> Iterator[MongoLoad]:
    try:
        load = MongoLoad(asked, arrange_mongo(asked, MARK), 0)
        try:
            yield load
        finally:
            load.close()
    finally:
        assert clean(asked, MARK) == []


def names(target: Target) -> list[str]:
    assert target.mongo is not None
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        return client.get_default_database().list_collection_names()


def test_every_operation_works_and_no_collection_stays(database: Target) -> None:
    with running(order(database, *OF_ALL)) as load:
        user = load.client()
        for _ in range(5):
            for number in range(len(OF_ALL)):
                outcome = user.perform(number)
                assert outcome.failure == ""
        assert any(MARK in name for name in names(database))
        indexes = load.database[f"Parity{MARK}_Post"].index_information()
        rows = load.database["Post"].count_documents({})
    assert indexes["by_author"]["key"] == [("author", 1), ("score", -1)]
    assert rows == 60
    assert sorted(names(database)) == ["Post", "_SCHEMA", "_User"]


def test_a_query_asks_in_the_storage_format(database: Target) -> None:
    with running(order(database, BY_OWNER)) as load:
        where, row = mongo_rows._Filling(load.client(), BY_OWNER).make()
    assert row is not None
    assert where == {"_p_owner": row["_p_owner"], "_created_at": {"$lte": row["_created_at"]}}


@pytest.mark.parametrize(
    ("operation", "maker"),
    [(OPERATIONS[3], "query"), (OPERATIONS[5], "get")],
)
def test_a_lazy_cursor_that_nobody_reads_fails_the_self_test_by_name(
    database: Target, monkeypatch: pytest.MonkeyPatch, operation: Operation, maker: str
) -> None:
    def lazy(user: Any, wanted: Operation) -> Any:
        def do() -> str:
            user.database[wanted.class_name].find({})  # no round trip is made
            return wanted.name

        return do

    monkeypatch.setitem(mongo_rows.MAKERS, operation.ask, lazy)
    with pytest.raises(HarnessError, match=f"{maker} Post.* sent no find; was its cursor"):
        MongoLoad(order(database, operation), arrange_mongo(order(database, operation), MARK), 0)


@pytest.mark.parametrize(
    ("number", "broken", "reason"),
    [
        (3, {"$set": {"author": "else"}}, "query: a row that matches was not found"),
        (5, None, "get: a row that was there is not found"),
    ],
)
def test_an_answer_that_is_wrong_is_named(
    database: Target, number: int, broken: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(order(database)) as load:
        if broken is None:
            load.database["Post"].delete_many({})
        else:
            # A database that loses its index entries finds nothing although the row is there.
            monkeypatch.setattr(
                "parity.jobs.size.load.mongo_rows._READABLE", {"_rperm": {"$in": ["nobody"]}}
            )
        outcome = load.client().perform(number)
        assert outcome.failure == reason
        monkeypatch.undo()


def test_only_reading_writes_nothing(database: Target) -> None:
    reading = check_order(order(database, *OF_ALL, read_only=True))
    with running(reading) as load:
        user = load.client()
        assert {user.perform(n).failure for n, _ in load.sent} == {""}
        assert sorted(names(database)) == ["Post", "_SCHEMA", "_User"]


def test_a_target_without_mongo_is_refused(database: Target) -> None:
    without = Target(
        "app", Style.PARSE_SERVER, database.url, Secret("app"), writes=Writes.NAMESPACED
    )
    with pytest.raises(UserError) as refused:
        check_order(order(without))
    assert refused.value.code == "no-mongo"


def test_functions_do_not_run_in_mongodb(database: Target) -> None:
    function = Operation(Ask.FUNCTION, 1, function="hello")
    with pytest.raises(UserError, match="functions run in Parse Server, not in MongoDB"):
        arrange_mongo(order(database, function), MARK)
