from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.compare import load_register
from parity.jobs.replay.scenario import Scenario, load_scenario, load_scenarios, run_scenario
from parity.model import Difference
from parity.paths import shipped
from parity.plugin.checks import Check
from parity.plugin.expect import CheckFailure, Expect
from parity.targets import Reply
from parity.wire import Redactor
from tests.jobs.replay.scenario.replies import Script, reply, stage, strict

SCENARIOS = {each.id: each for each in load_scenarios(shipped("scenarios/compat"))}
REGISTER = load_register([shipped("scenarios/known-differences")])
TIME = "2026-01-01T00:00:00.000Z"
CREATED = {"objectId": "abcdefghij", "createdAt": TIME}


def check_of(scenario: Scenario) -> Check:
    name = f"suites/compat/test_compat.py::test_scenario[{scenario.id}]"
    return Check(name, name, "selfhosted", "compat", "must", "writes", ("x",), (), scenario.title)


def run(name: str, *replies: Reply, version: str = "9.10.0") -> set[str]:
    """Run a shipped scenario with the shipped register; return what it observed."""
    scenario = SCENARIOS[name]
    register = REGISTER.applying("parse-server", version)
    expect = Expect(check_of(scenario), register, Redactor({}, b"0" * 16))
    run_scenario(scenario, stage(Script(*replies), expect.equal, version))
    return set(expect.observed)


def missing(**changes: Any) -> Reply:
    return reply(404, {"code": 101, "error": "Object not found.", **changes})


UPDATED = {"updatedAt": TIME}
LOGIN = {"code": 101, "error": "Invalid username/password."}
NO_PUSH = {"code": 115, "error": "Missing push configuration"}


def test_the_new_behaviour_is_known() -> None:
    assert run("err-101-get-text", missing()) == {"KD-0101"}


def test_the_hosted_behaviour_shows_that_the_entry_is_not_needed() -> None:
    assert run("err-101-get-text", missing(error="object not found for get")) == set()


FAULTS: dict[str, tuple[str, list[Reply]]] = {
    "other code": ("err-101-get-text", [missing(code=102)]),
    "other text": ("err-101-get-text", [missing(error="Not found")]),
    "one more member": ("err-101-get-text", [missing(detail="x")]),
    "other status": (
        "err-101-get-text",
        [reply(400, {"code": 101, "error": "Object not found."})],
    ),
    "login status": ("user-login-error-text", [reply(401, LOGIN)]),
    "login code": ("user-login-error-text", [reply(404, {**LOGIN, "code": 209})]),
    "badge too": ("inst-dedupe-response", [reply(201, CREATED), reply(200, {**UPDATED, "b": 1})]),
    "no updatedAt": ("inst-dedupe-response", [reply(201, CREATED), reply(200, {})]),
    "204": ("inst-dedupe-response", [reply(201, CREATED), reply(204, UPDATED)]),
    "first is no create": ("inst-dedupe-response", [reply(200, CREATED), reply(200, UPDATED)]),
    "push code": ("push-not-configured", [reply(400, {**NO_PUSH, "code": 1})]),
    "push status": ("push-not-configured", [reply(500, NO_PUSH)]),
    "strong etag": ("hdr-etag", [reply(201, CREATED), reply(200, CREATED, {"ETag": "5"})]),
    "not modified": ("hdr-etag", [reply(201, CREATED), reply(304, None, {"ETag": 'W/"5"'})]),
    "batch lost one": ("batch-limit-50", [reply(200, [{}] * 50)]),
    "one more key": ("json-key-order", [reply(201, {**CREATED, "x": 1})]),
}


@pytest.mark.parametrize(("name", "replies"), FAULTS.values(), ids=FAULTS)
def test_a_fault_beside_a_known_difference_fails(name: str, replies: list[Reply]) -> None:
    with pytest.raises(CheckFailure):
        run(name, *replies)


def test_a_mixture_of_both_sides_fails() -> None:
    half = reply(200, {"updatedAt": TIME, "createdAt": TIME})

    with pytest.raises(CheckFailure, match="known answer of Parse Server"):
        run("inst-dedupe-response", reply(201, CREATED), half)


def test_a_version_that_should_not_differ_fails() -> None:
    rows = reply(200, {"results": [{**CREATED, **UPDATED, "n": 1}]})
    denied = reply(400, {"code": 119, "error": "Permission denied"})
    replies = (reply(200), reply(201, CREATED), rows, denied)

    assert run("clp-count-missing", *replies) == {"KD-0902"}
    with pytest.raises(CheckFailure):
        run("clp-count-missing", *replies, version="2.8.4")


def write(tmp_path: Path, steps: str, users: str = "[]") -> Scenario:
    text = (
        "id: a-b\ntitle: Something happens here.\narea: objects\nprovenance: observed\n"
        f"source: a test\nusers: {users}\nsteps:\n{steps}"
    )
    file = tmp_path / "objects-a-b.yaml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file)


def test_steps_are_sent_in_order_with_what_was_captured(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        "  - {method: POST, path: '/classes/${class:A}', body: {n: 1}, capture: {obj: $}}\n"
        "  - method: GET\n    path: '/classes/${class:A}/${obj.objectId}'\n"
        "    expect: {both: {status: 200, contains: {createdAt: '${obj.createdAt}'}}}\n",
    )
    script = Script(reply(201, CREATED), reply(200, CREATED))

    run_scenario(scenario, stage(script, strict))

    assert script.asked == [
        ("POST", "classes/Parity_A1", {"n": 1}),
        ("GET", "classes/Parity_A1/abcdefghij", None),
    ]


def test_a_step_without_an_expectation_has_to_succeed(tmp_path: Path) -> None:
    scenario = write(tmp_path, "  - {method: POST, path: /classes/A, body: {}}\n")

    with pytest.raises(AssertionError, match="status"):
        run_scenario(scenario, stage(Script(reply(400, {"code": 1})), strict))


def test_nothing_to_capture_fails_and_says_where(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        "  - method: POST\n    path: /users\n    capture: {id: $.objectId}\n"
        "    expect: {both: {status: 201, headers: {Location: '${url}/users/${id}'}}}\n",
    )

    with pytest.raises(AssertionError, match=r"step 1: nothing at \$\.objectId"):
        run_scenario(scenario, stage(Script(reply(201)), lambda *_: None))


def test_a_user_acts_and_is_named(tmp_path: Path) -> None:
    scenario = write(
        tmp_path, "  - {as: alice, method: GET, path: '/users/${alice.objectId}'}\n", "[alice]"
    )
    script = Script(reply(200))

    run_scenario(scenario, stage(script, strict))

    assert script.asked[0][1] == "users/aliceAlice"
    assert "anonymous_users" in scenario.needs


def test_a_difference_knows_its_place_in_a_raw_reply() -> None:
    html = reply(404, text="<pre>Cannot GET /</pre>")
    found: list[Difference] = []

    run_scenario(
        SCENARIOS["http-unknown-endpoint"],
        stage(Script(html), lambda actual, wanted: found.extend(wanted.compare(actual, "$"))),
    )

    assert [each.path for each in found][:1] == ["$"]
