"""Bindings: which live value stands for which recorded one.

One recorded value maps to one live value and back, for the whole recording. What does not fit is
a clash, and a clash is a Difference.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_NEIGHBOURS = 64
"""Times on each side that are looked at: with several lanes they need not be in one order."""
_MILLISECOND = timedelta(milliseconds=1)
IN_MEMORY = 100_000
"""Bindings kept in memory; older ones go to a file, so that memory does not grow."""


class _Filter:
    """Tells of most strings that they were never added, without asking the disk (Bloom, 1970)."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << 21)

    def add(self, text: str) -> None:
        for bit in self._places(text):
            self._bits[bit >> 3] |= 1 << (bit & 7)

    def may_have(self, text: str) -> bool:
        return all(self._bits[bit >> 3] & 1 << (bit & 7) for bit in self._places(text))

    def _places(self, text: str) -> tuple[int, int, int]:
        number, most = hash(text), (1 << 24) - 1
        return number & most, number >> 20 & most, number >> 40 & most


class Bindings:
    """Maps minted values (object ids, session tokens, file names) both ways.

    Args:
        spill: File for bindings that do not fit into memory; made when it is needed.
        in_memory: How many fit.
    """

    def __init__(self, spill: Path, in_memory: int = IN_MEMORY) -> None:
        self._live: dict[str, str] = {}
        self._recorded: dict[str, str] = {}
        self._spill = spill
        self._in_memory = in_memory
        self._disk: sqlite3.Connection | None = None
        self._moved_recorded = _Filter()
        self._moved_live = _Filter()

    def live(self, recorded: str) -> str | None:
        """Return the live value that stands for a recorded one, or ``None``."""
        found = self._live.get(recorded)
        if found is None and self._disk is not None and self._moved_recorded.may_have(recorded):
            return self._look_up("select live from bindings where recorded = ?", recorded)
        return found

    def recorded(self, live: str) -> str | None:
        """Return the recorded value that a live one stands for, or ``None``."""
        found = self._recorded.get(live)
        if found is None and self._disk is not None and self._moved_live.may_have(live):
            return self._look_up("select recorded from bindings where live = ?", live)
        return found

    def bind(self, recorded: str, live: str) -> bool:
        """Bind two values; return whether that fits to what is bound already."""
        bound = self.live(recorded)
        if bound is not None:
            return bound == live
        if self.recorded(live) is not None:
            return False
        self._live[recorded] = live
        self._recorded[live] = recorded
        if len(self._live) > self._in_memory:
            self._move_older()
        return True

    def close(self) -> None:
        """Forget everything and remove the file."""
        if self._disk is not None:
            self._disk.close()
            self._disk = None
            self._spill.unlink(missing_ok=True)

    def _look_up(self, query: str, value: str) -> str | None:
        assert self._disk is not None
        row = self._disk.execute(query, (value,)).fetchone()
        return None if row is None else str(row[0])

    def _move_older(self) -> None:
        if self._disk is None:
            self._disk = sqlite3.connect(self._spill, isolation_level=None)
            # Nothing here outlives the process: the journal has it all.
            self._disk.execute("pragma journal_mode = off")
            self._disk.execute("pragma synchronous = off")
            self._disk.execute("create table bindings (recorded text primary key, live text)")
            self._disk.execute("create unique index by_live on bindings (live)")
        older = list(self._older())
        self._disk.execute("begin")
        self._disk.executemany("insert or ignore into bindings values (?, ?)", older)
        self._disk.execute("commit")
        for recorded, live in older:
            self._moved_recorded.add(recorded)
            self._moved_live.add(live)
            del self._live[recorded], self._recorded[live]

    def _older(self) -> Iterator[tuple[str, str]]:
        for number, pair in enumerate(self._live.items()):
            if number >= self._in_memory // 2:
                return
            yield pair


class Times:
    """Which live time stands for a recorded one, object by object.

    A server mints ``createdAt`` and ``updatedAt``. Two objects that were made in one millisecond
    need not be made in one again, so times are bound for each object by itself.

    Args:
        in_memory: Number of objects whose times are kept; the oldest are forgotten first.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._times: dict[str, list[tuple[str, str, int]]] = {}
        self._in_memory = in_memory
        self._anywhere: dict[str, str] = {}
        self._in_order: list[str] = []

    def fits(self, object_id: str, recorded: str, live: str, exchange: int) -> bool:
        """Bind two times of an object; return whether that fits to what is bound already.

        Args:
            object_id: The recorded id of the object.
            recorded: The recorded time, ISO 8601.
            live: The live time.
            exchange: Number of the exchange; within one, two writes may share a millisecond.
        """
        known = self._times.get(object_id)
        if known is None:
            self._make_room(self._times)
            known = self._times[object_id] = []
        for old_recorded, old_live, old_exchange in known:
            if old_recorded == recorded:
                return old_live == live
            if old_live == live and old_exchange != exchange:
                return False  # it changed when it was recorded, and does not change now
            # Only forwards: the hosted service's own clocks differed, and it answered an update
            # with a time before the creation (hosted-2016/test_object_updated_at.yml).
            # Not the other way round: the machines of the hosted service had clocks of their own,
            # and an object could be changed seconds "before" it was made (recorded 2016).
            if old_recorded < recorded and live < old_live:
                return False
        known.append((recorded, live, exchange))
        if len(known) > 8:
            del known[1:2]  # the first is the time of its creation
        if recorded not in self._anywhere:
            if (forgotten := self._make_room(self._anywhere)) is not None:
                del self._in_order[bisect_left(self._in_order, forgotten)]
            insort(self._in_order, recorded)  # nearly always at the end
        self._anywhere[recorded] = live
        return True

    def live_times(self, object_id: str) -> set[str]:
        """Return the live times that are known of an object, by its recorded id."""
        return {live for _, live, _ in self._times.get(object_id, ())}

    def live(self, recorded: str) -> str | None:
        """Return the live time for a recorded one, whatever object it belongs to."""
        return self._anywhere.get(recorded)

    def moment(self, recorded: str, *, is_first: bool) -> str | None:
        """Return the live time that has the same times before and after it as a recorded one.

        A client computes a time from its clock ("since yesterday", "until now"), and asks what
        was made before or after it. That is as it was recorded if the same is before and after,
        whatever the clocks of client, recorded server and target say.

        Args:
            recorded: A time that no server minted, ISO 8601 with milliseconds.
            is_first: Whether rows of this very time are those after it (``$gte``, ``$lt``).

        Returns:
            The time; ``None`` if no time is known yet.
        """
        place = bisect_left(self._in_order, recorded)
        before = self._in_order[max(0, place - _NEIGHBOURS) : place]
        after = self._in_order[place : place + _NEIGHBOURS]
        last = max((_moment(self._anywhere[each]) for each in before), default=None)
        first = min((_moment(self._anywhere[each]) for each in after), default=None)
        if last is not None and first is not None:
            found = first if is_first else last
        elif last is not None:
            found = last + max(_MILLISECOND, _moment(recorded) - _moment(before[-1]))
        elif first is not None:
            found = first - max(_MILLISECOND, _moment(after[0]) - _moment(recorded))
        else:
            return None
        return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _make_room(self, table: dict[str, Any]) -> str | None:
        """Forget the oldest if the table is full; return what was forgotten."""
        if len(table) < self._in_memory:
            return None
        oldest = next(iter(table))
        del table[oldest]
        return oldest


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso).astimezone(UTC)
