"""What to ask a deployed server, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parity.model import Target

MIN_DAYS: Final = 14
MAX_LATENCY_MS: Final = 20.0
"""Round trip between server and database. Source: Parse migration guide, as ``PRE-LATENCY``."""
RESTART_WAIT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to ask for.

    Attributes:
        source_address: Address of this machine that requests come from; ``None`` for the system's.
        inside: The same server by a way on which the master key works (through a tunnel, from an
            address that is allowed). With it the master key can be proven right, and what was
            written can be removed.
        from_inside: Whether this machine is one from which the master key shall work.
        min_days: Days that the certificate has to be valid for.
        http_port: Port that plain HTTP would be on.
        max_latency_ms: Limit of the round trip between server and database.
        samples: Pairs of requests by which it is measured, in each of up to four rounds.
        health_asks: How often ``/health`` is asked.
        health_pause_s: Seconds between.
        leave_files: Whether a file may be uploaded that cannot be deleted from here.
        allowed_hosts: Hosts that a file may be fetched from beside the target's own.
        restart: Whether somebody restarts the server while the command waits.
        restart_wait_s: Seconds to wait for that.
    """

    source_address: str | None = None
    inside: Target | None = None
    from_inside: bool = False
    min_days: int = MIN_DAYS
    http_port: int = 80
    max_latency_ms: float = MAX_LATENCY_MS
    samples: int = 40
    health_asks: int = 5
    health_pause_s: float = 0.5
    leave_files: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    restart: bool = False
    restart_wait_s: float = RESTART_WAIT_S
