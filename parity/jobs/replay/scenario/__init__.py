"""Compatibility scenarios: exchanges that people wrote, with what each kind of server answers.

- :mod:`parity.jobs.replay.scenario.document` – a YAML file as plain values with their positions
- :mod:`parity.jobs.replay.scenario.load` – files to scenarios, all problems at once
- :mod:`parity.jobs.replay.scenario.template` – ``${…}`` in requests and expectations
- :mod:`parity.jobs.replay.scenario.expectation` – what a reply must look like
- :mod:`parity.jobs.replay.scenario.run` – one scenario on one target
"""

from __future__ import annotations

from parity.jobs.replay.scenario.expectation import Expectation
from parity.jobs.replay.scenario.load import load_scenario, load_scenarios
from parity.jobs.replay.scenario.model import Scenario, Step
from parity.jobs.replay.scenario.run import Stage, run_scenario

__all__ = [
    "Expectation",
    "Scenario",
    "Stage",
    "Step",
    "load_scenario",
    "load_scenarios",
    "run_scenario",
]
