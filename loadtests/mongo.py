"""Load on MongoDB directly: what a Parse Server would ask it for, without the server.

locust -f loadtests/mongo.py --headless -u 20 -r 20 -t 30s \
    --parity-config parity.toml --target selfhosted --profile social

See docs/loadtests.md.
"""

from __future__ import annotations

from typing import Any

from gevent.thread import LockType
from locust import User, task

from parity.jobs.size.load import locustfile

locustfile.install("mongo")

# PyMongo notifies conditions, and Python asks a lock without `_is_owned` whether it is taken by
# trying to take it; gevent then goes once around its loop, twice for every operation.
_lock: Any = LockType
_lock._is_owned = LockType.locked  # noqa: SLF001


class MongoUser(User):
    """A stand-in for a Parse Server. Which operations it sends is what the profile says."""

    @task
    def ask_mongodb(self) -> None:
        """Ask until the run ends."""
        locustfile.act(self)
