"""No wait without an end: whoever reads from a process that says nothing gets the end of file."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from typing import AnyStr

DEADLINE_S = 60.0


@contextlib.contextmanager
def killed_after(process: subprocess.Popen[AnyStr], seconds: float = DEADLINE_S) -> Iterator[None]:
    """Kill a process that is still being waited for after some seconds, so that the wait ends.

    Args:
        process: The process; it goes on if the block is left in time.
        seconds: How long the block may take.
    """
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def line_of(process: subprocess.Popen[AnyStr], seconds: float = DEADLINE_S) -> AnyStr:
    """Return the next line that a process prints; empty if it ended or had to be killed.

    Args:
        process: With its standard output as a pipe.
        seconds: How long it may take.
    """
    assert process.stdout is not None
    with killed_after(process, seconds):
        return process.stdout.readline()
