"""The part of a run in the process that leads: Locust's master, or the only process."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.event import Event

from parity.jobs.size.load.cleanup import clean
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.setup import set_up
from parity.jobs.size.load.store import Setup
from parity.jobs.size.load.tally import Tally, merge
from parity.jobs.size.load.worker import (
    FILES,
    HOLD,
    LIMIT,
    PREPARE,
    PREPARED,
    STOP,
    STOP_S,
    STOPPED,
    TICK,
)
from parity.jobs.size.window import Window
from parity.model.errors import ParityError

_LEAD_S: Final = 0.2
"""Seconds between an order and its beginning, so that every worker has it in time."""
_SILENCE_S: Final = 30.0
"""Seconds without a word of some worker after which a hold is given up."""
_GRACE_S: Final = 2.0
_log = logging.getLogger(__name__)


class Master:
    """Prepares a run, gives the pace, adds up the counts, cleans up.

    Args:
        order: What was asked for.
        environment: Locust's environment.
        new_mark: Makes the mark of a run.
        alone: Whether this process sends as well.
        most_requests: Requests of the whole run, after which it ends.
    """

    def __init__(
        self,
        order: LoadOrder,
        environment: Any,
        new_mark: Callable[[], str],
        *,
        alone: bool,
        most_requests: int,
    ) -> None:
        self.order = order
        self.environment = environment
        self.alone = alone
        self.most_requests = most_requests
        self.setup: Setup | None = None
        self.prepared = Event()
        self.problem = ""
        self.paced = False
        self.files: list[str] = []
        self.announce: Callable[[list[str]], None] = lambda _: None
        self._new_mark = new_mark
        self._mark = ""
        self._workers = 1
        self._waiting_for = 0
        self._ended = 0
        self._sending = 0
        self._number = 0
        self._ticks: dict[int, list[Tally]] = {}
        self._news = Event()

    def register(self, runner: Any) -> None:
        """Listen to what the workers say."""
        runner.register_message(PREPARED, self.on_prepared)
        runner.register_message(TICK, self.on_tick)
        runner.register_message(FILES, self.on_files)
        runner.register_message(LIMIT, self.on_limit)
        runner.register_message(STOPPED, self.on_stopped)

    def prepare(self) -> None:
        """Settle everything before the users begin; called when a test starts."""
        self.prepared.clear()
        self._ended = 0
        self.problem = ""
        self.files = []
        try:
            self._mark = self._new_mark()  # from here on there may be something to remove
            self.setup = set_up(self.order, self._mark)
        except ParityError as error:
            self.fail(str(error))
            return
        for reason in sorted(set(self.setup.skipped.values())):
            _log.warning("not sent: %s", reason)
        for name in self.setup.made:
            _log.warning("%s has no rows in this app: queries go to made-up ones", name)
        runner = self.environment.runner
        ids = [None] if self.alone else [client.id for client in runner.clients.ready]
        self._workers = self._waiting_for = len(ids)
        for worker, client_id in enumerate(ids):
            data = {
                "worker": worker,
                "workers": len(ids),
                "paced": self.paced,
                "most_requests": self.most_requests,
                "users": self.environment.parsed_options.num_users or 1,
                "setup": self.setup.to_json(),
            }
            runner.send_message(PREPARE, data, client_id)

    def hold(self, rate: float, seconds: float, tell: Callable[[Window], None]) -> str:
        """Send at a rate for so long.

        Args:
            rate: Requests a second, of all workers together.
            seconds: How long.
            tell: Gets each second when all workers have reported it.

        Returns:
            What went wrong; empty if nothing did.
        """
        self._number += 1
        self._ticks = {}
        start = time.time() + _LEAD_S
        data = {"number": self._number, "rate": rate, "seconds": seconds, "at": start}
        self.environment.runner.send_message(HOLD, data)
        windows = max(1, -int(-(seconds - 1e-9) // 1))
        cpu, clock = time.process_time(), time.monotonic()
        for second in range(windows):
            end = start + min(second + 1, seconds)
            problem = self._wait_for(second, end + _SILENCE_S)
            if problem:
                return problem
            used, now = time.process_time(), time.monotonic()
            own = 0.0 if self.alone else (used - cpu) / max(now - clock, 1e-6)
            cpu, clock = used, now
            length = min(1.0, seconds - second)
            tell(merge(start + second, length, self._ticks.pop(second), own))
        return ""

    def clean(self) -> None:
        """Remove what the run made, if there is anything; called when a test has stopped."""
        mark, self._mark = self._mark, ""
        if not mark:
            return
        self._quiet_down()
        for remainder in clean(self.order, mark, self.files):
            _log.error("left behind on %s: %s", self.order.target.name, remainder)

    def fail(self, problem: str) -> None:
        """End the run because it cannot be judged."""
        self.problem = problem
        sys.stderr.write(f"error: {problem}\n")
        self.environment.process_exit_code = 2
        self.prepared.set()
        self._news.set()
        gevent.spawn(self.environment.runner.quit)

    # What the workers say

    def on_prepared(self, msg: Any, **_: Any) -> None:
        """Note that a worker is ready, or why not."""
        if msg.data["problem"]:
            self.fail(msg.data["problem"])
            return
        self._waiting_for -= 1
        if self._waiting_for <= 0:
            self.prepared.set()

    def on_tick(self, msg: Any, **_: Any) -> None:
        """Note what a worker counted in a second."""
        if msg.data["number"] == self._number:
            tallies = self._ticks.setdefault(msg.data["second"], [])
            tallies.append(Tally.from_json(msg.data["tally"]))
            self._news.set()

    def on_files(self, msg: Any, **_: Any) -> None:
        """Note files that were uploaded, and tell the owner: no server lists them by name."""
        self.files += msg.data["files"]
        self.announce(msg.data["files"])

    def on_limit(self, msg: Any, **_: Any) -> None:
        """End the run: it has sent as many requests as it may, or a recording is at its end."""
        if msg.data.get("ended"):
            self._ended += 1
            if self._ended < self._workers:
                return
            _log.warning("the recording is at its end, stopping")
        else:
            _log.warning("the limit of requests is reached (--max-requests), stopping")
        runner = self.environment.runner
        has_page = self.environment.web_ui is not None
        gevent.spawn(runner.stop if has_page else runner.quit)

    def on_stopped(self, **_: Any) -> None:
        """Note that a worker sends nothing more."""
        self._sending -= 1
        self._news.set()

    def _quiet_down(self) -> None:
        """Wait until no worker sends any more: Locust's master stops them after this, not before.

        A worker that is gone does not answer.
        """
        if self.alone:
            return
        self._sending = self._workers
        self.environment.runner.send_message(STOP)
        deadline = time.monotonic() + STOP_S + _GRACE_S
        while self._sending > 0 and time.monotonic() < deadline:
            self._news.clear()
            self._news.wait(0.1)

    def _wait_for(self, second: int, deadline: float) -> str:
        while len(self._ticks.get(second, ())) < self._workers:
            if self.problem:
                return self.problem
            if time.time() > deadline:
                missing = self._workers - len(self._ticks.get(second, ()))
                return f"{missing} of {self._workers} workers of the generator do not report"
            self._news.clear()
            self._news.wait(0.5)
        return ""
