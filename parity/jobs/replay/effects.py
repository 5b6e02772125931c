"""Effect tracing: which later Difference follows from which earlier one.

When a write went otherwise than recorded, everything that touches the same object, class or
session afterwards may differ because of it. Such Differences are grouped under the first one, so
that a person reads one cause and not its hundred consequences. They still count as different.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from parity.jobs.replay.access import strings
from parity.jobs.replay.judgement import Class, Judgement
from parity.jobs.replay.order import Node
from parity.wire.operation import Action

MOST_ROOTS = 100_000
_PASS_OR_FAIL = re.compile(r"\$status|\$(?:\[\d+\])?\.(?:success|error|objectId|code)")


class Effects:
    """Remembers what is no longer as it was recorded."""

    def __init__(self) -> None:
        self._roots: dict[str, str] = {}

    def follow(self, node: Node, judgement: Judgement) -> str:
        """Return the exchange that a Difference follows from; ``""`` if it stands for itself.

        Args:
            node: The exchange.
            judgement: What became of it.
        """
        different = judgement.outcome is Class.DIFFERENT
        root = self._root(_touched(node)) if different and self._roots else ""
        if not self._may_spread(node) or not judgement.differences:
            return root
        # What succeeded on both sides leaves the class as it was; at most its objects differ.
        refused = any(_PASS_OR_FAIL.fullmatch(found.path) for found, _ in judgement.differences)
        if different or refused:
            for thing in _changed(node, whole_class=different and refused):
                if len(self._roots) < MOST_ROOTS:
                    self._roots.setdefault(thing, root or node.exchange.id)
        return root

    def _may_spread(self, node: Node) -> bool:
        return node.operation.changes or node.operation.action is Action.LOG_IN

    def _root(self, things: Iterable[str]) -> str:
        for thing in things:
            if thing in self._roots:
                return self._roots[thing]
        return ""


def _touched(node: Node) -> Iterator[str]:
    for part in node.operation.parts or (node.operation,):
        yield from part.segments
        yield from strings(part.params)
        yield from strings(part.body)
        if part.class_name and part.action in (Action.QUERY, Action.FUNCTION):
            yield "class " + part.class_name
    for _, value in node.exchange.request.headers:
        yield value
    yield from _ids(node.response)


def _changed(node: Node, *, whole_class: bool) -> Iterator[str]:
    for part in node.operation.parts or (node.operation,):
        if part.object_id:
            yield part.object_id
        if part.class_name and whole_class:
            yield "class " + part.class_name
    yield from _ids(node.response)


def _ids(response: object) -> Iterator[str]:
    stack = [response]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            for name in ("objectId", "sessionToken", "name"):
                if isinstance(each.get(name), str):
                    yield each[name]
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)
