"""A fine manual sweep on a real server, to compare the knee that ``parity size`` finds with.

::

    python -m tests.jobs.size.sweep                 # both, in one run, and the ratio
    python -m tests.jobs.size.sweep --step 1.05 --seconds 10

The machine has to be quiet: the sweep knows no trial that was disturbed.
"""

from __future__ import annotations

import argparse
import sys

from parity.jobs.size.knee import Plan
from parity.jobs.size.load.generator import LocustGenerator
from parity.jobs.size.measure import Measurement, generation_of, measure
from parity.jobs.size.probes import open_probes
from parity.jobs.size.trial import Objective, Phase, Trial, trial_of
from tests.jobs.size.ground import READS, ground, profile

OBJECTIVE = Objective()
ALLOWED = 0.15
MISSES = 2
"""The sweep ends after so many rates in a row that miss the objective."""


def main() -> int:
    """Find the knee by bisection and by a sweep; return 1 if they differ by more than 15 %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=float, default=1.05)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    with ground(20_000) as place:
        app = profile(50.0, *READS)
        sampler = open_probes(place.target.url, place.target.mongo, "app")
        with sampler, LocustGenerator(place.target, app) as generator:
            measurement = Measurement(OBJECTIVE, generation_of(1, None))
            plan = Plan(50.0, seconds=asked.seconds, hold_s=2 * asked.seconds)
            knee = measure(measurement, generator, sampler, plan, seconds=600.0)
            for trial in knee.trials:
                _tell(trial)
            _say(f"parity size: {knee.rate or 0:.1f} requests/s ({knee.ended} {knee.why})")
            swept = _sweep(generator, (knee.rate or 50.0) * 0.6, asked.step, asked.seconds)
    _say(f"fine sweep: {swept:.1f} requests/s")
    ratio = (knee.rate or 0.0) / swept if swept else 0.0
    _say(f"ratio: {ratio:.3f}")
    return int(abs(ratio - 1) > ALLOWED)


def _sweep(generator: LocustGenerator, rate: float, step: float, seconds: float) -> float:
    held, missed = 0.0, 0
    while missed < MISSES:
        windows = list(generator.hold(rate, seconds + 2))[2:]
        trial = trial_of(Phase.RAMP, rate, windows, OBJECTIVE)
        _tell(trial)
        if trial.meets:
            held, missed = rate, 0
        else:
            missed += 1
        rate *= step
    return held


def _tell(trial: Trial) -> None:
    p95 = trial.ms(0.95) or 0
    why = "; ".join(trial.misses) + trial.void
    _say(f"  {trial.phase:6} {trial.rate:8.1f}/s  p95 {p95:8.1f} ms  {why}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command of ours


if __name__ == "__main__":
    sys.exit(main())
