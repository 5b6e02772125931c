"""All nine checks of one server, in their order."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

import parity.jobs.deployment.job as job_module
from parity.gate.load import load_gate
from parity.gate.rules import GateFile
from parity.job import Run
from parity.jobs.deployment import Check, DeploymentJob, DeploymentOptions, codes
from parity.jobs.deployment.canary import Written
from parity.jobs.deployment.checks import TITLES
from parity.model import Outcome, Target
from parity.model.judged import Judged
from parity.report.progress import Progress
from tests.jobs.deployment.test_public_url import rows
from tests.jobs.deployment.world import Deployment

STATE = ".deployment-deployed.json"


def job_of(target: Target, options: DeploymentOptions, folder: Path, mark: str) -> DeploymentJob:
    """Run all checks as the runner does, in a run whose name ends with a mark of six letters."""
    job = DeploymentJob(target, options)
    for _ in job.events(Run(f"run-{mark}", folder / "run", {}, Progress(live=False))):
        pass
    return job


def test_no_key_is_sent_over_a_connection_that_does_not_verify(
    good: Deployment, tmp_path: Path
) -> None:
    seen: list[str] = []

    def edit(request: object, answer: object) -> object:
        seen.append(str(request))
        return answer

    context = good.authority.context("elsewhere.example")
    with good.behind(context, edit=edit) as proxy:  # type: ignore[arg-type]
        found = job_of(good.target(proxy), good.options(), tmp_path, "verify").judged

    assert [each.name for each in found] == list(Check)
    assert [finding.code for finding in found[0].findings] == [codes.TLS_HOST.id]
    assert {each.outcome for each in found[1:]} == {Outcome.ERROR}
    assert all(each.seen.startswith("not run: ") for each in found[1:])
    assert seen == []


def test_a_server_that_is_not_there_is_an_error_of_all_nine(
    good: Deployment, tmp_path: Path
) -> None:
    target = good.target(url="https://127.0.0.1:1/parse")
    found = job_of(target, good.options(), tmp_path, "absent").judged
    assert [each.name for each in found] == list(Check)
    assert {each.outcome for each in found} == {Outcome.ERROR}


def test_what_was_written_is_removed_when_somebody_stops_it(
    good: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(good)

    def stopped(*_: object) -> Judged:
        assert rows(good)["_User"] == before["_User"] + 1
        raise KeyboardInterrupt

    monkeypatch.setattr(job_module, "check_public_url", stopped)
    options = good.options(inside=good.target(), max_latency_ms=500.0)
    with pytest.raises(KeyboardInterrupt):
        job_of(good.target(), options, tmp_path, "stop99")

    assert rows(good) == before
    assert not (tmp_path / STATE).exists()


def test_what_a_killed_run_left_is_removed_by_the_next(good: Deployment, tmp_path: Path) -> None:
    before = rows(good)
    with good.outside() as http:
        reply = http.parse_client().sign_up("paritykilled_canary1", "a password of it")
    left = Written(str(reply["objectId"]), str(reply["sessionToken"]), "paritykilled_canary1")
    state = tmp_path / STATE
    state.write_text(json.dumps(asdict(left)))

    options = good.options(inside=good.target(), max_latency_ms=500.0)
    job = job_of(good.target(), options, tmp_path, "next99")

    assert rows(good) == before
    assert job.notices == []
    assert not state.exists()


def test_every_code_and_check_is_explained() -> None:
    for code in codes.CODES.values():
        assert code.cause.endswith(".")
        assert code.remedy
        assert code.source
        assert code.severity in ("breaking", "security") or not code.fails
    assert set(TITLES) == set(Check)


def test_what_could_not_be_removed_is_told_however_it_ends(
    good: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run whose events nobody takes any more, because the disk is full, cleans up as well."""
    before = rows(good)
    job = DeploymentJob(good.target(), good.options(max_latency_ms=500.0))
    events = job.events(Run("run-closed", tmp_path / "run", {}, Progress(live=False)))
    for event in events:
        if event.id == "deployment/public-url":  # type: ignore[union-attr]
            break
    events.close()

    assert rows(good)["_User"] == before["_User"]
    assert "Could not be removed: the session of the user" in capsys.readouterr().err
    assert len(job.notices) == 1


def test_the_checks_are_those_of_gate_11() -> None:
    rule = next(each for each in load_gate("11", GateFile()).rules if each.id == "deployment")
    assert rule.ids == tuple(f"deployment/{check}" for check in Check)
    assert rule.minimum == len(Check)
