"""Peers of the load users, as plain Locust files: FastHttpUser that only gets one URL.

Run by ``benchmarks.load``; writes what it measured into the file that ``BENCH_OUT`` names.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, events, task

PATH = "/parse/classes/Post/null000001"
HEADERS = {"X-Parse-Application-Id": "calibration"}


class PlainUser(FastHttpUser):
    """Sends the same request as soon as it has the answer to the one before."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        """Send one."""
        self.client.get(PATH, headers=HEADERS, name="get")


class Measured:
    """CPU and time from the moment that all users run."""

    cpu = 0.0
    clock = 0.0
    requests = 0


def _begin(**_: Any) -> None:
    Measured.cpu, Measured.clock = time.process_time(), time.monotonic()
    Measured.requests = 0


def _count(exception: Any, **_: Any) -> None:
    assert exception is None, exception
    Measured.requests += 1


def _end(**_: Any) -> None:
    cpu, clock = time.process_time() - Measured.cpu, time.monotonic() - Measured.clock
    numbers = {"requests": Measured.requests, "cpu": cpu, "seconds": clock}
    Path(os.environ["BENCH_OUT"]).write_text(json.dumps(numbers), "utf-8")


_hooks: Any = events  # EventHook.add_listener has no types
_hooks.spawning_complete.add_listener(_begin)
_hooks.request.add_listener(_count)
_hooks.test_stopping.add_listener(_end)
