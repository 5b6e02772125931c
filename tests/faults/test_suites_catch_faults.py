"""Each wrong server fails a check of the right area, and the right server fails none."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from parity.model import Outcome
from tests.faults.faults import MUTANTS, NAMED
from tests.faults.model import AREAS, Fault
from tests.faults.trial import Control, Seen, Trial, control_jobs, fault_jobs, work_off

# The first test of a worker does or awaits the work for all: minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)

WORKERS = 2
FIRST = 5
"""Checks that get the first chance to notice a fault; all others follow if they do not."""
CHUNK = 60


@dataclass(frozen=True, slots=True)
class Findings:
    """What all runs together showed.

    Attributes:
        controls: The right server, by area.
        trials: The wrong ones, by fault; a fault that could touch no check has none.
    """

    controls: dict[str, Trial]
    trials: dict[str, Trial]


@pytest.fixture(scope="session")
def findings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Findings:
    """Try the selected faults; of pytest-xdist's workers, one does it for all."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    faults = [each for each in NAMED if any(p.get("fault") is each for p in params)]
    areas = [
        area
        for area in AREAS
        if any(p.get("area") == area for p in params) or any(f.area == area for f in faults)
    ]
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with (shared / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = shared / "faults.json"
        if not file.exists():
            found = try_all(areas, faults, base / "faults")
            file.write_text(json.dumps(asdict(found)), encoding="utf-8")
        return _read(json.loads(file.read_text(encoding="utf-8")))


def try_all(areas: list[str], faults: list[Fault], folder: Path) -> Findings:
    controls: dict[str, Control] = {}
    work_off(control_jobs(areas, faults, controls, _quiet), folder, WORKERS)
    exchanges = {k: n for control in controls.values() for k, n in control.exchanges.items()}
    touched = {fault.name: controls[fault.area].touched[fault.name] for fault in faults}
    # What few faults touch is most likely to be about this one.
    faults_of = {
        check: sum(check in checks for checks in touched.values())
        for checks in touched.values()
        for check in checks
    }
    ranked = {name: sorted(checks, key=faults_of.__getitem__) for name, checks in touched.items()}
    trials: dict[str, Trial] = {}
    for start, end in ((0, FIRST), (FIRST, None)):
        left = [f for f in faults if f.name not in trials or not trials[f.name].failed(f.area)]
        plan = {fault.name: ranked[fault.name][start:end] for fault in left}
        work_off(fault_jobs(left, plan, exchanges, CHUNK, trials, _quiet), folder, WORKERS)
    return Findings({area: control.trial for area, control in controls.items()}, trials)


def _quiet(text: str) -> None:
    pass


def _read(raw: dict[str, Any]) -> Findings:
    def trial(value: dict[str, Any]) -> Trial:
        return Trial(**{**value, "seen": tuple(Seen(**each) for each in value["seen"])})

    return Findings(
        {name: trial(value) for name, value in raw["controls"].items()},
        {name: trial(value) for name, value in raw["trials"].items()},
    )


@pytest.mark.parametrize("area", AREAS)
def test_the_right_server_passes_behind_the_proxy(area: str, findings: Findings) -> None:
    control = findings.controls[area]
    wrong = [each for each in control.seen if each.outcome in (Outcome.FAIL, Outcome.ERROR)]
    assert not wrong, "\n".join(f"{each.check}: {each.reason}" for each in wrong)
    assert any(each.outcome == Outcome.PASS for each in control.seen), control.output
    assert control.exit_status == 0, control.output


@pytest.mark.parametrize("fault", NAMED, ids=[f"{each.area}-{each.name}" for each in NAMED])
def test_a_wrong_server_fails_in_the_right_area(fault: Fault, findings: Findings) -> None:
    trial = findings.trials.get(fault.name)
    assert trial is not None, f"no check of {fault.area} even touches this: {fault.seen}"
    assert trial.failed(fault.area), (
        f"{fault.seen}\nnone of {len(trial.seen)} checks of {fault.area} that this touches fails:\n"
        + "\n".join(f"{each.outcome}: {each.check} {each.reason}" for each in trial.seen)
    )
    assert trial.exit_status == 1, trial.output


def test_every_area_has_enough_faults() -> None:
    for area in AREAS:
        assert sum(fault.area == area for fault in NAMED) >= 6, area


def test_faults_have_names_of_their_own_and_say_what_a_user_would_see() -> None:
    faults = [*NAMED, *MUTANTS]
    assert len({fault.name for fault in faults}) == len(faults)
    for fault in faults:
        assert fault.seen.endswith("."), fault.name
        assert (fault.request is None) or callable(fault.request)
        assert fault.request or fault.reply, fault.name
