"""Counts what a replay would send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.selection import matching
from parity.wire.operation import parse_operation
from parity.wire.signature import signature

MOST_SIGNATURES = 50


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
