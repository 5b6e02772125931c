"""Which Difference follows from which."""

from __future__ import annotations

import pytest

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.effects import Effects
from parity.jobs.replay.judgement import Class, Judgement
from parity.model import Difference, Kind
from tests.jobs.replay.recorded import APP, created, exchange, node_of

TOKEN = "r:recorded0000000000000000X"


def followed(*exchanges: tuple[RecordedExchange, Class]) -> list[str]:
    """Return for each exchange which one it follows from."""
    effects = Effects()
    return [effects.follow(node_of(each), judged(outcome)) for each, outcome in exchanges]


def judged(outcome: Class, place: str = "$status") -> Judgement:
    """Return a judgement, with a difference if it is one."""
    found = Difference(place, Kind.VALUE, 200, 400)
    known = "KD-0001" if outcome is Class.KNOWN else None
    return Judgement(outcome, [(found, known)] if outcome in (Class.KNOWN, Class.DIFFERENT) else [])


MADE = created(1, "recorded00")
GET = exchange("GET", "/classes/Post/recorded00", answer={"objectId": "recorded00"}, number=2)


@pytest.mark.parametrize(
    "later",
    [
        GET,
        exchange("GET", "/classes/Post", number=2),
        exchange("PUT", "/classes/Post/recorded00", {"a": 1}, number=2),
        exchange("POST", "/classes/Note", {"post": {"objectId": "recorded00"}}, number=2),
        exchange("GET", "/classes/Note", answer={"results": [{"objectId": "recorded00"}]}),
        exchange("GET", "/classes/Note?where=%7B%22a%22:%22recorded00%22%7D"),
        exchange(
            "POST",
            "/batch",
            {"requests": [{"method": "DELETE", "path": "/1/classes/Post/recorded00"}]},
        ),
    ],
    ids=["get", "query", "update", "pointer", "result", "where", "batch"],
)
def test_what_touches_the_same_object_or_class_follows_from_a_write_that_differed(
    later: RecordedExchange,
) -> None:
    assert followed((MADE, Class.DIFFERENT), (later, Class.DIFFERENT)) == ["", "1"]


def test_what_touches_something_else_stands_for_itself() -> None:
    other = exchange("GET", "/classes/Other/x", number=2)
    assert followed((MADE, Class.DIFFERENT), (other, Class.DIFFERENT)) == ["", ""]


def test_what_is_the_same_follows_from_nothing() -> None:
    assert followed((MADE, Class.DIFFERENT), (GET, Class.EQUAL)) == ["", ""]


def test_nothing_follows_from_what_was_the_same() -> None:
    assert followed((MADE, Class.EQUAL), (GET, Class.DIFFERENT)) == ["", ""]


def test_nothing_follows_from_a_read() -> None:
    assert followed((GET, Class.DIFFERENT), (GET, Class.DIFFERENT)) == ["", ""]


def test_a_consequence_of_a_consequence_follows_from_the_first() -> None:
    copied = exchange(
        "POST",
        "/classes/Note",
        {"of": {"objectId": "recorded00"}},
        answer={"objectId": "recorded01"},
        number=2,
    )
    read = exchange("GET", "/classes/Note/recorded01", number=3)
    chain = [(each, Class.DIFFERENT) for each in (MADE, copied, read)]
    assert followed(*chain) == ["", "1", "1"]


def test_a_log_in_that_differed_spreads_with_its_session() -> None:
    login = exchange("GET", "/login", answer={"sessionToken": TOKEN}, number=1)
    headers = (APP, ("X-Parse-Session-Token", TOKEN))
    mine = exchange("GET", "/classes/Note/x", headers=headers, number=2)
    assert followed((login, Class.DIFFERENT), (mine, Class.DIFFERENT)) == ["", "1"]


def test_a_write_that_succeeded_on_both_sides_does_not_excuse_its_class() -> None:
    effects = Effects()
    assert effects.follow(node_of(MADE), judged(Class.DIFFERENT, "$[0].planted")) == ""
    query = node_of(exchange("GET", "/classes/Post", number=2))
    assert effects.follow(query, judged(Class.DIFFERENT)) == ""
    assert effects.follow(node_of(GET), judged(Class.DIFFERENT)) == "1"


def test_what_misses_an_object_follows_from_its_registered_refusal() -> None:
    assert followed((MADE, Class.KNOWN), (GET, Class.DIFFERENT)) == ["", "1"]
    query = exchange("GET", "/classes/Post", number=2)
    assert followed((MADE, Class.KNOWN), (query, Class.DIFFERENT)) == ["", ""]
