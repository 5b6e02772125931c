"""Which run proves a rule, and what may be less than everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from parity.gate import State, Word
from parity.model import Outcome
from parity.model.evidence import CheckEvent
from tests.gate.world import (
    AREAS,
    Spec,
    World,
    audit,
    check,
    collections,
    entry,
    facts,
    reasons,
    scan,
    shares,
    states,
    suites,
    world,
)

Break = Callable[[World], None]
ONE = "suites/objects/test_it.py::test_0"


def _known(spec: str, name: str, severity: str, test: str) -> Break:
    def do(w: World) -> None:
        known = check(test, area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known=name)
        w.specs[spec].drop(test)
        w.specs[spec].events += [known, entry(name, severity)]  # type: ignore[arg-type]

    return do


def _differ(spec: Spec) -> None:
    spec.change("replay/POST /login", outcome=Outcome.FAIL)
    spec.put_table(shares(same=100, signatures=(2, 3), clients=5))


def test_a_newer_run_of_a_part_does_not_prove_and_does_not_lapse(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["part"] = Spec("suites", [check(ONE, area="objects")], age_days=0.5, name="part")
    assert w.judge().word is Word.PASS


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
def test_what_a_newer_run_of_a_part_found_counts(outcome: Outcome, tmp_path: Path) -> None:
    w = world(tmp_path)
    part = Spec("suites", [check(ONE, area="objects", outcome=outcome)], age_days=0.5, name="part")
    w.specs["part"] = part
    result = w.judge()
    assert list(states(result)) == ["suites"]
    assert "the newer run part" in reasons(result, "suites")


def test_a_passing_part_does_not_mend_a_failed_whole(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].change(ONE, outcome=Outcome.FAIL)
    w.specs["part"] = Spec("suites", [check(ONE, area="objects")], age_days=0.5, name="part")
    assert states(w.judge()) == {"suites": "failed"}


def test_a_newer_whole_run_replaces_a_failed_one(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["suites"].change(ONE, outcome=Outcome.FAIL)
    again = suites(age_days=0.5)
    again.name = "again"
    w.specs["again"] = again
    result = w.judge()
    assert result.word is Word.PASS
    assert [p.run for r in result.rules if r.rule.id == "suites" for p in r.proofs] == ["again"]


def test_areas_may_come_from_different_runs(tmp_path: Path) -> None:
    w = world(tmp_path)
    whole = w.specs.pop("suites")
    for number, area in enumerate(AREAS):
        some = [event for event in whole.events if getattr(event, "area", "") == area]
        w.specs[f"suites-{area}"] = replace(whole, events=some, name=area, age_days=1 + number / 10)
    assert w.judge().word is Word.PASS


def test_an_audit_without_files_does_not_undo_one_with_them(tmp_path: Path) -> None:
    w = world(tmp_path)
    later = audit(age_days=0.5)
    later.name = "later"
    later.change("audit/AUD-FILE-UNREACHABLE", outcome=Outcome.UNSUPPORTED)
    w.specs["later"] = later
    assert w.judge().word is Word.PASS


def test_a_scan_of_other_folders_does_not_undo_a_scan(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["scan"].digests = {"cloud": "1", "clients": "1"}
    later = scan(age_days=0.5)
    later.name, later.digests = "later", {"clients": "2"}
    later.change("scan/SCAN-MODULE", outcome=Outcome.UNSUPPORTED)
    w.specs["later"] = later
    assert w.judge().word is Word.PASS


def test_what_may_be_untested_may_be(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["audit"].events.append(check("audit/AUD-LOGIN-SESSION", outcome=Outcome.UNSUPPORTED))
    w.specs["preflight"].change("preflight/PRE-ROOM", outcome=Outcome.UNSUPPORTED)
    w.specs["verify"].change("verify/Post", outcome=Outcome.UNSUPPORTED)
    rows = (("_User", "verified"), ("_SCHEMA", "verified"), ("Post", "empty"))
    w.specs["verify"].put_table(collections(*rows))
    assert w.judge().word is Word.PASS


def test_checks_of_other_levels_and_targets_do_not_count(tmp_path: Path) -> None:
    w = world(tmp_path)
    more = [check("detail", area="objects", level="may", outcome=Outcome.FAIL)]
    w.specs["suites"].events += more
    assert w.judge().word is Word.PASS
    w = world(tmp_path / "other")
    for spec in w.specs.values():
        spec.target = facts("somebody", spec.target.server_version)
        spec.events = [
            replace(event, target="somebody") if isinstance(event, CheckEvent) else event
            for event in spec.events
        ]
    missing = dict.fromkeys(states(w.judge()), "missing")
    assert states(w.judge()) == missing
    assert len(missing) == 10  # all but the scans, which have no server


def test_the_share_weighted_by_traffic_can_be_allowed_to_be_less(tmp_path: Path) -> None:
    w = world(tmp_path)
    _differ(w.specs["replay"])
    w.override("8", "replay", same_requests=80, same_signatures=60, same_clients=70)
    assert w.judge().word is Word.PASS
    w.override("8", "replay", same_requests=90)
    assert states(w.judge()) == {"replay": "failed"}


def test_nothing_at_all_does_not_pass(tmp_path: Path) -> None:
    w = World(tmp_path / "none", "8", {})
    result = w.judge()
    assert result.word is Word.FAIL
    assert {rule.state for rule in result.rules} == {State.MISSING}


def test_an_allowed_known_difference_is_shown(tmp_path: Path) -> None:
    w = world(tmp_path)
    _known("suites", "KD-9", "breaking", ONE)(w)
    w.override("8", "known-differences", allow=["KD-9", "KD-8"])
    result = w.judge()
    assert result.word is Word.PASS
    (rule,) = (each for each in result.rules if each.rule.id == "known-differences")
    assert rule.facts == ("1 breaking observed", "allowed, but not observed: KD-8")
    assert rule.changed == ("allow: none → KD-9, KD-8",)


def test_a_known_difference_that_evidence_counts_but_does_not_show_counts(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["verify"].events.append(entry("VER-X", "breaking"))
    assert states(w.judge()) == {"known-differences": "failed"}
