"""A whole replay against a server that sends what it is told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.capture.recording import RecordedExchange
from parity.compare import Register
from parity.jobs.replay.engine import GIVE_UP_AFTER, Options, Replay
from parity.jobs.replay.journal import Journal
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.tally import Tally
from parity.model import HarnessError
from tests.jobs.replay.misbehaving import Handler, Visit, always, run, serving
from tests.jobs.replay.recorded import APP, AT, MOUNT, dumped, exchange, target

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


def ok(answer: Any) -> bytes:
    """Return an answer with JSON."""
    body = dumped(answer)
    return HEAD % (len(body), body)


def replayed(
    folder: Path, exchanges: list[RecordedExchange], handler: Handler, **options: Any
) -> tuple[Tally, list[bytes]]:
    """Replay exchanges one after the other; return the tally and what the server was sent."""

    async def main() -> tuple[Tally, list[bytes]]:
        async with serving(handler) as server:
            journal = Journal(folder / "journal.jsonl", {})
            one = Replay(
                target(f"http://127.0.0.1:{server.port}/parse"),
                mount=MOUNT,
                register=Register(),
                options=Options(lanes=1, **options),
                journal=journal,
                folder=folder,
                shown=lambda *_: None,
                started_at=AT,
            )
            try:
                return await one.run(exchanges), server.requests
            finally:
                journal.close()

    return run(main())


def reads(count: int, answer: Any = None) -> list[RecordedExchange]:
    """Return reads that were answered with the same."""
    return [exchange("GET", "/config", answer=answer or {"x": 1}, number=n) for n in range(count)]


def test_what_is_answered_as_recorded_is_equal(tmp_path: Path) -> None:
    tally, requests = replayed(tmp_path, reads(5), always(ok({"x": 1})))
    assert (tally.outcomes, len(requests)) == ({Class.EQUAL: 5}, 5)


def test_a_request_that_cannot_be_sent_is_an_error_and_the_rest_is_replayed(
    tmp_path: Path,
) -> None:
    evil = exchange(
        "GET", "/config", answer={"x": 1}, headers=(APP, ("X-A", "a\r\nX-Evil: 1")), number=99
    )
    tally, requests = replayed(tmp_path, [evil, *reads(3)], always(ok({"x": 1})))
    assert tally.outcomes == {Class.EQUAL: 3, Class.ERROR: 1}
    assert not any(b"Evil" in request for request in requests)


def test_an_answer_that_is_no_http_is_an_error_and_the_rest_is_replayed(tmp_path: Path) -> None:
    async def handler(visit: Visit) -> None:
        while await visit.read():
            await visit.send(b"SSH-2.0\r\n\r\n" if len(visit.requests) == 2 else ok({"x": 1}))

    tally, requests = replayed(tmp_path, reads(4), handler)
    assert (tally.outcomes, len(requests)) == ({Class.EQUAL: 3, Class.ERROR: 1}, 4)


def test_a_server_that_gives_no_answer_again_and_again_ends_the_replay(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"in a row.*--resume"):
        replayed(tmp_path, reads(GIVE_UP_AFTER + 5), always(b"SSH-2.0\r\n\r\n"))


def test_answers_that_are_nested_too_deeply_are_an_error_and_no_pass(tmp_path: Path) -> None:
    deep = b'{"result":' + b"[" * 900 + b"]" * 900 + b"}"
    recorded = [exchange("GET", "/config", answer=deep, number=n) for n in range(2)]
    tally, _ = replayed(tmp_path, recorded, always(ok(deep)))
    assert tally.outcomes == {Class.ERROR: 2}


def test_a_read_only_replay_sends_no_write(tmp_path: Path) -> None:
    write = exchange("POST", "/classes/Post", {"a": 1}, answer={}, number=9)
    tally, requests = replayed(tmp_path, [write, *reads(1)], always(ok({"x": 1})), read_only=True)
    assert tally.outcomes == {Class.NOT_SENT: 1, Class.EQUAL: 1}
    assert [request.partition(b" ")[0] for request in requests] == [b"GET"]


def test_what_a_server_mints_is_what_later_requests_name(tmp_path: Path) -> None:
    async def handler(visit: Visit) -> None:
        made = {"objectId": "minted0000", "createdAt": "2026-01-01T00:00:00.000Z"}
        while request := await visit.read():
            answer = made if request.startswith(b"POST") else made | {"title": "t"}
            await visit.send(ok(answer))

    old = {"objectId": "recorded00", "createdAt": "2016-03-09T17:13:00.000Z"}
    exchanges = [
        exchange("POST", "/classes/Post", {"title": "t"}, answer=old, number=1, lane="a"),
        exchange("GET", "/classes/Post/recorded00", answer=old | {"title": "t"}, lane="b"),
    ]
    tally, requests = replayed(tmp_path, exchanges, handler)
    assert tally.outcomes == {Class.EQUAL: 2}
    assert requests[1].startswith(b"GET /parse/classes/Post/minted0000 ")


def test_only_what_was_selected_is_sent_and_only_what_is_meant_counts(tmp_path: Path) -> None:
    tally, requests = replayed(
        tmp_path,
        reads(5),
        always(ok({"x": 1})),
        selected=frozenset({1, 3}),
        judged=frozenset({3}),
    )
    assert (len(requests), tally.total) == (2, 1)
