"""The measurement: trials beside probes, kept so that an interruption at any moment loses none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from parity.jobs.size.knee import Knee, Plan, find_knee
from parity.jobs.size.probes import Sample, Sampler
from parity.jobs.size.probes.cgroups import limits_of
from parity.jobs.size.saturation import HELD
from parity.jobs.size.trial import (
    CPU_SHARE,
    Fault,
    Generation,
    Objective,
    Phase,
    Trial,
    generator_fault,
    misses_by_answers_alone,
    trial_of,
    voided,
)
from parity.jobs.size.usage import Capacity, Usage, capacity_of, usage_of
from parity.jobs.size.window import Generator, Window

OTHERS = 0.25
"""So much of a core taken by something else, on a machine that is full, is missing elsewhere."""
MACHINE_FULL = 0.93
WAITED = 0.10
"""Parse Server waited for a CPU for less than this share of the time: whatever else ran on the
machine, it left enough."""
STEAL = 0.20
"""Of a core: other guests of the host took it."""
WARM_UP_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Moment:
    """A second of load, with the sample that was the newest at its end.

    Attributes:
        phase: What was going on.
        rate: Requests a second that were intended.
        window: What the generator saw.
        judged: Whether it counts: not a warm-up.
        sample: What the probes saw.
    """

    phase: Phase
    rate: float
    window: Window
    judged: bool
    sample: Sample | None


Watch = Callable[[Moment, float], None]
"""Gets each moment, and the seconds that are left at most."""


@dataclass(slots=True)
class Measurement:
    """What was measured so far.

    Attributes:
        objective: What has to be met.
        generation: What the generator may use.
        trials: The trials, each with what was used in it.
        moments: Every second.
        capacity: What the parts of the system may use.
        knee: What the search found; ``None`` until it has ended.
    """

    objective: Objective
    generation: Generation
    trials: list[tuple[Trial, Usage]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    capacity: Capacity | None = None
    knee: Knee | None = None

    def usage(self, trial: Trial) -> Usage:
        """Return what was used in a trial of this measurement."""
        return next(used for tried, used in self.trials if tried is trial)


def generation_of(workers: int, ceiling: float | None) -> Generation:
    """Work out what the generator may use: a core for each worker, less where a group limits us.

    Args:
        workers: Its processes.
        ceiling: What calibration found.
    """
    limit = limits_of(os.getpid()).cores
    cores = float(min(workers, os.cpu_count() or 1))
    return Generation(workers, cores if limit is None else min(cores, limit), ceiling)


def measure(
    measurement: Measurement,
    generator: Generator,
    sampler: Sampler,
    plan: Plan,
    *,
    seconds: float,
    watch: Watch = lambda _moment, _left: None,
) -> Knee:
    """Find the knee; everything that is seen goes into ``measurement`` at once.

    Args:
        measurement: Gets what is measured.
        generator: The load.
        sampler: The probes, already running.
        plan: How to search.
        seconds: Most that all trials may take.
        watch: Gets each second.

    Raises:
        HarnessError: The generator died.
    """
    ends = time.monotonic() + seconds

    def left() -> float:
        return ends - time.monotonic()

    runner = _Runner(measurement, generator, sampler, plan, watch, left)
    if sampler.samples:
        measurement.capacity = capacity_of(sampler, sampler.samples[-1])
    # Classes are looked up, plans chosen and code compiled for the first time: not judged.
    runner.warm_up(plan.start, max(plan.warm_up_s, WARM_UP_SHARE * plan.seconds))
    measurement.knee = find_knee(plan, runner.trial, left)
    return measurement.knee


class _Runner:
    def __init__(
        self,
        measurement: Measurement,
        generator: Generator,
        sampler: Sampler,
        plan: Plan,
        watch: Watch,
        left: Callable[[], float],
    ) -> None:
        self.measurement = measurement
        self.generator = generator
        self.sampler = sampler
        self.plan = plan
        self.watch = watch
        self.left = left

    def warm_up(self, rate: float, seconds: float) -> None:
        for window in self.generator.hold(rate, seconds):
            self._note(Phase.WARM_UP, rate, window, judged=False)

    def trial(self, phase: Phase, rate: float, seconds: float) -> Trial:
        judged: list[Window] = []
        warm = 0.0
        for window in self.generator.hold(rate, self.plan.warm_up_s + seconds):
            counts = warm >= self.plan.warm_up_s - 0.01
            warm += window.seconds
            if counts:
                judged.append(window)
            self._note(phase, rate, window, judged=counts)
        trial = trial_of(phase, rate, judged, self.measurement.objective)
        usage = usage_of(
            self.sampler.samples,
            trial.begun,
            trial.ended,
            requests=trial.done,
            generator=trial.generator_cpu,
        )
        if not trial.meets:
            trial = self._blamed(trial, usage)
        self.measurement.trials.append((trial, usage))
        return trial

    def _blamed(self, trial: Trial, usage: Usage) -> Trial:
        """Find out whether a miss is anybody's fault but the server's."""
        objective = self.measurement.objective
        if misses_by_answers_alone(trial, objective):
            return trial
        own = generator_fault(trial, objective, self.measurement.generation)
        if own:
            return voided(trial, Fault.GENERATOR, own)
        capacity = self.measurement.capacity
        here = capacity is not None and (capacity.parse_here or capacity.mongod_here)
        other = disturbance(usage, capacity) if here and capacity is not None else ""
        return voided(trial, Fault.MACHINE, other) if other else trial

    def _note(self, phase: Phase, rate: float, window: Window, *, judged: bool) -> None:
        samples = self.sampler.samples
        moment = Moment(phase, rate, window, judged, samples[-1] if samples else None)
        self.measurement.moments.append(moment)
        self.watch(moment, max(0.0, self.left()))


def disturbance(usage: Usage, capacity: Capacity) -> str:
    """Say what else took the machine that the server runs on; empty if that did not matter.

    Args:
        usage: What was used in a trial.
        capacity: What could be used.
    """
    if usage.parse_wait is not None and usage.parse_wait < WAITED:
        return ""
    if usage.parse_cpu is not None and capacity.parse_cores:
        had = usage.parse_cpu / capacity.parse_cores
        if had > CPU_SHARE or (capacity.parse_quota and (usage.parse_held or 0.0) > HELD):
            return ""  # it had all that it may have, whatever else ran
    if usage.steal is not None and usage.steal > STEAL:
        return f"other guests of the host took {usage.steal:.2f} cores"
    if (
        usage.machine_busy is not None
        and usage.machine_other is not None
        and usage.machine_busy > MACHINE_FULL
        and usage.machine_other > OTHERS
    ):
        return (
            f"the machine was {usage.machine_busy:.0%} busy, and something else than the server "
            f"and the load took {usage.machine_other:.2f} cores of it"
        )
    return ""
