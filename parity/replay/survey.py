"""One quick look through a recording before it is replayed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parity.capture.recording import RecordedExchange
from parity.replay.operation import Action, parse_operation

_TIMES = ("createdAt", "updatedAt", "_created_at", "_updated_at")
_MARKS = (b"createdAt", b"updatedAt", b"_created_at", b"_updated_at")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a recording holds.

    Attributes:
        exchanges: How many.
        started_at: The earliest time, seconds since the epoch; 0 for an empty recording.
        ended_at: The latest.
        time_ordered: Classes that some query orders by the time of a write: their writes have to
            keep their order across lanes, or such a query shows another order.
        writes: Exchanges that may change a server.
        lanes: Number of clients.
    """

    exchanges: int
    started_at: float
    ended_at: float
    time_ordered: frozenset[str]
    writes: int
    lanes: int


def survey(exchanges: Iterable[RecordedExchange], mount: str, *, count_writes: bool) -> Survey:
    """Look through a recording.

    Args:
        exchanges: All of them.
        mount: Path of the recorded mount.
        count_writes: Whether to understand every request; takes longer.
    """
    number = writes = 0
    started, ended = float("inf"), 0.0
    ordered: set[str] = set()
    lanes: set[int] = set()
    for exchange in exchanges:
        number += 1
        started, ended = min(started, exchange.at), max(ended, exchange.at)
        lanes.add(hash(exchange.lane))
        request = exchange.request
        ordering = _may_order_by_time(request.url, request.body)
        if not (ordering or count_writes):
            continue
        operation = parse_operation(request.method, request.url, request.body, mount)
        writes += operation.changes
        for part in operation.parts or (operation,):
            if part.action is Action.QUERY and _orders_by_time(part.params.get("order")):
                ordered.add(part.class_name)
    if not number:
        started = 0.0
    return Survey(number, started, ended, frozenset(ordered), writes, len(lanes))


def _may_order_by_time(url: str, body: bytes) -> bool:
    if "order" in url and any(each in url for each in _TIMES):
        return True
    return b"order" in body and any(each in body for each in _MARKS)


def _orders_by_time(order: object) -> bool:
    return isinstance(order, str) and any(each in order for each in _TIMES)
