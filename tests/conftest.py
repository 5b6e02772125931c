"""Fixtures of the engine's own tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fake_parse import FakeParse

pytest_plugins = ["pytester", "tests.browser", "tests.mongod"]

# A deadline is an assertion on wall-clock time, and the machine may be busy.
settings.register_profile("parity", deadline=None)
settings.load_profile("parity")


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
