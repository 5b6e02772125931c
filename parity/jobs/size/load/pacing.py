"""Open-loop pacing inside one Locust process.

Each user that is free takes the next request of the schedule, in order, and sleeps until its time.
When all users are busy, requests become overdue; the next user that is free sends the oldest at
once, and its latency counts from the time that it was meant for. So a server that stalls for a
second shows it in every request of that second, not in one ("coordinated omission").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gevent
from gevent.event import Event

from parity.jobs.size.load.schedule import Schedule
from parity.jobs.size.load.tally import Tally


@dataclass(slots=True, eq=False)
class Slot:
    """One request of the schedule that a user has taken.

    Attributes:
        at: When it is meant to be sent, on the monotonic clock.
        operation: Number of the operation.
        sent: When it was sent; 0 before.
    """

    at: float
    operation: int
    sent: float = 0.0


@dataclass(slots=True, eq=False)
class _Hold:
    schedule: Schedule
    worker: int
    workers: int
    start: float
    times: list[float] = field(default_factory=list)
    which: list[int] = field(default_factory=list)
    position: int = 0
    second: int = 0
    closed: bool = False
    tallies: list[Tally] = field(default_factory=list)
    taken: set[Slot] = field(default_factory=set)

    def tally(self, now: float) -> Tally:
        last = len(self.tallies) - 1
        return self.tallies[min(max(int(now - self.start), 0), last)]

    def next(self) -> Slot | None:
        while self.position >= len(self.times):
            if self.second >= self.schedule.windows:
                return None
            self.times, self.which = self.schedule.second(self.second, self.worker, self.workers)
            self.position = 0
            self.second += 1
        slot = Slot(self.start + self.times[self.position], self.which[self.position])
        self.position += 1
        return slot


class Pacer:
    """Hands the requests of a schedule to the users of this process and counts what they say.

    Args:
        grace_s: Seconds that requests under way are waited for at the end of a hold.
    """

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._hold: _Hold | None = None
        self._begun = Event()
        self._now: Callable[[], float] = time.monotonic

    def take(self) -> Slot:
        """Wait for the next request that is to be sent, and for its time.

        A user calls it when it is free; it calls :meth:`end` with what it gets.
        """
        while True:
            hold = self._hold
            slot = None if hold is None or hold.closed else hold.next()
            if hold is None or slot is None:
                self._begun.clear()
                self._begun.wait()
                continue
            hold.taken.add(slot)
            try:
                self._until(slot, hold)
            except BaseException:
                hold.taken.discard(slot)
                raise
            return slot

    def end(
        self, slot: Slot, operation: str, ended: float, failure: str, received: int
    ) -> tuple[float, float]:
        """Count a request that ended.

        Args:
            slot: What :meth:`take` gave.
            operation: Name of what was done.
            ended: When its answer was complete, on the monotonic clock.
            failure: Why the answer is wrong; empty if it is right.
            received: Bytes of its body.

        Returns:
            Milliseconds from the intended and from the real sending.
        """
        latency, service = 1000 * (ended - slot.at), 1000 * (ended - slot.sent)
        hold = self._hold
        if hold is not None and slot in hold.taken:
            hold.taken.discard(slot)
            # Into the second that it is, not the one it ended in: that one may be told already,
            # when a check of what was saved came in between.
            hold.tally(self._now()).end(operation, latency, service, failure, received)
        return latency, service

    def run(
        self, schedule: Schedule, start: float, worker: int, workers: int
    ) -> Iterator[tuple[int, Tally]]:
        """Send a schedule; yield each second's number and counts when it is over.

        The last one comes when everything that was sent has ended, at most the grace late; what
        has not ended by then counts as ended wrongly, with the time it took so far. So as many
        requests end as were sent.

        Args:
            schedule: What is sent.
            start: When, on the monotonic clock.
            worker: Number of this process, from 0.
            workers: How many processes share the schedule.
        """
        hold = _Hold(schedule, worker, workers, start)
        for second in range(schedule.windows):
            hold.tallies.append(Tally(intended=schedule.count(second, worker, workers)))
        self._hold = hold
        self._begun.set()
        cpu, clock = time.process_time(), self._now()
        behind = 0
        for second, tally in enumerate(hold.tallies):
            is_last = second == schedule.windows - 1
            end = start + min(second + 1, schedule.seconds)
            while (left := end - self._now()) > 0:  # a timer may be a moment early
                gevent.sleep(left)
            if is_last:
                self._drain(hold)
            used, now = time.process_time(), self._now()
            tally.cpu = (used - cpu) / max(now - clock, 1e-6)
            cpu, clock = used, now
            behind += tally.intended - tally.sent
            tally.waiting = behind
            yield second, tally

    def _until(self, slot: Slot, hold: _Hold) -> None:
        free = self._now()
        wait = slot.at - free
        if wait > 0:
            gevent.sleep(wait)
        slot.sent = self._now()
        tally = hold.tally(slot.sent)
        tally.sent += 1
        late = 1000 * (slot.sent - max(slot.at, free))
        tally.lag_ms = max(tally.lag_ms, late)

    def _drain(self, hold: _Hold) -> None:
        hold.closed = True
        deadline = self._now() + self._grace_s
        while hold.taken and self._now() < deadline:
            gevent.sleep(0.005)
        now, unfinished = self._now(), f"no answer within {self._grace_s:g} s of the end"
        for slot in list(hold.taken):
            hold.taken.discard(slot)
            sent = slot.sent or now
            hold.tallies[-1].end(
                "unfinished", 1000 * (now - slot.at), 1000 * (now - sent), unfinished, 0
            )
