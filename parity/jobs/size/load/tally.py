"""What one process counted in one second, and how the counts of several become a Window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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

    def to_json(self) -> dict[str, Any]:
        """Return it for another process."""
        return {
            "intended": self.intended,
            "sent": self.sent,
            "done": self.done,
            "failed": self.failed,
            "latency": [[bucket, count] for bucket, count in self.latency.items()],
            "service": [[bucket, count] for bucket, count in self.service.items()],
            "by_operation": self.by_operation,
            "bytes_in": self.bytes_in,
            "cpu": self.cpu,
            "lag_ms": self.lag_ms,
            "waiting": self.waiting,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """Read what :meth:`to_json` wrote."""
        pairs = {name: {int(b): int(n) for b, n in data[name]} for name in ("latency", "service")}
        return cls(**{**data, **pairs})


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
        intended=sum(each.intended for each in tallies),
        sent=sum(each.sent for each in tallies),
        done=sum(each.done for each in tallies),
        failed=_added([each.failed for each in tallies]),
        latency=_dense([each.latency for each in tallies]),
        service=_dense([each.service for each in tallies]),
        by_operation=_added([each.by_operation for each in tallies]),
        bytes_in=sum(each.bytes_in for each in tallies),
        generator_cpu=sum(each.cpu for each in tallies) + more_cpu,
        generator_lag_ms=max((each.lag_ms for each in tallies), default=0.0),
        waiting=sum(each.waiting for each in tallies),
    )


def window_to_json(window: Window) -> dict[str, Any]:
    """Return a window as JSON; histograms are sparse."""
    return {
        "at": window.at,
        "seconds": window.seconds,
        "intended": window.intended,
        "sent": window.sent,
        "done": window.done,
        "failed": dict(window.failed),
        "latency": [[n, count] for n, count in enumerate(window.latency) if count],
        "service": [[n, count] for n, count in enumerate(window.service) if count],
        "by_operation": dict(window.by_operation),
        "bytes_in": window.bytes_in,
        "generator_cpu": window.generator_cpu,
        "generator_lag_ms": window.generator_lag_ms,
        "waiting": window.waiting,
    }


def window_from_json(data: Mapping[str, Any]) -> Window:
    """Read what :func:`window_to_json` wrote."""
    dense = {name: _dense([dict(data[name])]) for name in ("latency", "service")}
    return Window(**{**data, **dense})


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total


def _dense(sparse: Sequence[Mapping[int, int]]) -> tuple[int, ...]:
    counts = [0] * len(EDGES_MS)
    for each in sparse:
        for bucket, count in each.items():
            counts[bucket] += count
    return tuple(counts)
