"""Runs pytest with the plugin in a folder of its own, against the fake server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model.evidence import Evidence, read_evidence
from tests.fake_parse import APP_ID, MASTER_KEY, REST_KEY, FakeParse
from tests.forked import run_module

SUITE = '''
import pytest

pytestmark = [pytest.mark.area("objects"), pytest.mark.spec("rest/objects#creating-objects")]


def test_creates(parse, new_class, expect):
    """A created object answers 201."""
    expect.status(parse.create(new_class(), {"n": 1}), 201)


@pytest.mark.level("may")
def test_finds(parse, new_class, expect):
    """A created object is found."""
    name = new_class()
    created = parse.create(name, {"n": 1})
    expect.ids(parse.find(name), [created["objectId"]])
'''
CONFIG = """
[targets.{name}]
style = "parse-server"
url = "{url}"
app_id = "env:FAKE_APP_ID"
rest_key = "env:FAKE_REST_KEY"
master_key = "env:FAKE_MASTER_KEY"
writes = "{writes}"
timeout = 3
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def configured(
    pytester: pytest.Pytester, fake_parse: FakeParse, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A folder with a suite of two checks and a configuration for the fake server."""
    pytester.makepyfile(test_suite=SUITE)
    write_config(pytester, fake_parse)
    monkeypatch.setenv("FAKE_APP_ID", APP_ID)
    monkeypatch.setenv("FAKE_REST_KEY", REST_KEY)
    monkeypatch.setenv("FAKE_MASTER_KEY", MASTER_KEY)
    monkeypatch.setenv("HOME", os.environ["HOME"])
    return pytester


@pytest.fixture
def run(configured: pytest.Pytester) -> Run:
    """Run pytest with the configuration; further arguments are added."""

    def run_configured(*arguments: str) -> pytest.RunResult:
        return run_pytest(configured, "--config", "parity.toml", *arguments)

    return run_configured


def run_pytest(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own, as ``runpytest_subprocess`` does, but sooner."""
    started = time.perf_counter()
    # What is imported before pytest starts cannot be rewritten, and needs not be.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    done = run_module("pytest", *quiet, *arguments, cwd=pytester.path)
    return pytest.RunResult(
        done.code, done.out.splitlines(), done.err.splitlines(), time.perf_counter() - started
    )


def write_config(
    pytester: pytest.Pytester, fake: FakeParse, name: str = "fake", writes: str = "disposable"
) -> None:
    """Write a parity.toml with one target."""
    text = CONFIG.format(name=name, url=fake.url, writes=writes)
    (pytester.path / "parity.toml").write_text(text, encoding="utf-8")


def evidence_of(folder: Path) -> Evidence:
    """Read the evidence of the only run in a folder."""
    (file,) = folder.glob("reports/*/evidence.jsonl")
    return read_evidence(file)
