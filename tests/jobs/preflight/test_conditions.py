"""Conditions on facts that no MongoDB of the tests can show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.preflight import conditions
from parity.jobs.preflight.conditions import Limits
from parity.jobs.preflight.facts import Facts
from parity.jobs.preflight.latency import Latency
from parity.jobs.preflight.reach import Address
from parity.jobs.preflight.support import series
from parity.model import Outcome

HERE = Address((("127.0.0.1", 27017),), "app", "", tls=False)
AWAY = Address((("db.example.com", 27017),), "app", "", tls=False)
FACTS = Facts(
    address=HERE,
    version="6.0.5",
    hello={"setName": "rs"},
    collections=(),
    stats=None,
    status=None,
    options=None,
    auth={"authenticatedUsers": [{"user": "u", "db": "admin"}]},
    fail_index_key_too_long=None,
    feature_version="6.0",
    clock_s=0.0,
)


@pytest.mark.parametrize(
    ("version", "feature", "parameter", "outcome"),
    [
        ("6.0.5", "6.0", None, Outcome.PASS),
        ("4.2.24", "4.2", None, Outcome.PASS),
        ("4.2.24", "4.0", True, Outcome.FAIL),
        ("4.0.28", "4.0", True, Outcome.FAIL),
        ("4.0.28", "4.0", False, Outcome.PASS),
        ("3.4.24", None, True, Outcome.FAIL),
        ("3.4.24", None, None, Outcome.UNSUPPORTED),
    ],
)
def test_index_keys_that_are_too_long(
    version: str, feature: str | None, *, parameter: bool | None, outcome: Outcome
) -> None:
    facts = replace(
        FACTS, version=version, feature_version=feature, fail_index_key_too_long=parameter
    )
    assert conditions.index_key_limit(facts).outcome is outcome


@pytest.mark.parametrize(
    ("engine", "outcome"),
    [
        ("wiredTiger", Outcome.PASS),
        ("mmapv1", Outcome.FAIL),
        ("inMemory", Outcome.FAIL),
        (None, Outcome.UNSUPPORTED),
    ],
)
def test_storage_engines(engine: str | None, outcome: Outcome) -> None:
    status = None if engine is None else {"storageEngine": {"name": engine}}
    assert conditions.storage_engine(replace(FACTS, status=status)).outcome is outcome


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        (HERE, Outcome.PASS),
        (AWAY, Outcome.FAIL),
        (replace(AWAY, tls=True), Outcome.PASS),
        (Address((("127.0.0.1", 1), ("db.example.com", 2)), "app", "", tls=False), Outcome.FAIL),
        (Address((("::1", 1), ("localhost", 2)), "app", "", tls=False), Outcome.PASS),
    ],
)
def test_encryption(address: Address, outcome: Outcome) -> None:
    assert conditions.encryption(replace(FACTS, address=address)).outcome is outcome


def test_a_server_that_asks_nobody() -> None:
    open_to_all = replace(FACTS, auth={"authenticatedUsers": []}, options={})
    assert conditions.access_control(open_to_all).outcome is Outcome.PASS
    reached = replace(open_to_all, address=AWAY)
    assert conditions.access_control(reached).outcome is Outcome.FAIL
    assert conditions.access_control(replace(FACTS, address=AWAY)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("ahead", "error", "outcome"),
    [(0.5, 0.0, Outcome.PASS), (-1.5, 0.1, Outcome.FAIL), (1.5, 2.0, Outcome.PASS),
     (90.0, 0.0, Outcome.FAIL), (None, 0.0, Outcome.UNSUPPORTED)],
)  # fmt: skip
def test_clocks(ahead: float | None, error: float, outcome: Outcome) -> None:
    facts = replace(FACTS, clock_s=ahead, clock_error_s=error)
    assert conditions.clock(facts, Limits()).outcome is outcome


@pytest.mark.parametrize(
    ("median_ms", "p99_ms", "outcome"),
    [(20.0, 100.0, Outcome.PASS), (20.1, 21.0, Outcome.FAIL), (1.0, 101.0, Outcome.FAIL)],
)
def test_latency(median_ms: float, p99_ms: float, outcome: Outcome) -> None:
    assert conditions.latency(Latency(200, median_ms, p99_ms), Limits()).outcome is outcome


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=500))
def test_99_of_100_pings_take_no_longer_than_p99(times: list[float]) -> None:
    summary = Latency.of(times)
    within = sum(time <= summary.p99_ms for time in times)
    assert within * 100 >= 99 * len(times)
    assert summary.p99_ms in times
    assert min(times) <= summary.median_ms <= max(times)
    assert summary.median_ms <= summary.p99_ms or len(times) == 1


@pytest.mark.parametrize(
    ("resource", "granted"),
    [
        ({"db": "app", "collection": ""}, True),
        ({"db": "", "collection": ""}, True),
        ({"anyResource": True}, True),
        ({"db": "app", "collection": "Post"}, False),
        ({"db": "other", "collection": ""}, False),
        ({"cluster": True}, False),
    ],
)
def test_a_right_on_one_collection_is_no_right_on_the_database(
    resource: dict[str, Any], *, granted: bool
) -> None:
    auth = {"authenticatedUserPrivileges": [{"resource": resource, "actions": ["insert"]}]}
    assert ("insert" in conditions.granted_actions(auth, "app")) is granted


def test_missing_rights_are_named() -> None:
    judged = conditions.privileges(FACTS)
    assert judged.outcome is Outcome.FAIL
    assert "dropDatabase" in judged.seen


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.6.23", "3.6"), ("4.4.29", "4.4"), ("5.3.2", "5"), ("6.0.5", "6"), ("8.0.4", "8")],
)
def test_series(version: str, expected: str) -> None:
    assert series(version) == expected
