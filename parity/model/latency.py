"""The histogram that latencies are counted in: the same buckets wherever they are added up."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

EDGES_MS: Final[tuple[float, ...]] = tuple(0.1 * 1.05**power for power in range(300))
"""Upper edges of the buckets, in milliseconds: 0.1 ms to 36 minutes, 5 % apart."""
_LAST: Final = len(EDGES_MS) - 1


def bucket_of(milliseconds: float) -> int:
    """Return the number of the bucket that a time belongs to; the last one has no upper edge."""
    return min(bisect_left(EDGES_MS, milliseconds), _LAST)
