"""A recording as load: its clients come when they came, or faster, spread over Locust's workers.

locust -f loadtests/replay.py --headless -u 50 -r 50 -t 10m \
    --parity-config parity.toml --target selfhosted --recording app.jsonl --speed 2

See docs/loadtests.md.
"""

from __future__ import annotations

from locust import FastHttpUser, task

from parity.jobs.size.load import locustfile

locustfile.install("replay")


class RecordedUser(FastHttpUser):
    """Sends the requests of some clients of the recording, each client's in order."""

    @task
    def send_what_was_recorded(self) -> None:
        """Send until the recording ends."""
        locustfile.act(self)
