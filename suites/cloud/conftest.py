"""What the cloud checks share: the classes whose triggers are in scenarios/cloud/main.js."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.targets import ParseClient

Logged = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def prepared_targets() -> set[str]:
    """Names of the targets whose trigger classes exist."""
    return set()


@pytest.fixture
def triggers(parse: ParseClient, prepared_targets: set[str]) -> None:
    """The classes with triggers, made once for each target."""
    if parse.target.name not in prepared_targets:
        parse.call("parityPrepare").needed("the classes with triggers")
        prepared_targets.add(parse.target.name)


@pytest.fixture
def hooked(triggers: None) -> str:
    """The class whose beforeSave does what the field ``hook`` says."""
    return "ParityHooked"


@pytest.fixture
def logged(triggers: None) -> str:
    """The class whose afterSave, beforeDelete and afterDelete write to a log."""
    return "ParityLogged"


@pytest.fixture
def log(parse: ParseClient) -> Logged:
    """Read what the triggers logged: ``log(object_id, "afterSave")``, the oldest first."""

    def read(about: str, event: str) -> list[dict[str, Any]]:
        where = {"about": about, "event": event}
        rows: list[dict[str, Any]] = parse.find("ParityLog", where, order="createdAt").results
        return rows

    return read
