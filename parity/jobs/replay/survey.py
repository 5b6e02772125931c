"""One quick look through a recording before it is replayed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from parity.capture.recording import RecordedExchange
from parity.capture.recording_format import read_line
from parity.jobs.replay.selection import matching
from parity.wire.operation import Action, parse_operation
from parity.wire.signature import signature

MOST_SIGNATURES = 50

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
        if isinstance(order, str) and any(name in order for name in _TIMES):
            yield part.class_name


def counts(
    exchanges: Iterable[RecordedExchange], base_url: str, only: str | None
) -> dict[str, Any]:
    """Count a recording.

    Args:
        exchanges: The recording.
        base_url: Scheme, host and mount that were recorded.
        only: Pattern of ``--only``; ``None`` for all.

    Returns:
        Counts by name; ``signatures`` holds the most frequent ones.
    """
    mount = urlsplit(base_url).path.rstrip("/")
    wanted = matching(only) if only else None
    signatures: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    lanes: set[str] = set()
    total = writes = silent = 0
    for exchange in exchanges:
        request = exchange.request
        operation = parse_operation(request.method, request.url, request.body, mount)
        if wanted is not None and not wanted(exchange, operation):
            continue
        total += 1
        writes += operation.changes
        silent += exchange.response is None
        lanes.add(exchange.lane)
        actions[operation.action.value] += 1
        signatures[signature(operation)] += 1
    return {
        "recorded at": base_url,
        "requests": total,
        "that write": writes,
        "without a response": silent,
        "clients": len(lanes),
        "distinct signatures": len(signatures),
        "operations": dict(actions.most_common()),
        "signatures": dict(signatures.most_common(MOST_SIGNATURES)),
    }
