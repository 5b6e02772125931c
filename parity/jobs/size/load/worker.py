"""The part of a run in a process that sends: users, their pace, their counts."""

from __future__ import annotations

import contextlib
import gc
import random
import time
from typing import Any, Final

import gevent

from parity.jobs.size.load.null_load import NullLoad
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.pacing import Pacer
from parity.jobs.size.load.recorded import Feeder, send_due
from parity.jobs.size.load.schedule import Schedule
from parity.jobs.size.load.store import Load, Outcome, Setup, User
from parity.jobs.size.load.workload import Workload
from parity.model.errors import ParityError
from parity.profiles.profile import Ask

PREPARE: Final = "parity_prepare"
PREPARED: Final = "parity_prepared"
HOLD: Final = "parity_hold"
TICK: Final = "parity_tick"
FILES: Final = "parity_files"
LIMIT: Final = "parity_limit"
STOP: Final = "parity_stop"
STOPPED: Final = "parity_stopped"
STOP_S: Final = 5.0
"""Seconds that requests under way are waited for before what the run made is removed."""
_FILES_EVERY_S: Final = 1.0
_REPLAY_LEAD_S: Final = 2.0
"""Seconds between the preparation and the first request of a recording, for the users to start."""


class WrongAnswer(Exception):
    """The answer of a request is wrong; what Locust counts as a failure."""


class Worker:
    """What one Locust process that sends knows.

    Args:
        order: What was asked for.
        environment: Locust's environment.
    """

    def __init__(self, order: LoadOrder, environment: Any) -> None:
        self.order = order
        self.environment = environment
        self.pacer = Pacer(order.grace_s)
        self.paced = False
        self.number, self.numbers = 0, 1
        self.rng = random.Random(order.seed)  # noqa: S311 - protects nothing
        self.load: Load | None = None
        self.feeder: Feeder | None = None
        self._busy = 0
        self._stopping = False
        self.weights: tuple[float, ...] = ()
        self._left = 0

    def register(self, runner: Any) -> None:
        """Listen to what the master says."""
        runner.register_message(PREPARE, self.on_prepare)
        runner.register_message(HOLD, self.on_hold)
        runner.register_message(STOP, self.on_stop)

    def on_prepare(self, msg: Any, **_: Any) -> None:
        """Read samples, write first rows, and say so."""
        data = msg.data
        problem = ""
        try:
            self._prepare(data)
        except ParityError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the master must not wait for ever
            problem = f"error in parse-parity itself: {type(error).__name__}: {error}"
        self.environment.runner.send_message(PREPARED, {"worker": self.number, "problem": problem})

    def on_hold(self, msg: Any, **_: Any) -> None:
        """Begin a schedule."""
        gevent.spawn(self._hold, msg.data)

    def on_stop(self, **_: Any) -> None:
        """Send nothing more, and say when nothing is under way."""
        self._stopping = True
        gevent.spawn(self._stop)

    def act(self, user: Any) -> None:
        """Be one user until Locust stops it."""
        if self.order.kind == "replay":
            self._replay()
        while self.load is None:  # the run is being given up
            gevent.sleep(0.1)
        client = self.load.user()
        user.parity_client = client
        while True:
            if self.paced:
                slot = self.pacer.take()
                outcome = self._perform(client, slot.operation)
                latency, _ = self.pacer.end(
                    slot, outcome.name, outcome.ended, outcome.failure, outcome.received
                )
            else:
                while self._left <= 0:
                    gevent.sleep(60)
                outcome = self._perform(client, self._choose())
                latency = 1000 * (outcome.ended - outcome.sent)
            self._tell_locust(outcome, latency)
            self._count()
            if outcome.name == Ask.UPLOAD:
                self.flush_files()
            if not self.paced:
                gevent.sleep(self._think())

    def _perform(self, client: User, operation: int) -> Outcome:
        while self._stopping:
            gevent.sleep(60)
        self._busy += 1
        try:
            return client.perform(operation)
        finally:
            self._busy -= 1

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_S
        while self._busy and time.monotonic() < deadline:
            gevent.sleep(0.01)
        self.flush_files()
        self.environment.runner.send_message(STOPPED, {"worker": self.number})

    def _prepare(self, data: dict[str, Any]) -> None:
        self._stopping = False
        self.number, self.numbers = data["worker"], data["workers"]
        self._left = max(1, data["most_requests"] // self.numbers)
        if self.order.kind == "replay":
            users = max(1, int(data["users"]) // self.numbers)
            self.feeder = Feeder(self.order, self.number, self.numbers, users)
            gevent.spawn(self._feed, self.feeder)
            return
        self.paced = data["paced"]
        setup = Setup.from_json(data["setup"])
        self.rng = random.Random(f"{self.order.seed}/{self.number}/users")  # noqa: S311
        self.weights = setup.weights(self.order)
        if self.load is not None:
            self.load.close()
        kind = NullLoad if self.order.kind == "null" else Workload
        self.load = kind(self.order, setup, self.number)
        # Samples stay to the end; the garbage collector need not look at them ever again.
        gc.collect()
        gc.freeze()
        gevent.spawn(self._tell_files, self.load)

    def _feed(self, feeder: Feeder) -> None:
        """Hand out the recording; when all of it was answered, say that the run is over."""
        feeder.run(time.monotonic() + _REPLAY_LEAD_S)
        while feeder.waiting or self._busy:
            gevent.sleep(0.1)
        self._tell_limit(ended=True)

    def _replay(self) -> None:
        while self.feeder is None:
            gevent.sleep(0.1)
        connection, queue = self.feeder.wire.connection(), self.feeder.queue()
        while True:
            due = queue.get()
            self._busy += 1
            outcome = send_due(due, connection)
            self._busy -= 1
            self._tell_locust(outcome, 1000 * (outcome.ended - due.at))
            self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._tell_limit(ended=False)

    def _tell_limit(self, *, ended: bool) -> None:
        # When a run ends, Locust's master waits half a second for the last counts of its workers;
        # on a busy machine they would be lost.
        with contextlib.suppress(AttributeError):  # the only process has them already
            self.environment.runner._send_stats()  # noqa: SLF001
        self.environment.runner.send_message(LIMIT, {"worker": self.number, "ended": ended})

    def _hold(self, data: dict[str, Any]) -> None:
        schedule = Schedule(
            data["rate"], data["seconds"], self.weights, (self.order.seed, data["number"])
        )
        start = time.monotonic() + (data["at"] - time.time())
        for second, tally in self.pacer.run(schedule, start, self.number, self.numbers):
            self.environment.runner.send_message(
                TICK, {"number": data["number"], "second": second, "tally": tally.to_json()}
            )

    def _tell_locust(self, outcome: Outcome, latency: float) -> None:
        self.environment.events.request.fire(
            request_type="parity",
            name=outcome.name,
            response_time=latency,
            response_length=outcome.received,
            exception=WrongAnswer(outcome.failure) if outcome.failure else None,
            context={},
        )

    def _tell_files(self, load: Load) -> None:
        while self.load is load:
            gevent.sleep(_FILES_EVERY_S)
            self.flush_files()

    def flush_files(self) -> None:
        """Tell the master which files were uploaded."""
        files = list(self.load.take_files()) if self.load is not None else []
        if files:
            self.environment.runner.send_message(FILES, {"files": files})

    def _choose(self) -> int:
        numbers = range(len(self.weights))
        return self.rng.choices(numbers, self.weights)[0]

    def _think(self) -> float:
        """Return seconds that fit the profile's quartiles: each quarter is drawn as often."""
        low, middle, high = self.order.profile.think_s
        edges = (low / 2, low, middle, high, high * 1.5)
        quarter = self.rng.randrange(4)
        return self.rng.uniform(edges[quarter], edges[quarter + 1])
