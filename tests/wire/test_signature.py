"""What a request asks for, without the values."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire.signature import signature
from tests.jobs.replay.recorded import operation


def query(where: Any, rest: str = "") -> str:
    """Return the signature of a query."""
    return signature(operation("GET", f"/classes/Post?where={quote(json.dumps(where))}{rest}"))


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "/classes/Post/abc", "GET /classes/Post/:id"),
        ("DELETE", "/users/abc", "DELETE /users/:id"),
        ("GET", "/users/me", "GET /users/me"),
        ("POST", "/files/cat.png", "POST /files/:name"),
        ("GET", "/files/app/tfss-1-cat.png", "GET /files/:app/:name"),
        ("POST", "/functions/hello", "POST /functions/hello"),
        ("POST", "/classes/Post", "POST /classes/Post"),
    ],
)
def test_a_route_has_no_ids(method: str, url: str, expected: str) -> None:
    assert signature(operation(method, url)) == expected


def test_an_object_with_an_id_of_its_own_is_made_in_its_class() -> None:
    assert signature(operation("POST", "/classes/P", {"objectId": "x"})) == "POST /classes/P"


def test_the_shape_of_a_query_is_sorted_and_holds_no_values() -> None:
    where = {"b": {"$gt": 3, "$lt": 5}, "a": 1, "$or": [{"x": 1}, {"y": {"$in": [1]}}]}
    assert (
        query(where, "&order=-createdAt&limit=3&skip=1")
        == "GET /classes/Post where($or(x|y($in)),a,b($gt,$lt)) order(-createdAt) limit skip"
    )


def test_a_pointer_in_a_query_is_a_value() -> None:
    pointer = {"__type": "Pointer", "className": "A", "objectId": "x"}
    assert query({"author": pointer}) == "GET /classes/Post where(author)"


def test_operators_of_an_update_are_part_of_it() -> None:
    body = {"n": {"__op": "Increment", "amount": 1}, "l": {"__op": "Add", "objects": []}, "t": 1}
    assert (
        signature(operation("PUT", "/classes/P/x", body)) == "PUT /classes/P/:id ops(Add,Increment)"
    )


def test_a_batch_names_each_kind_of_part_once() -> None:
    parts = [{"method": "PUT", "path": f"/1/classes/P/{n}", "body": {"a": n}} for n in range(3)]
    parts.append({"method": "POST", "path": "/1/classes/P", "body": {}})
    assert (
        signature(operation("POST", "/batch", {"requests": parts}))
        == "POST /batch [POST /classes/P] [PUT /classes/P/:id]"
    )


def test_a_deep_query_ends_somewhere() -> None:
    where: dict[str, Any] = {"a": 1}
    for _ in range(200):
        where = {"x": where}
    assert len(query(where)) < 100


@given(st.integers(), st.text(max_size=10), st.text(max_size=10))
def test_values_do_not_matter(number: int, one: str, other: str) -> None:
    body = {"score": number, "name": one}
    same = {"score": 0, "name": other}
    assert signature(operation("PUT", "/classes/P/a", body)) == signature(
        operation("PUT", "/classes/P/b", same)
    )
    assert query({"a": {"$gt": number}, "b": one}) == query({"b": other, "a": {"$gt": 0}})
