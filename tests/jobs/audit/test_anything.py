"""Whatever is stored, an audit ends with findings and not with an error of its own."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.jobs.audit.context import Context
from parity.jobs.audit.documents import ClassChecker
from parity.jobs.audit.joins import JoinChecker
from parity.jobs.audit.permissions import check_schema, permission_references
from parity.jobs.audit.schema import read_schema
from parity.jobs.audit.walk import CODEC
from tests.examples import examples

_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1).map(Int64)
    | st.floats()
    | _text
    | st.binary(max_size=4)
    | st.binary(max_size=4).map(lambda data: Binary(data, 5))
    | st.datetimes().map(lambda moment: moment.replace(microsecond=0))
    | st.integers(-(2**62), 2**62).map(DatetimeMS)
    | st.just(Decimal128("NaN"))
    | st.just(ObjectId(b"0" * 12))
    | st.just(Regex("a"))
    | st.just(Timestamp(1, 1))
    | st.sampled_from(["_User$x", "role:", "*", "$", "tfss-", "r:" + "0" * 32, "api.parse.com"])
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            _text
            | st.sampled_from(["__type", "className", "objectId", "name", "url", "id", "*", "r"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
_keys = st.sampled_from(
    [
        "_id",
        "_acl",
        "_rperm",
        "_wperm",
        "_created_at",
        "_p_user",
        "_p_",
        "_p_author",
        "author",
        "photo",
        "place",
        "tags",
        "extra",
        "score",
        "username",
        "email",
        "name",
        "authData",
        "_hashed_password",
        "_session_token",
        "expiresAt",
        "_auth_data_x",
        "_auth_data_",
        "installationId",
        "deviceToken",
        "appIdentifier",
        "owningId",
        "relatedId",
        "objectId",
        "__type",
        "filename",
    ]
)
_documents = st.dictionaries(_keys | _text, _values, max_size=8)
SCHEMA = read_schema(
    [
        {
            "_id": "Post",
            "author": "*_User",
            "photo": "file",
            "place": "geopoint",
            "tags": "array",
            "extra": "object",
            "score": "number",
            "bad": 5,
        }
    ]
)


@pytest.mark.parametrize(
    "name", ["Post", "_User", "_Session", "_Role", "_Installation", "_Hooks", "_Join:users:_Role"]
)
@settings(max_examples=examples(30))
@given(st.lists(_documents, max_size=3))
def test_any_document_can_be_checked(name: str, documents: list[dict[str, Any]]) -> None:
    raw = b"".join(bson.encode(each) for each in documents)
    decoded = bson.decode_all(raw, CODEC)
    context = Context(gridfs=True, file_key=False)
    checker: ClassChecker | JoinChecker
    if name.startswith("_Join:"):
        checker = JoinChecker(name, SCHEMA, context)
    else:
        schema = SCHEMA.get(name) or read_schema([{"_id": name}])[name]
        checker = ClassChecker(schema, context, [("score", "extra.a"), ("tags",)])
    checker.check(raw, decoded)
    for document in decoded:
        for key, value in document.items():
            for target, identity in checker.references(key, value):
                assert type(target) is type(identity) is str
    for rule, hashes in context.duplicates.seen.items():
        assert len(hashes) <= len(decoded), rule
    for finding in context.findings.result():
        assert finding.count > 0
        assert finding.remedy


@settings(max_examples=examples(40))
@given(st.lists(_documents, max_size=3))
def test_any_schema_can_be_checked(documents: list[dict[str, Any]]) -> None:
    context = Context()
    check_schema(read_schema(documents), context)
    assert all(finding.remedy for finding in context.findings.result())


@given(_values, _values)
def test_any_permissions_can_be_read(operation: Any, permissions: Any) -> None:
    for metadata in (permissions, {"class_permissions": permissions}):
        list(permission_references(metadata))
    metadata = {"class_permissions": {"find": operation, "get": permissions}}
    check_schema(read_schema([{"_id": "Post", "_metadata": metadata}]), Context())
