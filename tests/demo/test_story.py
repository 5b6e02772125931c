"""The demo's sources, faults and decisions fit what the commands know; `make demo` runs it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import story
from demo.migrate import OF_THE_APP
from demo.plant import FAULTS, put_app
from parity.compare.known import load_register
from parity.gate import load_gate, load_gate_file
from parity.jobs.scan import scan
from parity.jobs.settings.catalogue import catalogue
from parity.jobs.settings.hosted import read_hosted
from parity.paths import shipped

DEMO = Path(story.__file__).parent


def _codes(folder: Path) -> set[str]:
    roots = [folder / name for name in ("cloud", "ios", "web")]
    return {finding.code.id for finding in scan(roots).findings}


def test_the_faults_of_the_sources_are_found_and_nothing_else(tmp_path: Path) -> None:
    put_app(tmp_path / "app", faulty=True)
    assert _codes(tmp_path / "app") == {"SCAN-MODULE-MAILGUN", "SCAN-SDK-OLD"}

    put_app(tmp_path / "app", faulty=False)
    assert _codes(tmp_path / "app") == set()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_does_not_fit_the_sources_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_app(tmp_path / "other", faulty=False)
    (tmp_path / "other" / FAULTS[name].file).write_text("nothing of the kind")
    monkeypatch.setattr("demo.plant.APP", tmp_path / "other")
    with pytest.raises(ValueError, match="does not have"):
        put_app(tmp_path / "app", faulty=True)


def test_every_planted_fault_has_its_rule_in_gate_8() -> None:
    file = load_gate_file(DEMO / "parity-gate.toml")
    rules = {each.id for each in load_gate("8", file).rules}
    assert len(story.PLANTED) == 5
    assert {rule for rule, _ in story.PLANTED.values()} <= rules


def test_what_the_team_allows_is_registered() -> None:
    file = load_gate_file(DEMO / "parity-gate.toml")
    (rule,) = (each for each in load_gate("8", file).rules if each.id == "known-differences")
    known = set(load_register([shipped("scenarios/known-differences")]).entries)
    known |= {f"SET-{name}" for name in catalogue()}
    assert rule.allow
    assert set(rule.allow) <= known


def test_the_hosted_settings_of_the_demo_are_understood() -> None:
    hosted = read_hosted(DEMO / "hosted-settings.toml")
    assert hosted.values["require_revocable_sessions"] is True
    assert OF_THE_APP
