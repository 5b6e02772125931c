"""The storage format both ways; ``tests/wire/test_storage_real.py`` holds it against a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, decode, encode
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.wire import encode as to_json
from parity.wire.storage import (
    ClassSchema,
    FieldType,
    Nested,
    StorageError,
    join_collection,
    parse_schema,
    schema_from_json,
    to_mongo,
    to_rest,
)
from tests.examples import examples
from tests.wire import strategies

AUTO = CodecOptions[dict[str, Any]](
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
BARE = ClassSchema("Post")
TYPED = ClassSchema(
    "Post",
    {
        "where": FieldType("GeoPoint"),
        "photo": FieldType("File"),
        "author": FieldType("Pointer", "_User"),
        "data": FieldType("Bytes"),
        "area": FieldType("Polygon"),
        "likes": FieldType("Relation", "_User"),
        "when": FieldType("Date"),
    },
)
LIKES = {"likes": {"__type": "Relation", "className": "_User"}}


def through_bson(document: dict[str, Any]) -> dict[str, Any]:
    return decode(encode(document), AUTO)


@pytest.mark.parametrize(
    ("rest", "stored"),
    [
        ({"objectId": "abcdefghij"}, {"_id": "abcdefghij"}),
        (
            {"createdAt": "2015-01-02T03:04:05.678Z"},
            {"_created_at": datetime(2015, 1, 2, 3, 4, 5, 678_000, UTC)},
        ),
        (
            {"author": {"__type": "Pointer", "className": "_User", "objectId": "u1"}},
            {"_p_author": "_User$u1"},
        ),
        ({"where": {"__type": "GeoPoint", "latitude": 1.5, "longitude": -2}}, {"where": [-2, 1.5]}),
        ({"photo": {"__type": "File", "name": "tfss-a.png"}}, {"photo": "tfss-a.png"}),
        ({"data": {"__type": "Bytes", "base64": "AAEC"}}, {"data": b"\0\1\2"}),
        (
            {"area": {"__type": "Polygon", "coordinates": [[0, 1], [2, 3], [4, 0], [0, 1]]}},
            {"area": {"type": "Polygon", "coordinates": [[[1, 0], [3, 2], [0, 4], [1, 0]]]}},
        ),
        (
            {"ACL": {"*": {"read": True}, "u1": {"read": True, "write": True}}},
            {
                "_rperm": ["*", "u1"],
                "_wperm": ["u1"],
                "_acl": {"u1": {"w": True, "r": True}, "*": {"r": True}},
            },
        ),
        ({"ACL": {}}, {"_rperm": [], "_wperm": [], "_acl": {}}),
        ({"score": 1, "big": 2**40, "part": 0.5}, {"score": 1, "big": float(2**40), "part": 0.5}),
        ({"nothing": None}, {"nothing": None}),
        (
            {"list": [{"__type": "Pointer", "className": "A", "objectId": "b"}]},
            {"list": [{"__type": "Pointer", "className": "A", "objectId": "b"}]},
        ),
        (
            {"nested": {"at": {"__type": "Date", "iso": "2015-01-01T00:00:00.000Z"}}},
            {"nested": {"at": datetime(2015, 1, 1, tzinfo=UTC)}},
        ),
    ],
)
def test_each_form_both_ways(rest: dict[str, Any], stored: dict[str, Any]) -> None:
    document = to_mongo("Post", rest, TYPED)
    assert document == stored
    assert to_rest("Post", through_bson(document), TYPED) == {**rest, **LIKES}


def test_a_user_keeps_its_own_keys() -> None:
    rest = {
        "username": "ann",
        "sessionToken": "abc",
        "bcryptPassword": "$2a$10$x",
        "authData": {"facebook": {"id": "1"}},
    }
    document = to_mongo("_User", rest, ClassSchema("_User"))
    assert document == {
        "username": "ann",
        "_session_token": "abc",
        "_hashed_password": "$2a$10$x",
        "_auth_data_facebook": {"id": "1"},
    }
    del rest["bcryptPassword"]
    assert to_rest("_User", document, ClassSchema("_User")) == rest


def test_a_session_has_its_default_columns_without_a_schema() -> None:
    rest = {
        "sessionToken": "r:1",
        "user": {"__type": "Pointer", "className": "_User", "objectId": "u1"},
        "expiresAt": {"__type": "Date", "iso": "2030-01-01T00:00:00.000Z"},
    }
    document = to_mongo("_Session", rest, ClassSchema("_Session"))
    assert set(document) == {"_session_token", "_p_user", "expiresAt"}
    assert to_rest("_Session", document, ClassSchema("_Session")) == rest


def test_a_relation_is_not_stored_in_the_object() -> None:
    assert to_mongo("Post", LIKES, TYPED) == {}
    assert to_rest("Post", {}, TYPED) == LIKES
    assert join_collection("likes", "Post") == "_Join:likes:Post"


def test_old_dates_inside_objects_stay_json_where_asked_for() -> None:
    rest = {"nested": [{"__type": "Date", "iso": "2015-01-01T00:00:00.000Z"}]}
    document = to_mongo("Post", rest, BARE, nested=Nested.KEPT)
    assert document == rest
    assert to_rest("Post", document, BARE) == rest


@pytest.mark.parametrize(
    ("value", "kind"),
    [(30.0, int), (-5.0, int), (0.0, int), (-0.0, float), (2**31 - 1, int), (2**31, float)],
)
def test_numbers_are_stored_as_the_driver_of_a_server_does(value: float, kind: type) -> None:
    stored = to_mongo("Post", {"n": value}, BARE)["n"]
    assert type(stored) is kind
    assert stored == value


def test_a_long_is_a_number_that_json_can_hold() -> None:
    shown = to_rest("Post", {"a": Int64(5), "b": Int64(2**62)}, BARE)
    assert shown == {"a": 5, "b": float(2**62)}
    assert [type(each) for each in shown.values()] == [int, float]


def test_forms_of_the_hosted_service_are_read() -> None:
    document = {
        "_id": ObjectId("0" * 24),
        "createdAt": datetime(2015, 1, 1, tzinfo=UTC),
        "data": "AAEC",
        "_tombstone": 1,
        "_acl": {"u1": {"r": True}},
        "_p_gone": "Other$1",
        "_p_author": None,
    }
    assert to_rest("Post", document, TYPED) == {
        "objectId": "0" * 24,
        "createdAt": "2015-01-01T00:00:00.000Z",
        "data": {"__type": "Bytes", "base64": "AAEC"},
        **LIKES,
    }


@pytest.mark.parametrize(
    "document",
    [
        {"_unknown": 1},
        {"_p_author": "Other$1"},
        {"_p_author": "_User"},
        {"_rperm": None},
        {"_rperm": None, "_wperm": None},
        {"_rperm": "*"},
        {"number": Decimal128("1")},
        {"area": {"type": "Polygon"}},
        {"_created_at": 5},
    ],
)
def test_what_a_server_cannot_read_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(StorageError):
        to_rest("Post", document, TYPED)


@pytest.mark.parametrize(
    "rest",
    [
        {"nested": {"a.b": 1}},
        {"nested": [{"$a": 1}]},
        {"when": {"__type": "Date", "iso": "yesterday"}},
        {"when": {"__type": "Date"}},
        {"data": {"__type": "Bytes", "base64": "?"}},
        {"area": {"__type": "Polygon", "coordinates": [[0, 0], [1, 1]]}},
        {"author": "u1"},
        {"author": {"__type": "Pointer"}},
        {"where": {"__type": "GeoPoint"}},
        {"ACL": {"*": True}},
        {"thing": object()},
    ],
)
def test_what_mongodb_cannot_hold_is_an_error(rest: dict[str, Any]) -> None:
    with pytest.raises(StorageError):
        to_mongo("Post", rest, TYPED)


@given(st.integers(-8_640_000_000_000_000, 8_640_000_000_000_000))
def test_dates_of_any_year_survive(milliseconds: int) -> None:
    shown = to_rest("Post", {"when": DatetimeMS(milliseconds)}, BARE)
    stored = to_mongo("Post", shown, BARE)["when"]
    assert int(stored if isinstance(stored, DatetimeMS) else DatetimeMS(stored)) == milliseconds


_PLAIN = strategies.names.filter(
    lambda name: name not in {"objectId", "createdAt", "updatedAt", "ACL", "expiresAt", "className"}
)
_KINDS = {"GeoPoint", "File", "Polygon", "Bytes", "Pointer", "Relation", "Date"}


def _legal(value: Any) -> Any:
    """Leave out what no server stores: open polygons, and URLs, which it works out itself."""
    if isinstance(value, list):
        return [_legal(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("__type") == "Polygon":
        square = [[0, 0], [0, 1], [1, 1]]
        corners = [*value["coordinates"], *square]
        return {**value, "coordinates": [*corners, corners[0]]}
    if value.get("__type") == "File":
        return {"__type": "File", "name": value["name"]}
    return {key: _legal(each) for key, each in value.items()}


_LEGAL = strategies.values.map(to_json).map(_legal)
_ACLS = st.dictionaries(
    st.sampled_from(["*", "role:Admins", "abcdefghij"]),
    st.sampled_from([{"read": True}, {"write": True}, {"read": True, "write": True}]),
)


@settings(max_examples=examples(60))
@given(
    fields=st.dictionaries(_PLAIN, _LEGAL, max_size=3),
    acl=st.none() | _ACLS,
    nested=st.sampled_from(Nested),
)
def test_an_object_comes_back_as_it_was(
    fields: dict[str, Any], acl: dict[str, Any] | None, nested: Nested
) -> None:
    rest = {"objectId": "abcdefghij", **fields}
    if acl is not None:
        rest["ACL"] = acl
    types = {
        key: FieldType(value["__type"], value.get("className", ""))
        for key, value in fields.items()
        if isinstance(value, dict) and value.get("__type") in _KINDS
    }
    schema = ClassSchema("Post", types)
    document = to_mongo("Post", rest, schema, nested=nested)
    assert to_rest("Post", through_bson(document), schema) == rest


def test_a_schema_is_read_with_permissions_and_indexes() -> None:
    document = {
        "_id": "Post",
        "objectId": "string",
        "createdAt": "string",
        "title": "string",
        "extra": "map",
        "author": "*_User",
        "likes": "relation<_User>",
        "_metadata": {
            "class_permissions": {"find": {"*": True}},
            "indexes": {"title_1": {"title": 1}},
            "fields_options": {"title": {"required": True}},
        },
        "_client_permissions": {"get": True},
    }
    schema = parse_schema(document)
    assert schema.class_name == "Post"
    assert list(schema.fields) == ["title", "extra", "author", "likes"]
    assert schema.fields["extra"] == FieldType("Object")
    shown = schema.to_json()
    assert shown["fields"]["author"] == {"type": "Pointer", "targetClass": "_User"}
    assert shown["fields"]["title"] == {"type": "String", "required": True}
    assert shown["classLevelPermissions"]["count"] == {}
    assert shown["indexes"] == {"title_1": {"title": 1}}


def test_a_schema_without_permissions_allows_everything() -> None:
    shown = parse_schema({"_id": "Post"}).to_json()
    assert shown["classLevelPermissions"]["count"] == {"*": True}


@pytest.mark.parametrize(
    "document",
    [{}, {"_id": 5}, {"_id": "A", "b": "text"}, {"_id": "A", "b": 1}, {"_id": "A", "_metadata": 1},
     {"_id": "A", "_metadata": {"class_permissions": []}}],
)  # fmt: skip
def test_a_broken_schema_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(StorageError):
        parse_schema(document)


@settings(max_examples=examples(40))
@given(
    st.dictionaries(
        _PLAIN,
        st.one_of(
            st.sampled_from(["String", "Number", "Boolean", "Date", "Array", "Object"]).map(
                FieldType
            ),
            strategies.names.map(lambda name: FieldType("Pointer", name)),
            strategies.names.map(lambda name: FieldType("Relation", name)),
        ),
    ),
    st.none() | st.just({"find": {"*": True}}),
)
def test_a_schema_comes_back_as_it_was(
    fields: dict[str, FieldType], permissions: dict[str, Any] | None
) -> None:
    schema = ClassSchema("Post", fields, permissions)
    assert parse_schema(schema.to_mongo()) == schema
    assert schema_from_json(schema.to_json()).fields == fields
