"""The OpenAPI document of an app: valid, and true of what a real server answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from parity.capture.exchanges import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
)
from parity.capture.recording import RecordingWriter, open_recording
from parity.cli import main
from parity.model import Keys, Secret, Target, UserError
from parity.openapi import document, schemas_of
from parity.openapi.recorded import schemas_in
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.targets import ParseClient

Json = dict[str, Any]
KEYS = Keys(rest_key=Secret("r"), master_key=Secret("m"))
URL = "http://127.0.0.1:1337/parse"
DATE = {"__type": "Date", "iso": "2016-03-04T05:06:07.890Z"}
POINT = {"__type": "GeoPoint", "latitude": 1.5, "longitude": -2}
OTHER = {"__type": "Pointer", "className": "Other", "objectId": "abcdefghij"}


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    stack = start_stack([selfhosted_member()])
    try:
        yield stack.targets[0]
    finally:
        stop_stack(stack)


@pytest.fixture(scope="module")
def app(server: Target) -> Json:
    """The document of a server with a class that has a field of every type."""
    client = ParseClient(server).as_master()
    fields = {
        "text": {"type": "String", "required": True},
        "size": {"type": "Number", "defaultValue": 3, "required": True},
        "flag": {"type": "Boolean"},
        "when": {"type": "Date"},
        "at": {"type": "GeoPoint"},
        "area": {"type": "Polygon"},
        "list": {"type": "Array"},
        "meta": {"type": "Object"},
        "raw": {"type": "Bytes"},
        "file": {"type": "File"},
        "other": {"type": "Pointer", "targetClass": "Other"},
        "likes": {"type": "Relation", "targetClass": "_User"},
    }
    permissions = {"find": {"*": True}, "get": {"requiresAuthentication": True}, "create": {}}
    client.post("schemas/Other", {"className": "Other"})
    schema = {"className": "Every", "fields": fields, "classLevelPermissions": permissions}
    assert client.post("schemas/Every", schema).status == 200
    return document("app", server.url, server.keys, schemas_of(server))


def names(security: list[Json]) -> list[set[str]]:
    return [set(way) for way in security]


def schema(app: Json, name: str) -> Draft202012Validator:
    """A validator of one schema, which finds the others."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **app})


def test_the_document_of_a_real_app_is_valid(app: Json) -> None:
    validate(app)
    assert app["openapi"] == "3.1.0"
    assert {"/classes/Every", "/users/{objectId}", "/login", "/functions/{function}"} <= set(
        app["paths"]
    )


def test_what_the_server_answers_fits_the_schema_of_its_class(app: Json, server: Target) -> None:
    client = ParseClient(server).as_master()
    row = {
        "text": "a", "flag": True, "when": DATE, "at": POINT, "list": [1], "meta": {"a": 1},
        "raw": {"__type": "Bytes", "base64": "AAEC"}, "other": OTHER,
        "area": {"__type": "Polygon", "coordinates": [[0, 0], [0, 1], [1, 1]]},
    }  # fmt: skip
    assert schema(app, "EveryCreate").is_valid(row)
    made = client.create("Every", row)
    assert made.status == 201
    answered = client.fetch("Every", made.json["objectId"]).json
    schema(app, "Every").validate(answered)
    assert answered["size"] == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"text": 5}, "text"), ({"text": "a", "at": {"__type": "GeoPoint"}}, "at"), ({}, "text")],
)
def test_what_the_schema_refuses_the_server_refuses_too(
    app: Json, server: Target, wrong: Json, field: str
) -> None:
    assert not schema(app, "EveryCreate").is_valid(wrong)
    answer = ParseClient(server).as_master().create("Every", wrong)
    assert answer.status in (400, 500), field  # 9.10.0 answers a point without a place with 500
    schema(app, "Error").validate(answer.json)


def test_an_operator_is_offered_where_its_type_is(app: Json) -> None:
    update = schema(app, "EveryUpdate")
    assert update.is_valid({"size": {"__op": "Increment", "amount": 1}})
    assert update.is_valid({"list": {"__op": "Add", "objects": [1]}})
    assert update.is_valid({"likes": {"__op": "AddRelation", "objects": []}})
    assert update.is_valid({"flag": {"__op": "Delete"}})
    assert not update.is_valid({"text": {"__op": "Delete"}})  # it is required
    assert not update.is_valid({"flag": {"__op": "Increment", "amount": 1}})


def test_class_permissions_say_who_may_call(app: Json) -> None:
    operations = app["paths"]["/classes/Every"]
    assert {"appId", "restKey"} in names(operations["get"]["security"])
    assert names(operations["post"]["security"]) == [{"appId", "masterKey"}]
    one = app["paths"]["/classes/Every/{objectId}"]["get"]["security"]
    assert all(way & {"sessionToken", "masterKey"} for way in names(one))


def test_a_password_is_never_answered(app: Json) -> None:
    assert "password" not in app["components"]["schemas"]["_User"]["properties"]
    assert "password" in app["components"]["schemas"]["_UserCreate"]["properties"]


def test_without_client_keys_the_application_id_is_enough() -> None:
    made = document("app", URL, Keys(), [])
    assert {"appId"} in names(made["security"])


def recording(path: Path, calls: list[tuple[str, str, Any, Any]]) -> Path:
    headers = (("Content-Type", "application/json"),)
    header = RecordingHeader(URL, "2016-03-04T05:06:07.000Z", "test", False, "test")
    with RecordingWriter(path, header, redactor=None) as writer:
        for number, (method, place, body, answer) in enumerate(calls):
            sent = b"" if body is None else json.dumps(body).encode()
            request = RecordedRequest(method, f"/parse/{place}", headers, sent)
            response = RecordedResponse(200, headers, json.dumps(answer).encode())
            writer.write(RecordedExchange(str(number), "a", number, 1.0, request, response, "test"))
    return path


def test_a_recording_shows_the_classes_that_its_clients_used(tmp_path: Path) -> None:
    calls = [
        ("POST", "classes/Post", {"text": "a", "at": POINT, "by": OTHER}, {"objectId": "x"}),
        ("GET", "classes/Post", None, {"results": [{"objectId": "x", "score": 1, "on": DATE}]}),
        ("PUT", "users/u", {"n": {"__op": "Increment", "amount": 1}, "none": None}, {}),
        ("PUT", "classes/Post/x", {"r": {"__op": "AddRelation", "objects": [OTHER]}}, {}),
    ]
    with open_recording(recording(tmp_path / "app.jsonl", calls)) as reader:
        found = {each["className"]: each["fields"] for each in schemas_in(reader)}
    post = {name: field["type"] for name, field in found["Post"].items()}
    assert post.items() >= {
        ("text", "String"), ("at", "GeoPoint"), ("by", "Pointer"), ("score", "Number"),
        ("on", "Date"), ("r", "Relation"),
    }  # fmt: skip
    assert found["Post"]["r"]["targetClass"] == "Other"
    assert found["_User"]["n"] == {"type": "Number"}
    assert "none" not in found["_User"]


def test_the_command_writes_a_valid_document_of_a_recording(tmp_path: Path) -> None:
    path = recording(tmp_path / "app.jsonl", [("POST", "classes/Post", {"a": 1}, {})])
    ran = CliRunner().invoke(main, ["openapi", "--recording", str(path)])
    assert ran.exit_code == 0
    made = json.loads(ran.stdout)
    validate(made)
    assert made["servers"] == [{"url": URL}]
    assert "/classes/Post" in made["paths"]


def test_a_target_without_the_master_key_is_told_the_other_way() -> None:
    target = Target("t", selfhosted_member().style, URL, Secret("app"))
    with pytest.raises(UserError, match="--recording"):
        schemas_of(target)


def test_the_command_wants_one_source() -> None:
    ran = CliRunner().invoke(main, ["openapi"])
    assert ran.exit_code == 2
    assert "--recording" in ran.output


fields = st.dictionaries(
    st.from_regex(r"[a-z][A-Za-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(
        [
            *(
                {"type": name}
                for name in ("String", "Number", "Boolean", "Date", "Object", "Array")
            ),
            *({"type": name} for name in ("GeoPoint", "Polygon", "File", "Bytes", "ACL")),
            {"type": "Pointer", "targetClass": "Other"},
            {"type": "Relation", "targetClass": "_User"},
            {"type": "String", "required": True, "defaultValue": "x"},
        ]
    ),
)
class_names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True)
rights = st.dictionaries(
    st.sampled_from(["find", "get", "create", "update", "delete", "addField"]),
    st.sampled_from([{}, {"*": True}, {"role:x": True}, {"requiresAuthentication": True}]),
)


# Validating a whole document takes a second, so that a few apps have to do.
@settings(max_examples=8)
@given(
    st.dictionaries(st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True), fields, max_size=3),
    rights,
)
def test_any_app_has_a_valid_document(classes: dict[str, Json], permissions: Json) -> None:
    schemas = [
        {"className": name, "fields": found, "classLevelPermissions": permissions}
        for name, found in classes.items()
    ]
    validate(document("app", URL, KEYS, schemas))
