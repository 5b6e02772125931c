"""A pytest plugin (``-p tests.faults.attribution``): every request says which check sends it.

The proxy takes the header away again. What the parity plugin sends outside of checks (probes,
sweeps) is marked as such, so that a wrong server is judged by the checks and not found incapable.

The plugin also selects checks for each target, where ``FAULTS_PLAN`` names a JSON file with a
list of check ids (node ids without the target) for each target.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from parity.plugin.checks import without_target

HEADER = "X-Faults-Check"
OUTSIDE = "-"
PLAN = "FAULTS_PLAN"

_current = OUTSIDE
_endheaders = http.client.HTTPConnection.endheaders


def _say_who(self: http.client.HTTPConnection, message_body: object = None, **kwargs: bool) -> None:
    self.putheader(HEADER, _current)
    _endheaders(self, message_body, **kwargs)  # type: ignore[arg-type]


def pytest_configure() -> None:
    """Add the header to everything that goes through ``http.client``, so also ``requests``."""
    http.client.HTTPConnection.endheaders = _say_who  # type: ignore[method-assign]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the checks that the plan has for their target."""
    if not os.environ.get(PLAN):
        return
    plan: dict[str, list[str]] = json.loads(Path(os.environ[PLAN]).read_text(encoding="utf-8"))
    wanted = {(target, check) for target, checks in plan.items() for check in checks}
    left_out = [item for item in items if _identity(item) not in wanted]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _identity(item) in wanted]


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
