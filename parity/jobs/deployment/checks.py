"""What is judged of a deployed server, and by which limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from parity.model import Target
from parity.model.finding import Finding
from parity.model.judged import Judged, doubtful, judged, untested


class Check(StrEnum):
    """What is judged, in the order in which it is judged. Gate 11 names each of them."""

    TLS = "tls"
    HEALTH = "health"
    CORS = "cors"
    LATENCY = "latency"
    DEFAULT_KEYS = "default-keys"
    MASTER_KEY = "master-key"
    DASHBOARD = "dashboard"
    PUBLIC_URL = "public-url"
    RESTART = "restart"

    def judged(
        self,
        seen: str,
        findings: Iterable[Finding] = (),
        numbers: Mapping[str, Any] | None = None,
    ) -> Judged:
        """Return that it was looked at: it fails by any finding that is no warning."""
        return judged(self, TITLES[self], seen, findings, numbers=numbers)

    def untested(self, why: str, remedy: str) -> Judged:
        """Return that it could not be looked at; a gate that demands it does not open."""
        return untested(self, TITLES[self], why, remedy)

    def doubtful(
        self, why: str, remedy: str = "", numbers: Mapping[str, Any] | None = None
    ) -> Judged:
        """Return that the network or this machine kept it from being judged."""
        return doubtful(self, TITLES[self], why, remedy, numbers=numbers)


TITLES: Final[Mapping[Check, str]] = {
    Check.TLS: "The server speaks TLS as it should, and its certificate is good for a while.",
    Check.HEALTH: "The server says that it is well, each time and itself.",
    Check.CORS: "The app's web pages may call the server.",
    Check.LATENCY: "The database is near the server.",
    Check.DEFAULT_KEYS: "No key is one that everybody knows or can guess.",
    Check.MASTER_KEY: "The master key is of no use from outside.",
    Check.DASHBOARD: "The dashboard lets nobody in without a login of its own.",
    Check.PUBLIC_URL: "URLs that the server hands out lead back to it.",
    Check.RESTART: "Data, sessions and files survive a restart.",
}
WRITING: Final = frozenset({Check.PUBLIC_URL, Check.RESTART})


MIN_DAYS: Final = 14
MAX_LATENCY_MS: Final = 20.0
"""Round trip between server and database. Source: Parse migration guide, as ``PRE-LATENCY``."""
RESTART_WAIT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class DeploymentOptions:
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
