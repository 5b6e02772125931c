"""Is a query served by an index? From what MongoDB did for it, with several sets of values."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from parity.indexes.codes import NO_INDEX, SORT_IN_MEMORY, UNSELECTIVE
from parity.indexes.explain import Seen
from parity.indexes.model import Cost, IndexUse
from parity.model.finding import Code

SMALL_ROWS: Final = 1000
"""What may be examined without being named.

A scan of 1000 documents of 300 bytes takes mongod 6.0.5 about 2 ms here, and any request takes
Parse Server 3 to 5 (``python -m benchmarks.scale``): no index changes what a client sees.
"""
RATIO: Final = 10
"""Times that more may be examined than match. MongoDB reads a row by an index several times slower
than in a scan, so that an index gains little where a tenth of the rows match."""


def cost_of(seen: Sequence[Seen]) -> Cost:
    """Put together what MongoDB did with each set of values; there is at least one."""
    return Cost(
        docs=median(look.docs for look in seen),
        keys=median(look.keys for look in seen),
        returned=median(look.returned for look in seen),
        ms=median(look.ms for look in seen),
        worst_ms=max(look.ms for look in seen),
        scans=any(look.scans for look in seen),
        sorts=any(look.sorts for look in seen),
        index=tuple(sorted({name for look in seen for name in look.index})),
    )


def judge(
    seen: Sequence[Seen], rows: int, small_rows: int = SMALL_ROWS
) -> tuple[IndexUse, tuple[Code, ...], str]:
    """Judge a query.

    The worst set of values decides: a query that is slow for one user in five is slow.

    Args:
        seen: What MongoDB did with each set of values; at least one.
        rows: Rows of the collection.
        small_rows: What may be examined without being named.

    Returns:
        The word, what is wrong, and a sentence.
    """
    if any(look.missing for look in seen):
        kind = next(look.missing for look in seen if look.missing)
        return IndexUse.SLOW, (NO_INDEX,), f"MongoDB refuses it: there is no {kind} index"
    found: dict[Code, Seen] = {}
    for look in sorted(seen, key=lambda look: look.examined, reverse=True):
        for code in _codes(look, small_rows):
            found.setdefault(code, look)
    if found:
        sentences = [_sentence(code, look, rows) for code, look in found.items()]
        return IndexUse.SLOW, tuple(found), "; ".join(sentences)
    worst = max(seen, key=lambda look: look.examined)
    if worst.scans and rows <= small_rows:
        return IndexUse.SMALL, (), f"no index, and {rows:,} rows are too few for that to matter"
    what = f"index {', '.join(worst.index)}" if worst.index else "the beginning of the collection"
    sentence = f"{what}: {worst.examined:,} examined for {worst.returned:,} rows"
    return IndexUse.SERVED, (), sentence


def _codes(seen: Seen, small_rows: int) -> list[Code]:
    found = []
    much = seen.examined > small_rows or bool(seen.cut)
    wasteful = much and seen.examined > RATIO * max(seen.matched, 1)
    if wasteful:
        found.append(NO_INDEX if seen.scans else UNSELECTIVE)
    many = seen.matched > small_rows and seen.matched > RATIO * max(seen.returned, 1)
    if seen.sorts and (many or (wasteful and seen.cut)):
        found.append(SORT_IN_MEMORY)
        if seen.scans and not wasteful:
            found.insert(0, NO_INDEX)
    return found


def _sentence(code: Code, seen: Seen, rows: int) -> str:
    if seen.cut:
        return seen.cut
    took = f" in {seen.ms:,.0f} ms" if seen.ms else ""
    if code is NO_INDEX:
        return f"reads {seen.docs:,} of {rows:,} documents{took} for {seen.returned:,} rows"
    if code is UNSELECTIVE:
        by = ", ".join(seen.index)
        return f"examines {seen.examined:,} through {by}{took} for {seen.matched:,} that match"
    return f"sorts {seen.matched:,} rows in memory to return {seen.returned:,}"
