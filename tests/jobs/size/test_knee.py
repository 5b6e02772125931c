"""The knee of a queue whose knee is known."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from parity.jobs.size.knee import Ended, Plan, find_knee
from parity.jobs.size.measure import Measurement, measure
from parity.jobs.size.trial import Fault, Generation, Objective, Phase, Trial, voided
from tests.jobs.size.simulated import SimulatedGenerator, SimulatedSampler, System
from tests.jobs.size.trials import sized, trial

OBJECTIVE = Objective(100, 400, 0.1)
FOREVER = 10_000.0


def manual_sweep(system: System, step: float = 1.03) -> float:
    """Raise the rate in fine steps until the objective is missed."""
    rate = system.capacity * 0.4
    held = 0.0
    while True:
        measurement, _ = sized(system, Plan(rate, rate, seconds=20, hold_s=2), OBJECTIVE)
        first = measurement.trials[0][0]
        if not first.meets:
            return held
        held, rate = rate, rate * step


@pytest.mark.parametrize(
    "system",
    [
        System(parse_ms=8.0, mongo_ms=1.0),
        System(parse_ms=4.0, mongo_ms=25.0),
        System(parse_ms=8.0, quota=0.3),
    ],
    ids=["parse", "mongo", "throttled"],
)
def test_the_knee_is_within_15_percent_of_a_fine_sweep(system: System) -> None:
    plan = Plan(start=system.capacity / 10, seconds=10, hold_s=30)
    _, knee = sized(system, plan, OBJECTIVE)
    swept = manual_sweep(system)
    assert knee.rate is not None
    assert 0.85 < knee.rate / swept < 1.15
    assert knee.ended is Ended.FOUND
    assert knee.missed is not None
    assert knee.best is not None
    assert knee.best.phase is Phase.HOLD


def test_a_server_that_gets_faster_while_it_is_used_is_looked_at_again() -> None:
    cold = System(parse_ms=8.0, mongo_ms=1.0, cold=2_500)
    _, knee = sized(cold, Plan(start=20, seconds=10, hold_s=30), OBJECTIVE)
    swept = manual_sweep(replace(cold, cold=0))
    missed = [each.rate for each in knee.trials if not each.meets]
    assert knee.rate is not None
    # The miss that bounded the search at first lies below the knee.
    assert min(missed) < knee.rate
    assert 0.85 < knee.rate / swept < 1.15


def test_an_early_miss_is_tried_again_once_and_stands_if_it_misses_again() -> None:
    calls: list[float] = []
    knee = find_knee(Plan(50), exact(99.0, calls), lambda: FOREVER)  # type: ignore[arg-type]
    assert calls.count(100) == 2
    assert knee.missed is not None
    assert knee.missed.rate == 100
    assert max(calls) == 100


@pytest.mark.parametrize("fault", [Fault.GENERATOR, Fault.MACHINE])
def test_an_early_miss_stands_if_the_second_look_is_spoilt(fault: Fault) -> None:
    seen: list[float] = []

    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        seen.append(rate)
        made = trial(phase, rate, meets=rate <= 99)
        return voided(made, fault, "late") if seen.count(100) > 1 and rate == 100 else made

    knee = find_knee(Plan(50), run, lambda: FOREVER)
    assert (knee.ended, knee.why) == (Ended.FOUND, "")
    assert knee.missed is not None
    assert (knee.missed.rate, knee.missed.void) == (100, "")


def test_there_is_no_second_look_without_time_to_hold_the_knee_after_it() -> None:
    calls: list[float] = []
    # Two steps of the ramp and four of the bisection.
    left = iter([*[200.0] * 6, *[40.0] * 9])
    knee = find_knee(Plan(50), exact(99.0, calls), lambda: next(left))  # type: ignore[arg-type]
    assert calls.count(100) == 1
    assert knee.ended is Ended.FOUND


def exact(limit: float, calls: list[float]) -> object:
    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        calls.append(rate)
        return trial(phase, rate, meets=rate <= limit)

    return run


@pytest.mark.parametrize("limit", [0.6, 1.0, 7.3, 100.0, 12_345.0])
@pytest.mark.parametrize("start", [1.0, 50.0, 1000.0])
def test_bisection_ends_below_the_limit_and_near_it(limit: float, start: float) -> None:
    calls: list[float] = []
    knee = find_knee(Plan(start), exact(limit, calls), lambda: FOREVER)  # type: ignore[arg-type]
    assert knee.rate is not None
    assert limit / 1.09 <= knee.rate <= limit
    assert len(calls) < 2 * math.log2(max(limit, start) / 0.5) + 12


def test_the_search_ends_when_enough_was_shown_and_never_goes_further() -> None:
    calls: list[float] = []
    knee = find_knee(Plan(20, enough=100), exact(1e9, calls), lambda: FOREVER)  # type: ignore[arg-type]
    assert knee.ended is Ended.ENOUGH
    assert knee.rate == 100
    assert knee.missed is None
    assert max(calls) == 100


def test_the_highest_rate_is_never_exceeded() -> None:
    calls: list[float] = []
    knee = find_knee(Plan(20, most=33), exact(1e9, calls), lambda: FOREVER)  # type: ignore[arg-type]
    assert knee.ended is Ended.MAX_RATE
    assert knee.rate == 33
    assert max(calls) == 33


def test_a_server_that_never_meets_the_objective_has_no_knee() -> None:
    calls: list[float] = []
    knee = find_knee(Plan(8), exact(0.0, calls), lambda: FOREVER)  # type: ignore[arg-type]
    assert (knee.ended, knee.rate) == (Ended.BELOW, None)
    assert knee.missed is not None
    assert knee.missed.rate == 0.5


def test_the_search_ends_when_its_time_is_over() -> None:
    calls: list[float] = []
    left = iter([100.0, 80, 60, 40, 20, 5, 5, 5, 5])
    knee = find_knee(Plan(10), exact(1e9, calls), lambda: next(left, 0.0))  # type: ignore[arg-type]
    assert knee.ended is Ended.TIME
    assert knee.best is not None


@pytest.mark.parametrize("fault", [Fault.GENERATOR, Fault.MACHINE])
def test_a_spoilt_miss_is_tried_again_and_then_ends_the_search_without_a_limit(
    fault: Fault,
) -> None:
    calls: list[float] = []

    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        calls.append(rate)
        if rate <= 50:
            return trial(phase, rate, meets=True)
        return voided(trial(phase, rate, meets=False), fault, "it was late")

    knee = find_knee(Plan(40), run, lambda: FOREVER)
    assert knee.ended is (Ended.GENERATOR if fault is Fault.GENERATOR else Ended.DISTURBED)
    assert knee.missed is None
    # What is met below a rate that could not be judged counts all the same.
    assert knee.rate is not None
    assert 45 < knee.rate <= 50
    assert calls.count(80) == 3
    assert knee.why == "it was late"


def test_one_hiccup_does_not_lower_the_knee() -> None:
    seen: set[float] = set()

    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        first = rate not in seen
        seen.add(rate)
        return trial(phase, rate, meets=rate <= 64 and not (rate == 32 and first), narrowly=True)

    knee = find_knee(Plan(8), run, lambda: FOREVER)
    assert knee.rate is not None
    assert knee.rate > 58


def test_a_knee_that_does_not_hold_is_lowered_until_it_does() -> None:
    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        return trial(phase, rate, meets=rate <= (90 if phase is Phase.HOLD else 100))

    knee = find_knee(Plan(10), run, lambda: FOREVER)
    assert knee.rate is not None
    assert 80 < knee.rate <= 90
    assert knee.best is not None
    assert knee.best.phase is Phase.HOLD
    assert knee.missed is not None
    assert knee.missed.rate > knee.rate


@pytest.mark.parametrize("fault", [Fault.GENERATOR, Fault.MACHINE])
def test_a_hold_that_was_spoilt_shows_nothing_of_its_rate(fault: Fault) -> None:
    def run(phase: Phase, rate: float, seconds: float) -> Trial:
        made = trial(phase, rate, meets=phase is not Phase.HOLD or rate <= limit)
        return made if made.meets else voided(made, fault, "it was late")

    limit = 95
    knee = find_knee(Plan(10, enough=100), run, lambda: FOREVER)
    assert knee.ended is (Ended.GENERATOR if fault is Fault.GENERATOR else Ended.DISTURBED)
    assert knee.rate is not None
    assert 80 < knee.rate <= 95
    assert knee.is_held
    assert knee.missed is None
    limit = 0
    knee = find_knee(Plan(10, enough=100), run, lambda: FOREVER)
    assert knee.rate is not None
    assert not knee.is_held
    assert knee.why == "it was late"


def test_whatever_the_trials_say_the_search_ends_and_its_knee_was_held() -> None:
    rng = random.Random(5)
    for _ in range(300):
        asked: list[Trial] = []

        def run(phase: Phase, rate: float, seconds: float, asked: list[Trial] = asked) -> Trial:
            made = trial(phase, rate, meets=rng.random() < 0.5, narrowly=rng.random() < 0.5)
            if not made.meets and rng.random() < 0.2:
                made = voided(made, rng.choice([Fault.GENERATOR, Fault.MACHINE]), "spoilt")
            asked.append(made)
            return made

        knee = find_knee(Plan(rng.uniform(1, 100), enough=1000), run, lambda: FOREVER)
        assert len(asked) < 120
        assert knee.best is None or (knee.best in asked and knee.best.meets)
        if knee.best and knee.missed:
            assert knee.missed.rate >= knee.best.rate
            assert not knee.missed.meets
            assert not knee.missed.void


def test_everything_that_was_seen_is_kept_when_the_generator_dies() -> None:
    system = System()
    sampler = SimulatedSampler(system)
    generator = SimulatedGenerator(system, sampler)
    measurement = Measurement(OBJECTIVE, Generation())

    def die_later(moment: object, left: float) -> None:
        if len(measurement.moments) > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(
            measurement, generator, sampler, Plan(10), seconds=FOREVER, watch=die_later  # type: ignore[arg-type]
        )  # fmt: skip
    assert len(measurement.moments) == 31
    assert measurement.trials
    assert measurement.knee is None


def test_a_stall_is_seen_in_the_latency_from_the_intended_send() -> None:
    # 3 s of standstill in a trial of 10 s: with closed-loop users it would be a few slow requests.
    calm, _ = sized(System(), Plan(100, 100, seconds=10, hold_s=10), OBJECTIVE)
    assert calm.trials[0][0].meets
    stalled, _ = sized(System(stalls={7.0: 3.0}), Plan(100, 100, seconds=10, hold_s=10), OBJECTIVE)
    first = stalled.trials[0][0]
    p95 = first.ms(0.95)
    assert p95 is not None
    assert p95 > 1000
    assert not first.meets
