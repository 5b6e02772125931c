"""Load over REST: users that behave as the clients of a Parse app.

locust -f loadtests/rest.py --headless -u 20 -r 5 -t 30s \
    --parity-config parity.toml --target selfhosted --profile social

See docs/loadtests.md.
"""

from __future__ import annotations

from locust import FastHttpUser, task

from parity.jobs.size.load import locustfile

locustfile.install("rest")


class ParseUser(FastHttpUser):
    """A client of a Parse app. Which requests it sends is what the profile says."""

    @task
    def use_the_app(self) -> None:
        """Be a client until the run ends."""
        locustfile.act(self)
