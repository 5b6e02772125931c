"""Replays a recording against one target: plans, sends, judges, adds up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from parity.capture.recording import RecordedExchange
from parity.compare import Register
from parity.jobs.replay.access import access
from parity.jobs.replay.bindings import Bindings, Times
from parity.jobs.replay.effects import Effects
from parity.jobs.replay.journal import Entry, Journal
from parity.jobs.replay.judge import Judge
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.limits import (
    TOO_DEEP,
    doubted,
    keys_were_refused,
    why_not_judged,
    why_not_sent,
)
from parity.jobs.replay.noise import NO_NOISE, Noise
from parity.jobs.replay.order import Node, Order
from parity.jobs.replay.reconcile import Reconciler
from parity.jobs.replay.rewrite import MissingKey, Rewriter, Rewritten
from parity.jobs.replay.send import Sender
from parity.jobs.replay.tally import Tally
from parity.jobs.replay.together import Together, undecided
from parity.model import HarnessError, Target, Writes
from parity.wire.operation import Action, parse_json, parse_operation
from parity.wire.signature import signature

AHEAD = 6
"""Exchanges planned ahead for each lane; more would find little more that can run side by side,
and a query waits for every write to its class that is planned."""
LEAST_WINDOW = 64
SHORTEST_MINTED = 10
"""Characters of an object id; nothing shorter is minted by a server."""
GIVE_UP_AFTER = 8
"""Exchanges in a row without any answer after which the target is taken to be down."""
Shown = Callable[[Node, Rewritten | None, Answer | None], None]
"""Keeps an exchange to be shown to people."""
Observer = Callable[[Node, Rewritten | None, Answer | None, Judgement], None]
"""Gets an exchange with what was sent, what came back and what became of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay.

    Attributes:
        speed: Factor of the recorded speed; ``None`` for as fast as it goes.
        lanes: Most requests under way at once.
        literal: The target has a copy of the recorded server's data (``--state migrated``).
        read_only: Send no request that writes.
        allow: What may leave the server: ``push``, ``email``, ``webhooks``.
        has_cloud_code: Whether the target runs the app's own cloud code.
        selected: Numbers of the exchanges to send; ``None`` for all.
        judged: Numbers of those that count; ``None`` for all that are sent.
        time_ordered: Classes that some query orders by the time of a write.
        noise: Accepted noise of a control.
    """

    speed: float | None = None
    lanes: int = 16
    literal: bool = False
    read_only: bool = False
    allow: frozenset[str] = frozenset()
    has_cloud_code: bool = True
    selected: frozenset[int] | None = None
    judged: frozenset[int] | None = None
    time_ordered: frozenset[str] = frozenset()
    noise: Noise = NO_NOISE


@dataclass(slots=True)
class Progress:
    """How far a replay is, for whoever shows it.

    Attributes:
        done: Exchanges that are finished.
        tally: What became of them.
        lag_s: Most seconds that a request was sent after its time (``--speed``).
    """

    done: int = 0
    tally: Tally = field(default_factory=Tally)
    lag_s: float = 0.0


class Replay:
    """One replay against one target.

    Args:
        target: Where to.
        mount: Path of the recorded mount.
        register: Known differences that apply to the target.
        options: How.
        journal: For going on after a kill.
        folder: Folder of the run, for temporary files.
        shown: Gets exchanges worth showing.
        started_at: When the recording began, seconds since the epoch.
        observe: Gets every exchange that is finished, for whoever records it.
    """

    def __init__(
        self,
        target: Target,
        *,
        mount: str,
        register: Register,
        options: Options,
        journal: Journal,
        folder: Path,
        shown: Shown,
        started_at: float,
        observe: Observer | None = None,
    ) -> None:
        self.target = target
        self.options = options
        self.journal = journal
        self.progress = Progress()
        self._mount = mount
        self._bindings = Bindings(folder / f"bindings-{target.name}.sqlite")
        self._times = Times()
        self._rewriter = Rewriter(
            target, mount, self._live, None if options.literal else self._moment
        )
        self._judge = Judge(
            bindings=self._bindings,
            times=self._times,
            register=register,
            mounts=(mount, self._rewriter.live_mount),
            literal=options.literal,
            noise=options.noise,
        )
        self._order = Order()
        self._window = max(LEAST_WINDOW, AHEAD * options.lanes)
        self._effects = Effects()
        self._together = Together()
        self._ready: asyncio.Queue[Node | None]
        self._room: asyncio.Event
        self._shown = shown
        self._observe = observe
        self._first_at = started_at
        self._begun = 0.0
        self._silent = 0
        self._failure: BaseException | None = None
        self._flushing = False
        self._read_only = options.read_only or target.writes is Writes.FORBIDDEN

    async def run(self, exchanges: Iterable[RecordedExchange]) -> Tally:
        """Replay them all.

        Args:
            exchanges: In recorded order.

        Returns:
            What became of them.

        Raises:
            HarnessError: The target went down; what was done is in the journal.
        """
        self._ready, self._room = asyncio.Queue(), asyncio.Event()
        self._begun = time.monotonic()
        target = self.target
        async with Sender(target.name, target.url, target.timeout_s, target.ca) as sender:
            workers = [
                asyncio.create_task(self._work(sender)) for _ in range(max(1, self.options.lanes))
            ]
            try:
                await self._feed(exchanges, sender)
            finally:
                for _ in workers:
                    self._ready.put_nowait(None)
                if self._failure is not None:
                    for worker in workers:
                        worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                self.journal.flush()
                self._bindings.close()
        if self._failure is not None:
            raise self._failure
        return self.progress.tally

    async def _feed(self, exchanges: Iterable[RecordedExchange], sender: Sender) -> None:
        for number, exchange in enumerate(exchanges):
            if self.options.selected is not None and number not in self.options.selected:
                continue
            node = self._plan(number, exchange)
            self._together.add(node)
            entry = self.journal.find(number) if self.journal.resumed else None
            if entry is not None and await self._resume(node, entry, sender):
                continue
            touched = access(node.operation, node.response, self.options.time_ordered)
            if self._order.add(node, touched):
                self._release(node)
            while len(self._order) >= self._window and self._failure is None:
                self._room.clear()
                await self._room.wait()
            if self._failure is not None:
                return
        while len(self._order) and self._failure is None:
            self._room.clear()
            await self._room.wait()

    def _plan(self, number: int, exchange: RecordedExchange) -> Node:
        request, response = exchange.request, exchange.response
        operation = parse_operation(request.method, request.url, request.body, self._mount)
        recorded = None if response is None else parse_json(response.body)
        judged = self.options.judged is None or number in self.options.judged
        return Node(number, exchange, operation, recorded, is_judged=judged)

    def _release(self, node: Node) -> None:
        """Let an exchange run when its time has come."""
        if self.options.speed is not None:
            due = self._begun + (node.exchange.at - self._first_at) / self.options.speed
            wait = due - time.monotonic()
            if wait > 0:
                loop = asyncio.get_running_loop()
                loop.call_later(wait, self._ready.put_nowait, node)
                return
            self.progress.lag_s = max(self.progress.lag_s, -wait)
        self._ready.put_nowait(node)

    async def _work(self, sender: Sender) -> None:
        while (node := await self._ready.get()) is not None:
            try:
                await self._exchange(node, sender)
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - raised again by run()
                self._failure = self._failure or error
            for follower in self._order.finish(node):
                self._release(follower)
            if len(self._order) < self._window // 2 or self._failure is not None:
                self._room.set()
            if self._failure is not None:
                return

    async def _exchange(self, node: Node, sender: Sender) -> None:
        why = why_not_sent(node, read_only=self._read_only, allow=self.options.allow)
        if why:
            self._enter(node, Judgement(Class.NOT_SENT, reason=why), None, None)
            return
        try:
            rewritten = self._rewriter.rewrite(
                node.exchange.request, node.operation.sent, refused=keys_were_refused(node)
            )
        except MissingKey as error:
            self._enter(node, Judgement(Class.UNSUPPORTED, reason=str(error)), None, None)
            return
        changes = node.operation.changes or node.operation.action is Action.LOG_IN
        if changes:
            self.journal.announce(node.number, time.time())
        try:
            method = node.exchange.request.method
            answer = await sender.send(method, rewritten, again=not changes)
        except HarnessError as error:
            self._silent += 1
            if self._silent >= GIVE_UP_AFTER:
                raise HarnessError(
                    f"{self.target.name} gave no answer to {GIVE_UP_AFTER} requests in a row: "
                    f"{error}. What was done is kept: go on with --resume."
                ) from error
            self._enter(node, Judgement(Class.ERROR, reason=str(error)), rewritten, None)
            return
        self._silent = 0
        self._enter(node, self._judged(node, answer), rewritten, answer)

    def _judged(self, node: Node, answer: Answer) -> Judgement:
        why = why_not_judged(node, answer, has_cloud_code=self.options.has_cloud_code)
        if why:
            return Judgement(Class.UNSUPPORTED, reason=why)
        try:
            judgement = self._judge.judge(node, answer)
        except (RecursionError, orjson.JSONEncodeError):
            return Judgement(Class.ERROR, reason=TOO_DEEP)
        return undecided(node, answer, doubted(node, answer, judgement))

    def _enter(
        self,
        node: Node,
        judgement: Judgement,
        sent: Rewritten | None,
        answer: Answer | None,
        elapsed_ms: float | None = None,
    ) -> None:
        """Write an exchange that is finished into the journal and add it up."""
        live_ms = answer.elapsed_ms if answer is not None else elapsed_ms
        self.journal.enter(node.number, judgement, live_ms)
        if node.operation.changes and not self._flushing:
            # Together with whatever else ends in this turn of the loop.
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        if self._observe is not None:
            self._observe(node, sent, answer, judgement)
        if self._account(node, judgement, live_ms):
            self._shown(node, sent, answer)

    def _flush(self) -> None:
        self._flushing = False
        self.journal.flush()

    def _account(self, node: Node, judgement: Judgement, live_ms: float | None) -> bool:
        if node.exchange.response is not None:
            self._judge.note(node, judgement)
        follows = self._effects.follow(node, judgement)
        self.progress.done += 1
        if not node.is_judged:
            return False
        return self.progress.tally.add(
            signature(node.operation),
            node.operation.action.value,
            node.exchange.lane,
            node.exchange.id,
            judgement,
            recorded_ms=node.exchange.elapsed_ms,
            live_ms=live_ms,
            follows=follows,
        )

    async def _resume(self, node: Node, entry: Entry, sender: Sender) -> bool:
        """Take over what an earlier run did; return whether nothing is left to do."""
        if entry.judgement is not None:
            for recorded, live in entry.judgement.learned:
                self._bindings.bind(recorded, live)
            for owner, recorded, live in entry.judgement.times:
                self._times.fits(owner, recorded, live, node.number)
            if self._account(node, entry.judgement, entry.elapsed_ms):
                self._shown(node, None, None)
            return True
        await self._wait_until_idle()
        asker = Reconciler(self.target, self._rewriter, sender, self._bindings, self._times)
        answer = await asker.answer(node, entry.announced_at)
        if isinstance(answer, str):
            self._enter(node, Judgement(Class.ERROR, reason=answer), None, None)
            return True
        if answer is None:
            return False
        self._enter(node, self._judged(node, answer), None, answer)
        return True

    async def _wait_until_idle(self) -> None:
        while len(self._order) and self._failure is None:
            self._room.clear()
            await self._room.wait()

    def _moment(self, recorded: str, is_first: bool) -> str | None:  # noqa: FBT001 - a callback
        return self._times.moment(recorded, is_first=is_first)

    def _live(self, recorded: str) -> str | None:
        if len(recorded) < SHORTEST_MINTED:
            return None
        found = self._bindings.live(recorded)
        if found is None and len(recorded) == 24 and recorded[-1] == "Z":
            return self._times.live(recorded)
        return found
