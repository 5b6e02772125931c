"""Numbers out of the latency histograms of :mod:`parity.model.latency`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parity.model.latency import EDGES_MS


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
