"""Connections: one member, the user's own options, and a rate that is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.jobs.verify.identity import same_database
from parity.model import Secret, UserError
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
