"""What a load generator measured in one second, and what any generator offers to `parity size`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Window:
    """One second of load, as all workers of the generator saw it.

    Attributes:
        at: When it began, seconds since the epoch.
        seconds: How long it was.
        intended: Requests that the schedule wanted to be sent in it.
        sent: Requests that were sent.
        done: Requests that ended, whenever they were sent.
        failed: Those of them whose answer was wrong, by reason: status, body check, timeout.
        latency: Counts by :data:`parity.model.latency.EDGES_MS`, of the time from the
            *intended* send to the end.
        service: The same, from the real send to the end.
        by_operation: Requests that ended, by name of the operation.
        bytes_in: Bytes of the bodies received.
        generator_cpu: Cores that the generator's processes used: 0.97.
        generator_lag_ms: Most that a request was sent late although a client was free for it: the
            generator's own fault, never the server's.
        waiting: Requests whose intended time has come and that no client was free for.
    """

    at: float
    seconds: float
    intended: int
    sent: int
    done: int
    failed: Mapping[str, int] = field(default_factory=dict)
    latency: tuple[int, ...] = ()
    service: tuple[int, ...] = ()
    by_operation: Mapping[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    generator_cpu: float = 0.0
    generator_lag_ms: float = 0.0
    waiting: int = 0


class Generator(Protocol):
    """A source of load that stays up while the rate changes. A context manager."""

    def hold(self, rate: float, seconds: float) -> Iterator[Window]:
        """Send ``rate`` requests a second for so long, open loop; yield a window each second.

        The schedule goes on whether or not the server keeps up. Between two calls nothing is
        sent; what is still under way at the end of one is waited for, for a while.

        Raises:
            HarnessError: The generator died or stopped answering.
        """

    @property
    def workers(self) -> int:
        """Return the number of its processes."""
