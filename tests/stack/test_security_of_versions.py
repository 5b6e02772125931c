"""What the security checks say of two patch releases, one with and one without published faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.model import Outcome
from parity.model.evidence import read_evidence
from parity.paths import shipped
from parity.stack import Member, start_stack, stop_stack
from parity.stack.hand_use import environment, write_hand_out
from tests.forked import run_module

pytestmark = pytest.mark.slow
OLD, NEW = "8.6.0", "8.6.94"


def outcomes(folder: Path) -> dict[str, dict[str, Outcome]]:
    """Run the security area on both versions; return the outcome of each check by target."""
    stack = start_stack([Member("old", OLD), Member("new", NEW)])
    try:
        write_hand_out(folder, stack.targets)
        options = ["--config", str(folder / "parity.toml"), "--report-dir", str(folder / "runs")]
        ended = run_module(
            *("pytest", str(shipped("suites") / "security"), "-q", *options),
            env={**os.environ, **environment(stack.targets)},
            timeout=240,
        )
    finally:
        stop_stack(stack)
    assert ended.code == 0, ended.out[-3000:] + ended.err[-2000:]
    (evidence,) = (folder / "runs").glob("*/evidence.jsonl")
    found: dict[str, dict[str, Outcome]] = {"old": {}, "new": {}}
    for check in read_evidence(evidence).checks:
        found[check.target][check.id] = check.outcome
    return found


def test_what_was_mended_between_two_releases_is_seen(tmp_path: Path) -> None:
    found = outcomes(tmp_path)

    changed = {
        check
        for check, outcome in found["old"].items()
        if (outcome, found["new"][check]) == (Outcome.KNOWN_DIFFERENCE, Outcome.PASS)
    }
    assert len(changed) >= 45
