"""The histogram that latencies are counted in: the same buckets wherever they are added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

EDGES_MS: Final[tuple[float, ...]] = tuple(0.1 * 1.05**power for power in range(300))
"""Upper edges of the buckets, in milliseconds: 0.1 ms to 36 minutes, 5 % apart."""
_LAST: Final = len(EDGES_MS) - 1


def bucket_of(milliseconds: float) -> int:
    """Return the number of the bucket that a time belongs to; the last one has no upper edge."""
    return min(bisect_left(EDGES_MS, milliseconds), _LAST)


def merged(histograms: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Add histograms; an empty one counts as zeros."""
    total = [0] * len(EDGES_MS)
    for histogram in histograms:
        for number, count in enumerate(histogram):
            total[number] += count
    return tuple(total)


def quantile_ms(histogram: Sequence[int], share: float) -> float | None:
    """Return the latency that this share of the requests did not exceed.

    Args:
        histogram: Counts by :data:`EDGES_MS`.
        share: 0.95 for the 95th percentile.

    Returns:
        Milliseconds, at most 5 % too long (the upper edge); ``None`` without a request.
    """
    total = sum(histogram)
    if not total:
        return None
    seen = 0
    for edge, count in zip(EDGES_MS, histogram, strict=False):
        seen += count
        if seen >= share * total:
            return edge
    return EDGES_MS[-1]


def mean_ms(histogram: Sequence[int]) -> float | None:
    """Return the mean latency, from the middles of the classes; ``None`` without a request."""
    total = sum(histogram)
    if not total:
        return None
    # 1.025: the middle of a class whose edges are 5 % apart.
    return sum(edge / 1.025 * count for edge, count in zip(EDGES_MS, histogram, strict=False)) / (
        total
    )
