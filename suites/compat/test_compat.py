"""The compatibility scenarios of scenarios/compat, each on each target."""

from __future__ import annotations

import pytest

from parity.jobs.replay.scenario import Scenario, Stage, load_scenarios, run_scenario
from parity.model import UserError
from parity.paths import shipped


def _check(scenario: Scenario) -> object:
    marks = [
        pytest.mark.title(scenario.title),
        pytest.mark.spec(scenario.source),
        pytest.mark.level(scenario.level),
        pytest.mark.effect(scenario.effect),
        pytest.mark.requires(*scenario.needs),
    ]
    return pytest.param(scenario, id=scenario.id, marks=marks)


def _checks() -> list[object]:
    try:
        return [_check(scenario) for scenario in load_scenarios(shipped("scenarios/compat"))]
    except UserError as error:
        raise pytest.Collector.CollectError(str(error)) from None


@pytest.mark.area("compat")
@pytest.mark.parametrize("scenario", _checks())
def test_scenario(scenario: Scenario, stage: Stage) -> None:
    """A scenario of scenarios/compat behaves as the hosted service did."""
    run_scenario(scenario, stage)
