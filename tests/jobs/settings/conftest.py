"""The real servers of these tests, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parity.stack import start_stack, stop_stack
from tests.jobs.settings.servers import Servers, members


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    mails = tmp_path_factory.mktemp("mails")
    stack = start_stack(members(mails))
    try:
        yield Servers(stack, mails)
    finally:
        stop_stack(stack)
