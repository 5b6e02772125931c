"""One real app for all tests of a worker: a stand-in for the hosted service, full of objects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from parity.model import Target
from parity.stack import hosted_member, start_stack, stop_stack
from parity.targets import ParseClient
from tests.jobs.verify.sources.paged import PagedParse
from tests.jobs.verify.sources.things import COUNT, document, row
from tests.jobs.verify.sources.world import Mongo, copy_database, fill, write_export
from tests.mongod import Mongod, mongod


@dataclass(frozen=True, slots=True)
class App:
    """A running source.

    Attributes:
        target: Its endpoint.
        client: A client of its mongod.
        database: Its database.
        export: Its hosted export, a folder.
        mongo_uri: URI of its mongod, without a database.
        made: Ids of its objects, by class.
    """

    target: Target
    client: MongoClient[dict[str, Any]]
    database: Mongo
    export: Path
    mongo_uri: str
    made: dict[str, list[str]]

    def uri(self, name: str) -> str:
        """Return the URI of a database beside the source's."""
        return f"{self.mongo_uri.rstrip('/').partition('/?')[0]}/{name}"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Parse Server 2.8.4 in hosted style with objects of every kind, and its export."""
    stack = start_stack([hosted_member()])
    try:
        target = stack.targets[0]
        assert target.mongo is not None
        with MongoClient[dict[str, Any]](target.mongo.value) as client:
            database = client.get_default_database()
            parse = ParseClient(target)
            made = fill(parse)
            export = tmp_path_factory.mktemp("export")
            write_export(parse, database, export)
            parse.close()
            yield App(target, client, database, export, stack.mongo_uri, made)
    finally:
        stop_stack(stack)


__all__ = ["mongod"]
_numbers = itertools.count()


@pytest.fixture
def copy(app: App) -> Iterator[Callable[[], Mongo]]:
    """Make copies of the source's database, dropped afterwards."""
    names: list[str] = []

    def made() -> Mongo:
        names.append(f"copy{next(_numbers)}")
        return copy_database(app.client, app.database.name, names[-1])

    yield made
    for name in names:
        app.client.drop_database(name)


@pytest.fixture
def server() -> Iterator[PagedParse]:
    with PagedParse() as running:
        running.with_schemas = False
        running.put("Thing", *(row(n) for n in range(COUNT)))
        running.put("Other", row(1))
        yield running


@pytest.fixture
def database(mongod: Mongod, request: pytest.FixtureRequest) -> Iterator[Mongo]:
    with mongod.client() as client:
        name = f"hard_{abs(hash(request.node.nodeid)):x}"
        made = client[name]
        for class_name in ("Thing", "Other"):
            columns = {"objectId": "string", "createdAt": "string", "updatedAt": "string"}
            made["_SCHEMA"].insert_one({"_id": class_name, **columns, "n": "number"})
        made["Thing"].insert_many([document(n) for n in range(COUNT)])
        made["Other"].insert_one(document(1))
        yield made
        client.drop_database(name)
