"""Single changes beside what is registered or excused: each is reported, none is absorbed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from parity.capture.recording import RecordedExchange
from parity.compare import Asked, Register, Shown, load_register
from parity.jobs.replay.judgement import Class, Judgement
from parity.model import Style
from parity.paths import shipped
from tests.jobs.replay.recorded import (
    APP,
    JSON_TYPE,
    LIVE,
    MADE,
    Judging,
    exchange,
    operation_of,
)
from tests.jobs.replay.registered import (
    JSON,
    MET,
    NEW,
    NEW_TOKEN,
    OLD,
    OLD_TOKEN,
    ROW,
    Met,
    in_a_batch,
)

VERSIONS = ("9.10.0", "2.8.4", "8.6.50", "8.6.0", "6.5.11", "5.6.0", "4.10.0")
REGISTER = load_register([shipped("scenarios/known-differences")])
UNMINTED = frozenset({"objectId", "createdAt", "updatedAt", "sessionToken", "expiresAt"})


def register_of(name: str) -> Register:
    """Return all that is known of the newest version that shows an entry."""
    found = (REGISTER.applying(Style.PARSE_SERVER, version) for version in VERSIONS)
    return next(register for register in found if name in register.entries)


def places_of(name: str) -> list[Shown]:
    return [place for shows in REGISTER.entries[name].shows for place in shows.places]


def judged(folder: Path, register: Register, case: Met) -> Judgement:
    judging = Judging(folder, register=register)
    for earlier, answer in case.before:
        judging(earlier, answer)
    for old, new in ((OLD, NEW), (OLD_TOKEN, NEW_TOKEN)):
        assert judging.bindings.live(old) == new or judging.bindings.bind(old, new)
    return judging(case.recorded, case.live, case.status, case.headers)


def entries(judgement: Judgement) -> set[str | None]:
    return {entry for _, entry in judgement.differences}


def test_every_entry_that_can_be_seen_in_traffic_has_an_exchange_that_meets_it() -> None:
    assert {entry.id for entry in REGISTER if entry.shows} == MET.keys()


@pytest.mark.parametrize("name", MET)
def test_an_app_that_meets_a_registered_difference_is_told_of_it(tmp_path: Path, name: str) -> None:
    alone = Register({name: REGISTER.entries[name]})
    found = judged(tmp_path, alone, MET[name])
    assert (found.outcome, entries(found)) == (Class.KNOWN, {name})
    among_all = judged(tmp_path / "all", register_of(name), MET[name])
    assert among_all.outcome is Class.KNOWN


@pytest.mark.parametrize("name", MET)
def test_a_request_alone_says_that_an_app_may_meet_it(name: str) -> None:
    request = MET[name].recorded.request
    asked = Asked.of(operation_of(MET[name].recorded), request.url, request.headers, request.body)
    entry = REGISTER.entries[name]
    requests = (asked, *asked.parts)
    assert any(when.holds(one) for when in entry.when for one in requests)
    assert entry.after or any(entry.meets(one) for one in requests)


IN_BATCHES = [
    name
    for name, case in MET.items()
    if case.recorded.request.method != "GET"
    and re.match(
        r"/1/(classes|users|roles|sessions|installations|functions)", case.recorded.request.url
    )
    and not {"$header.Location", "$status"} & {place.path for place in places_of(name)}
    and not any(when.above or when.broken or when.headers for when in REGISTER.entries[name].when)
]


@pytest.mark.parametrize("name", IN_BATCHES)
def test_a_command_of_a_batch_that_meets_a_registered_difference_is_told_of_it(
    tmp_path: Path, name: str
) -> None:
    found = judged(tmp_path, Register({name: REGISTER.entries[name]}), in_a_batch(MET[name]))
    assert (found.outcome, entries(found)) == (Class.KNOWN, {name})


def changed_answers(live: Any) -> dict[str, Any]:
    """Return every other kind of answer: a member more, less or other, and no such thing at all."""
    if isinstance(live, list) and live and isinstance(live[0], dict):
        changed = changed_answers(live[0]).items()
        return {what: [one, *live[1:]] for what, one in changed if not isinstance(one, bytes)}
    if not isinstance(live, Mapping):
        return {"text": b"hello", "json": {"error": "other"}, "empty": b"", "rows": {"results": []}}
    found: dict[str, Any] = {
        "extra": {**live, "planted": 1},
        "extra error": {**live, "error": "planted"},
        "rows": {**live, "results": [{"objectId": "leaked0000", "a": 1}]},
        "list": [live],
        "text": b"hello",
        "nothing": {},
    }
    for name, value in live.items():
        found[f"null {name}"] = {**live, name: None}
        found[f"type {name}"] = {**live, name: [value]}
        if name not in UNMINTED:
            found[f"other {name}"] = {**live, name: other(value)}
        found[f"no {name}"] = {key: item for key, item in live.items() if key != name}
    for number, row in enumerate(live.get("results", [])[:2]):
        for what, one in changed_answers(row).items():
            if isinstance(one, dict):
                now = [*live["results"]]
                now[number] = one
                found[f"row {number} {what}"] = {**live, "results": now}
    return found


def other(value: Any) -> Any:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return "planted " + value
        case dict():
            return {**value, "planted": 1}
        case list():
            return [*value, {"objectId": "leaked0000", "planted": 1}]
    return "planted"


UNKNOWABLE = re.compile(
    "KD-0210 (rows|other results|row 0 (extra.*|rows|.* a))"
    "|KD-0308 (extra.*|rows|other username)"
    "|KD-0602 .* result"
)
"""What nothing recorded shows: a query, a log-in and a function that were refused now answer."""
PLANTED = {
    **{
        f"{name} {what}": (name, replace(case, live=body))
        for name, case in MET.items()
        for what, body in changed_answers(case.live).items()
        if not UNKNOWABLE.fullmatch(f"{name} {what}")
    },
    **{
        f"{name} status {code}": (name, replace(case, status=code))
        for name, case in MET.items()
        for code in (200, 201, 202, 400, 401, 403, 404, 500, 502)
        if code != case.status
    },
    **{
        f"{name} Content-Type": (
            name,
            replace(case, headers={**case.headers, "content-type": "x/y"}),
        )
        for name, case in MET.items()
    },
}
"""One single change each, beside a registered difference."""


def test_single_changes_are_planted_beside_every_entry() -> None:
    assert len(PLANTED) > 200
    assert {name for name, _ in PLANTED.values()} == MET.keys()


def is_nearer(found: Judgement, met: Judgement) -> bool:
    """Return whether an answer shows a part of the registered difference, and nothing else."""
    shown = [str(difference) for difference, _ in met.differences]
    return all(str(difference) in shown for difference, _ in found.differences)


@pytest.mark.parametrize("planted", PLANTED)
def test_a_change_of_the_answer_beside_a_registered_difference_is_reported(
    tmp_path: Path, planted: str
) -> None:
    name, case = PLANTED[planted]
    found = judged(tmp_path / "planted", register_of(name), case)
    if found.outcome is not Class.DIFFERENT:
        assert is_nearer(found, judged(tmp_path / "met", register_of(name), MET[name])), (
            found.differences
        )


def without(recorded: RecordedExchange, **changes: Any) -> RecordedExchange:
    """Return an exchange like another one, but for a part of its request or answer."""
    asked = {
        "method": recorded.request.method,
        "url": recorded.request.url.removeprefix("/1"),
        "body": recorded.request.body,
        "headers": recorded.request.headers,
    } | changes
    assert recorded.response is not None
    asked.setdefault("answer", recorded.response.body)
    asked.setdefault("status", recorded.response.status)
    return exchange(asked.pop("method"), asked.pop("url"), asked.pop("body"), **asked)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("KD-0113", {"headers": (APP,)}),
        ("KD-0113", {"headers": (APP, ("X-HTTP-Method-Override", "PUT"))}),
        ("KD-0113", {"answer": {"objectId": OLD, "createdAt": MADE}}),
        ("KD-0306", {"answer": {"code": 202, "error": "another text"}}),
        ("KD-0306", {"answer": {"code": 203, "error": "username ann already taken"}}),
        ("KD-0306", {"answer": {"code": 202, "error": "x" + "username ann already taken"}}),
        ("KD-0801", {"answer": {**ROW, "error": "planted"}}),
        ("KD-0802", {"answer": {"code": 123, "error": "x"}}),
        ("KD-0802", {"answer": {"error": "x"}}),
        ("KD-0001", {"answer": b"some recorded text"}),
        ("KD-0001", {"answer": {"results": []}}),
    ],
)
def test_a_request_that_does_not_meet_a_registered_difference_is_not_explained_by_it(
    tmp_path: Path, name: str, changes: dict[str, Any]
) -> None:
    case = replace(MET[name], recorded=without(MET[name].recorded, **changes))
    assert judged(tmp_path, register_of(name), case).outcome is Class.DIFFERENT


def listed(folder: Path, old: list[Any], new: list[Any], query: str = "") -> Class:
    judging = Judging(folder)
    assert judging.bindings.bind(OLD, NEW)
    assert judging.bindings.bind("recorded01", "minted0001")
    asked = exchange("GET", f"/classes/P{query}", answer={"results": old})
    return judging(asked, {"results": new}).outcome


MINE, LIVE_MINE = {"objectId": OLD, "a": 1}, {"objectId": NEW, "a": 1}
OTHER = {"objectId": "recorded01", "a": 2}
FOREIGN = {"objectId": "foreign000", "b": 1}


@pytest.mark.parametrize("foreign", [[], [FOREIGN]])
def test_a_row_more_than_was_recorded_is_a_finding_also_beside_foreign_ones(
    tmp_path: Path, foreign: list[Any]
) -> None:
    leaked = {"objectId": "minted0001", "a": 2}
    assert listed(tmp_path, [MINE, *foreign], [LIVE_MINE, leaked]) is Class.DIFFERENT


def test_a_full_page_of_foreign_rows_shuts_others_out(tmp_path: Path) -> None:
    more = {"objectId": "minted0001", "a": 2}
    found = listed(tmp_path, [MINE, FOREIGN], [LIVE_MINE, more], "?limit=2")
    assert found is Class.PRIOR_STATE


@pytest.mark.parametrize(("old", "new"), [([MINE, MINE], [LIVE_MINE]), ([MINE], [LIVE_MINE] * 2)])
def test_a_doubled_row_is_a_finding(tmp_path: Path, old: list[Any], new: list[Any]) -> None:
    assert listed(tmp_path, old, new) is Class.DIFFERENT


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_location_more_than_was_recorded_is_a_finding(tmp_path: Path, method: str) -> None:
    judging = Judging(tmp_path)
    judging.bindings.bind(OLD, NEW)
    asked = exchange(method, f"/classes/P/{OLD}", {}, answer={"a": 1}, answer_headers=(JSON_TYPE,))
    more = {**JSON, "location": f"http://h/parse/classes/P/{NEW}"}
    assert judging(asked, {"a": 1}, 200, more).outcome is Class.DIFFERENT


def at(latitude: float, number: int, *, live: bool) -> dict[str, Any]:
    point = {"__type": "GeoPoint", "latitude": latitude, "longitude": 2.0}
    return {"objectId": f"{'minted' if live else 'recorded'}{number:02}{'00' * live}", "at": point}


@pytest.mark.parametrize(
    ("latitudes", "order", "outcome"),
    [
        ((1.0, 1.0, 1.0), (2, 0, 1), Class.EQUAL),
        ((1.0, 1.0, 3.0), (1, 0, 2), Class.EQUAL),
        ((0.5, 1.5, 3.0), (1, 0, 2), Class.EQUAL),
        ((1.0, 1.1, 3.0), (1, 0, 2), Class.DIFFERENT),
        ((1.0, 1.0, 3.0), (2, 0, 1), Class.DIFFERENT),
    ],
)
def test_rows_at_one_distance_come_in_any_order_and_others_do_not(
    tmp_path: Path, latitudes: tuple[float, ...], order: tuple[int, ...], outcome: Class
) -> None:
    where = '{"at":{"$nearSphere":{"__type":"GeoPoint","latitude":1,"longitude":2}}}'
    old = [at(one, number, live=False) for number, one in enumerate(latitudes)]
    new = [at(one, number, live=True) for number, one in enumerate(latitudes)]
    judging = Judging(tmp_path)
    for recorded, live in zip(old, new, strict=True):
        assert judging.bindings.bind(recorded["objectId"], live["objectId"])
    asked = exchange("GET", f"/classes/P?where={quote(where)}", answer={"results": old})
    assert judging(asked, {"results": [new[number] for number in order]}).outcome is outcome


def test_a_name_that_the_server_mints_for_somebody_anonymous_is_bound(tmp_path: Path) -> None:
    identity = {"authData": {"anonymous": {"id": "0f6ac4f2-2222-4f2f-8a22-1f2f3f4f5f6f"}}}
    answer = {"objectId": OLD, "createdAt": MADE, "username": "v8j1qv0e6p2kd8a0b9mm3n1xz"}
    live = {"objectId": NEW, "createdAt": LIVE, "username": "q1w2e3r4t5y6u7i8o9p0a1s2d"}
    judging = Judging(tmp_path)
    assert judging(
        exchange("POST", "/users", identity, answer=answer, status=201), live
    ).outcome is (Class.EQUAL)
    read = exchange("GET", f"/users/{OLD}", answer=deepcopy(answer))
    assert judging(read, live).outcome is Class.EQUAL
    assert judging(read, live | {"username": "another"}).outcome is Class.DIFFERENT
