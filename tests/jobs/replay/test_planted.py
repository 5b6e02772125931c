"""Single changes beside what is registered or excused: each is reported, none is absorbed."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from parity.capture.recording import RecordedExchange
from parity.compare import Register, load_register
from parity.jobs.replay.judgement import Class
from parity.model import Style
from parity.paths import shipped
from tests.jobs.replay.recorded import APP, JSON_TYPE, LIVE, MADE, Judging, exchange

OLD, NEW = "recorded00", "minted0000"
OVERRIDE = ("X-HTTP-Method-Override", "GET")
ROW = {"objectId": OLD, "createdAt": MADE, "updatedAt": MADE, "a": 1}
TAKEN = {"code": 202, "error": "username ann already taken"}
DEVICE = {"deviceType": "ios", "deviceToken": "d" * 64, "channels": ["a"]}
HTML = b"<!DOCTYPE html>\n<pre>Cannot GET /parse/nothing</pre>"
Met = tuple[RecordedExchange, Any, int, dict[str, str]]
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def register() -> Register:
    known = load_register([shipped("scenarios/known-differences")])
    return known.applying(Style.PARSE_SERVER, "9.10.0")


MET: dict[str, Met] = {
    "KD-0113": (
        exchange(
            "POST", "/classes/Post", b"where=%7B%7D", headers=(APP, OVERRIDE),
            answer={"results": [ROW]},
        ),
        {"objectId": NEW, "createdAt": LIVE},
        201,
        JSON,
    ),
    "KD-0306": (
        exchange("POST", "/users", {"username": "ann"}, answer=TAKEN, status=400),
        {"code": 202, "error": "Account already exists for this username."},
        400,
        JSON,
    ),
    "KD-0801": (
        exchange(
            "POST", "/installations", DEVICE, status=201,
            answer={"objectId": OLD, "createdAt": MADE, "updatedAt": MADE, **DEVICE},
        ),
        {"updatedAt": LIVE},
        200,
        JSON,
    ),
    "KD-0802": (
        exchange(
            "POST", "/installations", {"deviceType": "ios", "deviceToken": "x"}, status=400,
            answer={"code": 114, "error": "invalid iOS device token"},
        ),
        {"objectId": NEW, "createdAt": LIVE},
        201,
        JSON,
    ),
    "KD-0001": (
        exchange(
            "GET", "/nothing", status=404, answer={"error": "invalid endpoint"},
            answer_headers=(("Content-Type", "application/octet-stream"),),
        ),
        HTML,
        404,
        {"content-type": "text/html; charset=utf-8"},
    ),
}  # fmt: skip


def judged(folder: Path, register: Register, name: str, met: Met) -> tuple[Class, set[str | None]]:
    judging = Judging(folder, register=register)
    if name in ("KD-0801", "KD-0306"):
        body = {"username": "ann"} if name == "KD-0306" else DEVICE
        path = "/users" if name == "KD-0306" else "/installations"
        made = {"objectId": OLD, "createdAt": MADE}
        judging(
            exchange("POST", path, body, answer=made, status=201),
            {"objectId": NEW, "createdAt": LIVE},
        )
    recorded, live, status, headers = met
    found = judging(recorded, live, status, headers)
    return found.outcome, {entry for _, entry in found.differences}


@pytest.mark.parametrize("name", MET)
def test_an_app_that_meets_a_registered_difference_is_told_of_it(
    tmp_path: Path, register: Register, name: str
) -> None:
    outcome, entries = judged(tmp_path, register, name, MET[name])
    assert (outcome, entries) == (Class.KNOWN, entries - {None})
    assert name in entries


def changed_answers(live: Any) -> dict[str, Any]:
    """Return every other kind of answer: a member more, less or other, and no such thing at all."""
    if not isinstance(live, Mapping):
        return {"text": b"hello", "json": {"error": "other"}, "empty": b"", "rows": {"results": []}}
    found: dict[str, Any] = {
        "extra": {**live, "planted": 1},
        "extra error": {**live, "error": "planted"},
        "rows": {**live, "results": []},
        "list": [live],
        "text": b"hello",
    }
    for name, value in live.items():
        found[f"null {name}"] = {**live, name: None}
        found[f"type {name}"] = {**live, name: [value]}
        if name != "updatedAt":
            less = {key: item for key, item in live.items() if key != name}
            found[f"no {name}"] = less
    return found


PLANTED = [
    *(
        (name, what, body, None)
        for name, met in MET.items()
        for what, body in changed_answers(met[1]).items()
    ),
    *((name, f"status {code}", None, code) for name in MET for code in (202, 401, 403, 500, 502)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [(name, body, status) for name, _, body, status in PLANTED],
    ids=[f"{name}-{what}" for name, what, _, _ in PLANTED],
)
def test_a_change_of_the_answer_beside_a_registered_difference_is_reported(
    tmp_path: Path, register: Register, name: str, body: Any, status: int | None
) -> None:
    recorded, live, was, headers = MET[name]
    met = (recorded, live if body is None else body, status or was, headers)
    assert judged(tmp_path, register, name, met)[0] is Class.DIFFERENT


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
        ("KD-0306", {"answer": {"code": 203, "error": TAKEN["error"]}}),
        ("KD-0306", {"answer": {"code": 202, "error": "x" + str(TAKEN["error"])}}),
        ("KD-0801", {"answer": {**ROW, "error": "planted"}}),
        ("KD-0802", {"answer": {"code": 123, "error": "x"}}),
        ("KD-0802", {"answer": {"error": "x"}}),
        ("KD-0001", {"answer": b"some recorded text"}),
        ("KD-0001", {"answer": {"results": []}}),
    ],
)
def test_a_request_that_does_not_meet_a_registered_difference_is_not_explained_by_it(
    tmp_path: Path, register: Register, name: str, changes: dict[str, Any]
) -> None:
    recorded, *answer = MET[name]
    met: Any = (without(recorded, **changes), *answer)
    assert judged(tmp_path, register, name, met)[0] is Class.DIFFERENT


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
