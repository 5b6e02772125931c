"""One trial: a rate that was held for some seconds, and whether it met the objective."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from parity.jobs.size.window import Window
from parity.model.latency import mean_ms, merged, quantile_ms
from parity.profiles.profile import Profile

DEFAULT_P95_MS = 250.0
DEFAULT_P99_MS = 1000.0
DEFAULT_ERRORS_PERCENT = 0.1
"""The objective without any other: a tap is answered in a quarter of a second for 19 of 20 people,
within a second for nearly all (the limits of "immediate" and of "an uninterrupted flow of thought",
Card, Robertson and Mackinlay 1991), and one request of a thousand may fail."""

KEEPS_UP = 0.95
"""Less than this share of the intended requests ended: the server is falling behind. Requests
that cross the edges of a trial of some seconds are one or two in a hundred."""

FEWEST_FOR_P99 = 200
"""A 99th percentile of fewer requests is the slowest or the second slowest one: chance."""

NARROWLY = 1.5
"""A miss by less than this factor is tried again."""

FEWEST_FOR_AN_ERROR = 50
"""One error among fewer requests is more than chance."""

LAG_SHARE = 0.25
LAG_LEAST_MS = 25.0
"""The generator is late by itself: a quarter of the objective is its own doing. 25 ms is what a
garbage collection or a turn of a busy loop may take."""

CPU_SHARE = 0.90
"""A process that uses so much of what it may use has queues of its own."""


class Phase(StrEnum):
    """What a trial is for."""

    CALIBRATE = "calibrate"
    WARM_UP = "warm-up"
    RAMP = "ramp"
    BISECT = "bisect"
    HOLD = "hold"


class Fault(StrEnum):
    """Who spoilt a trial."""

    NONE = ""
    GENERATOR = "generator"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Objective:
    """What users expect.

    Attributes:
        p95_ms: 95 % of the requests end within so many milliseconds.
        p99_ms: The same for 99 %.
        errors_percent: At most so many percent fail.
        source: Where the numbers come from, for people.
    """

    p95_ms: float = DEFAULT_P95_MS
    p99_ms: float = DEFAULT_P99_MS
    errors_percent: float = DEFAULT_ERRORS_PERCENT
    source: str = "default"

    def __str__(self) -> str:
        return (
            f"95 % within {self.p95_ms:g} ms, 99 % within {self.p99_ms:g} ms, "
            f"at most {self.errors_percent:g} % failed"
        )


def objective_for(
    profile: Profile,
    p95_ms: float | None = None,
    p99_ms: float | None = None,
    errors_percent: float | None = None,
) -> Objective:
    """Choose the objective: what was asked for, else what the hosted service did, else defaults.

    The recorded percentiles are by operation; the mix as a whole may take what they take on
    average, weighted as in the profile, and a tenth more, because a migration may not be noticed.
    The recorded 99th percentile is not in a profile: four times the 95th.
    """
    weights = {operation.ask: 0.0 for operation in profile.operations}
    for operation in profile.operations:
        weights[operation.ask] += operation.weight
    known = {ask: profile.latency_ms[ask] for ask in weights if ask in profile.latency_ms}
    total = sum(weights[ask] for ask in known)
    base = Objective()
    if total > 0 and total >= 0.5 * sum(weights.values()):
        recorded = 1.1 * sum(known[ask] * weights[ask] for ask in known) / total
        base = Objective(recorded, 4 * recorded, source="recorded latency of the hosted service")
    given = [p95_ms, p99_ms, errors_percent]
    if all(limit is None for limit in given):
        return base
    chosen_p95 = base.p95_ms if p95_ms is None else p95_ms
    chosen_p99 = base.p99_ms if p99_ms is None else p99_ms
    return Objective(
        chosen_p95,
        max(chosen_p99, chosen_p95),
        base.errors_percent if errors_percent is None else errors_percent,
        source="command line" if None not in given else f"command line and {base.source}",
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A rate that was held.

    Attributes:
        phase: What it was for.
        rate: Requests a second that were intended.
        begun: When its judged part began, seconds since the epoch.
        ended: When it ended.
        intended: Requests intended in the judged part.
        sent: Requests sent.
        done: Requests that ended.
        failed: Those whose answer was wrong, by reason.
        latency: Histogram from the intended send.
        service: Histogram from the real send.
        generator_cpu: Cores that the generator used.
        lag_ms: How late it sent by its own fault: median of the worst of each second.
        waiting: Requests at the end that no client was free for.
        misses: Why it does not meet the objective; empty if it does.
        narrowly: Whether it misses by so little that one hiccup can have done it.
        fault: Whose fault it is if a miss proves nothing.
        void: The same in one sentence; empty if it counts.
    """

    phase: Phase
    rate: float
    begun: float
    ended: float
    intended: int
    sent: int
    done: int
    failed: Mapping[str, int]
    latency: tuple[int, ...]
    service: tuple[int, ...]
    generator_cpu: float
    lag_ms: float
    waiting: int
    misses: tuple[str, ...] = ()
    narrowly: bool = False
    fault: Fault = Fault.NONE
    void: str = ""

    @property
    def meets(self) -> bool:
        """Whether the objective was met."""
        return not self.misses

    @property
    def achieved(self) -> float:
        """Requests that ended, a second."""
        return self.done / max(self.ended - self.begun, 0.001)

    @property
    def errors_percent(self) -> float:
        """Percent of the requests that failed."""
        return 100 * sum(self.failed.values()) / max(self.done, 1)

    @property
    def service_mean_ms(self) -> float | None:
        """Mean time from the real send to the end."""
        return mean_ms(self.service)

    def ms(self, share: float) -> float | None:
        """Return a percentile of the latency from the intended send."""
        return quantile_ms(self.latency, share)


@dataclass(frozen=True, slots=True)
class Generation:
    """What the generator may use.

    Attributes:
        workers: Its processes.
        cores: Cores that they may use together.
        ceiling: Most requests a second that it sent against a server that does nothing; ``None``
            if it was not calibrated.
    """

    workers: int = 1
    cores: float = 1.0
    ceiling: float | None = None


def trial_of(phase: Phase, rate: float, windows: Sequence[Window], objective: Objective) -> Trial:
    """Sum up the judged windows of a trial.

    Args:
        phase: What it was for.
        rate: Requests a second.
        windows: Its windows without the warm-up; at least one.
        objective: What has to be met.
    """
    failed: Counter[str] = Counter()
    for window in windows:
        failed.update(window.failed)
    seconds = sum(window.seconds for window in windows)
    lags = sorted(window.generator_lag_ms for window in windows)
    trial = Trial(
        phase=phase,
        rate=rate,
        begun=windows[0].at,
        ended=windows[0].at + seconds,
        intended=sum(window.intended for window in windows),
        sent=sum(window.sent for window in windows),
        done=sum(window.done for window in windows),
        failed=dict(failed),
        latency=merged(window.latency for window in windows),
        service=merged(window.service for window in windows),
        generator_cpu=sum(window.generator_cpu * window.seconds for window in windows) / seconds,
        lag_ms=lags[len(lags) // 2],
        waiting=windows[-1].waiting,
    )
    loose = Objective(
        NARROWLY * objective.p95_ms, NARROWLY * objective.p99_ms, 2 * objective.errors_percent
    )
    missed = misses(trial, objective)
    return replace(trial, misses=missed, narrowly=bool(missed) and not misses(trial, loose))


def misses(trial: Trial, objective: Objective) -> tuple[str, ...]:
    """Say how a trial misses an objective; empty if it meets it."""
    found = []
    if not trial.intended:
        found.append("no request was intended")  # what tested nothing meets nothing
    if trial.intended and trial.done < KEEPS_UP * trial.intended - _edge(trial):
        found.append(f"only {trial.done} of {trial.intended} requests ended in time")
    p95, p99 = trial.ms(0.95), trial.ms(0.99)
    if p95 is not None and p95 > objective.p95_ms:
        found.append(f"p95 {p95:.0f} ms is over {objective.p95_ms:g} ms")
    if p99 is not None and trial.done >= FEWEST_FOR_P99 and p99 > objective.p99_ms:
        found.append(f"p99 {p99:.0f} ms is over {objective.p99_ms:g} ms")
    allowed = math.floor(objective.errors_percent / 100 * trial.done)
    if objective.errors_percent and trial.done >= FEWEST_FOR_AN_ERROR:
        # One error in a short trial is more than 0.1 %: a second one has to confirm it.
        allowed = max(1, allowed)
    if sum(trial.failed.values()) > allowed:
        found.append(f"{trial.errors_percent:.2g} % failed, {objective.errors_percent:g} % may")
    return tuple(found)


def misses_by_answers_alone(trial: Trial, objective: Objective) -> bool:
    """Tell whether only wrong answers make a trial miss: no busy machine makes answers wrong."""
    return bool(trial.misses) and not misses(trial, replace(objective, errors_percent=100.0))


def generator_fault(trial: Trial, objective: Objective, generation: Generation) -> str:
    """Say why the generator was the limit of a trial; empty if it was not.

    Args:
        trial: A trial.
        objective: What has to be met.
        generation: What the generator may use.
    """
    late = max(LAG_LEAST_MS, LAG_SHARE * objective.p95_ms)
    if trial.lag_ms > late:
        return (
            f"the generator sent {trial.lag_ms:.0f} ms late by itself; "
            f"more than {late:.0f} ms says nothing about the server"
        )
    if trial.generator_cpu > CPU_SHARE * generation.cores:
        return (
            f"the generator used {trial.generator_cpu:.2f} of the {generation.cores:.2f} cores "
            f"that it may use"
        )
    if generation.ceiling is not None and trial.rate > CPU_SHARE * generation.ceiling:
        return (
            f"the generator alone reaches {generation.ceiling:.0f} requests/s against a server "
            f"that does nothing"
        )
    return ""


def voided(trial: Trial, fault: Fault, reason: str) -> Trial:
    """Return the trial with the reason why its miss proves nothing."""
    return replace(trial, fault=fault, void=reason)


def _edge(trial: Trial) -> float:
    """Return requests that may be under way at the end of a trial that keeps up."""
    return 2 + trial.rate * 0.05
