"""A pytest plugin (``-p tests.faults.attribution``): every request says which check sends it.

The proxy takes the header away again. What the parity plugin sends outside of checks (probes,
sweeps) is marked as such, so that a wrong server is judged by the checks and not found incapable.
"""

from __future__ import annotations

import http.client
from collections.abc import Generator

import pytest

HEADER = "X-Faults-Check"
OUTSIDE = "-"

_current = OUTSIDE
_endheaders = http.client.HTTPConnection.endheaders


def _say_who(self: http.client.HTTPConnection, message_body: object = None, **kwargs: bool) -> None:
    self.putheader(HEADER, _current)
    _endheaders(self, message_body, **kwargs)  # type: ignore[arg-type]


def pytest_configure() -> None:
    """Add the header to everything that goes through ``http.client``, so also ``requests``."""
    http.client.HTTPConnection.endheaders = _say_who  # type: ignore[method-assign, assignment]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note which check runs."""
    global _current  # noqa: PLW0603 - a process runs one check at a time
    _current = item.nodeid
    try:
        return (yield)
    finally:
        _current = OUTSIDE
