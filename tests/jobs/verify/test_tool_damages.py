"""What tools do to a Parse database is found by audit and verify, under exactly its codes."""

from __future__ import annotations

import random

import pytest

from tests.jobs.verify.test_damages import World, audited, databases, verified, world
from tests.jobs.verify.tool_damages import TRIALS, Trial

pytestmark = pytest.mark.slow

__all__ = ["databases", "world"]  # fixtures

HIDDEN_FROM_ONE: set[str] = {
    "all times are hours off",
    "a number wrapped round",
    "all of an ACL is lost",
    "metadata is lost",
    "a join table is lost",
    "a class is empty",
    "a class has a validator that only warns",
    "sessions are deleted when they end",
    "a parameter of the config differs",
    "the config is lost",
}
"""What one database alone cannot show: the comparison has to."""


def test_the_titles_are_unique_and_what_one_database_cannot_show_is_known() -> None:
    assert len({trial.title for trial in TRIALS}) == len(TRIALS) >= 150
    assert {trial.title for trial in TRIALS if not trial.audited} == HIDDEN_FROM_ONE


@pytest.mark.parametrize("trial", TRIALS, ids=lambda each: each.title)
def test_what_tools_do_is_found(world: World, trial: Trial) -> None:
    trial.plant(world.copy, random.Random(trial.title))
    assert audited(world.copy) == trial.audited
    assert verified(world) == trial.verified
    assert trial.verified
