"""Latencies, against plain computations."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.latency import Latency

MS = st.floats(0.01, 60_000)


def of(pairs: list[tuple[float, float]]) -> Latency:
    """Return the latency of some pairs."""
    latency = Latency()
    for recorded, live in pairs:
        latency.add(recorded, live)
    return latency


@given(st.lists(st.tuples(MS, MS), min_size=8, max_size=60))
def test_the_ratio_is_the_geometric_mean_with_its_interval(
    pairs: list[tuple[float, float]],
) -> None:
    logs = [math.log(live / recorded) for recorded, live in pairs]
    mean, error = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    expected = [math.exp(each) for each in (mean, mean - 1.96 * error, mean + 1.96 * error)]
    found = of(pairs).ratio
    assert found is not None
    assert list(found) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.tuples(MS, MS), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_is_near_the_true_one(pairs: list[tuple[float, float]], share: float) -> None:
    found = of(pairs).quantiles(share)
    for got, values in zip(found, zip(*pairs, strict=True), strict=True):
        true = sorted(values)[math.ceil(share * len(values)) - 1]
        assert got == pytest.approx(true, rel=0.06)


def test_too_few_pairs_have_no_ratio() -> None:
    assert of([(1.0, 2.0)] * 7).ratio is None
    assert of([(1.0, 2.0)] * 8).ratio == pytest.approx((2, 2, 2))


def test_what_is_not_above_zero_says_nothing() -> None:
    latency = of([(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
    assert (latency.pairs, latency.quantiles(0.5)) == (0, (0.0, 0.0))
