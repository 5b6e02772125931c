"""The time that a round trip to MongoDB takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from pymongo import MongoClient

PINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Latency:
    """Round trips of a ping.

    Attributes:
        pings: How many.
        median_ms: Milliseconds that half of them took at most.
        p99_ms: Milliseconds that 99 of 100 took at most.
    """

    pings: int
    median_ms: float
    p99_ms: float

    @classmethod
    def of(cls, milliseconds: list[float]) -> Latency:
        """Summarise measured times; there is at least one."""
        ordered = sorted(milliseconds)
        # The smallest time that at least 99 % do not exceed.
        last = -(-99 * len(ordered) // 100) - 1
        return cls(len(ordered), median(ordered), ordered[last])


def measure(
    client: MongoClient[dict[str, Any]],
    pings: int = PINGS,
    progress: Callable[[int, int], None] | None = None,
) -> Latency:
    """Ping, one after the other, on a connection that is already open.

    Args:
        client: Connected.
        pings: How many.
        progress: Told (pings done, pings in all) after each.

    Returns:
        The times.
    """
    client.admin.command("ping")
    times = []
    for number in range(pings):
        started = time.perf_counter()
        client.admin.command("ping")
        times.append((time.perf_counter() - started) * 1000)
        if progress is not None:
            progress(number + 1, pings)
    return Latency.of(times)
