"""What one process counted in one second, and how the counts of several become a Window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter

from parity.jobs.size.window import Window
from parity.model.latency import EDGES_MS, bucket_of


@dataclass(slots=True)
class Tally:
    """Counts of one second in one process; attributes as of :class:`Window`, in a sparse form."""

    intended: int = 0
    sent: int = 0
    done: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    latency: dict[int, int] = field(default_factory=dict)
    service: dict[int, int] = field(default_factory=dict)
    by_operation: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    cpu: float = 0.0
    lag_ms: float = 0.0
    waiting: int = 0

    def end(
        self, operation: str, latency_ms: float, service_ms: float, failure: str, received: int
    ) -> None:
        """Count a request that ended.

        Args:
            operation: Name of what it did.
            latency_ms: Milliseconds from its intended time.
            service_ms: Milliseconds from its real sending.
            failure: Why its answer is wrong; empty if it is right.
            received: Bytes of its body.
        """
        self.done += 1
        self.bytes_in += received
        self.by_operation[operation] = self.by_operation.get(operation, 0) + 1
        if failure:
            self.failed[failure] = self.failed.get(failure, 0) + 1
        bucket = bucket_of(latency_ms)
        self.latency[bucket] = self.latency.get(bucket, 0) + 1
        bucket = bucket_of(service_ms)
        self.service[bucket] = self.service.get(bucket, 0) + 1

    def to_json(self) -> Any:
        """Return it for another process."""
        return _TALLY.dump_python(self, mode="json")

    @classmethod
    def from_json(cls, data: Any) -> Tally:
        """Read what :meth:`to_json` wrote."""
        return _TALLY.validate_python(data)


_TALLY: Final = TypeAdapter(Tally)
WINDOW: Final = TypeAdapter(Window)
"""Reads and writes windows as JSON."""


def merge(at: float, seconds: float, tallies: Sequence[Tally], more_cpu: float = 0.0) -> Window:
    """Add up what the workers counted in the same second.

    Args:
        at: When it began, seconds since the epoch.
        seconds: How long it was.
        tallies: One of each worker.
        more_cpu: Cores that a process used which sends nothing: the master.
    """
    return Window(
        at=at,
        seconds=seconds,
        intended=sum(tally.intended for tally in tallies),
        sent=sum(tally.sent for tally in tallies),
        done=sum(tally.done for tally in tallies),
        failed=_added(tally.failed for tally in tallies),
        latency=_dense(tally.latency for tally in tallies),
        service=_dense(tally.service for tally in tallies),
        by_operation=_added(tally.by_operation for tally in tallies),
        bytes_in=sum(tally.bytes_in for tally in tallies),
        generator_cpu=sum(tally.cpu for tally in tallies) + more_cpu,
        generator_lag_ms=max((tally.lag_ms for tally in tallies), default=0.0),
        waiting=sum(tally.waiting for tally in tallies),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return dict(total)


def _dense(histograms: Iterable[Mapping[int, int]]) -> tuple[int, ...]:
    counts = [0] * len(EDGES_MS)
    for histogram in histograms:
        for bucket, count in histogram.items():
            counts[bucket] += count
    return tuple(counts)
