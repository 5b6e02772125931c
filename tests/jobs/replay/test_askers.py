"""Whose session a request was sent with: the address of the own user may never be hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.capture.recording import RecordedExchange
from parity.compare import Register, load_register
from parity.jobs.replay.askers import Askers
from parity.jobs.replay.judgement import Class
from parity.paths import shipped
from parity.wire.operation import parse_operation
from tests.jobs.replay.recorded import APP, LIVE, MADE, Judging, exchange
from tests.jobs.replay.registered import (
    NEW,
    NEW_TOKEN,
    OLD,
    OLD_TOKEN,
    TOKEN,
    USER,
    USER_NOW,
    Met,
    in_a_batch,
    met,
    rows,
)

ADDRESS = {"email": "a@example.com"}
HIDDEN = Register(
    {
        "KD-0304": load_register([shipped("scenarios/known-differences")]).entries["KD-0304"],
    }
)
OTHER, OTHER_NOW = {**USER, "objectId": "recorded09"}, {**USER_NOW, "objectId": "minted0009"}
SIGN_UP = exchange(
    "POST",
    "/users",
    {"username": "ann", "password": "x"},
    answer={"objectId": OLD, "createdAt": MADE, "sessionToken": OLD_TOKEN},
    status=201,
)
SIGNED_UP = {"objectId": NEW, "createdAt": LIVE, "sessionToken": NEW_TOKEN}


def by_id(user: dict[str, Any], now: dict[str, Any]) -> Met:
    route = f"GET /users/{user['objectId']}"
    return met(route, (200, {**user, **ADDRESS}), (200, now), TOKEN)


def judged(folder: Path, case: Met, *, knows_asker: bool = True) -> Class:
    judging = Judging(folder, register=HIDDEN)
    if knows_asker:
        judging(SIGN_UP, SIGNED_UP, 201)
    else:
        judging.bindings.bind(OLD, NEW)
    judging.bindings.bind(OTHER["objectId"], OTHER_NOW["objectId"])
    return judging(case.recorded, case.live, case.status, case.headers).outcome


OWN = {
    "by id": by_id(USER, USER_NOW),
    "in a query": met(
        "GET /classes/_User",
        rows({**OTHER, **ADDRESS}, {**USER, **ADDRESS}),
        rows(OTHER_NOW, USER_NOW),
        TOKEN,
    ),
    "in a batch": in_a_batch(by_id(USER, USER_NOW)),
}


@pytest.mark.parametrize("case", OWN.values(), ids=OWN)
def test_a_user_who_does_not_get_the_own_address_is_no_known_difference(
    tmp_path: Path, case: Met
) -> None:
    assert judged(tmp_path, case) is Class.DIFFERENT


OTHERS = {
    "by id": by_id(OTHER, OTHER_NOW),
    "in a query": met("GET /users", rows({**OTHER, **ADDRESS}), rows(OTHER_NOW), TOKEN),
    "in a batch": in_a_batch(by_id(OTHER, OTHER_NOW)),
}


@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
def test_the_address_of_another_user_is_hidden_as_registered(tmp_path: Path, case: Met) -> None:
    assert judged(tmp_path, case) is Class.KNOWN


def test_where_nothing_recorded_says_who_asks_the_address_is_hidden_as_registered(
    tmp_path: Path,
) -> None:
    assert judged(tmp_path, OWN["by id"], knows_asker=False) is Class.KNOWN


def user_after(recorded: RecordedExchange, answer: Any, token: str = OLD_TOKEN) -> str:
    request = recorded.request
    askers = Askers()
    askers.note(parse_operation(request.method, request.url, request.body, "/1"), answer)
    return askers.user_of(token)


POINTER = {"__type": "Pointer", "className": "_User", "objectId": OLD}
SESSION = {"objectId": "session000", "sessionToken": OLD_TOKEN, "user": POINTER}
WITH_TOKEN = {**USER, "sessionToken": OLD_TOKEN}


@pytest.mark.parametrize(
    ("recorded", "answer"),
    [
        (SIGN_UP, {"objectId": OLD, "createdAt": MADE, "sessionToken": OLD_TOKEN}),
        (exchange("GET", "/login?username=ann&password=x"), WITH_TOKEN),
        (exchange("GET", "/users/me"), WITH_TOKEN),
        (exchange("GET", f"/users/{OLD}"), WITH_TOKEN),
        (exchange("GET", "/sessions/me"), SESSION),
        (
            exchange("POST", "/upgradeToRevocableSession"),
            {**SESSION, "createdWith": {"action": "upgrade"}},
        ),
        (
            exchange(
                "POST",
                "/batch",
                {"requests": [{"method": "POST", "path": "/1/users", "body": {"username": "a"}}]},
                headers=(APP,),
            ),
            [{"success": {"objectId": OLD, "sessionToken": OLD_TOKEN}}],
        ),
    ],
    ids=["sign-up", "log-in", "me", "own by id", "session", "upgrade", "batch"],
)
def test_an_answer_with_both_says_whose_a_session_is(
    recorded: RecordedExchange, answer: Any
) -> None:
    assert user_after(recorded, answer) == OLD
    assert user_after(recorded, answer, "r:" + "c" * 32) == ""


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"code": 209, "error": "invalid session token"},
        {"objectId": OLD},
        {"sessionToken": OLD_TOKEN},
        {"objectId": OLD, "sessionToken": None},
        {"objectId": 1, "sessionToken": OLD_TOKEN},
    ],
)
def test_an_answer_without_one_of_them_says_nothing(answer: Any) -> None:
    assert user_after(SIGN_UP, answer) == ""


def test_a_masked_token_says_nothing_as_it_may_stand_for_several() -> None:
    assert user_after(SIGN_UP, {"objectId": OLD, "sessionToken": "***"}, "***") == ""


def test_an_object_of_the_app_with_such_members_says_nothing() -> None:
    assert user_after(exchange("GET", f"/classes/Post/{OLD}"), WITH_TOKEN) == ""
