"""What an exchange reads, writes and mints."""

from __future__ import annotations

from typing import Any

import pytest

from parity.jobs.replay.access import MODIFY, READ, SCAN, TOUCH, Access, access, strings
from tests.jobs.replay.recorded import operation


def of(method: str, url: str, body: Any = None, answer: Any = None, **rest: Any) -> Access:
    """Return what a request touches."""
    return access(operation(method, url, body), answer, **rest)


@pytest.mark.parametrize(
    ("method", "url", "uses"),
    [
        ("GET", "/classes/Post", {("class Post", SCAN)}),
        ("GET", "/classes/Post/abc", {("abc", READ)}),
        ("POST", "/classes/Post", {("class Post", MODIFY)}),
        ("PUT", "/classes/Post/abc", {("class Post", MODIFY), ("abc", TOUCH)}),
        ("DELETE", "/users/abc", {("class _User", MODIFY), ("abc", TOUCH)}),
        ("GET", "/login", {("class _Session", MODIFY), ("class _User", SCAN)}),
        ("POST", "/logout", {("class _Session", MODIFY)}),
        ("GET", "/users/me", {("class _User", SCAN)}),
        ("GET", "/files/app/tfss-a.txt", {("tfss-a.txt", READ)}),
        ("DELETE", "/files/tfss-a.txt", {("tfss-a.txt", TOUCH)}),
        ("GET", "/config", set()),
    ],
)
def test_a_route_says_what_is_touched_and_how(
    method: str, url: str, uses: set[tuple[str, str]]
) -> None:
    assert set(of(method, url).uses) == uses


@pytest.mark.parametrize(
    ("method", "url", "exclusive"),
    [
        ("POST", "/functions/f", True),
        ("POST", "/jobs/j", True),
        ("PUT", "/config", True),
        ("POST", "/schemas/A", True),
        ("POST", "/roles", True),
        ("GET", "/roles", False),
        ("GET", "/schemas/A", False),
        ("POST", "/classes/Post", False),
    ],
)
def test_what_concerns_every_request_runs_alone(method: str, url: str, exclusive: bool) -> None:  # noqa: FBT001
    assert of(method, url).exclusive is exclusive


def test_a_batch_touches_what_its_parts_touch() -> None:
    parts = [
        {"method": "POST", "path": "/1/roles", "body": {"name": "r"}},
        {"method": "PUT", "path": "/1/classes/A/x", "body": {"f": 1}},
    ]
    found = of("POST", "/batch", {"requests": parts})
    assert {("class A", MODIFY), ("x", TOUCH), ("class _Role", MODIFY)} <= set(found.uses)
    assert found.exclusive
    assert set(found.fields) == {"A.f", "_Role.name"}


def test_an_inner_query_scans_its_class() -> None:
    where = {"author": {"$inQuery": {"className": "_User", "where": {"a": 1}}}}
    found = of("POST", "/classes/Post", {"_method": "GET", "where": where})
    assert set(found.uses) == {("class Post", SCAN), ("class _User", SCAN)}


def test_a_pointer_in_a_query_scans_nothing() -> None:
    where = {"author": {"__type": "Pointer", "className": "_User", "objectId": "x"}}
    found = of("POST", "/classes/Post", {"_method": "GET", "where": where})
    assert set(found.uses) == {("class Post", SCAN)}


def test_a_query_of_a_relation_reads_its_owner() -> None:
    owner = {"__type": "Pointer", "className": "Post", "objectId": "owner"}
    where = {"$relatedTo": {"object": owner, "key": "likes"}}
    found = of("POST", "/users", {"_method": "GET", "where": where})
    assert ("owner", READ) in found.uses


def test_what_a_response_holds_was_read() -> None:
    answer = {"results": [{"objectId": "r", "author": {"objectId": "a", "x": [{"objectId": "n"}]}}]}
    found = of("GET", "/classes/Post", None, answer)
    assert {("r", READ), ("a", READ), ("n", READ)} <= set(found.uses)


def test_a_huge_response_is_looked_through_in_part_only() -> None:
    answer = {"results": [{"objectId": str(n)} for n in range(10_000)]}
    assert 100 < len(of("GET", "/classes/Post", None, answer).uses) < 2100


def test_objects_by_themselves_touch_their_order_where_a_query_orders_by_time() -> None:
    ordered = frozenset({"Post"})
    use = ("order of Post", TOUCH)
    assert use in of("POST", "/classes/Post", {}, time_ordered=ordered).uses
    assert use not in of("GET", "/classes/Post", time_ordered=ordered).uses
    assert use not in of("POST", "/classes/Other", {}, time_ordered=ordered).uses


@pytest.mark.parametrize(
    ("method", "url", "answer", "mints"),
    [
        ("POST", "/classes/Post", {"objectId": "i"}, ("i",)),
        ("POST", "/users", {"objectId": "i", "sessionToken": "t"}, ("i", "t")),
        ("GET", "/login", {"objectId": "i", "sessionToken": "t"}, ("t",)),
        ("POST", "/files/a", {"name": "n", "url": "u"}, ("n",)),
        ("GET", "/classes/Post/i", {"objectId": "i"}, ()),
        ("POST", "/classes/Post", [1], ()),
        ("POST", "/classes/Post", {"objectId": 5}, ()),
    ],
)
def test_what_a_server_minted_is_in_its_response(
    method: str, url: str, answer: Any, mints: tuple[str, ...]
) -> None:
    assert of(method, url, {}, answer).mints == mints


def test_each_part_of_a_batch_mints() -> None:
    parts = [{"method": "POST", "path": "/1/classes/A", "body": {}}] * 2
    answer = [{"success": {"objectId": "i"}}, {"error": {"code": 1}}]
    assert of("POST", "/batch", {"requests": parts}, answer).mints == ("i",)


def test_every_string_is_found_keys_included() -> None:
    assert sorted(strings({"a": ["b", {"c": "d"}], "e": 1})) == ["a", "b", "c", "d", "e"]


def test_the_first_query_by_distance_may_make_an_index() -> None:
    near = {"place": {"$nearSphere": {"__type": "GeoPoint", "latitude": 1, "longitude": 2}}}
    body = {"_method": "GET", "where": near}
    assert of("POST", "/classes/A", body).fields == ("A.place near",)
    assert of("GET", "/classes/A").fields == ()
