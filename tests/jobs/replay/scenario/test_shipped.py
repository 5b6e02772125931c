"""The shipped scenarios and the register agree with each other."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from parity.compare import load_register
from parity.jobs.replay.scenario import load_scenarios
from parity.model import Keys, Secret, Style, Target, Writes
from parity.paths import shipped
from parity.targets.interlocks import WriteRefused, refuse_write

SCENARIOS = {each.id: each for each in load_scenarios(shipped("scenarios/compat"))}
REGISTER = load_register([shipped("scenarios/known-differences")])
CHECK = re.compile(r"suites/compat/test_compat\.py::test_scenario\[([^\]]+)\]")


def named() -> dict[str, set[str]]:
    """Scenario to the entries that name its check."""
    found: dict[str, set[str]] = {}
    for entry in REGISTER:
        for check in (each for r in entry.recognise for each in r.checks):
            match = CHECK.fullmatch(check)
            if match:
                found.setdefault(match[1], set()).add(entry.id)
    return found


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 90


def test_a_scenario_and_its_entries_name_each_other() -> None:
    assert named() == {
        scenario.id: set(scenario.differences)
        for scenario in SCENARIOS.values()
        if scenario.differences
    }


def test_a_scenario_with_a_difference_says_what_parse_server_answers() -> None:
    silent = [
        scenario.id
        for scenario in SCENARIOS.values()
        if bool(scenario.differences) != any(step.server for step in scenario.steps)
    ]

    assert silent == []


def test_no_id_holds_the_name_of_an_embedded_target() -> None:
    # The id of a check is found by taking the target's name out of pytest's node id.
    assert not [name for name in SCENARIOS if {"hosted", "selfhosted"} & set(name.split("-"))]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_writes_under_the_names_of_its_run_unless_it_is_destructive(name: str) -> None:
    scenario = SCENARIOS[name]
    url = "http://localhost/parse"
    target = Target("t", Style.PARSE_SERVER, url, Secret("x", "X"), Keys(), Writes.NAMESPACED)
    refused = []
    for step in scenario.steps:
        path, body = (stand_in(each) for each in (step.path, step.body))
        try:
            refuse_write(target, step.method, path, body)
        except WriteRefused:
            refused.append(f"{step.method} {path}")

    assert not refused or scenario.effect == "destructive"


def stand_in(value: Any) -> Any:
    """A value with names of a run in place of its references."""
    text = json.dumps(value)
    text = text.replace("${mount}", "/parse")
    text = re.sub(r"\$\{(class|name):\w+\}", "Parityabc_X1", text)
    text = re.sub(r"\$\{\w+\.username\}", "parityabc_alice1", text)
    return json.loads(re.sub(r"\$\{[^}]*\}", "abcdefghij", text))
