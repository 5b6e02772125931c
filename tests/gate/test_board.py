"""The twelve steps: when each is done, open, stale or failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from parity.gate import StepResult, board, load_steps, read_result
from parity.gate.rules import Decision
from parity.model import Outcome
from tests.gate.world import (
    NOW,
    World,
    deployment,
    smoke_deployed,
    waiver,
    website,
    world,
)

STEPS_FOR_PEOPLE = (4, 10, 12)


def _all_done(tmp_path: Path) -> World:
    """Return a world in which every step is done."""
    w = world(tmp_path)
    w.specs["web"] = website()
    # The smoke suite of step 2 and the deployed server are there from the beginning.
    w.specs["smoke-deployed"], w.specs["deployment"] = smoke_deployed(), deployment()
    w.allow(
        decisions=tuple(
            Decision(person, "Bob", "2026-07-30", "it is so") for person in STEPS_FOR_PEOPLE
        )
    )
    w.keep(w.judge("8"))
    w.keep(w.judge("11"))
    return w


def _board(w: World) -> dict[int, StepResult]:
    results = {each: read_result(w.reports / f"gate-{each}.json", each) for each in ("8", "11")}
    return {each.step.number: each for each in board(load_steps(w.file), w.now(), results)}


def _states(w: World) -> dict[int, str]:
    """Return the steps that are not done."""
    return {number: each.state.value for number, each in _board(w).items() if each.state != "done"}


def test_all_steps_can_be_done(tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    assert _states(w) == {}
    assert all(each.rules or each.decision for each in _board(w).values())


def test_without_evidence_all_steps_are_open(tmp_path: Path) -> None:
    w = World(tmp_path, "8", {})
    assert _states(w) == dict.fromkeys(range(1, 13), "open")


def _fail(spec: str, name: str) -> Callable[[World], None]:
    return lambda w: w.specs[spec].change(name, outcome=Outcome.FAIL)


FAILS: list[tuple[Callable[[World], None], set[int]]] = [
    (_fail("verify", "verify/Post"), {1}),
    (_fail("suites", "suites/smoke/test_it.py::test_0"), {2}),
    (_fail("scan", "scan/SCAN-MODULE"), {3, 12}),
    (_fail("suites", "suites/cloud/test_it.py::test_0"), {3}),
    (_fail("audit", "audit/AUD-FILE-UNREACHABLE"), {1, 5}),
    (_fail("files", "files/read-back"), {5}),
    (_fail("web", "web/GET /about"), {4}),
    (_fail("settings", "settings/LOCKOUT"), {6}),
    (_fail("scan", "scan/SCAN-SDK-OLD"), {7, 10, 12}),
    (_fail("deployment", "deployment/tls"), {9}),
]


@pytest.mark.parametrize(
    ("do", "wanted"), FAILS, ids=["-".join(map(str, sorted(fail[1]))) for fail in FAILS]
)
def test_a_failed_check_fails_its_steps_and_makes_the_checkpoints_stale(
    do: Callable[[World], None], wanted: set[int], tmp_path: Path
) -> None:
    before = _all_done(tmp_path / "before")
    w = World(tmp_path, "8", before.specs, before.file)
    for number in ("8", "11"):
        (tmp_path / f"gate-{number}.json").write_text(
            (before.reports / f"gate-{number}.json").read_text()
        )
    do(w)
    found = _states(w)
    assert {number for number, state in found.items() if state == "failed"} == wanted
    assert set(found) - wanted <= {8, 11}
    if 9 in wanted:
        assert found[11] == "stale"
    elif 4 not in wanted:
        assert found[8] == found[11] == "stale"


def test_old_evidence_makes_a_step_stale(tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    w.at = NOW + timedelta(days=29)
    found = _states(w)
    assert found[1] == found[8] == found[9] == "stale"
    assert 7 not in found
    assert "days old" in _board(w)[1].why[0]


@pytest.mark.parametrize("number", STEPS_FOR_PEOPLE)
def test_a_step_for_a_person_waits_for_the_decision(number: int, tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    w.allow(decisions=tuple(decision for decision in w.file.decisions if decision.step != number))
    assert _states(w) == {number: "open"}
    assert "has to say so" in _board(w)[number].why[0]


def test_a_decision_does_not_replace_evidence(tmp_path: Path) -> None:
    w = World(tmp_path, "8", {})
    w.allow(decisions=(Decision(10, "Bob", "2026-07-30", "it is so"),))
    assert _states(w)[10] == "open"


def test_a_step_that_does_not_apply_is_done(tmp_path: Path) -> None:
    w = World(tmp_path, "8", {})
    w.allow(decisions=(Decision(4, "Bob", "2026-07-30", "no pages", "not applicable"),))
    assert 4 not in _states(w)
    assert "not applicable, says Bob: no pages" in _board(w)[4].why


def test_a_waived_rule_closes_its_step_and_is_shown(tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    (tmp_path / "run-preflight" / "evidence.jsonl").unlink()
    assert _states(w)[1] == "open"
    w.allow(waivers=(waiver("preflight"),))
    assert 1 not in _states(w)
    assert "preflight is waived by Ada until 2026-08-31" in _board(w)[1].why


def test_the_schedule_shows_what_is_overdue(tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    w.allow(schedule={1: date(2026, 7, 1), 9: date(2026, 7, 31), 12: date(2026, 9, 1)})
    (tmp_path / "run-deployment" / "evidence.jsonl").unlink()
    found = _board(w)
    assert {number: each.overdue for number, each in found.items() if each.due} == {
        1: False,
        9: True,
        12: False,
    }


def test_a_checkpoint_that_failed_is_failed(tmp_path: Path) -> None:
    w = _all_done(tmp_path)
    path = tmp_path / "gate-8.json"
    path.write_text(
        path.read_text().replace('"verdict": "pass", "sentence"', '"verdict": "fail", "sentence"')
    )
    assert _states(w)[8] == "failed"
