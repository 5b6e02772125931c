"""How much slower or faster a target is than what was recorded, by kind of operation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

_PER_DECADE = 40
"""Classes of the histogram for each factor of ten: a quantile is within 6 % of the true one."""
_Z_95 = 1.96
_FEWEST = 8


@dataclass(slots=True)
class Latency:
    """Pairs of a recorded and a live latency; constant memory.

    The ratio of two latencies is what can be compared between two networks, so the mean is that
    of its logarithm, with the usual interval of a mean.
    """

    pairs: int = 0
    _mean: float = 0.0
    _squares: float = 0.0
    _recorded: Counter[int] = field(default_factory=Counter)
    _live: Counter[int] = field(default_factory=Counter)

    def add(self, recorded_ms: float, live_ms: float) -> None:
        """Add one pair, both in milliseconds; what is not above zero says nothing."""
        if recorded_ms <= 0 or live_ms <= 0:
            return
        self.pairs += 1
        delta = math.log(live_ms / recorded_ms) - self._mean
        self._mean += delta / self.pairs
        self._squares += delta * (math.log(live_ms / recorded_ms) - self._mean)
        self._recorded[_class(recorded_ms)] += 1
        self._live[_class(live_ms)] += 1

    @property
    def ratio(self) -> tuple[float, float, float] | None:
        """Geometric mean of live over recorded, with its 95 % interval; ``None`` for too few."""
        if self.pairs < _FEWEST:
            return None
        deviation = math.sqrt(self._squares / (self.pairs - 1) / self.pairs) * _Z_95
        return (
            math.exp(self._mean),
            math.exp(self._mean - deviation),
            math.exp(self._mean + deviation),
        )

    def quantiles(self, share: float) -> tuple[float, float]:
        """Return a quantile of the recorded and of the live latencies in milliseconds."""
        return _quantile(self._recorded, share), _quantile(self._live, share)


def _class(milliseconds: float) -> int:
    return round(math.log10(milliseconds) * _PER_DECADE)


def _quantile(histogram: Counter[int], share: float) -> float:
    wanted, seen = share * histogram.total(), 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= wanted:
            return float(10 ** (number / _PER_DECADE))
    return 0.0
