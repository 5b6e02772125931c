"""A quick look through a recording."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from parity.capture.recording import RecordedExchange
from parity.capture.recording_format import exchange_line
from parity.jobs.replay.survey import Survey, survey
from tests.jobs.replay.recorded import AT, MOUNT, created, exchange


def of(*exchanges: RecordedExchange) -> Survey:
    """Look through some exchanges."""
    return survey(map(exchange_line, exchanges), MOUNT)


def test_exchanges_lanes_and_times_are_found() -> None:
    found = of(
        created(5, "recorded00"), created(2, "recorded01", lane="b"), created(9, "r", lane="a")
    )
    assert found == Survey(3, AT + 2, AT + 9, frozenset(), 2)


def test_an_empty_recording_holds_nothing() -> None:
    assert of() == Survey(0, 0.0, 0.0, frozenset(), 0)


def test_what_a_body_says_is_neither_a_time_nor_a_lane() -> None:
    body = b'{"at":1,"lane":"x"}'
    assert of(exchange("POST", "/classes/P", body, number=3)) == Survey(
        1, AT + 3, AT + 3, frozenset(), 1
    )


LONG = ",".join(f"field{n}" for n in range(20))


@pytest.mark.parametrize(
    "query",
    [
        exchange("GET", "/classes/Post?order=-createdAt"),
        exchange("GET", "/classes/Post?order=updatedAt&limit=1"),
        exchange("GET", "/classes/Post?order=score%2C-createdAt"),
        exchange("GET", "/classes/Post?order=_created_at"),
        exchange("GET", f"/classes/Post?order={LONG},-createdAt"),
        exchange("POST", "/classes/Post", {"_method": "GET", "order": "-createdAt"}),
        exchange(
            "POST",
            "/batch",
            {"requests": [{"method": "GET", "path": "/1/classes/Post?order=-createdAt"}]},
        ),
    ],
    ids=["created", "updated", "second", "internal", "long", "tunnelled", "batch"],
)
def test_classes_that_a_query_orders_by_time_are_found(query: RecordedExchange) -> None:
    assert of(query).time_ordered == {"Post"}


@pytest.mark.parametrize(
    "request_",
    [
        exchange("GET", "/classes/Post?order=score"),
        exchange("GET", "/classes/Post?keys=createdAt&order=score"),
        exchange("GET", "/classes/Post?where=" + quote('{"order":"createdAt"}')),
        exchange("POST", "/classes/Post", {"order": "by createdAt"}),
        exchange("GET", "/classes/Order/x", answer={"createdAt": "x"}),
    ],
    ids=["score", "keys", "where", "field", "class"],
)
def test_no_other_class_is(request_: RecordedExchange) -> None:
    assert of(request_).time_ordered == frozenset()
