"""What serverStatus says, of several versions and to users who may not see it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pymongo import MongoClient

from parity.jobs.size.probes import MongoProbe, Role, collection_facts, open_probes
from parity.jobs.size.probes.mongo import FIELDS, read_fields
from parity.model import Secret
from tests.mongod import Mongod, running_mongod

SECRET = "pr0be-pa55word"
NOT_IN_6_0 = {"connections_refused", "cache_wait_us"}
"""Names that MongoDB 6.0.5 does not have."""


def status(**more: Any) -> dict[str, Any]:
    return {"wiredTiger": {"cache": {"bytes currently in the cache": 5}}, **more}


def test_tickets_are_found_where_each_version_has_them() -> None:
    old = status()
    old["wiredTiger"]["concurrentTransactions"] = {"read": {"out": 3, "totalTickets": 128}}
    new = status(queues={"execution": {"read": {"out": 3, "totalTickets": 128}}})
    for answer in (old, new):
        found = read_fields(answer)
        assert (found["read_out"], found["read_tickets"]) == (3, 128)
    assert "write_out" not in read_fields(new)


def test_what_a_server_does_not_say_is_missing_and_not_zero() -> None:
    assert read_fields({"connections": {"current": 4}}) == {"connections": 4}
    assert read_fields({"connections": "hidden", "mem": {"resident": None}}) == {}
    assert read_fields({}) == {}


def test_a_real_mongod_says_all_that_is_asked_for(mongod: Mongod) -> None:
    probe = MongoProbe(Secret(mongod.database_uri("probe")), "probe")
    with mongod.client() as client:
        client["probe"]["a"].insert_many([{"n": n} for n in range(100)])
        sample = probe.sample()
        assert sample is not None
        assert set(FIELDS) - set(sample.values) <= NOT_IN_6_0
        facts = probe.facts()
        assert facts.version.startswith("6.0")
        assert facts.pid == mongod.pid
        assert facts.data_bytes
        assert facts.disk_bytes
        assert not facts.not_visible
        (collection,) = collection_facts(client["probe"], ["a", "not-there"])
        assert (collection.documents, collection.index_uses) == (100, {"_id_": 0})
        assert collection.time_us is not None
        client.drop_database("probe")
    probe.close()


def test_a_probe_has_one_connection_and_one_that_watches(mongod: Mongod) -> None:
    with mongod.client() as client:
        before = client.admin.command("serverStatus")["connections"]["totalCreated"]
        probe = MongoProbe(Secret(mongod.database_uri("x")), "x")
        for _ in range(5):
            assert probe.sample() is not None
        after = client.admin.command("serverStatus")["connections"]["totalCreated"]
        assert after - before <= 3
        probe.close()


def test_the_answer_is_smaller_than_all_of_serverstatus(mongod: Mongod) -> None:
    probe = MongoProbe(Secret(mongod.database_uri("x")), "x")
    probe.sample()
    assert 0 < probe.bytes < 40_000
    probe.close()


@pytest.fixture(scope="module")
def guarded() -> Any:
    with running_mongod("--auth") as running:
        with running.client() as client:
            client.admin.command("createUser", "root", pwd=SECRET, roles=["root"])
        root: MongoClient[dict[str, Any]] = MongoClient(
            f"mongodb://root:{SECRET}@127.0.0.1:{running.port}/?authSource=admin"
        )
        with root:
            root["app"]["a"].insert_one({"n": 1})
            root["app"].command("createUser", "reader", pwd=SECRET, roles=["read"])
        yield running


def test_a_user_without_the_privilege_sees_less_and_is_told_why(guarded: Mongod) -> None:
    uri = f"mongodb://reader:{SECRET}@127.0.0.1:{guarded.port}/app"
    sampler = open_probes("http://127.0.0.1:9/parse", Secret(uri), "app")
    assert sampler.facts is not None
    assert "serverStatus" in sampler.facts.not_visible
    assert "not authorized" in sampler.facts.not_visible["hostInfo"]
    assert sampler.facts.pid is None
    assert sampler.facts.cores is None
    assert sampler.facts.data_bytes is not None  # dbStats is within the role "read"
    assert "did not say which process" in sampler.hidden[Role.MONGOD]
    assert SECRET not in repr(sampler.facts)
    sample = sampler.take()
    assert sample.mongo is None
    assert sample.slow_operations is None
    assert sampler.probe is not None
    sampler.probe.close()


def test_samples_come_beside_the_work_and_their_cost_is_counted(mongod: Mongod) -> None:
    sampler = open_probes("http://127.0.0.1:9/parse", Secret(mongod.database_uri("x")), "x")
    sampler._every_s = 0.05
    with sampler:
        deadline = time.monotonic() + 30
        while len(sampler.samples) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        cost = sampler.cost()
    assert cost.samples >= 5
    assert cost.client_cores > 0
    assert cost.server_cores > 0
    first, last = sampler.samples[0], sampler.samples[-1]
    assert last.at > first.at
    assert last.machine.busy_s >= first.machine.busy_s
    assert last.processes[Role.MONGOD].cpu_s >= first.processes[Role.MONGOD].cpu_s > 0
    assert "no process that we may see" in sampler.hidden[Role.PARSE_SERVER]
