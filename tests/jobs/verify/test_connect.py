"""Connections: one member, the user's own options, and a rate that is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from pymongo import WriteConcern

from parity.jobs.verify.identity import same_database
from parity.model import HarnessError, Secret, UserError
from parity.stack.mongo import REPLICA_SET
from parity.targets.mongo import Access, Reader, Throttle, _direct, database_of
from tests.mongod import Mongod, running_mongod


@pytest.mark.parametrize(
    ("uri", "direct"),
    [
        (
            "mongodb://u:p%40x@a:1,b:2/app?replicaSet=rs0&authSource=admin",
            "mongodb://u:p%40x@b:2/app?authSource=admin&directConnection=true",
        ),
        ("mongodb://a:1/app", "mongodb://b:2/app?directConnection=true"),
        (
            "mongodb://a:1/app?readPreference=secondary&tls=true",
            "mongodb://b:2/app?tls=true&directConnection=true",
        ),
    ],
)
def test_one_member_is_asked_with_the_options_of_all(uri: str, direct: str) -> None:
    assert _direct(uri, "b:2") == direct


@pytest.mark.parametrize("preference", ["primary", "secondaryPreferred", "nearest"])
def test_a_replica_set_is_read_at_one_member(replica_set: Mongod, preference: str) -> None:
    uri = Secret(replica_set.database_uri("app"))
    with Reader(Access("hosted", uri, preference)) as reader:
        assert reader.is_replica_set
        assert reader.concern == "majority"
        assert reader.command({"listCollections": 1})["ok"] == 1


def test_a_replica_set_is_the_same_by_any_of_its_uris(replica_set: Mongod) -> None:
    one = Access("one", Secret(replica_set.database_uri("app")))
    other = Access("other", Secret(f"{replica_set.database_uri('app')}?directConnection=true"))
    third = Access("third", Secret(replica_set.database_uri("app2")))
    with Reader(one) as a, Reader(other) as b, Reader(third) as c:
        assert same_database(a, b, ({}, {}))
        assert not same_database(a, c, ({}, {}))


def test_a_user_who_may_not_read_is_told_the_role(tmp_path: object) -> None:
    with running_mongod("--auth") as mongod:
        with mongod.client() as client:
            client.admin.command("createUser", "root", pwd="secretword", roles=["root"])
        access = Access("hosted", Secret(f"mongodb://root:wrong@127.0.0.1:{mongod.port}/app"))
        access = replace(access, uri=Secret(f"{access.uri.value}?authSource=admin"))
        with pytest.raises(UserError, match="refuses the user of 'hosted'") as caught:
            Reader(access)

    assert "wrong" not in str(caught.value)


def test_the_name_of_the_database_is_needed() -> None:
    assert database_of("x", Secret("mongodb://a/app?w=1")) == "app"
    with pytest.raises(UserError, match="names no database"):
        database_of("x", Secret("mongodb://a/?w=1"))


def test_a_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("parity.targets.mongo.time.monotonic", lambda: now[0])
    monkeypatch.setattr("parity.targets.mongo.time.sleep", sleep)
    throttle = Throttle(2.0)
    for _ in range(5):
        throttle.wait(1_000_000)

    assert sum(waited) == pytest.approx(2.5)


def test_no_rate_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.targets.mongo.time.sleep", lambda _: pytest.fail("it waited"))
    Throttle(None).wait(10**12)


def test_a_secondary_that_is_behind_is_not_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parity.targets.mongo.CATCH_UP_MS", 300)
    with primary_and_secondary() as (primary, secondary):
        uri = Secret(f"{primary.database_uri('app')}?replicaSet={REPLICA_SET}")
        with primary.client() as client:
            both = client.get_database("app", write_concern=WriteConcern(2, wtimeout=30_000))
            both["_SCHEMA"].insert_one({"_id": "A"})
        with Reader(Access("hosted", uri, "secondary")) as reader:
            assert reader.is_secondary
            assert reader.read_from.startswith(
                f"secondary: the secondary 127.0.0.1:{secondary.port}"
            )
        with secondary.client() as behind, primary.client() as client:
            behind.admin.command("fsync", lock=True)
            client["app"]["_SCHEMA"].insert_one({"_id": "B"})
            with pytest.raises(HarnessError, match="is behind"):
                Reader(Access("hosted", uri, "secondary"))
            with Reader(Access("hosted", uri)) as reader:
                assert reader.read_from == "primary: the primary"
                assert reader.db["_SCHEMA"].count_documents({}) == 2
            alone = Secret(f"{secondary.database_uri('app')}?directConnection=true")
            with pytest.raises(UserError, match="leads to a secondary alone"):
                Reader(Access("hosted", alone))
            behind.admin.command("fsyncUnlock")


@contextmanager
def primary_and_secondary() -> Iterator[tuple[Mongod, Mongod]]:
    """Run a replica set of two, of which only the first votes."""
    with (
        running_mongod(replica_set=True) as primary,
        running_mongod(joins=True) as secondary,
        primary.client() as client,
    ):
        config = client.admin.command("replSetGetConfig")["config"]
        host = f"127.0.0.1:{secondary.port}"
        config["members"].append({"_id": 1, "host": host, "votes": 0, "priority": 0})
        config["version"] += 1
        client.admin.command("replSetReconfig", config)
        with secondary.client() as other:
            deadline = time.monotonic() + 60.0
            while not other.admin.command("hello").get("secondary"):
                assert time.monotonic() < deadline, "it did not become a secondary"
                time.sleep(0.05)
        yield primary, secondary


def test_a_password_that_is_read_as_host_and_database_is_in_no_message() -> None:
    uri = Secret("mongodb://planted:p@ss/w:rd-planted@127.0.0.1:1/app")
    with pytest.raises(UserError, match="percent-encode") as caught:
        database_of("hosted", uri)
    assert "planted" not in caught.value.what
