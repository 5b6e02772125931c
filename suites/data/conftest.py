"""One audit of each target's database, shared by the checks of data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from parity.jobs.audit.engine import AuditOptions, AuditReport, audit_database
from parity.jobs.audit.logins import LoginResult, read_accounts, try_accounts
from parity.model import Secret, Target
from parity.seed import SeedPlan, seed_database
from parity.targets.mongo import Access, Reader, reported

ACCOUNTS = "PARITY_ACCOUNTS"
"""Environment variable with the path of the accounts that may be logged in to."""
SEEDED = 400
"""Documents of the database that is audited where the target's own is thrown away."""

Audits = Callable[[Target], AuditReport]
Logins = Callable[[Target], list[LoginResult]]


@pytest.fixture(scope="session")
def _audits() -> Audits:
    """Audit each target's database once."""
    done: dict[str, AuditReport] = {}

    def audit(target: Target) -> AuditReport:
        # Embedded targets share one MongoDB, so one seeded database shows as much as two.
        key = "" if target.embedded else target.name
        if key not in done:
            done[key] = _audit(target)
        return done[key]

    return audit


@pytest.fixture
def audited(target: Target, _audits: Audits) -> AuditReport:
    """What the audit of the target's database found."""
    if target.mongo is None:
        pytest.skip("needs mongo: no MongoDB URI is configured for this target")
    return _audits(target)


@pytest.fixture(scope="session")
def _logins() -> Logins:
    """Log in to the accounts once on each target."""
    done: dict[str, list[LoginResult]] = {}

    def log_in(target: Target) -> list[LoginResult]:
        file = os.environ.get(ACCOUNTS, "").removeprefix("file:")
        if not file:
            pytest.skip(f"needs accounts whose owners agreed: {ACCOUNTS} is not set")
        if target.name not in done:
            done[target.name] = try_accounts(target, read_accounts(Path(file), os.environ))
        return done[target.name]

    return log_in


@pytest.fixture
def logins(target: Target, _logins: Logins) -> list[LoginResult]:
    """What became of the accounts whose owners agreed."""
    return _logins(target)


def _audit(target: Target) -> AuditReport:
    assert target.mongo is not None
    if not target.embedded:
        file_key = target.keys.file_key is not None
        access = Access(target.name, target.mongo)
        with Reader(access) as reader, reported(target.name):
            return audit_database(reader.db, AuditOptions(file_key=file_key))
    # The checks of other areas leave odd rows in the database of an embedded target on purpose.
    # What is shown there is that the audit works: on a seeded database beside it.
    with _seeded(target.mongo) as database, reported(target.name):
        return audit_database(database)


@contextmanager
def _seeded(mongo: Secret) -> Iterator[Database[dict[str, Any]]]:
    with Reader(Access("seed", mongo, "primary")) as reader:
        name = f"{reader.database}_data"
        database = reader.client[name]
        try:
            seed_database(database, SeedPlan.sized(SEEDED), drop_first=True)
            yield database
        finally:
            reader.client.drop_database(name)
