"""Known differences recognised in recorded traffic: by request, status, key and place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.compare import Recognition, Traffic, load_register
from parity.compare.known import When
from parity.model import Difference, Kind, UserError
from parity.paths import shipped

ENTRY = """
[[difference]]
id = "KD-9999"
title = "t"
area = "users"
versions = ">=2.0"
severity = "benign"
provenance = "recorded"
source = "s"
cause = "c"
effect = "e"
remedy = "r"
owner = "o"
[[difference.recognise]]
"""
MISSING = Difference("$.sessionToken", Kind.MISSING, "r:1", None)
SIGN_UP = Traffic("POST /users", 201, "master")


def token(**more: object) -> Recognition:
    return Recognition("$.sessionToken", missing=True, requests=("POST /users",), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "request_", "covers"),
    [
        ("GET /classes/*", "GET /classes/Post", True),
        ("GET /classes/*", "GET /classes/Post/abc", False),
        ("GET /classes/*/*", "GET /classes/Post/abc", True),
        ("* /batch", "POST /batch", True),
        ("GET /classes/Post", "POST /classes/Post", False),
        ("GET /", "GET /", True),
        ("GET /*", "GET /", True),
    ],
)
def test_a_star_stands_for_one_segment_or_any_method(
    pattern: str, request_: str, *, covers: bool
) -> None:
    recognition = Recognition("$.sessionToken", missing=True, requests=(pattern,))

    assert recognition.recognises_traffic(MISSING, Traffic(request_, 200)) is covers


def test_another_status_is_not_recognised() -> None:
    assert token(status=201).recognises_traffic(MISSING, SIGN_UP)
    assert not token(status=200).recognises_traffic(MISSING, SIGN_UP)


def test_a_request_without_the_master_key_is_not_recognised() -> None:
    assert token(auth="master").recognises_traffic(MISSING, SIGN_UP)
    assert not token(auth="master").recognises_traffic(MISSING, Traffic("POST /users", 201))


def test_a_recorded_answer_without_the_member_is_not_recognised() -> None:
    shown = Traffic("POST /users", 201, recorded=frozenset({"objectId", "updatedAt"}))

    assert token(recorded="updatedAt").recognises_traffic(MISSING, shown)
    assert not token(recorded="updatedAt").recognises_traffic(MISSING, SIGN_UP)


def test_what_is_there_but_other_is_not_taken_for_missing() -> None:
    other = Difference("$.sessionToken", Kind.VALUE, "r:1", "r:2")

    assert not token().recognises_traffic(other, SIGN_UP)


def test_a_recognition_for_traffic_is_none_for_checks() -> None:
    assert not token().recognises(MISSING, "suites/users/test_x.py::test_y")


def test_a_starred_member_is_any_member_but_no_deeper_place() -> None:
    recognition = Recognition("$.*", missing=True, requests=("POST /installations",))
    traffic = Traffic("POST /installations", 200)

    for path, known in (("$.badge", True), ("$.a.b", False), ("$.a[0]", False), ("$", False)):
        found = Difference(path, Kind.MISSING, 1, None)
        assert recognition.recognises_traffic(found, traffic) is known, path


@pytest.mark.parametrize(
    ("recognise", "said"),
    [
        ('path = "$"\nmissing = true', "names neither checks nor requests"),
        ('path = "$"\nmissing = true\nrequests = ["classes/Post"]', "is not a method and a path"),
        ('path = "$"\nmissing = true\nchecks = ["a"]\nstatus = 200', "are for requests"),
        ('path = "$"\nmissing = true\nchecks = ["a"]\nrecorded = "n"', "are for requests"),
    ],
)
def test_a_recognition_that_is_too_wide_or_malformed_is_refused(
    recognise: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text(ENTRY + recognise, "utf-8")

    with pytest.raises(UserError, match=said):
        load_register([tmp_path])


@pytest.mark.parametrize(
    ("headers", "sent", "answered", "is_met"),
    [
        ({"x-how": "GET"}, {"where": {"a": {"$regex": "x"}}}, {"a", "b"}, True),
        ({"x-how": "GET"}, {"where": {"a": {"$regex": "x"}}}, {"a"}, False),
        ({"x-how": "GET"}, {"where": {"a": {"$regex": "x"}}}, {"a", "b", "c"}, False),
        ({"x-how": "GET"}, {"where": {"a": "x"}}, {"a", "b"}, False),
        ({"x-how": "PUT"}, {"where": {"a": {"$regex": "x"}}}, {"a", "b"}, False),
        ({}, {"where": {"a": {"$regex": "x"}}}, {"a", "b"}, False),
    ],
)
def test_an_entry_says_when_it_is_met_and_how_the_answer_looks_then(
    headers: dict[str, str], sent: dict[str, Any], answered: set[str], *, is_met: bool
) -> None:
    when = When({"X-How": "GET"}, {"where.a.$regex": ".+"})
    assert when.holds(Traffic("GET /x", 200, headers=headers, sent=sent)) is (
        is_met or answered != {"a", "b"}
    )
    known = next(iter(load_register([shipped("scenarios/known-differences")])))
    entry = replace(known, when=when, answer_has=("a", "b"))
    traffic = Traffic("GET /x", 200, headers=headers, sent=sent, answered=frozenset(answered))
    assert entry.is_met(traffic) is is_met
