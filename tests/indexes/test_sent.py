"""What real servers send to MongoDB is what we say they send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from bson import CodecOptions
from pymongo.database import Database

from parity.indexes.bind import bind
from parity.indexes.sample import draw, load_schemas
from parity.indexes.sent import Row, Sent, Server
from parity.stack import hosted_member, selfhosted_member
from parity.targets import ParseClient
from tests.mongod import Mongod
from tests.seed.conftest import client_of, serving

MEMBERS = {member.name: member for member in (hosted_member(), selfhosted_member())}
SHAPES: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("Post", {}, {}),
    ("Post", {"title": "?"}, {"order": "-createdAt", "limit": 5, "skip": 2}),
    ("Post", {"author": "?"}, {"order": "-author,objectId,-updatedAt"}),
    ("Post", {"author": {"__type": "Pointer", "className": "_User", "objectId": "?"}}, {}),
    ("Post", {"author": {"$in": "?"}, "score": {"$gt": "?", "$lte": "?"}}, {}),
    ("Post", {"createdAt": {"$gt": "?"}, "when": {"$lt": "?"}}, {"order": "when"}),
    ("Post", {"score": {"$ne": "?"}, "title": {"$exists": True}}, {"keys": "title,author"}),
    ("Post", {"title": {"$regex": "^\\Q?\\E"}}, {}),
    ("Post", {"title": {"$regex": "?", "$options": "i"}}, {}),
    ("Post", {"tags": "?"}, {}),
    ("Post", {"tags": {"$all": ["?", "?"]}}, {}),
    ("Post", {"tags": {"$in": ["?", "?"]}}, {}),
    ("Post", {"fans": "?"}, {}),
    ("Post", {"tags": {"$containedBy": ["?", "?"]}}, {}),
    ("Post", {"details.level": "?"}, {"order": "details.level"}),
    ("Post", {"place": {"$nearSphere": "?", "$maxDistanceInKilometers": 50}}, {"limit": 3}),
    ("Post", {"place": {"$within": {"$box": "?"}}}, {}),
    ("Post", {"place": {"$geoWithin": {"$polygon": "?"}}}, {}),
    ("Post", {"place": {"$geoWithin": {"$centerSphere": ["?", 0.1]}}}, {}),
    ("Post", {"area": {"$geoIntersects": {"$point": "?"}}}, {}),
    ("Post", {"title": {"$text": {"$search": {"$term": "?"}}}}, {}),
    ("Post", {"$or": [{"title": "?"}, {"author": "?"}], "score": {"$gt": "?"}}, {}),
    ("Post", {"$or": [{"title": "?"}, {"$or": [{"score": "?"}, {"tags": "?"}]}]}, {"limit": 4}),
    ("Comment", {"post": {"$inQuery": {"className": "Post", "where": {"title": "?"}}}}, {}),
    ("Comment", {"post": {"$notInQuery": {"className": "Post", "where": {"author": "?"}}}}, {}),
    (
        "Comment",
        {"text": {"$select": {"query": {"className": "Post", "where": {"score": "?"}},
                              "key": "title"}}},
        {},
    ),
    (
        "Comment",
        {"text": {"$dontSelect": {"query": {"className": "Post", "where": {"score": "?"}},
                                  "key": "title"}}},
        {},
    ),
    ("Post", {"likes": "?"}, {}),
    ("Post", {"likes": {"$ne": "?"}, "title": "?"}, {}),
    (
        "_User",
        {"$relatedTo": {"object": {"__type": "Pointer", "className": "Post", "objectId": "?"},
                        "key": "likes"}},
        {"order": "username"},
    ),
    ("_User", {"username": "?"}, {"keys": "username"}),
    ("_User", {"objectId": {"$in": ["?", "?"]}}, {}),
    ("_Session", {}, {}),
)  # fmt: skip
COUNTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Post", {}),
    ("Post", {"title": "?", "score": {"$gte": "?"}}),
    ("Post", {"place": {"$geoWithin": {"$centerSphere": ["?", 0.1]}}}),
    ("Post", {"$or": [{"title": "?"}, {"author": "?"}], "score": 1}),
)


@dataclass(slots=True)
class App:
    """A server with rows, and the database under it."""

    client: ParseClient
    user: str
    database: Database[dict[str, Any]]
    version: str

    def sends(self, class_name: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a query and return what reached MongoDB for classes and relations."""
        self.database.command("profile", 0)
        self.database.drop_collection("system.profile")
        self.database.command("profile", 2)
        text = {key: each if isinstance(each, str) else json.dumps(each) for key, each in
                params.items()}  # fmt: skip
        reply = self.client.get(_path(class_name), params=text)
        self.database.command("profile", 0)
        assert reply.ok, reply.text
        return [
            each["command"]
            for each in self.database["system.profile"].find().sort("ts")
            if each["op"] in ("query", "command")
            and next(iter(each["command"])) in ("find", "aggregate", "count")
            and each["ns"].partition(".")[2] not in ("_SCHEMA", "_Role", "_Join:users:_Role")
            and not _is_look_up(each["command"])
        ]

    def expects(self, class_name: str, where: dict[str, Any], **options: Any) -> list[Sent]:
        """Return what we say that it sends."""
        server = Server(load_schemas(self.database), self.fetch, self.version, self.user)
        server.query(class_name, where, **options)
        return server.sent

    def fetch(self, sent: Sent) -> list[Row]:
        return list(self.database[sent.collection].find(sent.filter).limit(sent.limit))


@pytest.fixture(scope="module", params=MEMBERS)
def app(request: pytest.FixtureRequest, mongod: Mongod) -> Iterator[App]:
    name = f"sent_{request.param}"
    with mongod.client() as mongo:
        try:
            with (
                serving(MEMBERS[request.param], mongod.database_uri(name)) as target,
                client_of(target) as client,
            ):
                token, user = _fill(client)
                database = mongo.get_database(name, CodecOptions(tz_aware=True))
                version = str(MEMBERS[request.param].version)
                yield App(client.as_user(token), user, database, version)
        finally:
            mongo.drop_database(name)


def _fill(client: ParseClient) -> tuple[str, str]:
    reply = client.sign_up("sent", "secret", email="sent@example.org")
    assert reply.ok, reply.text
    user = {"__type": "Pointer", "className": "_User", "objectId": reply["objectId"]}
    master = client.as_master()
    for number in range(8):
        post = master.create(
            "Post",
            {
                "title": f"title {number} of many words",
                "author": user,
                "score": number,
                "when": {"__type": "Date", "iso": f"2014-02-0{number + 1}T00:00:00.000Z"},
                "tags": ["a", f"t{number}"],
                "fans": [user],
                "details": {"level": number},
                "place": {"__type": "GeoPoint", "latitude": 12.5 + number, "longitude": -56},
                "area": {"__type": "Polygon", "coordinates": [[0, 0], [0, 1.5], [number + 1, 1]]},
                "likes": {"__op": "AddRelation", "objects": [user]},
            },
        )
        assert post.ok, post.text
        pointer = {"__type": "Pointer", "className": "Post", "objectId": post["objectId"]}
        text = f"title {number} of many words"
        assert master.create("Comment", {"text": text, "post": pointer}).ok
    return reply["sessionToken"], reply["objectId"]


@pytest.mark.parametrize(("class_name", "shape", "more"), SHAPES, ids=lambda each: str(each)[:60])
def test_a_query_is_sent_as_we_say(
    app: App, class_name: str, shape: dict[str, Any], more: dict[str, Any]
) -> None:
    where = _bound(app, class_name, shape)
    real = app.sends(class_name, {"where": where, **more})
    options = {key: each for key, each in more.items() if key != "keys"}
    ours = app.expects(class_name, where, **options)
    # A query that needs a geo index is sent once more when the server has built it.
    facts = [_facts(each) for each in real]
    facts = [each for at, each in enumerate(facts) if each not in facts[:at]]
    assert len(facts) == len(ours), real
    for each in facts:
        assert each in [_said(one) for one in ours]


@pytest.mark.parametrize(("class_name", "shape"), COUNTS, ids=lambda each: str(each)[:60])
def test_a_count_is_sent_as_we_say(app: App, class_name: str, shape: dict[str, Any]) -> None:
    where = _bound(app, class_name, shape)
    real = app.sends(class_name, {"where": where, "count": 1, "limit": 0})
    [ours] = app.expects(class_name, where, count=True)
    [command] = real
    if "pipeline" in command:
        match, group = command["pipeline"]
        assert match == {"$match": ours.filter}
        assert list(group) == ["$group"]
    else:
        assert command["query"] == ours.filter
    assert ours.collection == command.get("aggregate", command.get("count"))


def test_a_master_key_query_of_installations_has_no_acl(app: App) -> None:
    [ours] = app.expects("_Installation", {"deviceToken": "x"})
    assert ours.filter == {"deviceToken": "x"}


def test_a_server_builds_a_2d_index_when_a_query_needs_one(app: App) -> None:
    where = _bound(app, "Post", {"place": {"$nearSphere": "?"}})
    app.sends("Post", {"where": where})
    keys = [each["key"] for each in app.database["Post"].index_information().values()]
    assert [("place", "2d")] in keys


def test_relations_and_sessions_have_no_index_but_that_of_their_id(app: App) -> None:
    for name in ("_Join:likes:Post", "_Session"):
        assert list(app.database[name].index_information()) == ["_id_"]


def _is_look_up(command: dict[str, Any]) -> bool:
    """Tell whether a server looked for one object by its id, or who a session token belongs to."""
    condition = command.get("filter") or {}
    return "_session_token" in condition or (
        command.get("find") in ("_User", "Post")
        and "_id" in condition
        and ("_rperm" not in condition or isinstance(condition["_id"], str))
    )


def _bound(app: App, class_name: str, shape: dict[str, Any]) -> dict[str, Any]:
    schemas = load_schemas(app.database)
    samples = {
        name: draw(app.database[name], schemas[name]) for name in ("Post", "Comment", "_User")
    }
    if class_name == "_Session":
        return shape
    bound = bind(shape, class_name, samples.get, Random(7))
    assert '"?"' not in json.dumps(bound)
    assert isinstance(bound, dict)
    return bound


def _facts(command: dict[str, Any]) -> dict[str, Any]:
    return {
        "collection": command["find"],
        "filter": command.get("filter", {}),
        "sort": list(command.get("sort", {}).items()),
        "limit": command.get("limit", 0),
        "skip": command.get("skip", 0),
    }


def _said(sent: Sent) -> dict[str, Any]:
    return {
        "collection": sent.collection,
        "filter": sent.filter,
        "sort": list(sent.sort),
        "limit": sent.limit,
        "skip": sent.skip,
    }


def _path(class_name: str) -> str:
    system = {"_User": "users", "_Session": "sessions"}
    return system.get(class_name, f"classes/{class_name}")
