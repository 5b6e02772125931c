"""The storage format against what real servers write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import CodecOptions
from pymongo.database import Database

from parity.stack import hosted_member, selfhosted_member
from parity.targets import ParseClient
from parity.wire.storage import Nested, parse_schema, schema_from_json, to_mongo, to_rest
from tests.mongod import Mongod
from tests.seed.conftest import client_of, serving

App = tuple[ParseClient, Database[dict[str, Any]]]
MEMBERS = {member.name: member for member in (hosted_member(), selfhosted_member())}
MINTED = ("objectId", "createdAt", "updatedAt")
USER = {"__type": "Pointer", "className": "_User", "objectId": "abcdefghij"}
DATE = {"__type": "Date", "iso": "2014-02-28T23:59:59.999Z"}
RICH: dict[str, Any] = {
    "text": "naïve 😀 \u0000 end",
    "whole": 42,
    "round": 30.0,
    "big": 2**53 - 1,
    "edge": 2**31,
    "fraction": 0.1,
    "yes": True,
    "nothing": None,
    "when": DATE,
    "place": {"__type": "GeoPoint", "latitude": 12.34, "longitude": -56},
    "data": {"__type": "Bytes", "base64": "AAECAwQ="},
    "user": USER,
    "list": [1, 2.5, 2**40, "three", None, {"four": [4]}, USER, DATE],
    "object": {
        "when": DATE,
        "deep": {"deeper": [DATE, USER, {"__type": "GeoPoint", "latitude": 1, "longitude": 2}]},
    },
    "area": {"__type": "Polygon", "coordinates": [[0, 0], [0, 1.5], [1, 1]]},
    "ACL": {"*": {"read": True}, "role:admins": {"read": True, "write": True}},
}


@pytest.fixture(scope="module", params=MEMBERS)
def app(request: pytest.FixtureRequest, mongod: Mongod) -> Iterator[App]:
    name = f"storage_{request.param}"
    with mongod.client() as mongo:
        try:
            with (
                serving(MEMBERS[request.param], mongod.database_uri(name)) as target,
                client_of(target) as client,
            ):
                yield client.as_master(), mongo.get_database(name, CodecOptions(tz_aware=True))
        finally:
            mongo.drop_database(name)


def types_of(value: Any) -> Any:
    """Return the BSON type of everything in a value, so that 1 and 1.0 differ."""
    if isinstance(value, dict):
        return {key: types_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [types_of(each) for each in value]
    return type(value).__name__


def test_an_object_is_stored_as_the_server_stores_it(app: App) -> None:
    client, database = app
    reply = client.create("Rich", RICH)
    assert reply.ok, reply.text
    stored = database["Rich"].find_one({"_id": reply["objectId"]})
    schema_document = database["_SCHEMA"].find_one({"_id": "Rich"})
    assert stored is not None
    assert schema_document is not None
    schema = parse_schema(schema_document)
    rest = client.fetch("Rich", reply["objectId"]).json
    minted = {key: rest[key] for key in MINTED}
    nested = Nested.FIRST_LEVEL if client.target.version == "2.8.4" else Nested.CONVERTED
    made = to_mongo("Rich", {**minted, **RICH}, schema, nested=nested)
    assert made == stored
    assert types_of(made) == types_of(stored)
    assert to_rest("Rich", stored, schema) == rest


def test_users_sessions_and_installations_are_read_as_the_server_does(app: App) -> None:
    client, database = app
    auth = {"anonymous": {"id": "0f5c2f30-1c1c-4f5e-9b5e-9d1f4c7c0d11"}}
    signed = client.using(key="rest_key").sign_up("ann", "secret", email="ann@example.com")
    assert client.put(f"users/{signed['objectId']}", {"authData": auth}).ok
    installation = {"deviceType": "ios", "installationId": "a" * 8, "user": USER}
    assert client.post("installations", installation).ok
    compared = 0
    for name in ("_User", "_Session", "_Installation"):
        schema = parse_schema(database["_SCHEMA"].find_one({"_id": name}) or {"_id": name})
        for row in client.find(name, limit=100).results:
            stored = database[name].find_one({"_id": row["objectId"]})
            assert stored is not None
            shown = to_rest(name, stored, schema)
            assert {key: shown[key] for key in row} == row
            assert shown.keys() - row.keys() <= {"sessionToken"}
            compared += 1
    assert compared >= 3


def test_a_relation_is_in_its_join_collection(app: App) -> None:
    client, database = app
    add = {"__op": "AddRelation", "objects": [USER]}
    reply = client.create("Team", {"name": "with fans", "fans": add})
    assert reply.ok, reply.text
    row = database["_Join:fans:Team"].find_one({"owningId": reply["objectId"]})
    assert row is not None
    assert row["relatedId"] == USER["objectId"]


def test_a_schema_is_shown_as_the_server_shows_it(app: App) -> None:
    client, database = app
    fields = {
        "title": {"type": "String"},
        "author": {"type": "Pointer", "targetClass": "_User"},
        "likes": {"type": "Relation", "targetClass": "_User"},
    }
    permissions = {each: {"*": True} for each in ("find", "get", "create")}
    body = {"className": "Made", "fields": fields, "classLevelPermissions": permissions}
    assert client.post("schemas/Made", body).ok
    stored = database["_SCHEMA"].find_one({"_id": "Made"})
    assert stored is not None
    schema = parse_schema(stored)
    shown = client.get("schemas/Made").json
    assert schema.fields == schema_from_json(shown).fields
    assert schema.to_json()["fields"] == shown["fields"]
    assert (
        shown["classLevelPermissions"].items() <= schema.to_json()["classLevelPermissions"].items()
    )
    written = schema.to_mongo()
    # A class that came by its first object has "string" for both times, one of /schemas "date".
    open_ = {"_metadata", "createdAt", "updatedAt"}
    assert {key: each for key, each in written.items() if key not in open_} == {
        key: each for key, each in stored.items() if key not in open_
    }
