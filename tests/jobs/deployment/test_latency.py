"""The distance between server and database, seen from outside."""

from __future__ import annotations

import random
from math import log

import pytest

from demo.proxy import Answer
from parity.jobs.deployment import codes
from parity.jobs.deployment.latency import (
    Interval,
    Times,
    _get,
    _judge,
    _reads,
    check_latency,
    lower_quartile,
)
from parity.model import Keys, Outcome, Secret
from tests.jobs.deployment.world import Authority, Deployment, deployed
from tests.jobs.preflight.delay import delaying_proxy
from tests.mongod import Mongod


def test_a_database_beside_the_server_passes(good: Deployment) -> None:
    with good.outside(good.target(mongo=Secret(good.mongod.database_uri(good.database)))) as http:
        # Far above what a busy machine needs; the limit itself is judged below.
        found = check_latency(http, good.options(max_latency_ms=500))

    assert found.outcome is Outcome.PASS
    assert found.numbers["pairs"] == 20
    assert found.numbers["low_ms"] <= found.numbers["query_ms"] <= found.numbers["high_ms"]
    assert found.numbers["ping_from_here_ms"] > 0


def test_a_database_far_away_fails(mongod: Mongod, authority: Authority) -> None:
    with (
        delaying_proxy(mongod.port, 0.06) as port,
        deployed(mongod, authority, database_port=port) as far,
        far.outside() as http,
    ):
        found = check_latency(http, far.options(max_latency_ms=20))

    assert (found.outcome, [finding.code for finding in found.findings]) == (
        Outcome.FAIL,
        [codes.LATENCY_FAR.id],
    )
    assert found.numbers["low_ms"] > 20


def test_one_kind_of_request_makes_one_query_and_the_other_none(good: Deployment) -> None:
    with good.mongod.client() as client, good.outside() as http:
        database = client[good.database]
        parse = http.parse_client()
        assert _reads(_get(parse, "_User"))

        def queries() -> int:
            return database["system.profile"].count_documents(
                {"ns": {"$ne": f"{good.database}.system.profile"}, "op": {"$ne": "command"}}
            )

        database.command({"profile": 2})
        try:
            before = queries()
            http.send("GET", http.at("health"))
            after_health = queries()
            _get(parse, "_User")
            after_reading = queries()
        finally:
            database.command({"profile": 0})
            database.drop_collection("system.profile")

    assert (after_health - before, after_reading - after_health) == (0, 1)


def test_without_a_request_that_reads_nothing_is_said(good: Deployment) -> None:
    target = good.target(keys=Keys(rest_key=Secret("another one")))
    with good.outside(target) as http:
        found = check_latency(http, good.options())
    assert found.outcome is Outcome.UNSUPPORTED


def test_a_server_that_changes_its_mind_is_an_error(good: Deployment) -> None:
    seen = 0

    def edit(request: object, answer: Answer) -> Answer:
        nonlocal seen
        seen += 1
        return answer if seen < 12 else Answer(503, [], b"{}")

    with good.behind(edit=edit) as proxy, good.outside(good.target(proxy)) as http:
        assert check_latency(http, good.options()).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (18.0, 19.9, Outcome.PASS),
        (18.0, 20.0, Outcome.PASS),
        (18.0, 21.0, Outcome.ERROR),
        (20.0, 21.0, Outcome.ERROR),
        (20.1, 21.0, Outcome.FAIL),
    ],
)
def test_only_a_whole_interval_is_judged(low: float, high: float, outcome: Outcome) -> None:
    times = Times([1.0], [20.0])
    found = _judge(Interval(low, (low + high) / 2, high), times, 20.0, None)
    assert found.outcome is outcome


def busy(rng: random.Random, wait_ms: float, distance_ms: float) -> float:
    """Return the time of a request to a machine that makes most of them wait."""
    return 1 + distance_ms + rng.expovariate(1 / wait_ms)


@pytest.mark.parametrize(("distance_ms", "too_far"), [(0.5, False), (35.0, True)])
def test_a_busy_server_is_not_a_far_database(distance_ms: float, too_far: bool) -> None:  # noqa: FBT001
    wrong = 0
    for seed in range(200):
        rng = random.Random(seed)
        times = Times(
            [busy(rng, 15.0, 0) for _ in range(160)],
            # What does more waits for longer.
            [busy(rng, 20.0, distance_ms) for _ in range(160)],
        )
        outcome = _judge(times.query(), times, 20.0, None).outcome
        wrong += outcome is (Outcome.PASS if too_far else Outcome.FAIL)
    assert wrong == 0


def test_the_interval_holds_the_true_quartile_as_often_as_it_says() -> None:
    rng = random.Random(7)
    trials, true = 2000, -10 * log(0.75)
    found = [lower_quartile([rng.expovariate(0.1) for _ in range(40)]) for _ in range(trials)]
    assert sum(each.low <= true <= each.high for each in found) / trials > 0.99
    assert max(each.high for each in found) < 15


def test_few_values_say_little() -> None:
    assert lower_quartile([3.0, 1.0, 2.0]) == Interval(0.0, 1.0, 3.0)
    assert lower_quartile([1.0]) == Interval(0.0, 1.0, 1.0)
