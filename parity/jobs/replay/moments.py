"""Times in a query that a client computed from its clock: "since yesterday", "until now".

Only those that are compared with what a server mints are shifted. What an app stored itself is
the same in a replay as it was, and so is what it is compared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

Lookup = Callable[[str], str | None]
Moment = Callable[[str, bool], str | None]
"""Gives the live time for one that no server minted, and is told whether rows of this very time
are those after it; ``None`` if no time is known yet."""

_COMPARED: Final = {"$gt": False, "$gte": True, "$lt": True, "$lte": False}
_MINTED_TIMES: Final = ("createdAt", "updatedAt")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def shifted(query: Any, live: Lookup, moment: Moment) -> dict[str, str]:
    """Return the times of a query that have to be others, and what they have to be.

    Args:
        query: JSON of a request; in what is no query there is nothing to find.
        live: Gives the live value for what a server minted.
        moment: Gives it for what none did.
    """
    found = {}
    for word, time in _compared(query):
        iso = time.get("iso") if isinstance(time, dict) else time
        if isinstance(iso, str) and _is_time(iso) and live(iso) is None:
            changed = moment(iso, _COMPARED[word])
            if changed is not None:
                found[iso] = changed
    return found


def _compared(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each comparison with a minted time, wherever it stands."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            stack.extend(each)
        elif isinstance(each, dict):
            stack.extend(each.values())
            for name in _MINTED_TIMES:
                times = each.get(name)
                if isinstance(times, dict):
                    yield from ((word, time) for word, time in times.items() if word in _COMPARED)


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:  # the 30th of February
        return False
    return True
