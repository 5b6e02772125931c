"""A pytest plugin (``-p tests.faults.attribution``): every request says which check sends it.

The proxy takes the header away again. What the parity plugin sends outside of checks (probes,
sweeps) is marked as such, so that a wrong server is judged by the checks and not found incapable.

The plugin also selects checks for each target, where ``FAULTS_PLAN`` names a JSON file with a
list of check ids (node ids without the target) for each target, in the order in which they are
run. With ``until_noticed`` a target is done with its first check that fails. All targets of a plan
are one server behind the proxy, which breaks neither probes nor sweeps: so it is probed once, and
since it is thrown away nothing is swept.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
from collections.abc import Generator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from parity.model import Outcome, Target
from parity.plugin import run
from parity.plugin.checks import TARGET_FIXTURE, without_target
from parity.plugin.session import SessionPlugin
from parity.plugin.state import RECORD
from parity.targets import Namespace, ServerFacts, probe

HEADER = "X-Faults-Check"
OUTSIDE = "-"
PLAN = "FAULTS_PLAN"

_current = OUTSIDE
_endheaders = http.client.HTTPConnection.endheaders


def _say_who(self: http.client.HTTPConnection, message_body: object = None, **kwargs: bool) -> None:
    self.putheader(HEADER, _current)
    _endheaders(self, message_body, **kwargs)  # type: ignore[arg-type]


@cache
def _plan() -> dict[str, Any]:
    """Return which checks each target gets, and whether it is done when one of them fails."""
    return dict(json.loads(Path(os.environ[PLAN]).read_text(encoding="utf-8")))


def pytest_configure() -> None:
    """Add the header to everything that goes through ``http.client``, so also ``requests``."""
    http.client.HTTPConnection.endheaders = _say_who  # type: ignore[method-assign]
    if os.environ.get(PLAN):
        # Every check times every target would be collected otherwise, only to be left out again.
        SessionPlugin.pytest_generate_tests = _generate  # type: ignore[method-assign]
        SessionPlugin._list_orphans = lambda self: None  # type: ignore[method-assign]
        SessionPlugin._sweep = lambda self: {}  # type: ignore[method-assign]
        run.probe = _probe_once  # type: ignore[attr-defined]


_facts: list[ServerFacts] = []


def _probe_once(target: Target, namespace: Namespace) -> ServerFacts:
    """Return what the one server behind all targets can do."""
    if not _facts:
        _facts.append(probe(target, namespace))
    return replace(_facts[0], target=target.name)


def _generate(self: SessionPlugin, metafunc: pytest.Metafunc) -> None:
    """Make a check for the targets that want it, or for one if none does."""
    if TARGET_FIXTURE not in metafunc.fixturenames:
        return
    name = metafunc.definition.nodeid
    wanted = [
        target
        for target, checks in _plan()["checks"].items()
        if any(check.partition("[")[0] == name for check in checks)
    ]
    names = wanted or list(self.run.target_names[:1])
    metafunc.parametrize(TARGET_FIXTURE, names, ids=names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the checks that the plan has for their target, in the order of the plan."""
    if not os.environ.get(PLAN):
        return
    wanted = [(target, check) for target, ids in _plan()["checks"].items() for check in ids]
    place = {each: number for number, each in enumerate(wanted)}
    config.hook.pytest_deselected(items=[item for item in items if _identity(item) not in place])
    items[:] = sorted(
        (item for item in items if _identity(item) in place),
        key=lambda item: place[_identity(item)],
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Where that was asked for, run the checks of a target until one fails."""
    if not os.environ.get(PLAN) or not _plan()["until_noticed"]:
        return None
    for _, items in itertools.groupby(session.items, lambda item: _identity(item)[0]):
        for item in items:
            # Nobody knows yet which check is the next, so nothing is kept for it.
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if RECORD in item.stash and item.stash[RECORD].outcome is Outcome.FAIL:
                break
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note which check runs."""
    global _current  # noqa: PLW0603 - a process runs one check at a time
    _current = _identity(item)[1]
    try:
        return (yield)
    finally:
        _current = OUTSIDE


def _identity(item: pytest.Item) -> tuple[str, str]:
    """Return an item's target and check id."""
    target = str(item.callspec.params["target"])  # type: ignore[attr-defined]
    return target, without_target(item.nodeid, target)
