"""When requests are meant to be sent, and how counts of several workers become one window."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.size.load.schedule import Schedule
from parity.jobs.size.load.tally import (
    WINDOW,
    Tally,
    merge,
)
from parity.model.latency import EDGES_MS, bucket_of

rates = st.floats(0.1, 300)
spans = st.floats(0.2, 6)


@given(rates, spans, st.integers(1, 5))
def test_workers_together_send_exactly_the_schedule(
    rate: float, seconds: float, workers: int
) -> None:
    schedule = Schedule(rate, seconds, [1, 2, 3], (7, 1))
    for second in range(schedule.windows):
        alone = list(zip(*schedule.second(second, 0, 1), strict=True))
        shared = []
        for worker in range(workers):
            part = list(zip(*schedule.second(second, worker, workers), strict=True))
            assert len(part) == schedule.count(second, worker, workers)
            shared += part
        assert sorted(shared) == sorted(alone)


@given(rates, spans)
def test_the_asked_number_is_sent_and_inside_of_its_second(rate: float, seconds: float) -> None:
    schedule = Schedule(rate, seconds, [1.0], (1, 1))
    times: list[float] = []
    for second in range(schedule.windows):
        part, _ = schedule.second(second, 0, 1)
        assert all(second <= each <= min(second + 1, seconds) for each in part)
        assert part == sorted(part)
        times += part
    assert len(times) == schedule.total
    assert abs(len(times) - rate * seconds) <= 1


def test_equal_seeds_give_equal_schedules_and_others_do_not() -> None:
    one, same, other = (Schedule(50, 1, [1, 1], seed) for seed in ((1, 1), (1, 1), (1, 2)))
    assert one.second(0, 0, 1) == same.second(0, 0, 1)
    assert one.second(0, 0, 1) != other.second(0, 0, 1)


def test_an_operation_of_weight_0_is_never_sent_and_others_as_often_as_they_weigh() -> None:
    _, which = Schedule(20_000, 1, [3, 0, 1], (1, 1)).second(0, 0, 1)
    assert which.count(1) == 0
    assert 0.72 < which.count(0) / len(which) < 0.78


def test_times_are_not_evenly_spaced() -> None:
    times, _ = Schedule(1000, 1, [1], (1, 1)).second(0, 0, 1)
    gaps = [after - before for before, after in pairwise(times)]
    # Of exponential gaps 1 - 1/e are below their mean; of even ones none.
    assert 0.55 < sum(gap < 0.001 for gap in gaps) / len(gaps) < 0.71


@given(st.floats(0, 1e7))
def test_a_bucket_holds_the_times_up_to_its_edge(milliseconds: float) -> None:
    bucket = bucket_of(milliseconds)
    assert bucket == len(EDGES_MS) - 1 or milliseconds <= EDGES_MS[bucket]
    assert bucket == 0 or milliseconds > EDGES_MS[bucket - 1]


ends = st.tuples(
    st.sampled_from(["get", "query"]),
    st.floats(0, 5000),
    st.sampled_from(["", "status 500", "no answer"]),
    st.integers(0, 1000),
)


@given(st.lists(st.lists(ends, max_size=20), min_size=1, max_size=4))
def test_merging_workers_is_counting_everything_in_one_place(
    workers: list[list[tuple[str, float, str, int]]],
) -> None:
    together, tallies = Tally(), []
    for part in workers:
        tally = Tally(intended=len(part), sent=len(part))
        for name, ms, failure, received in part:
            tally.end(name, ms, ms / 2, failure, received)
            together.end(name, ms, ms / 2, failure, received)
        tallies.append(Tally.from_json(tally.to_json()))
    window = merge(1.0, 1.0, tallies)
    assert window.done == together.done == sum(window.latency) == sum(window.service)
    assert window.intended == window.sent == sum(len(part) for part in workers)
    assert dict(window.failed) == together.failed
    assert dict(window.by_operation) == together.by_operation
    assert window.bytes_in == together.bytes_in
    assert {n: count for n, count in enumerate(window.latency) if count} == together.latency
    assert WINDOW.validate_python(WINDOW.dump_python(window, mode="json")) == window
