"""A part of a recording, with what it needs."""

from __future__ import annotations

import pytest

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.selection import matching, select
from parity.model import UserError
from tests.jobs.replay.recorded import APP, MADE, MOUNT, created, exchange, operation_of

TOKEN = "r:recorded0000000000000000X"


def chosen(pattern: str, *exchanges: RecordedExchange) -> tuple[list[int], list[int]]:
    """Return the numbers that are sent, and those that are meant."""
    sent, meant = select(exchanges, MOUNT, matching(pattern))
    return sorted(sent), sorted(meant)


def other(number: int) -> RecordedExchange:
    """Return an exchange that nothing below needs."""
    return exchange("POST", "/classes/Other", {"a": 1}, answer={"objectId": f"other{number:05}"})


def test_a_pattern_names_a_method_and_path_or_an_id() -> None:
    get = exchange("GET", "/classes/Post/abc?x=1", number=12)
    operation = operation_of(get)
    assert matching("GET /classes/Post*")(get, operation)
    assert matching("12")(get, operation)
    assert matching("?? */Post/???")(get, operation) is False
    assert not matching("get /classes/post*")(get, operation)
    assert not matching("1")(get, operation)


def test_a_tunnelled_request_is_named_by_what_it_asks_for() -> None:
    query = exchange("POST", "/classes/Post", {"_method": "GET"})
    assert chosen("GET /classes/Post", query) == ([0], [0])


def test_an_object_needs_what_made_and_changed_it() -> None:
    assert chosen(
        "GET *",
        created(0, "recorded00"),
        other(1),
        created(2, "recorded01"),
        exchange("PUT", "/classes/Post/recorded00", {"a": 1}),
        exchange("GET", "/classes/Post/recorded00"),
        exchange("PUT", "/classes/Post/recorded00", {"a": 2}),
    ) == ([0, 3, 4], [4])


def test_a_query_needs_every_write_to_its_class() -> None:
    found = chosen(
        "GET *",
        created(0, "recorded00"),
        other(1),
        created(2, "r1"),
        exchange("GET", "/classes/Post"),
    )
    assert found == ([0, 2, 3], [3])


def test_prerequisites_have_prerequisites() -> None:
    sign_up = exchange(
        "POST",
        "/users",
        {"username": "a"},
        answer={"objectId": "user000000", "sessionToken": TOKEN},
    )
    mine = exchange(
        "POST",
        "/classes/Note",
        {"a": 1},
        answer={"objectId": "note000000", "createdAt": MADE},
        headers=(APP, ("X-Parse-Session-Token", TOKEN)),
    )
    pointer = {"__type": "Pointer", "className": "Note", "objectId": "note000000"}
    user = exchange("POST", "/classes/Post", {"note": pointer}, answer={"objectId": "p"}, number=77)
    assert chosen("77", sign_up, other(1), mine, user) == ([0, 2, 3], [3])


@pytest.mark.parametrize(
    "path", ["/1/classes/B/recorded00", '/1/classes/B?where={"a":"recorded00"}']
)
def test_a_part_of_a_batch_needs_what_it_names(path: str) -> None:
    batch = exchange("POST", "/batch", {"requests": [{"method": "GET", "path": path}]})
    assert chosen("POST /batch", created(0, "recorded00"), other(1), batch) == ([0, 2], [2])


def test_a_function_needs_everything_that_was_written() -> None:
    found = chosen(
        "POST /functions/*",
        created(0, "recorded00"),
        exchange("GET", "/classes/Post"),
        other(2),
        exchange("POST", "/functions/f", {}),
        other(4),
    )
    assert found == ([0, 2, 3], [3])


def test_a_log_in_needs_the_sign_up() -> None:
    sign_up = exchange("POST", "/users", {"username": "a"}, answer={"objectId": "user000000"})
    login = exchange("GET", "/login?username=a", answer={"objectId": "user000000"})
    assert chosen("GET /login", other(0), sign_up, login) == ([1, 2], [2])


def test_a_selection_of_nothing_is_the_users_matter() -> None:
    with pytest.raises(UserError) as caught:
        chosen("DELETE *", other(0))
    assert caught.value.code == "only"
