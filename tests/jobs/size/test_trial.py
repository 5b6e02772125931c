"""Which trial meets an objective, where objectives come from, and numbers out of histograms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.size.trial import Objective, Phase, Trial, misses, objective_for, trial_of
from parity.jobs.size.window import Window
from parity.model.latency import mean_ms, quantile_ms
from parity.profiles.profile import Ask, Operation, Profile
from tests.jobs.size.trials import histogram

OBJECTIVE = Objective(100, 400, 0.1)


def window(*ms: float, failed: int = 0, intended: int | None = None, lag: float = 1.0) -> Window:
    return Window(
        at=1000.0,
        seconds=1.0,
        intended=len(ms) if intended is None else intended,
        sent=len(ms),
        done=len(ms),
        failed={"status 500": failed} if failed else {},
        latency=histogram(*ms),
        service=histogram(*ms),
        generator_lag_ms=lag,
    )


def of(*windows: Window) -> Trial:
    return trial_of(Phase.RAMP, 100, windows, OBJECTIVE)


def test_a_quick_server_meets_the_objective() -> None:
    assert of(window(*[10.0] * 1000)).meets


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (window(*[10.0] * 900, *[150.0] * 100), "p95"),
        (window(*[10.0] * 980, *[900.0] * 20), "p99"),
        (window(*[10.0] * 1000, failed=3), "failed"),
        (window(*[10.0] * 800, intended=1000), "only 800 of 1000"),
    ],
    ids=["p95", "p99", "errors", "falls behind"],
)
def test_each_way_to_miss_the_objective_is_named(made: Window, words: str) -> None:
    (reason,) = of(made).misses
    assert words in reason


def test_one_wrong_answer_in_a_short_trial_is_forgiven_unless_none_may_be() -> None:
    assert of(window(*[10.0] * 100, failed=1)).meets
    assert misses(of(window(*[10.0] * 100, failed=1)), replace(OBJECTIVE, errors_percent=0))


def test_a_99th_percentile_of_few_requests_is_not_judged() -> None:
    assert of(window(*[10.0] * 97, *[900.0] * 3)).meets
    assert not of(window(*[10.0] * 970, *[900.0] * 30)).meets


def test_a_server_that_answers_nothing_misses() -> None:
    assert of(window(intended=500)).misses == ("only 0 of 500 requests ended in time",)


def test_a_trial_without_a_request_meets_nothing() -> None:
    assert of(window()).misses == ("no request was intended",)


def test_an_error_among_few_requests_is_more_than_chance() -> None:
    assert not of(window(*[10.0] * 5, failed=1)).meets


def test_a_narrow_miss_is_told_from_a_wide_one() -> None:
    assert of(window(*[10.0] * 900, *[120.0] * 100)).narrowly
    assert not of(window(*[10.0] * 900, *[2000.0] * 100)).narrowly


def test_the_lag_of_a_trial_is_not_that_of_its_worst_second() -> None:
    made = [window(10.0, lag=1.0)] * 4 + [window(10.0, lag=500.0)]
    assert of(*made).lag_ms == 1.0


def profile(**latency: float) -> Profile:
    operations = (Operation(Ask.QUERY, 3.0, "A"), Operation(Ask.CREATE, 1.0, "A"))
    return Profile(
        "p", operations, 10, 5, latency_ms={Ask(name): ms for name, ms in latency.items()}
    )


def test_the_objective_is_what_the_hosted_service_did_and_a_tenth() -> None:
    found = objective_for(profile(query=100.0, create=200.0))
    assert found.p95_ms == pytest.approx(1.1 * 125)
    assert found.p99_ms == pytest.approx(4.4 * 125)
    assert "recorded" in found.source


def test_latency_of_a_small_part_of_the_traffic_is_no_objective() -> None:
    assert objective_for(profile(create=900.0)) == Objective()


def test_what_is_asked_for_comes_first_and_p99_is_never_below_p95() -> None:
    found = objective_for(profile(query=100.0), 5000.0, None, 2.0)
    assert (found.p95_ms, found.p99_ms, found.errors_percent) == (5000, 5000, 2)
    assert "command line" in found.source


@given(st.lists(st.floats(0.2, 60_000), min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_percentiles_and_means_are_right_within_the_width_of_a_class(
    ms: list[float], share: float
) -> None:
    counts = histogram(*ms)
    found, mean = quantile_ms(counts, share), mean_ms(counts)
    assert found is not None
    assert mean is not None
    below = sum(each <= found for each in ms)
    assert below >= share * len(ms) - 1e-9
    assert sum(each <= found / 1.06 for each in ms) < share * len(ms) + 1e-9
    assert mean == pytest.approx(sum(ms) / len(ms), rel=0.03)


def test_without_a_request_there_is_no_latency() -> None:
    assert quantile_ms((), 0.95) is None
    assert mean_ms((0, 0)) is None
