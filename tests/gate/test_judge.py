"""Waivers, evidence that cannot be read, and what gate 11 takes over from gate 8."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from parity.gate import Word
from parity.model import Outcome
from parity.model.evidence import VERSION
from tests.gate.world import (
    FOR_8,
    FOR_11,
    NOW,
    World,
    causes,
    reasons,
    states,
    suites,
    waiver,
    world,
)
from tests.model.samples import reseal


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def test_a_waiver_stands_in_for_a_rule_and_is_shown(tmp_path: Path) -> None:
    w = world(tmp_path)
    del w.specs["size"]
    w.allow(waivers=(waiver("sizing"),))
    result = w.judge()
    assert result.word is Word.PASS
    assert states(result) == {"sizing": "waived"}
    assert result.sentence == "13 rules hold. Waived: sizing."
    (rule,) = (each for each in result.rules if each.rule.id == "sizing")
    assert rule.waiver == waiver("sizing")
    assert rule.reasons


@pytest.mark.parametrize("is_needed", [True, False])
def test_an_expired_waiver_fails(is_needed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    w = world(tmp_path)
    if is_needed:
        del w.specs["size"]
    w.allow(waivers=(waiver("sizing", "2026-07-31"),))
    result = w.judge()
    assert (result.word, states(result)) == (Word.FAIL, {"sizing": "failed"})
    assert "the waiver of Ada, until 2026-07-31, has expired" in reasons(result, "sizing")


def test_a_waiver_counts_on_its_last_day(tmp_path: Path) -> None:
    w = world(tmp_path)
    del w.specs["size"]
    w.allow(waivers=(waiver("sizing", "2026-08-01"), waiver("sizing", "2026-07-01")))
    assert w.judge().word is Word.PASS


@pytest.mark.parametrize(
    ("expires", "word"),
    [("2027-01-28", Word.PASS), ("2027-01-29", Word.FAIL), ("9999-12-31", Word.FAIL)],
)
def test_a_waiver_lasts_180_days_at_most(tmp_path: Path, expires: str, word: Word) -> None:
    w = world(tmp_path)
    del w.specs["size"]
    w.allow(waivers=(waiver("sizing", expires),))
    result = w.judge()
    assert result.word is word
    if word is Word.FAIL:
        assert f"until {expires}, lasts longer than 180 days" in reasons(result, "sizing")


def test_a_waiver_that_nobody_needs_is_named(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.allow(waivers=(waiver("sizing"),))
    result = w.judge()
    assert result.word is Word.PASS
    assert "sizing holds" in result.notes[0]


def test_waiving_everything_does_not_pass(tmp_path: Path) -> None:
    w = World(tmp_path, "8", {})
    w.allow(waivers=tuple(waiver(rule.rule.id) for rule in w.judge().rules))
    result = w.judge()
    assert result.word is Word.COULD_NOT_JUDGE
    assert "Nothing was tested" in result.sentence


def test_a_waiver_of_one_rule_does_not_hide_another(tmp_path: Path) -> None:
    w = world(tmp_path)
    del w.specs["size"], w.specs["audit"]
    w.allow(waivers=(waiver("sizing"),))
    assert states(w.judge()) == {"audit": "missing", "files": "missing", "sizing": "waived"}


WRITTEN = f'"version":{VERSION}'
BAD: dict[str, Callable[[list[str]], list[str]]] = {
    "evidence-truncated": lambda lines: lines[:-1],
    "evidence-bad": lambda lines: [lines[0], "no JSON\n", *lines[1:]],
    "evidence-newer": lambda lines: [lines[0].replace(WRITTEN, '"version":99'), *lines[1:]],
}


@pytest.mark.parametrize("code", BAD)
@pytest.mark.parametrize("spec", FOR_8)
def test_evidence_that_cannot_be_read_is_named_and_judges_nothing(
    spec: str, code: str, tmp_path: Path
) -> None:
    w = world(tmp_path)
    w.write()
    path = tmp_path / f"run-{spec}" / "evidence.jsonl"
    path.write_text("".join(BAD[code](_lines(path))))
    result = w.judge()
    assert result.word is Word.FAIL  # it is missing as well
    for rule in states(result):
        assert f"{code}: " in reasons(result, rule)
        assert f"run-{spec}" in reasons(result, rule)
    assert states(result)


@pytest.mark.parametrize("code", BAD)
def test_a_newer_run_that_cannot_be_read_may_be_the_one_that_failed(
    code: str, tmp_path: Path
) -> None:
    w = world(tmp_path)
    w.specs["later"] = replace(suites(age_days=0.5), name="later")
    w.write()
    path = tmp_path / "later" / "evidence.jsonl"
    path.write_text("".join(BAD[code](_lines(path))))
    result = w.judge()
    assert (result.word, states(result)) == (Word.COULD_NOT_JUDGE, {"suites": "could-not-judge"})
    assert causes(result, "suites") == {code}


def test_an_older_run_that_cannot_be_read_is_named_and_does_not_matter(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["earlier"] = replace(suites(age_days=2), name="earlier")
    w.write()
    path = tmp_path / "earlier" / "evidence.jsonl"
    path.write_text("".join(_lines(path)[:-1]))
    result = w.judge()
    assert result.word is Word.PASS
    assert "evidence-truncated" in result.notes[0]
    assert "earlier" in result.notes[0]


def test_a_file_without_a_header_concerns_every_rule(tmp_path: Path) -> None:
    w = world(tmp_path)
    folder = tmp_path / "what"
    folder.mkdir()
    (folder / "evidence.jsonl").write_bytes(b"\xff\xfe nothing")
    os.utime(folder / "evidence.jsonl", (NOW.timestamp(), NOW.timestamp()))
    result = w.judge()
    assert result.word is Word.COULD_NOT_JUDGE
    assert set(states(result)) == {rule.rule.id for rule in result.rules} - {"known-differences"}


def test_a_killed_run_with_workers_has_no_evidence_and_is_named(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["later"] = replace(suites(age_days=0.5), name="later")
    w.write()
    path = tmp_path / "later" / "evidence.jsonl"
    path.rename(path.with_name("evidence-gw0.jsonl"))
    assert causes(w.judge(), "suites") == {"evidence-missing"}


def test_other_folders_are_no_runs(tmp_path: Path) -> None:
    w = world(tmp_path)
    (tmp_path / "allure").mkdir()
    (tmp_path / "README.md").write_text("hello")
    result = w.judge()
    assert (result.word, result.notes) == (Word.PASS, ())


def _two_gates(tmp_path: Path, days: float) -> World:
    """Let gate 8 pass, and ask gate 11 some days later."""
    w = world(tmp_path)
    w.keep(w.judge())
    w.number, w.at = "11", NOW + timedelta(days=days)
    for name in ("smoke-deployed", "deployment"):
        late = FOR_11[name]()
        late.age_days = -days + 0.5
        late.write(tmp_path)
    return w


def test_gate_11_takes_over_what_gate_8_accepted(tmp_path: Path) -> None:
    result = _two_gates(tmp_path, 40).judge()
    assert result.word is Word.PASS
    carried = {rule.rule.id: rule.carried for rule in result.rules if rule.carried}
    assert set(carried.values()) == {"accepted by gate 8 on 2026-08-01"}
    assert len(carried) == 13


def test_without_the_result_of_gate_8_its_evidence_is_too_old(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 40)
    (tmp_path / "gate-8.json").unlink()
    found = states(w.judge())
    assert found.pop("gate-8") == "missing"
    assert set(found.values()) == {"lapsed"}
    assert len(found) == 12  # the preflight may be 60 days old


def test_what_is_carried_over_gets_too_old_as_well(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 70)
    found = states(w.judge())
    assert found["suites"] == found["gate-8"] == "lapsed"


def test_nothing_else_than_age_is_forgiven(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 40)
    again = FOR_8["replay"]()
    again.name, again.age_days = "again", -39
    again.target = replace(again.target, url="https://moved.example.org/parse")
    again.write(tmp_path)
    result = w.judge()
    # All three were measured on a server at another address.
    moved = ("suites", "file-store", "settings")
    assert states(result) == dict.fromkeys(moved, "lapsed")
    assert all(causes(result, each) == {"age", "url"} for each in moved)


def test_what_gate_8_did_not_accept_is_not_carried(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["audit"].change("audit/AUD-ID-TYPE", outcome=Outcome.FAIL)
    w.allow(waivers=(waiver("audit", "2026-12-31"),))
    w.keep(w.judge())
    w.number, w.at = "11", NOW + timedelta(days=40)
    w.allow(waivers=())
    assert states(w.judge())["audit"] == "failed"


def test_evidence_that_was_changed_after_gate_8_is_doubted(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 2)
    path = tmp_path / "run-audit" / "evidence.jsonl"
    path.write_text(path.read_text().replace("AUD-ID-TYPE", "AUD-ID-TYPO"))
    reseal(path)
    result = w.judge()
    assert states(result) == {"audit": "could-not-judge", "files": "could-not-judge"}
    assert "is not what gate 8 accepted" in reasons(result, "audit")


def test_evidence_that_was_altered_by_hand_holds_for_no_rule(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 2)
    path = tmp_path / "run-audit" / "evidence.jsonl"
    path.write_text(path.read_text().replace("AUD-ID-TYPE", "AUD-ID-TYPO"))
    result = w.judge()
    assert set(states(result)) == {"audit", "files"}
    assert "altered" in reasons(result, "audit")


def test_a_newer_run_whose_evidence_is_gone_is_not_taken_for_silence(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 2)
    folder = tmp_path / "run-audit-again"
    folder.mkdir()
    summary = {
        "format": "parity-summary",
        "job": "audit",
        "started_at": "2030-01-01T00:00:00.000Z",
        "targets": [{"name": "selfhosted"}],
    }
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    result = w.judge()
    assert states(result) != {}
    assert "run-audit-again" in reasons(result, "audit")


def test_evidence_that_is_gone_is_named(tmp_path: Path) -> None:
    w = _two_gates(tmp_path, 2)
    (tmp_path / "run-size" / "evidence.jsonl").unlink()
    result = w.judge()
    assert states(result) == {"sizing": "missing"}
    (rule,) = (each for each in result.rules if each.rule.id == "sizing")
    assert "gate 8 accepted run-size, which is not here any more" in rule.facts


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"gate": "11"},
        {"judged_at": "yesterday"},
        {"judged_at": "2026-08-01T00:00:00"},
        {"judged_at": 7},
        {"verdict": "fine"},
        {"rules": None},
        {"rules": [{"id": "x"}]},
        {"rules": [{"id": "x", "state": "holds", "proofs": [7]}]},
    ],
)
def test_a_result_that_says_something_else_is_not_believed(
    change: dict[str, object], tmp_path: Path
) -> None:
    w = world(tmp_path, "11")
    path = tmp_path / "gate-8.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    result = w.judge()
    assert states(result) == {"gate-8": "could-not-judge"}
    assert causes(result, "gate-8") == {"result-bad"}


def test_a_result_from_the_future_is_not_believed(tmp_path: Path) -> None:
    w = world(tmp_path, "11")
    path = tmp_path / "gate-8.json"
    future = {**json.loads(path.read_text()), "judged_at": "2027-01-01T00:00:00Z"}
    path.write_text(json.dumps(future))
    assert states(w.judge()) == {"gate-8": "lapsed"}
