"""What became of every request that came through a capture; nothing disappears unseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

KEPT = "kept"
"""Written to the recording."""
LOST = "lost"
"""Passed on, and could not be written: the disk, or an error of ours."""
REFUSED = "refused"
"""Answered by the proxy itself: no request for the upstream, or no HTTP."""
WEBSOCKET = "websocket"
"""Tunnelled WebSocket connections (LiveQuery); what they say is not recorded."""
IGNORED = "dropped_ignored"
"""Passed on, not recorded: ``--ignore``."""
OUTSIDE = "dropped_outside_mount"
"""Passed on, not recorded: the path is not below the mount of the upstream."""
SAMPLED_OUT = "dropped_sample"
"""Passed on, not recorded: the client is not in the sample."""
AFTER_END = "dropped_after_bound"
"""Passed on, not recorded: ``--max-exchanges``, ``--max-minutes`` or ``--max-mb`` was reached."""

ENDS = (KEPT, LOST, REFUSED, WEBSOCKET, IGNORED, OUTSIDE, SAMPLED_OUT, AFTER_END)
"""What can become of a request. Each request ends as exactly one of these."""

TRUNCATED = "truncated"
"""Kept, and a body was longer than the limit."""
NO_RESPONSE = "no_response"
"""Kept, and the upstream did not answer."""
CUT_OFF = "cut_off"
"""Kept, and the response broke off in the middle."""
CLIENT_GONE = "client_gone"
"""Kept, and the client went away before it had its response."""
UNDECODABLE = "undecodable"
"""Kept, and a body is not what its Content-Encoding says."""

MARKS = (TRUNCATED, NO_RESPONSE, CUT_OFF, CLIENT_GONE, UNDECODABLE)
"""What can be said of an exchange that was kept, in addition."""


class Accounts:
    """Counts of one capture.

    Attributes:
        seen: Requests that arrived.
        in_flight: Requests that have not ended.
        request_bytes: Bytes of request bodies passed on.
        response_bytes: Bytes of response bodies passed on.
    """

    def __init__(self) -> None:
        self.seen = 0
        self.in_flight = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self._counts: Counter[str] = Counter()

    def count(self, name: str) -> None:
        """Count one request under a name of :data:`ENDS` or :data:`MARKS`."""
        self._counts[name] += 1

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    @property
    def unaccounted(self) -> int:
        """Requests that are neither in flight nor ended; anything but 0 is an error of ours."""
        return self.seen - self.in_flight - sum(self._counts[name] for name in ENDS)

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield every count with its name, zeros too."""
        yield "seen", self.seen
        for name in (*ENDS, *MARKS):
            yield name, self._counts[name]
        yield "request_bytes", self.request_bytes
        yield "response_bytes", self.response_bytes

    def as_dict(self) -> dict[str, int]:
        """Return every count by name, for the footer of the recording."""
        return dict(self.items())
