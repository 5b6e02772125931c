"""Rows that come back: do they belong there, in this order, with these values?"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parity.jobs.size.load.bind import CannotBind, bind, classes_of, fields_of
from parity.jobs.size.load.matching import matches, out_of_order, same

DAY = datetime(2026, 1, 1, tzinfo=UTC)
POINTER = {"__type": "Pointer", "className": "_User", "objectId": "u1"}
INCLUDED = {"__type": "Object", "className": "_User", "objectId": "u1", "username": "x"}
ROW: dict[str, Any] = {
    "objectId": "a1",
    "createdAt": "2026-01-02T00:00:00.000Z",
    "title": "Hello",
    "score": 10,
    "open": True,
    "tags": ["a", "b"],
    "author": POINTER,
    "nested": {"x": 1},
    "place": {"__type": "GeoPoint", "latitude": 1.0, "longitude": 2.0},
}


@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        ({"title": "Hello"}, True),
        ({"title": "Other"}, False),
        ({"score": 10.0}, True),
        ({"open": 1}, False),
        ({"tags": "a"}, True),
        ({"tags": "c"}, False),
        ({"tags": {"$all": ["a", "b"]}}, True),
        ({"tags": {"$all": ["a", "c"]}}, False),
        ({"author": INCLUDED}, True),
        ({"author": {**POINTER, "objectId": "u2"}}, False),
        ({"nested.x": 1}, True),
        ({"score": {"$gt": 9, "$lte": 10}}, True),
        ({"score": {"$gt": 10}}, False),
        ({"score": {"$gt": "9"}}, None),
        ({"createdAt": {"$lt": {"__type": "Date", "iso": "2026-01-03T00:00:00.000Z"}}}, True),
        ({"createdAt": {"$gt": {"__type": "Date", "iso": "2026-01-03T00:00:00.000Z"}}}, False),
        ({"score": {"$in": [1, 10]}}, True),
        ({"score": {"$nin": [1, 10]}}, False),
        ({"score": {"$ne": 11}}, True),
        ({"score": {"$ne": 10}}, False),
        ({"missing": {"$exists": False}}, True),
        ({"missing": 1}, False),
        ({"missing": {"$gt": 1}}, False),
        ({"title": {"$regex": "^Hel"}}, True),
        ({"title": {"$regex": "^x"}}, False),
        ({"title": {"$regex": "^H.*o"}}, None),
        ({"$or": [{"score": 1}, {"title": "Hello"}]}, True),
        ({"$or": [{"score": 1}, {"title": "x"}]}, False),
        ({"$and": [{"score": 10}, {"title": "x"}]}, False),
        ({"$nor": [{"score": 1}]}, True),
        ({"$nor": [{"score": 10}]}, False),
        ({"author": {"$inQuery": {"className": "_User", "where": {}}}}, None),
        ({"place": {"$nearSphere": ROW["place"]}}, None),
    ],
)
def test_a_row_matches_or_not_or_nobody_knows(where: dict[str, Any], verdict: object) -> None:
    assert matches(where, ROW, whole=True) is verdict


def test_a_field_that_was_not_asked_for_says_nothing() -> None:
    assert matches({"missing": 1}, ROW, whole=False) is None
    assert matches({"missing": 1}, ROW, whole=True) is False


@pytest.mark.parametrize(
    ("direction", "values", "wrong"),
    [
        (1, [1, 2, 2, 3], False),
        (1, [1, 3, 2], True),
        (-1, [3, 2, 2], False),
        (-1, [2, 3], True),
        (1, [1, "a", 0], False),
        (1, [DAY, DAY + timedelta(1)], False),
        (-1, [DAY, DAY + timedelta(1)], True),
    ],
)
def test_rows_out_of_order_are_seen(direction: int, values: list[Any], wrong: object) -> None:
    assert out_of_order(("score", direction), [{"score": value} for value in values]) is wrong


@pytest.mark.parametrize(
    ("sent", "got", "equal"),
    [
        (POINTER, INCLUDED, True),
        ([1, {"a": 2}], [1, {"a": 2, "more": 3}], True),
        ([1, 2], [2, 1], False),
        (1, True, False),
        ({"__type": "GeoPoint", "latitude": 1, "longitude": 3}, ROW["place"], False),
        ({"__type": "GeoPoint", "latitude": 1, "longitude": 2}, ROW["place"], True),
        ("x", "y", False),
    ],
)
def test_a_saved_value_comes_back_as_it_was(sent: Any, got: Any, equal: object) -> None:
    assert same(sent, got) is equal


SHAPES: list[dict[str, Any]] = [
    {"title": "?"},
    {"author": "?", "score": {"$gte": "?"}},
    {"tags": {"$all": ["?", "?"]}},
    {"score": {"$in": ["?", "?", "?"]}},
    {"title": {"$regex": "?", "$options": "i"}},
    {"$or": [{"title": "?"}, {"score": {"$lte": "?"}}]},
    {"createdAt": {"$lte": "?"}},
    {"missing": {"$exists": False}, "tags": "?"},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_row_matches_the_query_that_its_values_were_put_into(shape: dict[str, Any]) -> None:
    bound = bind({k: v for k, v in shape.items() if k != "missing"}, ROW, lambda _: ROW, _rng())
    assert "?" not in str(bound)
    assert matches(bound, ROW, whole=True) is not False


def test_inner_queries_are_bound_from_rows_of_their_own_class() -> None:
    shape = {"author": {"$inQuery": {"className": "_User", "where": {"username": "?"}}}}
    rows = {"_User": {"objectId": "u1", "username": "anna"}, "": ROW}
    bound = bind(shape, ROW, rows.get, _rng())
    assert bound["author"]["$inQuery"]["where"] == {"username": "anna"}
    assert list(classes_of(shape)) == [("_User", {"username": "?"})]
    assert fields_of(shape) == {"author"}


@pytest.mark.parametrize(
    "shape",
    [
        {"missing": "?"},
        {"score": {"$regex": "?"}},
        {"title": {"$within": {"$box": "?"}}},
        {"$text": "?"},
    ],
    ids=str,
)
def test_what_cannot_be_made_up_is_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(CannotBind):
        bind(shape, ROW, lambda _: ROW, _rng())


def _rng() -> random.Random:
    return random.Random(1)
