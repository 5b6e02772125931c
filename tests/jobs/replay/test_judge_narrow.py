"""What a judgement must not let pass; found with the wrong servers of ``tests/faults``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.capture.recording import Headers
from parity.compare import Register, load_register
from parity.jobs.replay.judgement import Class
from parity.model import Kind, Style
from parity.paths import shipped
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

DAY_LATER = {MADE: "2016-03-10T17:12:30.000Z", LIVE: "2026-01-03T03:04:05.006Z"}
OLD, NEW = "recorded00", "minted0000"
ORIGIN = "https://app.example"


@pytest.fixture(scope="module")
def register() -> Register:
    known = load_register([shipped("scenarios/known-differences")])
    return known.applying(Style.PARSE_SERVER, "9.10.0")


def session(token: str, object_id: str, **times: str) -> dict[str, Any]:
    dates = {"expiresAt": {"__type": "Date", "iso": times.pop("ends")}} if "ends" in times else {}
    return {"sessionToken": token, "objectId": object_id, **times, **dates}


def judge_session(folder: Path, recorded: dict[str, str], live: dict[str, str]) -> list[Any]:
    judging = Judging(folder)
    judging.bindings.bind("r:old", "r:new")
    asked = exchange(
        "GET",
        "/sessions/me",
        headers=(APP, ("X-Parse-Session-Token", "r:old")),
        answer=session("r:old", OLD, **recorded),
    )
    return places(judging(asked, session("r:new", NEW, **live)))


@pytest.mark.parametrize(
    "live",
    [
        {"createdAt": LIVE, "updatedAt": LIVE, "ends": DAY_LATER[LIVE]},
        # The server takes the time a moment before it makes the session.
        {"createdAt": LIVE, "updatedAt": LIVE, "ends": "2026-01-03T03:04:04.906Z"},
        # It was used an hour and a half later, and lives a day from then on.
        {
            "createdAt": LIVE,
            "updatedAt": "2026-01-02T04:34:05.006Z",
            "ends": "2026-01-03T04:34:05.006Z",
        },
    ],
)
def test_a_session_may_end_at_another_time_but_not_live_longer(
    live: dict[str, str], tmp_path: Path
) -> None:
    recorded = {"createdAt": MADE, "updatedAt": MADE, "ends": DAY_LATER[MADE]}
    assert ("$.expiresAt.iso", Kind.VALUE) not in judge_session(tmp_path, recorded, live)


@pytest.mark.parametrize("ends", [LIVE, "2026-02-02T03:04:05.006Z", "2025-01-03T03:04:05.006Z"])
def test_a_session_of_another_lifetime_is_different(ends: str, tmp_path: Path) -> None:
    recorded = {"createdAt": MADE, "ends": DAY_LATER[MADE]}
    found = judge_session(tmp_path, recorded, {"createdAt": LIVE, "ends": ends})
    assert found == [("$.expiresAt.iso", Kind.VALUE)]


def test_a_session_without_the_time_it_was_made_is_judged_by_its_form(tmp_path: Path) -> None:
    assert judge_session(tmp_path, {"ends": MADE}, {"ends": LIVE}) == []


def test_a_date_that_no_calendar_has_is_no_error_of_ours(tmp_path: Path) -> None:
    recorded = {"createdAt": MADE, "ends": DAY_LATER[MADE]}
    live = {"createdAt": LIVE, "ends": "2026-02-30T03:04:05.006Z"}
    assert judge_session(tmp_path, recorded, live) == []


@pytest.mark.parametrize(
    ("origin", "live", "kinds"),
    [
        (ORIGIN, None, [Kind.MISSING]),
        (ORIGIN, "https://other.example", [Kind.VALUE]),
        (ORIGIN, ORIGIN, []),
        (ORIGIN, "*", []),
        (None, None, []),
    ],
)
def test_a_browser_that_could_read_the_answer_still_can(
    origin: str | None, live: str | None, kinds: list[Kind], tmp_path: Path
) -> None:
    headers: Headers = (APP, ("Origin", origin)) if origin else (APP,)
    cors = ("Access-Control-Allow-Origin", "*")
    asked = exchange(
        "GET", "/config", headers=headers, answer={"params": {}}, answer_headers=(JSON_TYPE, cors)
    )
    now = {"content-type": "application/json"}
    if live is not None:
        now["access-control-allow-origin"] = live
    judgement = Judging(tmp_path)(asked, {"params": {}}, headers=now)
    assert [each.kind for each, _ in judgement.differences] == kinds


def two_posts(folder: Path) -> Judging:
    judging = Judging(folder)
    for number, name in enumerate((OLD, "recorded01")):
        made = {"objectId": f"minted000{number}", "createdAt": LIVE}
        answered = {"content-type": "application/json"}
        judging(created(number, name), made, headers=answered)
    return judging


@pytest.mark.parametrize(
    ("where", "outcome"),
    [
        ({"objectId": OLD}, Class.DIFFERENT),
        ({"objectId": {"$in": [OLD]}}, Class.DIFFERENT),
        ({"objectId": {"$in": [OLD, "recorded01"]}}, Class.UNSUPPORTED),
        ({"title": "any"}, Class.UNSUPPORTED),
    ],
)
def test_a_limit_leaves_no_choice_among_rows_that_are_named(
    where: dict[str, Any], outcome: Class, tmp_path: Path
) -> None:
    judging = two_posts(tmp_path)
    body = {"_method": "GET", "where": where, "limit": 1}
    asked = exchange("POST", "/classes/Post", body, answer={"results": [{"objectId": OLD}]})
    assert judging(asked, {"results": [{"objectId": "minted0001"}]}).outcome is outcome


@pytest.mark.parametrize("installation", [None, "0f0f0f0f-1111-2222-3333-444444444444"])
def test_a_master_sign_up_without_a_token_is_known_of_no_device_alone(
    installation: str | None, register: Register, tmp_path: Path
) -> None:
    headers: Headers = (APP, ("X-Parse-Master-Key", "m"))
    if installation:
        headers = (*headers, ("X-Parse-Installation-Id", installation))
    asked = exchange(
        "POST",
        "/users",
        {"username": "ada", "password": "p"},
        headers=headers,
        answer={"objectId": OLD, "createdAt": MADE, "sessionToken": "r:old"},
        status=201,
    )
    judgement = Judging(tmp_path, register=register)(asked, {"objectId": NEW, "createdAt": LIVE})
    assert [entry for each, entry in judgement.differences if each.path == "$.sessionToken"] == [
        None if installation else "KD-0339"
    ]


@pytest.mark.parametrize("again", [True, False])
def test_a_device_is_found_again_only_if_it_was_when_it_was_recorded(
    register: Register, tmp_path: Path, *, again: bool
) -> None:
    answer = {"objectId": OLD, "createdAt": MADE, **({"updatedAt": MADE} if again else {})}
    asked = exchange(
        "POST", "/installations", {"deviceToken": "t", "deviceType": "ios"}, answer=answer,
        status=201,
    )  # fmt: skip
    judging = Judging(tmp_path, register=register)
    if again:
        first = exchange(
            "POST", "/installations", {"deviceToken": "t", "deviceType": "ios"},
            answer={"objectId": OLD, "createdAt": MADE}, status=201,
        )  # fmt: skip
        judging(first, {"objectId": NEW, "createdAt": LIVE}, 201)
    judgement = judging(asked, {"updatedAt": LIVE}, 200)
    by_path = {each.path: entry for each, entry in judgement.differences}
    assert by_path["$status"] == by_path["$.objectId"] == ("KD-0801" if again else None)
    assert judgement.outcome is (Class.KNOWN if again else Class.DIFFERENT)


@pytest.mark.parametrize(
    ("recorded", "outcome"),
    [
        ({"error": "invalid endpoint"}, Class.KNOWN),
        ({"code": 101, "error": "Object not found."}, Class.DIFFERENT),
    ],
)
def test_a_page_is_known_in_place_of_no_other_error(
    recorded: dict[str, Any], outcome: Class, register: Register, tmp_path: Path
) -> None:
    binary = ("Content-Type", "application/octet-stream")
    asked = exchange("GET", "/nowhere", answer=recorded, status=404, answer_headers=(binary,))
    page = b"<!DOCTYPE html>\n<html><body><pre>Cannot GET /parse/nowhere</pre></body></html>\n"
    judgement = Judging(tmp_path, register=register)(
        asked, page, headers={"content-type": "text/html"}
    )
    assert judgement.outcome is outcome
