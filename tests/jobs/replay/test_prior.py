"""What was there before the recording began cannot be judged on an empty server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.prior import (
    OLD_DEVICE,
    OLD_NAME,
    OLD_OBJECT,
    OLD_SCHEMA,
    OLD_SESSION,
    OLD_USER,
    REMOVED,
)
from parity.model import Kind
from tests.jobs.replay.recorded import APP, LIVE, MADE, Judging, created, exchange, places

NOT_FOUND = {"code": 101, "error": "Object not found."}
TAKEN = {"code": 202, "error": "Account already exists for this username."}
TOKEN, LIVE_TOKEN = "r:recorded0000000000000000X", "r:0123456789abcdef0123456789abcdef"
SIGN_UP = exchange(
    "POST",
    "/users",
    {"username": "ann", "email": "ann@mail.example", "password": "p"},
    answer={"objectId": "recorded00", "createdAt": MADE, "sessionToken": TOKEN},
    status=201,
)
SIGNED_UP = {"objectId": "minted0000", "createdAt": LIVE, "sessionToken": LIVE_TOKEN}
USER = {"objectId": "recorded00", "username": "ann", "sessionToken": TOKEN}


@pytest.mark.parametrize(
    ("recorded", "why"),
    [
        (exchange("GET", "/classes/P/unknown000", answer={"objectId": "unknown000"}), OLD_OBJECT),
        (
            exchange("PUT", "/classes/P/unknown000", {"a": 1}, answer={"updatedAt": MADE}),
            OLD_OBJECT,
        ),
        (exchange("DELETE", "/classes/P/unknown000", answer={}), OLD_OBJECT),
        (exchange("GET", "/login?username=ann&password=p", answer=USER), OLD_USER),
    ],
    ids=["get", "update", "delete", "login"],
)
def test_a_recorded_success_on_something_unknown_shows_that_it_was_there(
    tmp_path: Path, recorded: RecordedExchange, why: str
) -> None:
    found = Judging(tmp_path)(recorded, NOT_FOUND, 404)
    assert (found.outcome, found.reason, places(found)) == (Class.PRIOR_STATE, why, [])


def test_a_recorded_not_found_is_judged(tmp_path: Path) -> None:
    recorded = exchange("GET", "/classes/P/unknown000", answer=NOT_FOUND, status=404)
    judge = Judging(tmp_path)
    assert judge(recorded, NOT_FOUND, 404).outcome is Class.EQUAL
    assert judge(recorded, {"objectId": "unknown000"}, 200).outcome is Class.DIFFERENT


def test_an_object_of_the_recording_is_judged(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge(created(1, "recorded00"), {"objectId": "minted0000", "createdAt": LIVE})
    recorded = exchange("GET", "/classes/Post/recorded00", answer={"objectId": "recorded00"})
    assert judge(recorded, NOT_FOUND, 404).outcome is Class.DIFFERENT


def test_a_user_who_signed_up_in_the_recording_logs_in(tmp_path: Path) -> None:
    for given in ("username=ann", "username=ann%40mail.example", "email=ann%40mail.example"):
        judge = Judging(tmp_path)
        judge(SIGN_UP, SIGNED_UP)
        recorded = exchange("GET", f"/login?{given}&password=p", answer=USER)
        assert judge(recorded, NOT_FOUND, 404).outcome is Class.DIFFERENT


def test_a_user_whose_sign_up_failed_now_still_signed_up_when_it_was_recorded(
    tmp_path: Path,
) -> None:
    judge = Judging(tmp_path)
    assert judge(SIGN_UP, {"code": 1, "error": "x"}, 400).outcome is Class.DIFFERENT
    recorded = exchange("GET", "/login?username=ann&password=p", answer=USER)
    assert judge(recorded, NOT_FOUND, 404).outcome is Class.DIFFERENT


def me(token: str | None) -> RecordedExchange:
    """Return a request for the user of a session."""
    headers = (APP,) if token is None else (APP, ("X-Parse-Session-Token", token))
    return exchange("GET", "/users/me", answer={"objectId": "recorded00"}, headers=headers)


def test_a_session_from_before_the_recording_is_not_judged(tmp_path: Path) -> None:
    found = Judging(tmp_path)(me(TOKEN), {"code": 209, "error": "Invalid session token"}, 400)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_SESSION)


def test_a_session_of_the_recording_is_judged(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge(SIGN_UP, SIGNED_UP)
    found = judge(me(TOKEN), {"code": 209, "error": "Invalid session token"}, 400)
    assert found.outcome is Class.DIFFERENT


def test_a_name_that_was_taken_before_the_recording_is_not_judged(tmp_path: Path) -> None:
    recorded = exchange("POST", "/users", {"username": "old"}, answer=TAKEN, status=400)
    found = Judging(tmp_path)(recorded, SIGNED_UP, 201)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_NAME)


def test_a_name_that_was_taken_before_may_be_taken_now(tmp_path: Path) -> None:
    recorded = exchange("POST", "/users", {"username": "old"}, answer=TAKEN, status=400)
    judge = Judging(tmp_path)
    assert judge(recorded, TAKEN, 400).outcome is Class.EQUAL
    assert judge(recorded, TAKEN | {"code": 203}, 400).outcome is Class.DIFFERENT


@pytest.mark.parametrize(
    "again", [{"username": "ann"}, {"username": "x", "email": "ann@mail.example"}]
)
def test_a_name_that_the_recording_made_and_that_is_accepted_twice_is_different(
    tmp_path: Path, again: dict[str, str]
) -> None:
    judge = Judging(tmp_path)
    judge(SIGN_UP, SIGNED_UP)
    recorded = exchange("POST", "/users", again, answer=TAKEN, status=400)
    assert judge(recorded, SIGNED_UP | {"objectId": "minted0001"}, 201).outcome is Class.DIFFERENT


def test_a_name_that_was_removed_by_somebody_else_is_not_judged(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge(SIGN_UP, SIGNED_UP)
    assert SIGN_UP.request.body
    again = exchange(
        "POST",
        "/users",
        {"username": "ann"},
        answer={"objectId": "recorded01", "createdAt": MADE},
        status=201,
    )
    found = judge(again, TAKEN, 400)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, REMOVED)


@pytest.mark.parametrize("code", [111, 119])
def test_a_schema_from_before_the_recording_is_not_judged(tmp_path: Path, code: int) -> None:
    refused = {"code": code, "error": "no"}
    recorded = exchange("POST", "/classes/P", {"a": 1}, answer=refused, status=400)
    judge = Judging(tmp_path)
    made = {"objectId": "minted0000", "createdAt": LIVE}
    found = judge(recorded, made, 201)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_SCHEMA)
    assert judge(recorded, refused | {"code": 1}, 400).outcome is Class.DIFFERENT


def test_another_error_is_no_matter_of_a_schema(tmp_path: Path) -> None:
    refused = {"code": 105, "error": "bad key"}
    recorded = exchange("POST", "/classes/P", {"a": 1}, answer=refused, status=400)
    found = Judging(tmp_path)(recorded, {"objectId": "minted0000", "createdAt": LIVE}, 201)
    assert found.outcome is Class.DIFFERENT


DEVICE = {"deviceToken": "d" * 64, "deviceType": "ios"}


def test_an_installation_that_was_there_before_is_not_judged(tmp_path: Path) -> None:
    answer = {"objectId": "recorded00", "createdAt": MADE, "updatedAt": LIVE}
    recorded = exchange("POST", "/installations", DEVICE, answer=answer)
    found = Judging(tmp_path)(recorded, {"objectId": "minted0000", "createdAt": LIVE}, 201)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_DEVICE)


def test_an_installation_of_the_recording_is_found_again(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    made = {"objectId": "recorded00", "createdAt": MADE}
    judge(
        exchange("POST", "/installations", DEVICE, answer=made, status=201),
        {"objectId": "minted0000", "createdAt": LIVE},
    )
    again = exchange("POST", "/installations", DEVICE, answer=made | {"updatedAt": MADE})
    found = judge(again, {"objectId": "minted0001", "createdAt": LIVE}, 201)
    assert found.outcome is Class.DIFFERENT


def batch(*parts: tuple[str, str, Any], answer: list[Any]) -> RecordedExchange:
    """Return a batch."""
    requests = [{"method": m, "path": f"/1{p}", "body": b} for m, p, b in parts]
    return exchange("POST", "/batch", {"requests": requests}, answer=answer)


OLD_AND_NEW = batch(
    ("POST", "/classes/P", {}),
    ("PUT", "/classes/P/unknown000", {"a": 1}),
    answer=[
        {"success": {"objectId": "recorded00", "createdAt": MADE}},
        {"success": {"updatedAt": MADE}},
    ],
)
NEW_PART = {"success": {"objectId": "minted0000", "createdAt": LIVE}}


def test_a_part_of_a_batch_about_something_old_is_not_judged_and_the_others_are(
    tmp_path: Path,
) -> None:
    found = Judging(tmp_path)(OLD_AND_NEW, [NEW_PART, {"error": NOT_FOUND}])
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_OBJECT)
    assert found.learned == [("recorded00", "minted0000")]
    for part in ({"error": {"code": 105, "error": "no"}}, {"success": {"createdAt": LIVE}}, 1):
        wrong = Judging(tmp_path)(OLD_AND_NEW, [part, {"error": NOT_FOUND}])
        assert wrong.outcome is Class.DIFFERENT


@pytest.mark.parametrize("part", [{"error": NOT_FOUND | {"code": 119}}, {}, None])
def test_what_prior_state_does_not_explain_in_an_old_part_is_different(
    tmp_path: Path, part: Any
) -> None:
    assert Judging(tmp_path)(OLD_AND_NEW, [NEW_PART, part]).outcome is Class.DIFFERENT


def test_a_batch_with_an_old_error_is_judged(tmp_path: Path) -> None:
    recorded = batch(("PUT", "/classes/P/unknown000", {"a": 1}), answer=[{"error": NOT_FOUND}])
    judge = Judging(tmp_path)
    assert judge(recorded, [{"error": NOT_FOUND}]).outcome is Class.EQUAL
    assert judge(recorded, [{"success": {"updatedAt": LIVE}}]).outcome is Class.DIFFERENT


def test_on_a_copy_of_the_data_everything_is_judged(tmp_path: Path) -> None:
    recorded = exchange("GET", "/classes/P/unknown000", answer={"objectId": "unknown000", "a": 1})
    judge = Judging(tmp_path, literal=True)
    assert judge(recorded, {"objectId": "unknown000", "a": 1}).outcome is Class.EQUAL
    assert judge(recorded, NOT_FOUND, 404).outcome is Class.DIFFERENT


@pytest.mark.parametrize(
    ("answer", "status", "place"),
    [
        ({"code": 1, "error": "Internal server error."}, 500, "$status"),
        (b"<html>502</html>", 502, "$status"),
        (b"<html>hello</html>", 200, "$"),
        ([], 200, "$"),
        ({"results": []}, 200, "$.results"),
    ],
)
def test_what_is_no_answer_of_parse_fails_whatever_was_there_before(
    tmp_path: Path, answer: Any, status: int, place: str
) -> None:
    recorded = exchange("GET", "/classes/P/unknown000", answer={"objectId": "unknown000"})
    found = Judging(tmp_path)(recorded, answer, status)
    assert (found.outcome, [path for path, _ in places(found)]) == (Class.DIFFERENT, [place])


def test_a_recorded_refusal_is_judged_whatever_its_body_looks_like(tmp_path: Path) -> None:
    recorded = exchange(
        "GET", "/classes/P/unknown000", answer={"error": "unauthorized"}, status=403
    )
    judge = Judging(tmp_path)
    assert judge(recorded, {"error": "unauthorized"}).outcome is Class.EQUAL
    assert judge(recorded, {"objectId": "unknown000"}, 200).outcome is Class.DIFFERENT


def test_a_page_is_no_answer_to_a_name_that_was_taken(tmp_path: Path) -> None:
    recorded = exchange("POST", "/users", {"username": "old"}, answer=TAKEN, status=400)
    found = Judging(tmp_path)(recorded, b"<html>welcome</html>", 200)
    assert (found.outcome, places(found)[0][0]) == (Class.DIFFERENT, "$")


def test_a_sign_up_that_was_refused_made_no_name(tmp_path: Path) -> None:
    recorded = exchange("POST", "/users", {"username": "old"}, answer=TAKEN, status=400)
    judge = Judging(tmp_path)
    assert judge(recorded, TAKEN).outcome is Class.EQUAL
    found = judge(recorded, SIGNED_UP, 201)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_NAME)


@pytest.mark.parametrize("code", [1, 105, 111, 119, 141])
def test_another_error_than_not_found_is_different_whatever_was_there_before(
    tmp_path: Path, code: int
) -> None:
    for recorded in (
        exchange("GET", "/classes/P/unknown000", answer={"objectId": "unknown000"}),
        exchange("DELETE", "/classes/P/unknown000", answer={}),
        exchange("GET", "/login?username=ann&password=p", answer=USER),
        exchange("POST", "/users", {"username": "old"}, answer=TAKEN, status=400),
    ):
        found = Judging(tmp_path)(recorded, {"code": code, "error": "no"}, 403)
        assert places(found) == [("$.code", Kind.VALUE)]
        assert found.outcome is Class.DIFFERENT


def test_what_follows_from_a_refused_creation_is_different_and_not_excused(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    refused = {"code": 105, "error": "Invalid field name: length."}
    assert judge(created(1, "recorded00"), refused, 400).outcome is Class.DIFFERENT
    row = {"objectId": "recorded00", "title": "recorded00", "createdAt": MADE, "updatedAt": MADE}
    read = exchange("GET", "/classes/Post/recorded00", answer=row)
    assert judge(read, NOT_FOUND, 404).outcome is Class.DIFFERENT
    listed = exchange("GET", "/classes/Post", answer={"results": [row]})
    found = judge(listed, {"results": []})
    assert places(found) == [("$.results[0]", Kind.MISSING)]
    session = exchange(
        "GET",
        "/classes/Post",
        answer={"results": []},
        headers=(APP, ("X-Parse-Session-Token", TOKEN)),
    )
    assert judge(SIGN_UP, refused, 400).outcome is Class.DIFFERENT
    invalid = {"code": 209, "error": "Invalid session token"}
    assert judge(session, invalid, 400).outcome is Class.DIFFERENT


def test_what_was_not_sent_leaves_what_follows_to_prior_state(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    judge.not_sent(created(1, "recorded00"))
    read = exchange("GET", "/classes/Post/recorded00", answer={"objectId": "recorded00"})
    assert judge(read, NOT_FOUND, 404).reason == OLD_OBJECT


@pytest.mark.parametrize(
    ("token", "outcome"),
    [("<X-Parse-Session-Token>", Class.UNSUPPORTED), (TOKEN, Class.PRIOR_STATE)],
)
def test_a_session_that_nobody_knows_is_not_judged_where_it_is_refused(
    tmp_path: Path, token: str, outcome: Class
) -> None:
    headers = (APP, ("X-Parse-Session-Token", token))
    recorded = exchange("GET", "/classes/P", answer={"results": []}, headers=headers)
    judge = Judging(tmp_path)
    invalid = {"code": 209, "error": "Invalid session token"}
    assert judge(recorded, invalid, 400).outcome is outcome
    assert judge(recorded, invalid | {"code": 119}, 400).outcome is Class.DIFFERENT
    assert judge(recorded, {"results": []}).outcome is Class.EQUAL
    refused = exchange("GET", "/classes/P", answer=invalid, status=400, headers=headers)
    assert judge(refused, {"results": []}, 200).outcome is Class.DIFFERENT


IDENTITY = {"authData": {"anonymous": {"id": "0f6ac4f2-2222-4f2f-8a22-1f2f3f4f5f6f"}}}


def test_somebody_who_was_there_before_logs_in_by_an_identity(tmp_path: Path) -> None:
    was_there = exchange("POST", "/users", IDENTITY, answer=USER, status=200)
    made = SIGNED_UP | {"username": "x"}
    found = Judging(tmp_path)(was_there, made, 201)
    assert (found.outcome, found.reason) == (Class.PRIOR_STATE, OLD_USER)
    judge = Judging(tmp_path)
    first = exchange("POST", "/users", IDENTITY, answer=USER | {"createdAt": MADE}, status=201)
    judge(first, SIGNED_UP | {"username": "ann"}, 201)
    assert judge(was_there, SIGNED_UP | {"objectId": "minted0001"}, 201).outcome is Class.DIFFERENT
