"""Fixtures of the engine's own tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fake_parse import FakeParse

pytest_plugins = ["pytester", "tests.browser", "tests.mongod"]

# How many examples each property is tried with. A deadline is an assertion on wall-clock time, and
# the machine may be busy. The examples of a change are the same for everybody, so that a red test
# is red again; with many (PARITY_HYPOTHESIS=many) they are new ones each time.
PROFILES = {"few": 10, "ci": 100, "many": 1000}
for name, examples in PROFILES.items():
    settings.register_profile(
        name, deadline=None, max_examples=examples, derandomize=name != "many"
    )
settings.load_profile(
    os.environ.get("PARITY_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "few")
)


LONGEST_FIRST = (
    "tests/jobs/size/load/test_generator.py",
    "tests/faults/test_suites_catch_faults.py",
    "tests/faults/test_replay_catches_faults.py",
    "tests/jobs/verify/sources/test_verify.py",
    "tests/stack/test_stack.py",
    "tests/jobs/size/test_command.py",
    "tests/html/test_pages.py",
    "tests/jobs/verify/test_damages.py",
    "tests/jobs/files/test_command.py",
    "tests/stack/test_lifetime.py",
    "tests/test_planted_secrets.py",
    "tests/jobs/replay/test_sdk.py",
    "tests/plugin/test_outcomes.py",
    "tests/plugin/test_options.py",
    "tests/jobs/verify/test_interrupted.py",
    "tests/seed/test_served.py",
    "tests/jobs/preflight/test_preflight.py",
    "tests/sdk/test_record.py",
    "tests/cli/test_stack.py",
    "tests/indexes/test_advise.py",
)
"""Files that take longer than ten seconds, the longest first: what is begun last should be short,
so that no worker waits for another."""


def pytest_configure(config: pytest.Config) -> None:
    """Register our own markers."""
    config.addinivalue_line(
        "markers", "slow: worth running, but not on every change; `make test-all` runs it"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files.

    `make test` gives each file to one worker (``--dist loadfile``), so that what a module starts
    (a server, a database) is started once and not in every worker.
    """
    order = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.location[0], len(order)))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the user configured; where parts are installed may stay."""
    for name in list(os.environ):
        if name.startswith("PARITY_") and name not in ("PARITY_CACHE", "PARITY_RECORDINGS"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture
def fake_parse() -> Iterator[FakeParse]:
    """A small server that speaks enough Parse for the harness, and misbehaves on request."""
    with FakeParse() as server:
        yield server
