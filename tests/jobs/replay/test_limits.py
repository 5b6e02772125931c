"""What is not sent, and what cannot be judged."""

from __future__ import annotations

from typing import Any

import pytest

from parity.capture.exchanges import MISSING_BODY, TRUNCATED_BODY
from parity.capture.importers.parse_server_log import REBUILT_ERROR
from parity.capture.recording import RecordedExchange
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.limits import (
    NO_ANSWER_BODY,
    NO_CLOUD_CODE,
    NO_REQUEST_BODY,
    NO_RESPONSE,
    READ_ONLY,
    doubted,
    keys_were_refused,
    why_not_judged,
    why_not_sent,
)
from parity.model import Difference, Kind
from tests.jobs.replay.recorded import dumped, exchange, node_of

WRITE = exchange("POST", "/classes/Post", {"a": 1}, answer={})
PUSH = exchange("POST", "/push", {}, answer={})
BATCHED = {"requests": [{"method": "POST", "path": "/1/push", "body": {}}]}


def not_sent(
    recorded: RecordedExchange, *, read_only: bool = False, allow: frozenset[str] = frozenset()
) -> str:
    """Return why an exchange is not sent."""
    return why_not_sent(node_of(recorded), read_only=read_only, allow=allow)


def test_nothing_is_written_where_only_reading_is_allowed() -> None:
    assert not_sent(WRITE, read_only=True) == READ_ONLY
    assert not_sent(WRITE) == ""
    assert not_sent(exchange("GET", "/classes/Post"), read_only=True) == ""
    tunnelled = exchange("POST", "/classes/Post", {"_method": "GET"})
    assert not_sent(tunnelled, read_only=True) == ""
    hidden = exchange("POST", "/classes/Post/x", {"_method": "DELETE"})
    assert not_sent(hidden, read_only=True) == READ_ONLY


@pytest.mark.parametrize(
    ("recorded", "what"),
    [
        (PUSH, "push"),
        (exchange("POST", "/batch", BATCHED), "push"),
        (exchange("POST", "/requestPasswordReset", {"email": "a@b.c"}), "email"),
        (exchange("POST", "/verificationEmailRequest", {"email": "a@b.c"}), "email"),
        (exchange("POST", "/hooks/functions", {}), "webhooks"),
    ],
    ids=["push", "batch", "reset", "verification", "hooks"],
)
def test_what_leaves_the_server_is_sent_only_if_it_is_allowed(
    recorded: RecordedExchange, what: str
) -> None:
    assert f"--allow {what}" in not_sent(recorded)
    assert not_sent(recorded, allow=frozenset({what})) == ""
    others = frozenset({"push", "email", "webhooks"} - {what})
    assert f"--allow {what}" in not_sent(recorded, allow=others)


@pytest.mark.parametrize("note", [TRUNCATED_BODY, MISSING_BODY])
def test_a_body_that_was_not_kept_is_not_made_up(note: str) -> None:
    sent = exchange("POST", "/classes/Post", answer={}, notes=(note, f"{note}: request"))
    assert not_sent(sent) == NO_REQUEST_BODY
    got = exchange("POST", "/classes/Post", {}, answer={}, notes=(note, f"{note}: response"))
    assert not_sent(got) == ""
    assert not_judged(got, 200) == NO_ANSWER_BODY
    assert not_judged(got, 500) == "", "the status is known"


def not_judged(
    recorded: RecordedExchange, status: int, answer: Any = None, *, has_cloud_code: bool = True
) -> str:
    """Return why an answer cannot be compared."""
    got = Answer(status, {}, dumped(answer), 1.0)
    return why_not_judged(node_of(recorded), got, has_cloud_code=has_cloud_code)


def test_without_a_recorded_response_nothing_is_judged() -> None:
    assert not_judged(exchange("GET", "/config", has_response=False), 200) == NO_RESPONSE
    assert not_judged(exchange("GET", "/config", answer={}), 200, {}) == ""


INVALID = {"code": 141, "error": 'Invalid function: "hello"'}


@pytest.mark.parametrize(
    ("status", "answer", "has_cloud_code", "why"),
    [
        (400, INVALID, False, NO_CLOUD_CODE),
        (400, INVALID, True, ""),
        (400, {"code": 141, "error": "it failed"}, False, ""),
        (400, {"code": 142, "error": "Invalid"}, False, ""),
        (500, INVALID, False, ""),
        (200, {"result": 1}, False, ""),
        (400, b"<html>", False, ""),
    ],
)
def test_only_a_function_that_a_server_does_not_have_is_excused(
    status: int,
    answer: Any,
    has_cloud_code: bool,  # noqa: FBT001
    why: str,
) -> None:
    call = exchange("POST", "/functions/hello", {}, answer={"result": 1})
    assert not_judged(call, status, answer, has_cloud_code=has_cloud_code) == why


@pytest.mark.parametrize(
    ("note", "status", "outcome"),
    [
        (REBUILT_ERROR, 400, Class.UNSUPPORTED),
        (REBUILT_ERROR, 500, Class.DIFFERENT),
        ("another note", 400, Class.DIFFERENT),
    ],
)
def test_a_doubtful_recording_accuses_nobody_but_a_server_that_breaks(
    note: str, status: int, outcome: Class
) -> None:
    recorded = exchange("GET", "/config", answer={}, notes=(note,))
    found = Judgement(Class.DIFFERENT, [(Difference("$.a", Kind.VALUE, 1, 2), None)])
    got = Answer(status, {}, b"", 1.0)
    assert doubted(node_of(recorded), got, found).outcome is outcome
    same = Judgement(Class.EQUAL)
    assert doubted(node_of(recorded), got, same) is same


@pytest.mark.parametrize(
    ("status", "answer", "refused"),
    [
        (401, {"error": "unauthorized"}, True),
        (403, {"error": "unauthorized"}, True),
        (403, {"code": 119, "error": "Permission denied"}, False),
        (200, {"error": "unauthorized"}, False),
    ],
)
def test_keys_were_refused_only_where_a_server_says_so(
    status: int, answer: dict[str, Any], *, refused: bool
) -> None:
    recorded = exchange("GET", "/classes/Post", answer=answer, status=status)
    assert keys_were_refused(node_of(recorded)) is refused
