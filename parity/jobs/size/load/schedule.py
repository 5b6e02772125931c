"""When each request of an open loop is meant to be sent, and which one it is.

In every second exactly the asked number of requests is sent, at times that are uniformly random:
a Poisson process given its counts. Arrivals of many independent clients are such a process, with
the short bursts that an even spacing hides; and a fixed number a second means that two runs offer
the same load, so that a knee is not found where the dice made a busy second.

Every worker makes the same schedule from the same seed and takes each n-th of its requests, so
nothing has to be sent around, and together the workers send exactly the schedule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Schedule:
    """The requests of one hold.

    Attributes:
        rate: Requests a second, of all workers together.
        seconds: How long.
        weights: Weight of each operation of the mix.
        seed: Equal seeds give equal schedules.
    """

    rate: float
    seconds: float
    weights: Sequence[float]
    seed: tuple[int, ...]

    @property
    def windows(self) -> int:
        """Number of seconds, the last of which may be shorter."""
        return max(1, math.ceil(self.seconds - _ROUNDING))

    @property
    def total(self) -> int:
        """Number of requests."""
        return math.floor(self.rate * self.seconds + _ROUNDING)

    def second(self, number: int, worker: int, workers: int) -> tuple[list[float], list[int]]:
        """Return the requests of one second that belong to one worker.

        Args:
            number: Which second, from 0.
            worker: Which worker, from 0.
            workers: How many there are.

        Returns:
            Seconds from the start of the hold, in order, and for each the number of its operation.
        """
        length = min(1.0, self.seconds - number)
        first, last = self._of_second(number)
        rng = np.random.default_rng([*self.seed, number])
        times = np.sort(rng.random(last - first)) * length + number
        share = np.asarray(self.weights, dtype=float)
        which = rng.choice(len(share), size=last - first, p=share / share.sum())
        mine = slice((worker - first) % workers, None, workers)
        return times[mine].tolist(), which[mine].tolist()

    def count(self, number: int, worker: int, workers: int) -> int:
        """Return how many requests :meth:`second` gives."""
        first, last = self._of_second(number)
        return len(range((worker - first) % workers, last - first, workers))

    def _of_second(self, number: int) -> tuple[int, int]:
        end = min(number + 1.0, self.seconds)
        return (
            math.floor(self.rate * number + _ROUNDING),
            math.floor(self.rate * end + _ROUNDING),
        )
