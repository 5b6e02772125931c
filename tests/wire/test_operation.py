"""What a request asks for."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire.operation import OUTBOUND, Action, parse_operation
from tests.jobs.replay.recorded import dumped, operation


@pytest.mark.parametrize(
    ("method", "url", "action", "class_name", "object_id"),
    [
        ("POST", "/classes/Post", Action.CREATE, "Post", ""),
        ("GET", "/classes/Post", Action.QUERY, "Post", ""),
        ("GET", "/classes/Post/abc", Action.GET, "Post", "abc"),
        ("PUT", "/classes/Post/abc", Action.UPDATE, "Post", "abc"),
        ("DELETE", "/classes/Post/abc", Action.DELETE, "Post", "abc"),
        ("POST", "/users", Action.CREATE, "_User", ""),
        ("GET", "/users/me", Action.ME, "_User", ""),
        ("GET", "/users/abc", Action.GET, "_User", "abc"),
        ("GET", "/sessions/me", Action.ME, "_Session", ""),
        ("PUT", "/sessions/me", Action.UPDATE, "_Session", ""),
        ("GET", "/roles", Action.QUERY, "_Role", ""),
        ("POST", "/installations", Action.CREATE, "_Installation", ""),
        ("GET", "/login?username=a&password=b", Action.LOG_IN, "_User", ""),
        ("POST", "/logout", Action.LOG_OUT, "_Session", ""),
        ("POST", "/functions/hello", Action.FUNCTION, "", ""),
        ("POST", "/jobs/tidy", Action.FUNCTION, "", ""),
        ("POST", "/files/a.txt", Action.UPLOAD, "", ""),
        ("GET", "/files/app/a.txt", Action.DOWNLOAD, "", ""),
        ("DELETE", "/files/a.txt", Action.DELETE_FILE, "", ""),
        ("GET", "/aggregate/Post", Action.QUERY, "Post", ""),
        ("GET", "/config", Action.READ, "", ""),
        ("PUT", "/config", Action.CHANGE, "", ""),
        ("POST", "/schemas/Post", Action.CHANGE, "", ""),
    ],
)
def test_a_route_says_what_is_done_to_what(
    method: str, url: str, action: Action, class_name: str, object_id: str
) -> None:
    found = operation(method, url)
    assert (found.action, found.class_name, found.object_id) == (action, class_name, object_id)


def test_the_method_in_the_body_of_a_post_goes_before_the_request_line() -> None:
    found = operation("POST", "/classes/Post", {"_method": "get", "where": {"a": 1}})
    assert (found.method, found.action) == ("GET", Action.QUERY)
    assert found.params == {"where": {"a": 1}}


def test_the_method_in_the_body_of_another_verb_says_nothing() -> None:
    assert operation("PUT", "/classes/Post/a", {"_method": "DELETE"}).action is Action.UPDATE


def test_fields_about_the_request_are_not_part_of_the_object() -> None:
    found = operation("POST", "/classes/Post", {"_ApplicationId": "x", "_method": "POST", "a": 1})
    assert found.body == {"a": 1}


def test_a_query_is_read_from_the_url() -> None:
    where = quote('{"author":{"$ne":"x"}}', safe="")
    found = operation("GET", f"/classes/Post?where={where}&limit=5&order=-createdAt")
    assert found.params == {
        "where": {"author": {"$ne": "x"}},
        "limit": "5",
        "order": "-createdAt",
    }


def test_a_query_that_is_text_in_a_tunnelled_body_is_read_as_well() -> None:
    found = operation("POST", "/classes/Post", {"_method": "GET", "where": '{"a":"b"}'})
    assert found.params == {"where": {"a": "b"}}


def test_what_only_looks_like_json_stays_text() -> None:
    assert operation("GET", "/classes/Post?where=%7Bno").params == {"where": "{no"}


def test_a_batch_holds_its_parts_with_and_without_the_mount() -> None:
    found = operation(
        "POST",
        "/batch",
        {
            "requests": [
                {"method": "post", "path": "/1/classes/Post", "body": {"a": 1}},
                {"method": "DELETE", "path": "/classes/Post/abc"},
                {"method": "GET", "path": '/1/users?where={"a":"b"}'},
            ]
        },
    )
    assert [(p.method, p.action, p.class_name, p.object_id) for p in found.parts] == [
        ("POST", Action.CREATE, "Post", ""),
        ("DELETE", Action.DELETE, "Post", "abc"),
        ("GET", Action.QUERY, "_User", ""),
    ]
    assert found.parts[2].params == {"where": {"a": "b"}}
    assert found.changes


def test_a_batch_of_nothing_but_reads_changes_nothing() -> None:
    body = {"requests": [{"method": "GET", "path": "/1/classes/Post"}]}
    assert not operation("POST", "/batch", body).changes


def test_a_request_outside_of_the_mount_is_no_operation_of_parse() -> None:
    found = parse_operation("GET", "/10/classes/Post", b"", "/1")
    assert (found.action, found.path) == (Action.OUTSIDE, "/10/classes/Post")


def test_a_server_at_the_root_has_no_mount() -> None:
    assert parse_operation("GET", "/classes/Post/x", b"", "").object_id == "x"


def test_segments_are_decoded() -> None:
    assert operation("GET", "/files/app/a%20b.txt").segments == ("files", "app", "a b.txt")


@pytest.mark.parametrize("route", sorted(OUTBOUND))
def test_what_leaves_the_server_is_known_by_its_route(route: str) -> None:
    assert operation("POST", f"/{route}", {}).outbound == OUTBOUND[route]


def test_reading_a_route_that_sends_sends_nothing() -> None:
    assert operation("GET", "/hooks/functions").outbound == ""


def test_the_case_of_a_route_hides_nothing_that_leaves_the_server() -> None:
    assert operation("POST", "/PUSH", {}).outbound == "push"


def test_a_batch_in_a_batch_hides_nothing_that_leaves_the_server() -> None:
    push = {"method": "POST", "path": "/1/push", "body": {}}
    inner = {"method": "POST", "path": "/1/batch", "body": {"requests": [push]}}
    found = operation("POST", "/batch", {"requests": [inner]})
    assert found.parts[0].outbound == "push"


@pytest.mark.parametrize(
    "body", [{"requests": 5}, {"requests": [None, 3, {"path": 7, "method": None}]}, [], {}, None]
)
def test_a_batch_that_is_none_does_not_stop_the_replay(body: object) -> None:
    assert operation("POST", "/batch", body).action is Action.BATCH


def test_an_own_id_of_a_new_object_is_its_object() -> None:
    assert operation("POST", "/classes/Post", {"objectId": "mine"}).object_id == "mine"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["requests", "_method", "path", "body", "a"]), inner)
    ),
    max_leaves=8,
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
    url=st.text(st.sampled_from("/1classesPostbatchusersfilesme?=&%7B{"), max_size=40),
    body=JSON | st.binary(max_size=8),
)
def test_whatever_was_recorded_is_understood_as_something(
    method: str, url: str, body: object
) -> None:
    parse_operation(method, "/" + url, dumped(body), "/1").changes  # noqa: B018 - must not raise
