"""The distance between server and database, seen from outside."""

from __future__ import annotations

import random
from statistics import NormalDist

import pytest

from demo.proxy import Answer
from parity.deployment import Code
from parity.deployment.latency import Interval, _judge, interval, look_at_latency
from parity.model import Keys, Outcome, Secret
from tests.deployment.world import Authority, Deployment, deployed
from tests.mongod import Mongod
from tests.verify.preflight.delay import delaying_proxy


def test_a_database_beside_the_server_passes(good: Deployment) -> None:
    with good.outside(good.target(mongo=Secret(good.mongod.database_uri(good.database)))) as asker:
        # Far above what a busy machine needs; the limit itself is judged below.
        found = look_at_latency(asker, good.options(max_latency_ms=500))

    assert found.outcome is Outcome.PASS
    assert found.numbers["pairs"] == 20
    assert found.numbers["low_ms"] <= found.numbers["median_ms"] <= found.numbers["high_ms"]
    assert found.numbers["ping_from_here_ms"] > 0


def test_a_database_far_away_fails(mongod: Mongod, authority: Authority) -> None:
    with (
        delaying_proxy(mongod.port, 0.06) as port,
        deployed(mongod, authority, database_port=port) as far,
        far.outside() as asker,
    ):
        found = look_at_latency(asker, far.options(max_latency_ms=20))

    assert (found.outcome, [each.code for each in found.findings]) == (
        Outcome.FAIL,
        [Code.LATENCY_FAR],
    )
    # One round trip through the proxy, and not two: exactly one query is timed.
    assert 55 < found.numbers["median_ms"] < 115


def test_without_a_request_that_reads_nothing_is_said(good: Deployment) -> None:
    target = good.target(keys=Keys(rest_key=Secret("another one")))
    with good.outside(target) as asker:
        found = look_at_latency(asker, good.options())
    assert found.outcome is Outcome.UNSUPPORTED


def test_a_server_that_changes_its_mind_is_an_error(good: Deployment) -> None:
    seen = 0

    def edit(request: object, answer: Answer) -> Answer:
        nonlocal seen
        seen += 1
        return answer if seen < 12 else Answer(503, [], b"{}")

    with good.behind(edit=edit) as proxy, good.outside(good.target(proxy)) as asker:
        assert look_at_latency(asker, good.options()).outcome is Outcome.ERROR


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
    assert _judge(Interval(low, (low + high) / 2, high, 40), 20.0, None).outcome is outcome


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    rng = random.Random(7)
    draw = NormalDist(10, 5)
    trials, holds = 2000, 0
    for _ in range(trials):
        found = interval(
            [draw.inv_cdf(rng.random()) + 30 * (rng.random() < 0.1) for _ in range(41)]
        )
        # One in ten is 30 ms late: the median of the mixture is where 0.9 of the normal is 0.5.
        holds += found.low <= draw.inv_cdf(0.5 / 0.9) <= found.high
    assert holds / trials > 0.98


def test_the_interval_of_few_values_is_all_of_them() -> None:
    assert interval([3.0, 1.0, 2.0]) == Interval(1.0, 2.0, 3.0, 3)
    assert interval([1.0]) == Interval(1.0, 1.0, 1.0, 1)
