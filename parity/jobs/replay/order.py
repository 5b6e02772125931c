"""Which exchange has to wait for which: a graph of the exchanges under way, in recorded order.

A lane keeps its order. Across lanes an exchange waits for those before it that use the same thing
in a way that matters: the one that mints an id it uses, a write to the class that it queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.access import CONFLICTS, Access, strings
from parity.wire.operation import Operation


class Node:
    """One exchange that is waiting, ready or under way.

    Attributes:
        number: Its number in the recording, from 0.
        exchange: What was recorded.
        operation: What it asks for.
        response: The recorded response as JSON; ``None`` if it is none.
        waits_for: How many exchanges it still waits for.
        is_judged: Whether it counts; a prerequisite of another does not.
        is_undecidable: Whether it was under way together with something that changes its answer.
    """

    __slots__ = (
        *("number", "exchange", "operation", "response", "waits_for", "is_judged"),
        "is_undecidable",
        *("_followers", "_uses", "_mints", "done"),
    )

    def __init__(
        self,
        number: int,
        exchange: RecordedExchange,
        operation: Operation,
        response: Any,
        *,
        is_judged: bool = True,
    ) -> None:
        self.number = number
        self.exchange = exchange
        self.operation = operation
        self.response = response
        self.waits_for = 0
        self.is_judged = is_judged
        self.is_undecidable = False
        self.done = False
        self._followers: list[Node] = []
        self._uses: tuple[tuple[str, str], ...] = ()
        self._mints: tuple[str, ...] = ()

    def wait_for(self, other: Node) -> None:
        """Run after another one."""
        if not other.done:
            other._followers.append(self)
            self.waits_for += 1


class Order:
    """The exchanges that have been planned and are not finished."""

    def __init__(self) -> None:
        self._lanes: dict[str, Node] = {}
        self._users: dict[str, dict[str, set[Node]]] = defaultdict(lambda: defaultdict(set))
        self._fields: set[int] = set()
        self._minting: dict[str, Node] = {}
        self._barrier: Node | None = None
        self._open: set[Node] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, node: Node, access: Access) -> bool:
        """Plan an exchange after all that were added before.

        Args:
            node: The exchange.
            access: What it touches.

        Returns:
            Whether it can run at once.
        """
        previous = self._lanes.get(node.exchange.lane)
        if previous is not None:
            node.wait_for(previous)
        self._lanes[node.exchange.lane] = node
        # A server that learns of a new field from two requests at once answers by an old schema
        # for a moment (measured on 2.8.4 and 9.10.0), so the first of its kind runs alone.
        if access.exclusive or self._is_new(access.fields):
            for other in self._open:
                node.wait_for(other)
            self._barrier = node
        else:
            if self._barrier is not None:
                node.wait_for(self._barrier)
            self._wait_by_use(node, access.uses)
            if self._minting:
                self._wait_for_mints(node)
        for value in access.mints:
            self._minting[value] = node
        node._mints = access.mints  # noqa: SLF001 - its own kind
        node._uses = access.uses  # noqa: SLF001 - its own kind
        for thing, use in access.uses:
            self._users[thing][use].add(node)
        self._open.add(node)
        return node.waits_for == 0

    def finish(self, node: Node) -> list[Node]:
        """Take an exchange out; return those that can run now."""
        node.done = True
        self._open.discard(node)
        if self._lanes.get(node.exchange.lane) is node:
            del self._lanes[node.exchange.lane]
        if self._barrier is node:
            self._barrier = None
        for thing, use in node._uses:  # noqa: SLF001 - its own kind
            users = self._users[thing]
            users[use].discard(node)
            if not any(users.values()):
                del self._users[thing]
        for value in node._mints:  # noqa: SLF001 - its own kind
            if self._minting.get(value) is node:
                del self._minting[value]
        ready = []
        for follower in node._followers:  # noqa: SLF001 - its own kind
            follower.waits_for -= 1
            if not follower.waits_for:
                ready.append(follower)
        return ready

    def _wait_by_use(self, node: Node, uses: Iterable[tuple[str, str]]) -> None:
        before: set[Node] = set()
        for thing, use in uses:
            users = self._users.get(thing)
            if users is not None:
                for other_use in CONFLICTS[use]:
                    if other_use in users:
                        before |= users[other_use]
        for other in before:
            node.wait_for(other)

    def _wait_for_mints(self, node: Node) -> None:
        for text in _texts(node):
            other = self._minting.get(text)
            if other is not None:
                node.wait_for(other)

    def _is_new(self, fields: Iterable[str]) -> bool:
        # Hashes, because there is a field for every class of a large app.
        new = {hash(field) for field in fields} - self._fields
        self._fields |= new
        return bool(new)


def _texts(node: Node) -> Iterator[str]:
    """Yield every text of a request in which a minted value may stand."""
    yield from node.operation.segments
    for part in node.operation.parts:
        yield from part.segments
        yield from strings(part.params)
    for name, value in node.exchange.request.headers:
        if name[:2] in ("X-", "x-"):
            yield value
    yield from strings(node.operation.params)
    yield from strings(node.operation.sent)
