"""Each wrong server fails a check of the right area, and the right server fails none."""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from parity.model import Outcome
from tests.faults.faults import MUTANTS, NAMED
from tests.faults.model import AREAS, Fault
from tests.faults.trial import (
    Control,
    Progress,
    Seen,
    Trial,
    control_jobs,
    fault_jobs,
    hinted_job,
    work_off,
)

# The first test of a worker does or awaits the work for all: minutes on a busy machine.
pytestmark = pytest.mark.timeout(1200)

WORKERS = 1
GOOD = (Outcome.PASS, Outcome.KNOWN_DIFFERENCE)
CHUNK = 110
"""About how many checks one pytest process runs."""
HINTS = Path(__file__).with_name("noticed_by.json")
"""The check that noticed each fault the last time; it gets the first chance to notice it again."""


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
    faults = [fault for fault in NAMED if any(p.get("fault") is fault for p in params)]
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with (shared / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = shared / "faults.json"
        if not file.exists():
            hints = json.loads(HINTS.read_text(encoding="utf-8"))
            found = try_all(faults, base / "faults", hints)
            file.write_text(json.dumps(asdict(found)), encoding="utf-8")
        return _read(json.loads(file.read_text(encoding="utf-8")))


def try_all(
    faults: Sequence[Fault],
    folder: Path,
    hints: Mapping[str, str],
    say: Progress = lambda _: None,
) -> Findings:
    """Run what notices each fault, against the right server and against a wrong one.

    A fault is done with the first check that fails. Most are noticed by the check of the hint; for
    the others the right server is looked at again with all checks of the area, to see which of them
    the fault could touch at all, and these are run until one fails.

    Args:
        faults: What the wrong servers get wrong.
        folder: Where configurations and evidence go.
        hints: For each fault the check that noticed it the last time.
        say: Gets a line for each run.
    """
    controls: dict[str, Control] = {}
    trials: dict[str, Trial] = {}
    plan = {fault.name: [hints[fault.name]] for fault in faults if fault.name in hints}
    hinted = sorted({check for checks in plan.values() for check in checks})
    jobs = fault_jobs(faults, plan, {}, CHUNK, trials, say, until_noticed=True)
    work_off([hinted_job(hinted, controls, say), *jobs], folder, WORKERS)
    good = {c.check for one in controls.values() for c in one.trial.seen if c.outcome in GOOD}
    left = [f for f in faults if f.name not in trials or not _noticed(f, trials[f.name], good)]
    watched: dict[str, Control] = {}
    jobs = [
        job
        for area in AREAS
        if (wanted := [fault for fault in left if fault.area == area])
        for job in control_jobs([area], wanted, watched, say)
    ]
    work_off(jobs, folder, WORKERS)
    ranked = rank({fault.name: watched[fault.area].touched[fault.name] for fault in left})
    work_off(fault_jobs(left, ranked, {}, CHUNK, trials, say, until_noticed=True), folder, WORKERS)
    found = {area: control.trial for area, control in (controls | watched).items()}
    return Findings(found, trials)


def _noticed(fault: Fault, trial: Trial, good: Set[str]) -> bool:
    return any(seen.check in good for seen in trial.failed(fault.area))


def rank(touched: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the checks of each fault, those first that the fewest other faults touch."""
    faults_of = Counter(check for checks in touched.values() for check in checks)
    return {name: sorted(checks, key=faults_of.__getitem__) for name, checks in touched.items()}


def _read(raw: dict[str, Any]) -> Findings:
    def trial(value: dict[str, Any]) -> Trial:
        return Trial(**{**value, "seen": tuple(Seen(**each) for each in value["seen"])})

    return Findings(
        {name: trial(value) for name, value in raw["controls"].items()},
        {name: trial(value) for name, value in raw["trials"].items()},
    )


def test_the_checks_that_notice_a_fault_pass_against_the_right_server(findings: Findings) -> None:
    assert set(findings.controls) <= set(AREAS)
    for area, control in findings.controls.items():
        _is_right(control)
        noticing = {s.check for t in findings.trials.values() for s in t.failed(area)}
        passed = {seen.check for seen in control.seen if seen.outcome in GOOD}
        assert noticing <= passed, area


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_every_check_passes_against_the_right_server_behind_the_proxy(
    area: str, tmp_path: Path
) -> None:
    """`make matrix` and `make suites` run all checks as well; here it is one area at a time."""
    controls: dict[str, Control] = {}
    work_off(control_jobs([area], (), controls, lambda _: None), tmp_path, 1)
    _is_right(controls[area].trial)


def _is_right(control: Trial) -> None:
    wrong = [seen for seen in control.seen if seen.outcome in (Outcome.FAIL, Outcome.ERROR)]
    assert not wrong, "\n".join(f"{seen.check}: {seen.reason}" for seen in wrong)
    assert any(seen.outcome == Outcome.PASS for seen in control.seen), control.output
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
