"""Databases with rows whose queries are known to be slow or not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.database import Database

from parity.indexes import Advice, JudgedQuery
from parity.profiles.profile import Ask, Operation, Profile
from tests.mongod import Mongod

Mongo = Database[dict[str, Any]]
_numbers = itertools.count()


@pytest.fixture
def make_database(mongod: Mongod) -> Iterator[Callable[[], Mongo]]:
    """Make empty databases, and drop them in the end."""
    made = []
    with mongod.client() as client:

        def make() -> Mongo:
            name = f"advice_{next(_numbers)}"
            made.append(name)
            client.drop_database(name)
            return client[name]

        yield make
        for name in made:
            client.drop_database(name)


@pytest.fixture
def database(make_database: Callable[[], Mongo]) -> Mongo:
    """An empty database of its own."""
    return make_database()


def schema(database: Mongo, class_name: str, **fields: str) -> None:
    """Write the schema of a class: types as ``_SCHEMA`` names them."""
    built_in = dict.fromkeys(("objectId", "createdAt", "updatedAt"), "string")
    database["_SCHEMA"].insert_one({"_id": class_name, **built_in, **fields})


def profile(*operations: Operation, peak_rate: float = 100.0) -> Profile:
    """Return a profile of some operations."""
    return Profile("test", operations, peak_rate, peak_rate / 2)


def query(class_name: str, where: dict[str, Any] | None = None, **more: Any) -> Operation:
    """Return a query of weight 1."""
    return Operation(Ask.QUERY, 1.0, class_name, where or {}, **more)


def only(advice: Advice) -> JudgedQuery:
    """Return what was said of the only query."""
    [judged] = advice.judged
    return judged


def build(database: Mongo, advice: Advice) -> None:
    """Build all that is proposed."""
    for proposal in advice.proposals:
        database.command(dict(proposal.command))
