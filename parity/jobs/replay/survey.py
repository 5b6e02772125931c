"""One quick look through a recording before it is replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from parity.capture.recording import RecordedExchange
from parity.capture.recording_format import read_line
from parity.wire.operation import Action, parse_operation

_TIMES = ("createdAt", "updatedAt", "_created_at", "_updated_at")
_ORDER = re.compile(rb"order.{1,400}?(?:created|updated)", re.DOTALL)
_AT = re.compile(rb'"at":([0-9.eE+-]+)')
_LANE = re.compile(rb'"lane":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Survey:
    """What a recording holds.

    Attributes:
        exchanges: How many.
        started_at: The earliest time, seconds since the epoch; 0 for an empty recording.
        ended_at: The latest.
        time_ordered: Classes that some query orders by the time of a write: their writes have to
            keep their order across lanes, or such a query shows another order.
        lanes: Number of clients.
    """

    exchanges: int
    started_at: float
    ended_at: float
    time_ordered: frozenset[str]
    lanes: int


def survey(lines: Iterable[bytes], mount: str) -> Survey:
    """Look through a recording, without reading more of a line than needed.

    Args:
        lines: The line of each exchange.
        mount: Path of the recorded mount.
    """
    number = 0
    started, ended = float("inf"), 0.0
    ordered: set[str] = set()
    lanes: set[bytes] = set()
    for line in lines:
        number += 1
        if (found := _AT.search(line)) is not None:
            at = float(found[1])
            started, ended = min(started, at), max(ended, at)
        if (lane := _LANE.search(line)) is not None:
            lanes.add(lane[1])
        if _ORDER.search(line) is not None:
            exchange = read_line(line)
            if isinstance(exchange, RecordedExchange):
                ordered.update(_ordered_by_time(exchange, mount))
    return Survey(number, started if number else 0.0, ended, frozenset(ordered), len(lanes))


def _ordered_by_time(exchange: RecordedExchange, mount: str) -> Iterable[str]:
    request = exchange.request
    operation = parse_operation(request.method, request.url, request.body, mount)
    for part in operation.parts or (operation,):
        order = part.params.get("order") if part.action is Action.QUERY else None
        if isinstance(order, str) and any(each in order for each in _TIMES):
            yield part.class_name
