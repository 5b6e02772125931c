"""The knee: the highest rate that meets the objective.

Doubling, bisection, a second look at an early miss, and a longer hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from parity.jobs.size.trial import Fault, Phase, Trial

REPEATS = 2
"""How often a trial that was disturbed is tried again."""
APPROACHES = 3
"""Trials below a rate that could not be judged: each halves what is not known."""
SECOND_LOOKS = 2
"""How often a miss is tried again that came before the best trial and bounds the knee: a server
gets faster while it is used (V8 compiles what is called often, caches and pools fill)."""
CLIMB = 1.25
"""Step up from a rate that missed at first and does not any more."""
LOWEST_RATE = 0.5
HOLD_STEPS_DOWN = 3


class Ended(StrEnum):
    """Why the search ended."""

    FOUND = "found"
    """The knee lies between two trials that are near each other."""
    ENOUGH = "enough"
    """As many times the peak as was asked for; more was not tried."""
    MAX_RATE = "max-rate"
    """The highest rate that was allowed."""
    BELOW = "below"
    """Not even the lowest rate met the objective."""
    GENERATOR = "generator"
    """The generator was the limit."""
    DISTURBED = "disturbed"
    """Something else on the machine took what the server needed."""
    TIME = "time"
    """The time for all trials was over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to search.

    Attributes:
        start: First rate, requests a second.
        enough: Rate at which the search may stop; ``None`` for none.
        most: Rate that is never exceeded; ``None`` for none.
        precision: The bracket is narrow enough when its ends are so near: 1.08 is 8 %.
        seconds: Judged seconds of a trial.
        warm_up_s: Seconds before them.
        hold_s: Judged seconds of the last trial.
    """

    start: float
    enough: float | None = None
    most: float | None = None
    precision: float = 1.08
    seconds: float = 10.0
    warm_up_s: float = 2.0
    hold_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Knee:
    """What the search found.

    Attributes:
        ended: Why it ended.
        best: The trial with the highest rate that was held; a shorter one where nothing could be
            held, and ``None`` if none met the objective.
        missed: The trial with the lowest rate above it that missed it, and counts.
        trials: All trials in order.
        why: More about ``ended``; empty if there is nothing to say.
    """

    ended: Ended
    best: Trial | None
    missed: Trial | None
    trials: tuple[Trial, ...] = field(default=())
    why: str = ""

    @property
    def rate(self) -> float | None:
        """Requests a second that met the objective; ``None`` if none."""
        return self.best.rate if self.best else None

    @property
    def is_held(self) -> bool:
        """Whether that was for as long as the knee has to be held."""
        return self.best is not None and self.best.phase is Phase.HOLD


Run = Callable[[Phase, float, float], Trial]
"""Runs a trial: phase, rate, judged seconds."""


def find_knee(plan: Plan, run: Run, seconds_left: Callable[[], float]) -> Knee:
    """Search the highest rate that meets the objective.

    A trial that meets it counts whatever else went on: trouble can only make it worse. One that
    misses it counts only if neither the generator nor the machine was at fault (``Trial.void``).

    Args:
        plan: How to search.
        run: Runs one trial.
        seconds_left: What is left of the whole time.
    """
    return _Search(plan, run, seconds_left).knee()


class _Stopped(Exception):
    def __init__(self, ended: Ended, why: str, rate: float | None = None) -> None:
        self.ended = ended
        self.why = why
        self.rate = rate


class _Search:
    def __init__(self, plan: Plan, run: Run, seconds_left: Callable[[], float]) -> None:
        self.plan = plan
        self.run = run
        self.seconds_left = seconds_left
        self.trials: list[Trial] = []
        self.best: Trial | None = None
        self.missed: Trial | None = None
        self.miss_is_old = False

    def knee(self) -> Knee:
        try:
            ended, why = self._search(), ""
        except _Stopped as stop:
            ended, why = stop.ended, stop.why
            if stop.rate is not None:
                self._approach(stop.rate)
        if self.best is not None:
            ended, why = self._hold(ended, why)
        return Knee(ended, self.best, self.missed, tuple(self.trials), why)

    def _search(self) -> Ended:
        ended = self._ramp()
        if ended is not None:
            return ended
        self._bisect()
        for _ in range(SECOND_LOOKS):
            if not self._has_time_to_look_again() or not self.miss_is_old:
                break
            ended = self._look_again()
            if ended is not None:
                return ended
            self._bisect()
        return Ended.FOUND

    def _ramp(self) -> Ended | None:
        """Double until something misses; halve if the first one does."""
        rate = self._top(self.plan.start)
        while True:
            if self._try(Phase.RAMP, rate):
                ended = self._goal(rate)
                if ended is not None or self.missed is not None:
                    return ended
                rate = self._top(2 * rate)
                continue
            if self.best is not None:
                return None
            if rate <= LOWEST_RATE:
                return Ended.BELOW
            rate = max(LOWEST_RATE, rate / 2)

    def _bisect(self) -> None:
        assert self.best is not None
        assert self.missed is not None
        while self.missed.rate / self.best.rate > self.plan.precision:
            self._try(Phase.BISECT, math.sqrt(self.best.rate * self.missed.rate))

    def _has_time_to_look_again(self) -> bool:
        trials = self.plan.seconds + self.plan.hold_s
        return self.seconds_left() > trials + 2 * self.plan.warm_up_s

    def _look_again(self) -> Ended | None:
        """Try the miss again that bounds the knee, and go on from there if it meets now."""
        assert self.missed is not None
        bound, self.missed = self.missed, None
        rate = bound.rate
        try:
            while self._try(Phase.BISECT, rate):
                ended = self._goal(rate)
                if ended is not None:
                    return ended
                rate = self._top(CLIMB * rate)
        except _Stopped:
            if self.best is not None and self.best.rate >= bound.rate:
                raise
            # It could not be judged this time; what the first look saw still counts.
            self.missed, self.miss_is_old = bound, False
        return None

    def _goal(self, rate: float) -> Ended | None:
        """Say whether a rate that was met ends the search."""
        if self.plan.enough is not None and rate >= self.plan.enough:
            return Ended.ENOUGH
        if self.plan.most is not None and rate >= self.plan.most:
            return Ended.MAX_RATE
        return None

    def _approach(self, spoilt: float) -> None:
        """Come nearer to a rate that could not be judged: what is met below it counts."""
        for _ in range(APPROACHES):
            short = self.seconds_left() < self.plan.seconds + self.plan.warm_up_s
            if self.best is None or short or spoilt / self.best.rate <= self.plan.precision:
                return
            rate = math.sqrt(self.best.rate * spoilt)
            trial = self.run(Phase.BISECT, rate, self.plan.seconds)
            self.trials.append(trial)
            if trial.meets:
                self.best = trial
                continue
            spoilt = rate
            if not trial.void and (self.missed is None or rate < self.missed.rate):
                self.missed = trial

    def _hold(self, ended: Ended, why: str) -> tuple[Ended, str]:
        """Hold the best rate for longer; step down while it does not hold, whosever fault it is."""
        assert self.best is not None
        rate = self.best.rate
        for step in range(HOLD_STEPS_DOWN + 1):
            if self.seconds_left() < self.plan.hold_s + self.plan.warm_up_s and step:
                return Ended.TIME, "there was no time left to hold the knee"
            trial = self.run(Phase.HOLD, rate, self._affordable(self.plan.hold_s))
            self.trials.append(trial)
            if trial.meets:
                self.best = trial
                return ended, why
            # It was met for seconds and is not for longer. If that is nobody's fault but the
            # server's, the knee is lower; if it is, nothing is known of this rate.
            if trial.void:
                ended, why = self._ended_by(trial), trial.void
            else:
                self.missed, ended, why = trial, Ended.FOUND, ""
            self.best = max(
                (trial for trial in self.trials if trial.meets and trial.rate < rate),
                key=lambda trial: trial.rate,
                default=None,
            )
            rate /= self.plan.precision
        return ended, why

    def _try(self, phase: Phase, rate: float) -> bool:
        """Run a trial, again if it was disturbed or missed narrowly; keep what it shows."""
        for attempt in range(REPEATS + 1):
            if self.seconds_left() < self.plan.seconds + self.plan.warm_up_s:
                raise _Stopped(Ended.TIME, "the time for all trials was over")
            trial = self.run(phase, rate, self.plan.seconds)
            self.trials.append(trial)
            if trial.meets:
                if self.best is None or rate > self.best.rate:
                    self.best, self.miss_is_old = trial, True
                return True
            last = attempt == REPEATS
            if trial.void and last:
                raise _Stopped(self._ended_by(trial), trial.void, rate)
            if not trial.void and (attempt or not trial.narrowly):
                break
        if self.missed is None or rate < self.missed.rate:
            self.missed, self.miss_is_old = trial, False
        return False

    @staticmethod
    def _ended_by(trial: Trial) -> Ended:
        return Ended.GENERATOR if trial.fault is Fault.GENERATOR else Ended.DISTURBED

    def _top(self, rate: float) -> float:
        """Never go over the highest rate, nor far over what is enough."""
        bounds = [bound for bound in (self.plan.most, self.plan.enough) if bound is not None]
        return min([rate, *bounds])

    def _affordable(self, seconds: float) -> float:
        return max(min(seconds, self.seconds_left() - self.plan.warm_up_s), self.plan.seconds / 2)
