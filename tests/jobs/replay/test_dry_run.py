"""What a replay would send."""

from __future__ import annotations

from parity.jobs.replay.survey import MOST_SIGNATURES, counts
from tests.jobs.replay.recorded import created, exchange

EXCHANGES = [
    created(1, "recorded00"),
    created(2, "recorded01", lane="b"),
    exchange("GET", "/classes/Post/recorded00", lane="b"),
    exchange("GET", "/classes/Post/recorded01", has_response=False),
    exchange("POST", "/batch", {"requests": [{"method": "GET", "path": "/1/classes/Post"}]}),
]
BASE = "https://api.parse.com/1"


def test_requests_are_counted_by_what_they_do() -> None:
    assert counts(EXCHANGES, BASE, None) == {
        "recorded at": BASE,
        "requests": 5,
        "that write": 2,
        "without a response": 1,
        "clients": 2,
        "distinct signatures": 3,
        "operations": {"create": 2, "get": 2, "batch": 1},
        "signatures": {
            "POST /classes/Post": 2,
            "GET /classes/Post/:id": 2,
            "POST /batch [GET /classes/Post]": 1,
        },
    }


def test_a_pattern_counts_what_it_means_only() -> None:
    found = counts(EXCHANGES, BASE, "GET *")
    assert (found["requests"], found["that write"], found["clients"]) == (2, 0, 2)


def test_nothing_is_counted_as_nothing() -> None:
    assert counts([], BASE, None)["requests"] == 0


def test_the_mount_of_the_recording_decides_what_a_path_is() -> None:
    found = counts(EXCHANGES[:1], "http://h/parse", None)
    assert found["operations"] == {"outside": 1}


def test_the_most_frequent_signatures_are_shown() -> None:
    many = [exchange("GET", f"/classes/C{n}") for n in range(MOST_SIGNATURES + 9)]
    found = counts([*many, many[-1]], BASE, None)
    assert len(found["signatures"]) == MOST_SIGNATURES
    assert next(iter(found["signatures"].items())) == (f"GET /classes/C{MOST_SIGNATURES + 8}", 2)
    assert found["distinct signatures"] == MOST_SIGNATURES + 9
