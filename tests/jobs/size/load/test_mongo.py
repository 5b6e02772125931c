"""Mongo users: they do what a Parse Server does, they look at what comes, and they really ask."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

from parity.indexes.sent import Server
from parity.jobs.size.load import mongo_store, workload
from parity.jobs.size.load.cleanup import clean
from parity.jobs.size.load.mongo_store import MongoConnection, MongoStore
from parity.jobs.size.load.order import LoadOrder, check_order
from parity.jobs.size.load.setup import set_up
from parity.jobs.size.load.store import Setup
from parity.jobs.size.load.workload import Workload
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
        "place": FieldType("GeoPoint"),
    },
)


def pointer(user: str) -> dict[str, Any]:
    return {"__type": "Pointer", "className": "_User", "objectId": user}


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
    owner = pointer(f"u{number % 4}")
    row = {"objectId": f"p{number:03d}", "createdAt": time, "updatedAt": time, "owner": owner}
    return to_mongo("Post", {**post(number), **row}, SCHEMA)


def order(target: Target, *operations: Operation, **changes: Any) -> LoadOrder:
    return LoadOrder("mongo", target, profile(*operations), **changes)


@contextlib.contextmanager
def running(asked: LoadOrder) -> Iterator[Workload]:
    try:
        load = Workload(asked, set_up(asked, MARK), 0)
        try:
            yield load
        finally:
            load.close()
    finally:
        assert clean(asked, MARK) == []


def of(load: Workload) -> Database[dict[str, Any]]:
    assert isinstance(load.store, MongoStore)
    return load.store.database


def names(target: Target) -> list[str]:
    assert target.mongo is not None
    with MongoClient[dict[str, Any]](target.mongo.value) as client:
        return client.get_default_database().list_collection_names()


def test_every_operation_works_and_no_collection_stays(database: Target) -> None:
    with running(order(database, *OF_ALL)) as load:
        user = load.user()
        for _ in range(5):
            for number in range(len(OF_ALL)):
                outcome = user.perform(number)
                assert outcome.failure == ""
        assert any(MARK in name for name in names(database))
        indexes = of(load)[f"Parity{MARK}_Post"].index_information()
        rows = of(load)["Post"].count_documents({})
    assert indexes["by_author"]["key"] == [("author", 1), ("score", -1)]
    assert rows == 60
    assert sorted(names(database)) == ["Post", "_SCHEMA", "_User"]


WHEN = {"__type": "Date", "iso": "2026-01-01T00:00:00.000Z"}
THEN = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = {"__type": "GeoPoint", "latitude": 12.5, "longitude": -56}
READABLE = {"_rperm": {"$in": [None, "*", "*"]}}


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ({"author.name": "x"}, {"author.name": "x"}),
        ({"owner.name": "x"}, {"owner.name": "x"}),
        ({"createdAt.x": "y"}, {"createdAt.x": "y"}),
        ({"createdAt": {"$lte": WHEN}}, {"_created_at": {"$lte": THEN}}),
        ({"lastUsed": WHEN["iso"]}, {"_last_used": THEN}),
        ({"timesUsed": {"$gt": 3}}, {"times_used": {"$gt": 3}}),
        ({"sessionToken": "r:x"}, {"_session_token": "r:x"}),
        ({"objectId": {"$in": ["a", "b"]}}, {"_id": {"$in": ["a", "b"]}}),
        ({"owner": pointer("u1")}, {"_p_owner": "_User$u1"}),
        ({"tags": "a"}, {"tags": {"$all": ["a"]}}),
        ({"tags": {"$containedBy": ["a", "b"]}},
         {"$nor": [{"tags": {"$elemMatch": {"$nin": ["a", "b"]}}}]}),
        ({"place": {"$nearSphere": PLACE, "$maxDistanceInKilometers": 6371}},
         {"place": {"$nearSphere": [-56, 12.5], "$maxDistance": 1.0}}),
        ({"place": {"$within": {"$box": [PLACE, PLACE]}}},
         {"place": {"$within": {"$box": [[-56, 12.5], [-56, 12.5]]}}}),
        ({"text": {"$text": {"$search": {"$term": "cat", "$caseSensitive": True}}}},
         {"$text": {"$search": "cat", "$caseSensitive": True}}),
        ({"$or": [{"author": "x"}, {"owner": pointer("u1")}]},
         {"$or": [{"author": "x"}, {"_p_owner": "_User$u1"}]}),
    ],
    ids=str,
)  # fmt: skip
def test_a_query_asks_for_exactly_what_a_parse_server_would_ask(
    database: Target, sent: Commands, where: dict[str, Any], condition: dict[str, Any]
) -> None:
    asking(database).finder(Operation(Ask.QUERY, 1, "Post", order="-createdAt,owner"))(where, None)
    [command] = sent.commands
    assert command["filter"] == {**condition, **READABLE}
    assert list(command["sort"].items()) == [("_created_at", -1), ("_p_owner", 1)]
    assert command["limit"] == 100
    # The same, as the translation says that was compared with two real servers.
    said = Server({"Post": SCHEMA}, lambda _: []).query("Post", where, order="-createdAt,owner")
    assert (command["filter"], list(command["sort"].items())) == (said.filter, list(said.sort))


def test_a_count_asks_for_what_a_parse_server_counts_by(database: Target, sent: Commands) -> None:
    where = {"place": {"$nearSphere": PLACE, "$maxDistance": 0.1}}
    assert asking(database).counter(Operation(Ask.COUNT, 1, "Post"))(where, None) == 0
    [command] = sent.commands
    circle = {"$geoWithin": {"$centerSphere": [[-56, 12.5], 0.1]}}
    assert command["pipeline"][0] == {"$match": {"place": circle, **READABLE}}


def test_subqueries_and_included_rows_are_asked_for_as_a_server_does(
    database: Target, sent: Commands
) -> None:
    where = {"owner": {"$inQuery": {"className": "_User", "where": {"username": "user 1"}}}}
    rows, _ = asking(database).finder(BY_OWNER)(where, None)
    users, posts, included = sent.commands
    assert (users["find"], users["filter"]) == ("_User", {"username": "user 1", **READABLE})
    assert (posts["find"], posts["filter"]) == (
        "Post",
        {"_p_owner": {"$in": ["_User$u1"]}, **READABLE},
    )
    assert sorted(posts["projection"]) == [
        "_created_at",
        "_id",
        "_p_owner",
        "_updated_at",
        "author",
    ]
    assert (included["find"], included["filter"]) == ("_User", {"_id": "u1", **READABLE})
    assert len(rows) == 15


def test_a_get_asks_for_one_row_that_everybody_may_read(database: Target, sent: Commands) -> None:
    row = asking(database).getter(Operation(Ask.GET, 1, "Post"))("p001")
    assert row is not None
    assert [command["filter"] for command in sent.commands] == [{"_id": "p001", **READABLE}]


def test_sessions_are_asked_for_by_their_user(database: Target, sent: Commands) -> None:
    find = asking(database).finder(Operation(Ask.QUERY, 1, "_Session"))
    find({"sessionToken": "r:x"}, {"user": pointer("u1")})
    [command] = sent.commands
    # Without a schema of the class the pointer is stored all the same.
    assert command["filter"]["$and"][0] == {"_session_token": "r:x"}
    assert command["filter"]["_rperm"] == {"$in": [None, "*", "*", "u1"]}


class Commands(CommandListener):
    """The commands that were sent."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: Any) -> None:
        """Keep what asks for rows."""
        if event.command_name in ("find", "aggregate") and event.command.get("find") != "_SCHEMA":
            self.commands.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        """Nothing."""

    def failed(self, event: Any) -> None:
        """Nothing."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What stores send that are opened from now on."""
    listener = Commands()
    connect = mongo_store.connect
    monkeypatch.setattr(
        mongo_store, "connect", lambda target, pool: connect(target, pool, [listener])
    )
    return listener


def asking(target: Target) -> MongoConnection:
    """Return a connection, with the indexes that text and places need."""
    store = MongoStore(order(target))
    store.database["Post"].create_index([("place", "2d")])
    store.database["Post"].create_index([("text", "text")])
    return store.connect()


@pytest.mark.parametrize(
    ("operation", "maker"),
    [(OPERATIONS[3], "query"), (OPERATIONS[5], "get")],
)
def test_a_lazy_cursor_that_nobody_reads_fails_the_self_test_by_name(
    database: Target, monkeypatch: pytest.MonkeyPatch, operation: Operation, maker: str
) -> None:
    def lazy(user: Any, wanted: Operation) -> Any:
        def do() -> str:
            user.connection.database[wanted.class_name].find({})  # no round trip is made
            return wanted.name

        return do

    monkeypatch.setitem(workload.MAKERS, operation.ask, lazy)
    with pytest.raises(HarnessError, match=f"{maker} Post.* sent no find; was its cursor"):
        Workload(order(database, operation), Setup(MARK), 0)


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
            of(load)["Post"].delete_many({})
        else:
            # A database that loses its index entries finds nothing although the row is there.
            monkeypatch.setattr(MongoConnection, "_fetch", lambda *_: [])
        outcome = load.user().perform(number)
        assert outcome.failure == reason
        monkeypatch.undo()


def test_only_reading_writes_nothing(database: Target) -> None:
    reading = check_order(order(database, *OF_ALL, read_only=True))
    with running(reading) as load:
        user = load.user()
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
        set_up(order(database, function), MARK)
