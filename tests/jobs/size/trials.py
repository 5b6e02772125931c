"""Trials and measurements for tests."""

from __future__ import annotations

from bisect import bisect_left

from parity.jobs.size.knee import Knee, Plan
from parity.jobs.size.measure import Measurement, measure
from parity.jobs.size.trial import Generation, Objective, Phase, Trial
from parity.model.latency import EDGES_MS
from tests.jobs.size.simulated import SimulatedGenerator, SimulatedSampler, System


def sized(
    system: System,
    plan: Plan,
    objective: Objective,
    *,
    seed: int = 1,
    generation: Generation | None = None,
) -> tuple[Measurement, Knee]:
    """Size a system that does not exist."""
    sampler = SimulatedSampler(system)
    generator = SimulatedGenerator(system, sampler, seed)
    measurement = Measurement(objective, generation or Generation())
    knee = measure(measurement, generator, sampler, plan, seconds=1e6)  # type: ignore[arg-type]
    return measurement, knee


def histogram(*ms: float) -> tuple[int, ...]:
    counts = [0] * len(EDGES_MS)
    for each in ms:
        counts[bisect_left(EDGES_MS, each)] += 1
    return tuple(counts)


def trial(
    phase: Phase, rate: float, *, meets: bool = True, narrowly: bool = False, ms: float = 10.0
) -> Trial:
    """Return a trial of ten seconds that meets the objective, or does not."""
    return Trial(
        phase=phase,
        rate=rate,
        begun=0.0,
        ended=10.0,
        intended=round(rate * 10),
        sent=round(rate * 10),
        done=round(rate * 10),
        failed={},
        latency=histogram(ms),
        service=histogram(ms),
        generator_cpu=0.1,
        lag_ms=1.0,
        waiting=0,
        misses=() if meets else ("p95 999 ms is over 100 ms",),
        narrowly=narrowly and not meets,
    )
