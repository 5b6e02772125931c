"""Every damage of the catalogue is found, under its own code, and a sound database has none."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from parity.jobs.audit.engine import AuditOptions, audit_database
from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.sides import InlineSides
from parity.model import Secret
from parity.seed import SeedPlan, seed_database
from parity.targets.mongo import Access
from tests.jobs.verify.damages import AUDIT, DAMAGES, VERIFY, Damage
from tests.jobs.verify.plants import Db
from tests.mongod import Mongod

PLAN = SeedPlan.sized(300, seed=3, bytes_per_document=0)


RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)


@dataclass(frozen=True, slots=True)
class World:
    """A sound database and a copy that is harmed.

    Attributes:
        source: The sound one.
        copy: The other one.
        uri: Of their server.
        facts: Of each collection of the source: what tells whether it was touched.
    """

    source: Db
    copy: Db
    uri: str
    facts: dict[str, Any]

    def mend(self) -> None:
        """Make the copy as it was: each collection that differs is made again."""
        now = facts_of(self.copy)
        for name in {*now, *self.facts}:
            if now.get(name) != self.facts.get(name):
                self._copy(name)

    def _copy(self, name: str) -> None:
        self.copy.drop_collection(name)
        if name not in self.facts:
            return
        rows: Any = self.source.get_collection(name, RAW)
        self.copy[name].insert_many(list(rows.find()))
        for index in self.source[name].list_indexes():
            if index["name"] != "_id_":
                options = {k: v for k, v in index.items() if k not in ("name", "v", "key")}
                self.copy[name].create_index(list(index["key"].items()), **options)


def facts_of(db: Db) -> dict[str, Any]:
    hashes = db.command("dbHash")["collections"]
    return {
        collection["name"]: (
            hashes.get(collection["name"]),  # a view has none
            collection["options"],
            collection["type"] == "collection" and db[collection["name"]].index_information(),
        )
        for collection in db.list_collections()
        if not collection["name"].startswith("system.")
    }


@pytest.fixture(scope="module")
def databases(mongod: Mongod) -> Iterator[World]:
    mark = uuid4().hex[:10]
    client: MongoClient[dict[str, Any]]
    with mongod.client() as client:
        source, copy = client[f"sound_{mark}"], client[f"harmed_{mark}"]
        try:
            seed_database(source, PLAN)
            world = World(source, copy, mongod.uri, facts_of(source))
            world.mend()
            yield world
        finally:
            for database in (source, copy):
                client.drop_database(database.name)


@pytest.fixture
def world(databases: World) -> Iterator[World]:
    yield databases
    databases.mend()


def verified(world: World) -> set[str]:
    source, copy = (
        Access(name, Secret(f"{world.uri}/{database.name}"))
        for name, database in (("hosted", world.source), ("selfhosted", world.copy))
    )
    result = verify_databases(source, copy, Options(sides=InlineSides))
    assert result.problems == ()
    documents = {code for collection in result.collections for code in collection.counts}
    return documents | {
        one.code for collection in result.collections for one in collection.structure
    }


def audited(db: Db) -> set[str]:
    return {
        finding.code.id for finding in audit_database(db, AuditOptions(file_key=False)).findings
    }


def test_a_sound_copy_has_no_finding(world: World) -> None:
    assert verified(world) == set()
    assert audited(world.source) == set()
    assert audited(world.copy) == set()


def test_the_catalogue_is_large_and_its_titles_are_unique() -> None:
    assert len({damage.title for damage in DAMAGES}) == len(DAMAGES) >= 45


@pytest.mark.parametrize("damage", VERIFY, ids=lambda each: each.title)
def test_verify_finds(world: World, damage: Damage) -> None:
    damage.plant(world.copy, random.Random(damage.title))
    found = verified(world)
    assert damage.finding in found
    assert found - {damage.finding} <= damage.beside


@pytest.mark.parametrize("damage", AUDIT, ids=lambda each: each.title)
def test_audit_finds(world: World, damage: Damage) -> None:
    damage.plant(world.copy, random.Random(damage.title))
    found = audited(world.copy)
    assert damage.finding in found
    assert found - {damage.finding} <= damage.beside
    assert verified(world)  # the source is sound, so its copy differs as well
