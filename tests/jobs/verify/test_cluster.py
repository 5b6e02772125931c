"""The same verification by the workers of a dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from parity.jobs.verify.cluster import ClusterSides, cluster_sides
from parity.jobs.verify.engine import Options, verify_databases
from parity.jobs.verify.result import State
from parity.model import UserError
from parity.targets.mongo import Access
from tests.jobs.verify.databases import Pair, fill, pair_of_databases
from tests.mongod import Mongod

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
        protocol="tcp",
        host="127.0.0.1",
    ) as running:
        yield running


@pytest.fixture
def pair(mongod: Mongod) -> Iterator[Pair]:
    with pair_of_databases(mongod) as pair:
        fill(pair, documents=2000)
        yield pair


def test_a_cluster_finds_what_this_machine_finds(pair: Pair, cluster: Any) -> None:
    pair.copy["GameScore"].delete_one({})
    pair.copy["_User"].update_one({}, {"$set": {"n": "x"}})
    sides = cluster_sides(cluster.scheduler_address)
    result = verify_databases(*pair.accesses, Options(sides=sides))

    counts = {
        collection.name: collection.counts for collection in result.collections if collection.counts
    }
    assert counts == {"GameScore": {"VER-MISSING": 1}, "_User": {"VER-CHANGED": 1}}


def test_a_huge_collection_is_divided_and_counted_once(pair: Pair, cluster: Any) -> None:
    def divided(source: Access, destination: Access) -> ClusterSides:
        return ClusterSides(source, destination, cluster.scheduler_address, huge=4)

    pair.copy["Odd"].delete_one({"_id": 2.5})
    result = verify_databases(*pair.accesses, Options(sides=divided))
    found = {collection.name: collection for collection in result.collections}

    assert found["GameScore"].source_documents == 2000
    assert found["GameScore"].counts == {}
    assert found["Odd"].counts == {"VER-MISSING": 1}
    assert {collection.state for collection in result.collections} == {State.VERIFIED}


def test_no_scheduler_is_said(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.jobs.verify.cluster.PATIENCE_S", 0.2)
    with pytest.raises(UserError, match="no dask scheduler answers"):
        ClusterSides(*pair.accesses, "tcp://127.0.0.1:1")
