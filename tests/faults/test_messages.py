"""Requests and responses as values, and that no fault breaks on whatever passes through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.faults.faults import MUTANTS, NAMED
from tests.faults.messages import Request, Response, answer, dumps, map_values
from tests.faults.model import State
from tests.faults.mutants import alter, changed_at, places

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARSE_KEYS = st.sampled_from(
    [
        "objectId",
        "createdAt",
        "username",
        "authData",
        "results",
        "count",
        "result",
        "code",
        "error",
        "sessionToken",
        "ACL",
        "__op",
        "__type",
        "_method",
        "where",
        "objects",
        "email",
        "requests",
    ]
)
PARSE_VALUES = st.dictionaries(PARSE_KEYS, JSON_VALUES, max_size=5)
ROUTES = st.sampled_from(
    [
        "classes/A",
        "classes/A/abc",
        "users",
        "users/me",
        "login",
        "logout",
        "batch",
        "files/a.txt",
        "sessions",
        "sessions/me",
        "functions/f",
        "classes/ParityHooked",
        "config",
        "jobs/j",
    ]
)


def request(method: str, path: str, body: Any = None, **headers: str) -> Request:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request(method, "/parse", f"/parse/{path}", pairs, b"" if body is None else dumps(body))


def test_method_override_is_the_verb() -> None:
    sent = request("POST", "classes/A", {"_method": "GET", "where": {"a": 1}, "limit": 2})

    assert (sent.verb, sent.is_find, sent.is_create) == ("GET", True, False)
    assert (sent.where, sent.params["limit"]) == ({"a": 1}, 2)


@pytest.mark.parametrize(
    "sent",
    [
        request("GET", "classes/A?where=%7B%22a%22%3A1%7D&order=-a"),
        request("POST", "classes/A", {"_method": "GET", "where": {"a": 1}, "order": "-a"}),
    ],
    ids=["in the query", "in the body"],
)
def test_constraints_are_changed_where_they_are(sent: Request) -> None:
    changed = sent.with_where(lambda where: {**where, "b": "å&="})

    assert changed.where == {"a": 1, "b": "å&="}
    assert changed.params["order"] == "-a"
    assert changed.with_params(order=None, where=None).where == {}
    assert sent.with_where(dict) is sent


def test_the_kinds_of_requests_are_told_apart() -> None:
    assert request("GET", "classes/A/abc").is_fetch
    assert request("PUT", "users/abc", {}).is_update
    assert request("DELETE", "sessions/abc").is_delete
    assert not request("GET", "users/me").is_fetch
    assert not request("GET", "classes/A/b/c").is_fetch
    assert request("GET", "classes/A").of_class
    assert not request("GET", "classes/_User").of_class
    assert request("GET", "../elsewhere").mount == "/parse"
    assert Request("GET", "/parse", "/other/classes/A").route == ""


def test_the_session_is_taken_from_header_and_body() -> None:
    in_header = request("GET", "users/me", X_Parse_Session_Token="r:1")
    in_body = request("POST", "users/me", {"_SessionToken": "r:2", "a": 1})

    assert (in_header.session, in_body.session) == ("r:1", "r:2")
    assert not in_header.without_session().session
    assert in_body.without_session().members == {"a": 1}
    assert in_header.as_master("m").header("x-parse-master-key") == "m"


def test_every_row_or_the_one_object_is_changed() -> None:
    def mark(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "seen": True}

    rows = answer(200, {"results": [{"a": 1}, "odd"], "count": 2}).each_object(mark)
    assert rows.json == {"results": [{"a": 1, "seen": True}, "odd"], "count": 2}
    assert answer(200, {"a": 1}).each_object(mark).json == {"a": 1, "seen": True}
    untouched = answer(200, {"a": 1})
    assert untouched.each_object(dict) is untouched


def test_a_boolean_is_no_number_and_the_same_value_no_change() -> None:
    received = answer(200, {"results": [{"flag": False, "n": 1}]})

    assert received.with_rows([{"flag": 0, "n": 1}]).body == b'{"results":[{"flag":0,"n":1}]}'
    assert received.with_rows([{"flag": False, "n": 1}]) is received
    sent = request("PUT", "classes/A/abc", {"flag": False})
    assert sent.with_json({"flag": False}) is sent
    assert sent.with_json({"flag": 0}).body == b'{"flag":0}'


def test_values_are_mapped_from_the_inside() -> None:
    assert map_values({"a": [1, {"b": 2}]}, lambda v: v + 1 if isinstance(v, int) else v) == {
        "a": [2, {"b": 3}]
    }


@given(JSON_VALUES)
def test_a_changed_place_makes_another_value(value: Any) -> None:
    for place in places(value):
        assert dumps(changed_at(value, place, None)) != dumps(value)
        assert dumps(changed_at(value, place, lambda _: {"changed": [0]})) != dumps(value)


@given(JSON_VALUES.filter(lambda value: not isinstance(value, float | int) or abs(value) < 2**53))
def test_an_altered_value_is_another(value: Any) -> None:
    assert dumps(alter(value)) != dumps(value)


@settings(max_examples=examples(60))
@given(
    route=ROUTES,
    method=st.sampled_from(("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD")),
    body=PARSE_VALUES | JSON_VALUES,
    status=st.sampled_from((200, 201, 400, 404, 500)),
    reply=PARSE_VALUES | JSON_VALUES | st.lists(PARSE_VALUES, max_size=2),
)
def test_no_fault_breaks_on_what_passes(
    route: str, method: str, body: Any, status: int, reply: Any
) -> None:
    sent = request(method, route, body, X_Parse_Session_Token="r:1")
    received = answer(status, reply)
    for fault in (*NAMED, *MUTANTS):
        state = State(master_key="m")
        if fault.request is not None:
            assert isinstance(fault.request(sent, state), Request | Response), fault.name
        if fault.reply is not None:
            assert isinstance(fault.reply(sent, received, state), Response), fault.name
