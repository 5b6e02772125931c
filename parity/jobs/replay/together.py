"""What was under way together when it was recorded, so that its order cannot be known.

A cloud function reads and writes for as long as it runs. A write of another client that was under
way meanwhile came before or after each of its steps by chance, and comes otherwise in a replay.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.order import Node
from parity.wire.operation import Action

UNDECIDABLE: Final = "a function and a write of another client were under way together"
_MOST_UNDER_WAY = 256
"""Exchanges that are remembered; as many clients waited for an answer at once."""


class Together:
    """Marks functions and writes of other clients that were under way together."""

    def __init__(self) -> None:
        self._functions: deque[Node] = deque(maxlen=_MOST_UNDER_WAY)
        self._writes: deque[Node] = deque(maxlen=_MOST_UNDER_WAY)

    def add(self, node: Node) -> None:
        """Take note of an exchange, in recorded order; marks it, and those that it concerns."""
        if not node.operation.changes:
            return
        is_function = _is_function(node)
        for other in (*self._functions, *(self._writes if is_function else ())):
            if other.exchange.lane != node.exchange.lane and _overlap(node, other):
                node.is_undecidable = other.is_undecidable = True
        (self._functions if is_function else self._writes).append(node)


def undecided(node: Node, answer: Answer, judgement: Judgement) -> Judgement:
    """Return the judgement, or that there is none: the order decides, and nobody knows it.

    Args:
        node: The exchange.
        answer: What the target answered; its own failure is a failure in any order.
        judgement: What became of it.
    """
    if node.is_undecidable and judgement.outcome is Class.DIFFERENT and answer.status < 500:
        learned, times = judgement.learned, judgement.times
        return Judgement(Class.UNDECIDABLE, reason=UNDECIDABLE, learned=learned, times=times)
    return judgement


def _is_function(node: Node) -> bool:
    parts = node.operation.parts or (node.operation,)
    return any(part.action is Action.FUNCTION for part in parts)


def _overlap(one: Node, other: Node) -> bool:
    """Return whether two exchanges were under way at one time; what took none never was."""
    (start, end), (other_start, other_end) = map(_interval, (one, other))
    return start < other_end and other_start < end


def _interval(node: Node) -> tuple[float, float]:
    return node.exchange.at, node.exchange.at + (node.exchange.elapsed_ms or 0.0) / 1000
