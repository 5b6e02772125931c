"""The replay of real traffic reports wrong servers, where they are wrong, and no right one.

A part of the faults that the traffic exercises; ``python -m tests.faults.replay_matrix`` tries all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.judgement import Class
from tests.faults.faults import NAMED
from tests.faults.messages import Request, Response
from tests.faults.model import Fault, OnReply, State
from tests.faults.mutants import alter, at_random
from tests.faults.replay_trial import ReplayBench, replay_bench

FAULTS = {each.name: each for each in NAMED}
OBJECT_NOT_FOUND = "object not found for get"
"""What the hosted service said, and Parse Server says in other words: KD-0101."""

WHERE = (
    ("json-is-html", r"POST /login", "$header.Content-Type"),
    ("no-location", r"POST /classes/SdkTrack", "$header.Location"),
    ("updated-at-frozen", r"GET /classes/SdkTrack/:id", "$.updatedAt"),
    ("relation-add-lost", r"GET /classes/SdkTrack where\(\$relatedTo.*", "$.results[*]"),
    ("acl-ignored", r"GET /classes/SdkAlbum/:id", "$status"),
    ("last-row-missing", r"GET .* where\(objectId\(\$in\)\) limit", "$.results[*]"),
    ("lte-is-lt", r"GET /classes/SdkTrack where\(client,rank\(\$lte\)\).*", "$.results[*]"),
    ("near-is-unordered", r"GET /classes/SdkTrack .*\$nearSphere.*", "$.results"),
    ("included-is-a-pointer", r"GET .* include\(album\).*", "$.results[*].album.__type"),
    ("sign-up-without-token", r"POST /users", "$.sessionToken"),
    ("failed-log-in-has-another-code", r"POST /login", "$.code"),
    ("token-in-other-users", r"GET /classes/_User/:id", "$.sessionToken"),
    ("session-expires-in-the-past", r"GET /sessions/me", "$.expiresAt.iso"),
    ("download-is-truncated", r"GET /files/:app/:name", "$"),
    ("file-url-of-another-file", r"GET /classes/SdkAlbum .*", "$.results[*].notes.url"),
    ("errors-have-code-1", r"POST /functions/parityFail", "$.code"),
    ("function-sees-no-user", r"POST /functions/parityWhoAmI", "$.result.userId"),
    ("called-twice", r"POST /functions/parityIncrement", "$.result"),
)
"""Faults, with a request that shows each and the place in its reply that is wrong."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayBench]:
    with replay_bench(tmp_path_factory.mktemp("replay")) as bench:
        yield bench


@pytest.mark.parametrize("lanes", [1, 16])
def test_the_right_server_behaves_as_recorded(bench: ReplayBench, lanes: int) -> None:
    replayed = bench.run(lanes=lanes)
    assert not replayed.stopped
    assert not replayed.altered
    assert len(replayed.exchanges) == bench.source.total
    assert len(replayed.exchanges) >= 120
    assert replayed.outcomes == {Class.EQUAL: len(replayed.exchanges)}


@pytest.mark.parametrize(("name", "request_", "place"), WHERE, ids=[each[0] for each in WHERE])
def test_a_wrong_server_is_reported_where_it_is_wrong(
    bench: ReplayBench, name: str, request_: str, place: str
) -> None:
    replayed = bench.run(FAULTS[name])
    assert replayed.altered, "the recording does not exercise it any more"
    assert not replayed.stopped
    shown = [each for each in replayed.different.values() if re.fullmatch(request_, each.signature)]
    assert any(place in each.places for each in shown), {
        each.signature: each.places for each in replayed.different.values()
    }
    # A reply that was changed is never found to be the same, nor to differ as is known.
    assert replayed.unseen() == {}


def _other_words(exchange: RecordedExchange) -> RecordedExchange:
    """Return an exchange as the hosted service would have answered it."""
    response = exchange.response
    if response is None or b'"Object not found."' not in response.body or not _is_get(exchange):
        return exchange
    body = {**orjson.loads(response.body), "error": OBJECT_NOT_FOUND}
    return replace(exchange, response=replace(response, body=orjson.dumps(body)))


def _is_get(exchange: RecordedExchange) -> bool:
    return b'"_method":"GET"' in exchange.request.body


def test_a_known_difference_is_known_and_no_more(bench: ReplayBench) -> None:
    replayed = bench.run(recorded=_other_words)
    known = [exchange for exchange in replayed.exchanges.values() if exchange.known]
    assert known
    assert {each.known for each in known} == {("KD-0101",)}
    assert replayed.outcomes == {
        Class.KNOWN: len(known),
        Class.EQUAL: len(replayed.exchanges) - len(known),
    }


def test_a_fault_beside_a_known_difference_still_fails(bench: ReplayBench) -> None:
    replayed = bench.run(FAULTS["missing-object-has-another-code"], recorded=_other_words)
    both = [exchange for exchange in replayed.exchanges.values() if "$.code" in exchange.places]
    assert both
    for exchange in both:
        assert exchange.outcome is Class.DIFFERENT


def _third_text(_: Request, response: Response, _state: State) -> Response:
    if response.members.get("error") == "Object not found.":
        return response.with_members(error="object not found for delete")
    return response


def test_a_third_text_is_no_known_difference(bench: ReplayBench) -> None:
    fault = Fault("third-text", "objects", "A missing object is in other words.", reply=_third_text)
    replayed = bench.run(fault, recorded=_other_words)
    gets = [each for each in replayed.different.values() if each.signature.startswith("GET ")]
    assert gets
    assert all(get.places == ("$.error",) and not get.known for get in gets)
    assert replayed.unseen() == {}


def _found_again(request: Request, response: Response, _: State) -> Response:
    if request.is_create and request.route == "installations" and response.ok:
        updated = {"updatedAt": response.members["createdAt"]}
        return response.with_status(200).with_json(updated).with_headers(Location=None)
    return response


def test_a_new_device_is_none_that_was_known(bench: ReplayBench) -> None:
    """KD-0801 is about a device that is there already, and the recording shows that it was."""
    fault = Fault("found-again", "installations", "A new device is updated.", reply=_found_again)
    replayed = bench.run(fault)
    (made,) = replayed.altered
    assert replayed.exchanges[made].outcome is Class.DIFFERENT
    assert {"$status", "$.objectId"} <= set(replayed.exchanges[made].places)


def _in_a_browser(exchange: RecordedExchange) -> RecordedExchange:
    headers = (*exchange.request.headers, ("Origin", "https://app.example"))
    return replace(exchange, request=replace(exchange.request, headers=headers))


def test_a_reply_that_browsers_may_not_read_is_reported_to_browsers(bench: ReplayBench) -> None:
    replayed = bench.run(FAULTS["no-cors"], recorded=_in_a_browser)
    assert {exchange.outcome for exchange in replayed.exchanges.values()} == {Class.DIFFERENT}
    assert replayed.places() == {"$header.Access-Control-Allow-Origin"}
    # Nothing but a browser asks for them.
    assert bench.run(FAULTS["no-cors"]).outcomes == {Class.EQUAL: len(replayed.exchanges)}


def _in_reads(change: OnReply, drawn_by: Mapping[str, str]) -> OnReply:
    def reply(request: Request, response: Response, _: State) -> Response:
        if request.verb != "GET" or request.route.startswith("files/"):
            return response
        drawn = replace(request, check=drawn_by[request.check])
        return change(drawn, response, State())

    return reply


@pytest.mark.parametrize("change", [alter, None], ids=["altered", "missing"])
def test_no_value_of_a_read_is_overlooked(
    bench: ReplayBench, change: Callable[[Any], Any] | None
) -> None:
    """In each reply another place is wrong, drawn at random and the same in every run."""
    # The clients that were recorded ran side by side: the ids of exchanges differ between runs.
    by_signature = {name: each.signature for name, each in bench.run().exchanges.items()}
    reply = _in_reads(at_random(change, 7), by_signature)
    replayed = bench.run(Fault("one-value", "*", "One value of a read is wrong.", reply=reply))
    assert len(replayed.altered) >= 50
    assert replayed.unseen() == {}
