"""What weakens a run makes its evidence lapse, with both values named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.gate import Word
from parity.model.evidence import ChosenFact, SelectionEvent
from tests.gate.world import causes, reasons, states, usual, world

WEAKER: list[tuple[str, str, Any, str]] = [
    ("preflight", "pings", 5, "preflight"),
    ("preflight", "connections", 1, "preflight"),
    ("preflight", "room_factor", 0.1, "preflight"),
    ("preflight", "median_ms", 5000.0, "preflight"),
    ("preflight", "p99_ms", 9000.0, "preflight"),
    ("preflight", "clock_s", 3600.0, "preflight"),
    ("verify", "exclude", ["Post"], "verify"),
    ("verify", "classes", ["_User"], "verify"),
    ("audit", "accepted", ["AUD-ID-TYPE"], "audit"),
    ("audit", "check_files", 1, "files"),
    ("files", "store", None, "file-store"),
    ("files", "store", "host:elsewhere.example", "file-store"),
    ("replay", "only", "GET /classes/Post", "replay"),
    ("replay", "repeat", "7", "replay"),
    ("replay", "noise", "noise.toml", "replay"),
    ("replay", "read_only", True, "replay"),
    ("replay", "app", 2, "replay"),
    ("replay", "allow_truncated", True, "replay"),
    ("replay", "control", True, "replay"),
    ("replay", "compared_with", ["staging"], "replay"),
    ("scan", "max_bytes", 10, "scan-cloud"),
    ("scan", "max_bytes", 10, "scan-clients"),
    ("scan", "max_bytes", 10, "scan-traffic"),
    ("size", "peak", 0.5, "sizing"),
    ("size", "need", 0.1, "sizing"),
    ("size", "seconds", 0.1, "sizing"),
    ("size", "p95_ms", 60_000.0, "sizing"),
    ("size", "p99_ms", 60_000.0, "sizing"),
    ("size", "errors_percent", 100.0, "sizing"),
    ("size", "quick", True, "sizing"),
    ("size", "read_only", True, "sizing"),
    ("size", "max_rate", 1.0, "sizing"),
    ("size", "disk_bytes", 10**15, "sizing"),
    ("size", "growth", "0%", "sizing"),
    ("size", "hosted_bytes", 1, "sizing"),
    ("size", "network_mbit", 1e9, "sizing"),
    ("indexes", "samples", 1, "indexes"),
    ("indexes", "max_time_ms", 1, "indexes"),
    ("indexes", "budget_s", 1.0, "indexes"),
    ("indexes", "server_version", "2.8.4", "indexes"),
    ("deployment", "min_days", 1, "deployment"),
    ("deployment", "samples", 10, "deployment"),
    ("deployment", "health_asks", 1, "deployment"),
    ("deployment", "max_latency_ms", 100_000.0, "deployment"),
    ("deployment", "http_port", 81, "deployment"),
    ("deployment", "from_inside", True, "deployment"),
    ("deployment", "allowed_hosts", ["files.parsetfss.com"], "deployment"),
    ("settings", "an option of tomorrow", 1, "settings"),
    ("deployment", "an option of tomorrow", True, "deployment"),
]


@pytest.mark.parametrize(("job", "name", "given", "rule"), WEAKER)
def test_a_weaker_run_lapses(job: str, name: str, given: Any, rule: str, tmp_path: Path) -> None:
    w = world(tmp_path, "11" if job == "deployment" else "8")
    w.specs[job].ask(name, given)
    result = w.judge()
    assert result.word is Word.FAIL
    assert states(result)[rule] == "lapsed"
    assert "asked" in causes(result, rule)
    assert f"was told {name} = " in reasons(result, rule)


@pytest.mark.parametrize(
    ("job", "name", "rule"),
    [("size", "need", "sizing"), ("size", "peak", "sizing"), ("verify", "exclude", "verify"),
     ("files", "store", "file-store"), ("preflight", "p99_ms", "preflight")],
)  # fmt: skip
def test_a_run_that_does_not_say_what_it_was_told_lapses(
    job: str, name: str, rule: str, tmp_path: Path
) -> None:
    w = world(tmp_path)
    w.specs[job].asked = {each: fact for each, fact in usual(job).items() if each != name}
    assert states(w.judge())[rule] == "lapsed"


def test_both_values_and_the_demand_are_named(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["size"].ask("need", 0.1)
    assert reasons(w.judge(), "sizing") == (
        "run-size was told need = 0.1 (shipped: 2), and the rule demands at least 2"
    )


def test_a_stricter_run_counts(tmp_path: Path) -> None:
    w = world(tmp_path)
    for name, given in (("peak", 40.0), ("need", 3.0), ("p95_ms", 100.0), ("workers", 4)):
        w.specs["size"].ask(name, given)
    w.specs["verify"].ask("strict", True)
    assert w.judge().word is Word.PASS


def test_a_gate_file_states_an_objective_of_its_own(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["size"].ask("p95_ms", 800.0)
    w.override("8", "sizing", at_most={"p95_ms": 800})
    result = w.judge()
    assert result.word is Word.PASS
    (rule,) = (each for each in result.rules if each.rule.id == "sizing")
    assert any("p95_ms 800" in change for change in rule.changed)


ONE = "suites/objects/test_it.py::test_9[selfhosted]"


@pytest.mark.parametrize("left_out", [True, False])
def test_what_pytest_left_out_or_did_not_run_is_missing(*, left_out: bool, tmp_path: Path) -> None:
    w = world(tmp_path)
    gone = (ChosenFact("selfhosted", "objects", "must", (ONE,)),)
    whole = w.specs["suites"].selection()
    w.specs["suites"].chosen = (
        SelectionEvent(whole.selected, gone)
        if left_out
        else SelectionEvent((*whole.selected, *gone), ())
    )
    result = w.judge()
    assert states(result) == {"suites": "missing"}
    assert ONE in reasons(result, "suites")


def test_a_selection_of_other_areas_and_levels_is_no_matter(tmp_path: Path) -> None:
    w = world(tmp_path)
    gone = (
        ChosenFact("selfhosted", "replay", "must", (ONE,)),
        ChosenFact("selfhosted", "objects", "may", (ONE,)),
        ChosenFact("hosted", "objects", "must", (ONE,)),
    )
    w.specs["suites"].chosen = SelectionEvent(w.specs["suites"].selection().selected, gone)
    assert w.judge().word is Word.PASS


def test_a_recording_of_one_request_is_not_the_traffic_of_an_app(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.override("8", "replay", least_signatures=10)
    assert states(w.judge()) == {"replay": "missing"}
    assert "3 of at least 10 different requests" in reasons(w.judge(), "replay")


@pytest.mark.parametrize("job", ["size", "indexes"])
def test_a_profile_of_another_recording_lapses(job: str, tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs[job].digests = {"recording": "sha256:another"}
    w.specs[job].age_days = 2
    assert states(w.judge()) == {{"size": "sizing"}.get(job, job): "lapsed"}


def test_a_preflight_of_another_mongod_lapses(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.specs["preflight"].digests, w.specs["preflight"].age_days = {"mongod": "sha256:a"}, 2
    w.specs["verify"].digests = {"mongod": "sha256:b"}
    assert states(w.judge()) == {"preflight": "lapsed"}
