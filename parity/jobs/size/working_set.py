"""How much of the data is wanted again and again, against the cache that should hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.jobs.size.probes import CollectionFacts
from parity.jobs.size.saturation import FULL, TURNOVER_S, is_full, turnover_s
from parity.jobs.size.usage import Usage

FILLING_S = 120.0
"""A cache that would be full in two minutes at this pace is still being warmed."""
MOST_MISSES = 0.97
"""A share of misses over this would make the estimate below a division by nearly nothing."""


@dataclass(frozen=True, slots=True)
class WorkingSet:
    """The working set, as far as it can be seen.

    Attributes:
        bytes: Its size in the cache.
        bound: ``about``, ``at most`` (all that is in the cache), or ``at least`` (still filling).
        cache_bytes: Size of the cache.
        touched_bytes: Documents and indexes of the collections of the profile, not compressed.
        turnover_s: Seconds in which the cache's content is replaced at the recorded peak; ``None``
            if nothing is read into it.
        missed: Share of the examined documents whose page was not in the cache.
        how: How the number was found, for people.
    """

    bytes: int
    bound: str
    cache_bytes: int
    touched_bytes: int
    turnover_s: float | None
    missed: float | None
    how: str

    @property
    def share(self) -> float:
        """Its size as a share of the cache."""
        return self.bytes / self.cache_bytes

    @property
    def is_replaced(self) -> bool:
        """Whether pages leave the cache that are wanted again within minutes."""
        return self.turnover_s is not None and self.turnover_s < TURNOVER_S


def working_set(
    usage: Usage, rate: float, peak: float, collections: Sequence[CollectionFacts]
) -> WorkingSet | None:
    """Estimate the working set.

    Args:
        usage: What was used in a trial that lasted.
        rate: Its requests a second.
        peak: The recorded peak.
        collections: The collections that the profile touches.

    Returns:
        The estimate; ``None`` if the cache is not visible.
    """
    full = is_full(usage)
    if full is None or usage.cache_bytes is None or not usage.cache_max:
        return None
    touched = sum(facts.bytes + sum(facts.index_bytes.values()) for facts in collections)
    turnover = turnover_s(usage)
    # As many reads for each request, fewer requests: the content lasts longer.
    at_peak = turnover * rate / peak if turnover is not None and peak > 0 else turnover
    missed = _missed(usage)
    cache, held = int(usage.cache_max), int(usage.cache_bytes)
    if full and at_peak is not None and at_peak < TURNOVER_S:
        # Of pages wanted at random, the share in the cache is the share that the cache is of them.
        estimate = int(held / (1 - min(missed or 0.0, MOST_MISSES)))
        estimate = max(cache, min(estimate, touched) if touched > cache else estimate)
        how = (
            f"the cache holds {held / 1e6:,.0f} MB and {missed or 0:.0%} of the documents "
            f"examined were not in it: {held / 1e6:,.0f} / (1 - {missed or 0:.2f})"
        )
        return WorkingSet(estimate, "about", cache, touched, at_peak, missed, how)
    filling = (usage.cache_read_s or 0.0) * FILLING_S > FULL * cache - held > 0
    how = f"{held / 1e6:,.0f} MB are in the cache, and " + (
        "it is still being filled" if filling else "hardly anything is read into it any more"
    )
    bound = "at least" if filling else "at most"
    lasting = at_peak if full else None  # what is not full yet loses nothing
    return WorkingSet(held, bound, cache, touched, lasting, missed, how)


def _missed(usage: Usage) -> float | None:
    if not usage.examined_s or usage.cache_read_pages_s is None:
        return None
    return min(1.0, usage.cache_read_pages_s / usage.examined_s)
