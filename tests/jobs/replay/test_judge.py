"""What becomes of an exchange."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from parity.compare import KnownDifference, Register, Severity, Shown, Shows, When
from parity.compare.versions import Versions
from parity.jobs.replay.judge import CLIENT_HEADERS
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.noise import NOISE, Noise
from parity.model import Kind
from tests.jobs.replay.recorded import (
    APP,
    JSON_TYPE,
    LIVE,
    MADE,
    Judging,
    created,
    exchange,
    places,
)

ROW = {"objectId": "minted0000", "createdAt": LIVE}


def known(when: When, *places: Shown) -> Register:
    """Return a register with one entry."""
    entry = KnownDifference(
        id="KD-0001",
        title="A difference of the tests",
        area="objects",
        versions=Versions(">=0"),
        when=(when,),
        shows=(Shows(places=places),),
        cause="c",
        effect="e",
        remedy="r",
        severity=Severity.BENIGN,
        provenance="observed",
        source="here",
        owner="tests",
        expires=dt.date(2999, 1, 1),
    )
    return Register({entry.id: entry})


def test_what_is_the_same_is_equal_and_teaches(tmp_path: Path) -> None:
    found = Judging(tmp_path)(created(1, "recorded00"), ROW)
    assert (found.outcome, found.differences, found.reason) == (Class.EQUAL, [], "")
    assert found.learned == [("recorded00", "minted0000")]
    assert found.times == [("recorded00", MADE, LIVE)]


def test_another_status_is_different(tmp_path: Path) -> None:
    found = Judging(tmp_path)(created(1, "recorded00"), ROW, 200)
    assert places(found) == [("$status", Kind.VALUE)]


def test_another_error_is_different(tmp_path: Path) -> None:
    recorded = exchange("GET", "/classes/P/x", answer={"code": 101, "error": "a"}, status=404)
    judge = Judging(tmp_path)
    assert places(judge(recorded, {"code": 102, "error": "a"})) == [("$.code", Kind.VALUE)]
    assert places(judge(recorded, {"code": 101, "error": "b"})) == [("$.error", Kind.VALUE)]


def test_a_location_names_the_object_that_the_same_answer_mints(tmp_path: Path) -> None:
    recorded = exchange(
        "POST",
        "/classes/Post",
        {},
        answer={"objectId": "recorded00", "createdAt": MADE},
        status=201,
        answer_headers=(JSON_TYPE, ("Location", "https://api.parse.com/1/classes/Post/recorded00")),
    )
    headers = {"content-type": "application/json"}
    right = headers | {"location": "http://h/parse/classes/Post/minted0000"}
    wrong = headers | {"location": "http://h/parse/classes/Post/minted0001"}
    assert Judging(tmp_path)(recorded, ROW, 201, right).outcome is Class.EQUAL
    for answer in (wrong, headers):
        found = Judging(tmp_path)(recorded, ROW, 201, answer)
        assert [path for path, _ in places(found)] == ["$header.Location"]


@pytest.mark.parametrize("name", CLIENT_HEADERS)
def test_a_header_that_clients_read_has_to_be_there_and_only_then(
    tmp_path: Path, name: str
) -> None:
    with_it = exchange("GET", "/config", answer={}, answer_headers=(JSON_TYPE, (name, "x")))
    without = exchange("GET", "/config", answer={})
    headers = {"content-type": "application/json"}
    judge = Judging(tmp_path)
    assert places(judge(with_it, {}, headers=headers)) == [(f"$header.{name}", Kind.MISSING)]
    more = headers | {name.lower(): "y"}
    assert places(judge(without, {}, headers=more)) == [(f"$header.{name}", Kind.EXTRA)]
    assert judge(with_it, {}, headers=more).outcome is Class.EQUAL


def test_the_media_type_is_compared_and_its_parameters_are_not(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    recorded = exchange("GET", "/config", answer={})
    same = judge(recorded, {}, headers={"content-type": "Application/JSON;charset=x"})
    assert same.outcome is Class.EQUAL
    other = judge(recorded, {}, headers={"content-type": "text/html"})
    assert places(other) == [("$header.Content-Type", Kind.VALUE)]
    assert places(judge(recorded, {}, headers={})) == [("$header.Content-Type", Kind.VALUE)]


@pytest.mark.parametrize(
    ("recorded", "live", "kind"),
    [
        (b"hello", b"hello\n", None),
        (b"hello", b"hallo", Kind.VALUE),
        (b"\x00\x01", b"\x00\x02", Kind.VALUE),
        (b"\x00\x01", b"\x00\x01\x02", Kind.LENGTH),
        (b"", b"x", Kind.VALUE),
        (b"x", b"", Kind.VALUE),
        (b'{"a":1}', b"", Kind.MISSING),
        (b'{"a":1}', b"<html>", Kind.TYPE),
        (b"<html>", b'{"a":1}', Kind.TYPE),
    ],
    ids=str,
)
def test_bodies_of_any_kind_are_compared(
    tmp_path: Path, recorded: bytes, live: bytes, kind: Kind | None
) -> None:
    found = Judging(tmp_path)(exchange("GET", "/files/app/a.txt", answer=recorded), live)
    assert [each for _, each in places(found)] == ([] if kind is None else [kind])


def parts(*answers: Any) -> tuple[Any, list[Any]]:
    """Return the body of a batch of creations, with its answers."""
    each = {"method": "POST", "path": "/1/classes/Post", "body": {"a": 1}}
    return {"requests": [each] * len(answers)}, list(answers)


def test_each_part_of_a_batch_is_compared(tmp_path: Path) -> None:
    body, answers = parts(
        {"success": {"objectId": "recorded00", "createdAt": MADE}},
        {"success": {"objectId": "recorded01", "createdAt": MADE}},
    )
    recorded = exchange("POST", "/batch", body, answer=answers)
    live = [{"success": ROW}, {"success": {"objectId": "minted0001", "createdAt": LIVE}}]
    assert Judging(tmp_path)(recorded, live).outcome is Class.EQUAL
    failed = [live[0], {"error": {"code": 1, "error": "x"}}]
    assert places(Judging(tmp_path)(recorded, failed)) == [
        ("$[1].success", Kind.MISSING),
        ("$[1].error", Kind.EXTRA),
    ]
    assert places(Judging(tmp_path)(recorded, live[:1])) == [("$", Kind.LENGTH)]
    assert places(Judging(tmp_path)(recorded, {})) == [("$", Kind.TYPE)]


def test_an_update_in_a_batch_has_to_change_the_time(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge(created(1, "recorded00"), ROW)
    body = {"requests": [{"method": "PUT", "path": "/1/classes/Post/recorded00", "body": {"a": 2}}]}
    later = "2016-03-09T17:12:31.000Z"
    recorded = exchange("POST", "/batch", body, answer=[{"success": {"updatedAt": later}}])
    assert places(judge(recorded, [{"success": {"updatedAt": LIVE}}])) == [
        ("$[0].success.updatedAt", Kind.VALUE)
    ]


FILE = "tfss-0f0f0f0f-1111-2222-3333-444444444444-cat.png"
UPLOAD = exchange(
    "POST",
    "/files/cat.png",
    b"\x89PNG",
    answer={"name": FILE, "url": f"http://files.parsetfss.com/key/{FILE}"},
    status=201,
)
STORED = "0" * 32 + "_cat.png"


def test_an_upload_teaches_the_name_of_the_file(tmp_path: Path) -> None:
    live = {"name": STORED, "url": f"http://h/parse/files/app/{STORED}"}
    found = Judging(tmp_path)(UPLOAD, live)
    assert (found.outcome, found.learned) == (Class.EQUAL, [(FILE, STORED)])


@pytest.mark.parametrize(
    ("live", "place"),
    [
        ({"name": STORED}, "$.url"),
        ({"url": f"http://h/parse/files/app/{STORED}"}, "$.name"),
        ({"name": "cat.png", "url": "http://h/parse/files/app/cat.png"}, "$.name"),
        ({"name": STORED, "url": f"http://h/parse/files/app/{STORED}", "more": 1}, "$.more"),
        ([], "$"),
    ],
)
def test_what_is_wrong_with_an_upload_is_reported(tmp_path: Path, live: Any, place: str) -> None:
    assert place in [path for path, _ in places(Judging(tmp_path)(UPLOAD, live))]


MET, ENTRY = When(("GET /config",)), Shown("$.x", actual=2, expected=1)
CONFIG = exchange("GET", "/config", answer={"x": 1, "y": 1})


def test_a_registered_difference_is_known(tmp_path: Path) -> None:
    found = Judging(tmp_path, register=known(MET, ENTRY))(CONFIG, {"x": 2, "y": 1})
    assert found.outcome is Class.KNOWN
    assert [entry for _, entry in found.differences] == ["KD-0001"]


@pytest.mark.parametrize("live", [{"x": 3, "y": 1}, {"x": 2, "y": 2}, {"x": 2}])
def test_a_fault_beside_a_registered_difference_still_fails(tmp_path: Path, live: Any) -> None:
    assert Judging(tmp_path, register=known(MET, ENTRY))(CONFIG, live).outcome is Class.DIFFERENT


def test_a_registered_difference_is_known_in_a_part_of_a_batch(tmp_path: Path) -> None:
    met, entry = When(("POST /classes/*",)), Shown("$.code", actual=2, expected=1)
    body, answers = parts({"error": {"code": 1, "error": "x"}})
    recorded = exchange("POST", "/batch", body, answer=answers)
    judge = Judging(tmp_path, register=known(met, entry))
    assert judge(recorded, [{"error": {"code": 2, "error": "x"}}]).outcome is Class.KNOWN
    assert judge(recorded, [{"error": {"code": 3, "error": "x"}}]).outcome is Class.DIFFERENT


def test_an_entry_for_the_master_key_explains_nothing_without_it(tmp_path: Path) -> None:
    met = When(("GET /config",), auth=("master",))
    with_it = exchange(
        "GET", "/config", answer={"x": 1}, headers=(APP, ("X-Parse-Master-Key", "m"))
    )
    without = exchange("GET", "/config", answer={"x": 1})
    judge = Judging(tmp_path, register=known(met, Shown("$.x", actual=2)))
    assert judge(with_it, {"x": 2}).outcome is Class.KNOWN
    assert judge(without, {"x": 2}).outcome is Class.DIFFERENT


def test_accepted_noise_is_known_and_only_where_it_was_accepted(tmp_path: Path) -> None:
    noise = Noise(frozenset({("GET /config", "$.x", "value")}))
    judge = Judging(tmp_path, noise=noise)
    found = judge(CONFIG, {"x": 2, "y": 1})
    assert (found.outcome, found.differences[0][1]) == (Class.KNOWN, NOISE)
    assert judge(CONFIG, {"x": 1, "y": 2}).outcome is Class.DIFFERENT
    assert judge(CONFIG, {"x": "1", "y": 1}).outcome is Class.DIFFERENT


def test_an_old_relation_is_no_pass(tmp_path: Path) -> None:
    relation = {"__type": "Relation", "className": "_User"}
    judge = Judging(tmp_path)
    judge(created(1, "recorded00"), ROW)
    recorded = exchange(
        "GET", "/classes/Post/recorded00", answer={"objectId": "recorded00", "likes": relation}
    )
    assert judge(recorded, {"objectId": "minted0000"}).outcome is Class.PRIOR_STATE


@pytest.mark.parametrize(
    "write",
    [
        {"__op": "AddRelation", "objects": []},
        {"__op": "RemoveRelation", "objects": []},
        {"__op": "Batch", "ops": [{"__op": "AddRelation", "objects": []}]},
        {"__type": "Relation", "className": "_User"},
    ],
)
def test_a_relation_that_the_recording_wrote_has_to_be_there(tmp_path: Path, write: Any) -> None:
    judge = Judging(tmp_path)
    judge(created(1, "recorded00", likes=write), ROW)
    relation = {"__type": "Relation", "className": "_User"}
    recorded = exchange(
        "GET", "/classes/Post/recorded00", answer={"objectId": "recorded00", "likes": relation}
    )
    assert places(judge(recorded, {"objectId": "minted0000"})) == [("$.likes", Kind.MISSING)]


def test_a_clash_with_an_earlier_exchange_is_different(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge(created(1, "recorded00"), ROW)
    found = judge(created(2, "recorded01"), ROW)
    assert ("$.objectId", Kind.VALUE) in places(found)
    assert found.learned == []


BROWSER = (APP, ("Origin", "https://app.example"))
ALLOWED = "Access-Control-Allow-Origin"


@pytest.mark.parametrize(
    ("recorded", "live", "kind"),
    [
        ("*", "*", None),
        ("*", "https://app.example", None),
        ("https://app.example", "*", None),
        ("*", "https://other.example", Kind.VALUE),
        ("*", "", Kind.MISSING),
        ("https://other.example", "", None),
        ("", "*", None),
    ],
)
def test_a_browser_that_could_read_an_answer_still_can(
    tmp_path: Path, recorded: str, live: str, kind: Kind | None
) -> None:
    old = (JSON_TYPE, (ALLOWED, recorded)) if recorded else (JSON_TYPE,)
    new = {"content-type": "application/json"} | ({ALLOWED.lower(): live} if live else {})
    asked = exchange("GET", "/config", answer={}, headers=BROWSER, answer_headers=old)
    found = places(Judging(tmp_path)(asked, {}, headers=new))
    assert found == ([] if kind is None else [(f"$header.{ALLOWED}", kind)])


def test_who_is_no_browser_does_not_ask_who_may_read(tmp_path: Path) -> None:
    old = (JSON_TYPE, (ALLOWED, "*"))
    asked = exchange("GET", "/config", answer={}, answer_headers=old)
    assert Judging(tmp_path)(asked, {}).outcome is Class.EQUAL
