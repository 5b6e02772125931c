"""Eyes for processes, ports and directories."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from parity.model import Target
from parity.stack import Stack
from tests.deadlines import line_of

OWNER = """
import json, signal, sys
from parity.stack import selfhosted_member, start_stack
from parity.stack.stack import stack_to_json
stack = start_stack([selfhosted_member()])
print(stack_to_json(stack), flush=True)
while True:
    signal.pause()
"""
"""Owns a stack of one server and prints it."""

DEADLINE_S = 60.0


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds; fail with ``what`` when it does not."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.02)


def session_members(session: int) -> list[int]:
    """List the living processes of a session (a supervisor leads one); zombies do not live."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(int(folder.name))
    return found


def child_called(session: int, program: str) -> int:
    """Return the process of a session whose command line has this program."""
    for pid in session_members(session):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if Path(words[0]).name == program:
            return pid
    raise AssertionError(f"no {program} in session {session}")


def answers(url: str) -> bool:
    """Tell whether something listens at a URL."""
    try:
        requests.get(url, timeout=10)
    except requests.ConnectionError:
        return False
    return True


def post(target: Target, path: str, body: object, **headers: str) -> requests.Response:
    """POST JSON with the application id and the REST key."""
    assert target.keys.rest_key is not None
    return requests.post(
        f"{target.url}/{path}",
        json=body,
        headers={
            "X-Parse-Application-Id": target.app_id.value,
            "X-Parse-REST-API-Key": target.keys.rest_key.value,
            **headers,
        },
        timeout=30,
    )


def nothing_left(stack: Stack) -> bool:
    """Tell whether no process of a stack lives, no port answers and the directory is gone."""
    return (
        not session_members(stack.supervisor_pid)
        and not any(answers(target.url) for target in stack.targets)
        and not stack.directory.exists()
    )


def as_in_a_terminal() -> None:
    """Make Ctrl-C mean something in a new process, however the tests themselves were started.

    A shell without job control starts background commands with SIGINT ignored, and children
    inherit that. For ``preexec_fn``.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class Runner:
    """A Python process in a session of its own, as a terminal would start it."""

    popen: subprocess.Popen[str]

    def line(self) -> str:
        return line_of(self.popen)

    def signal_group(self, number: int) -> None:
        """Send a signal as a terminal does: to the whole foreground group."""
        os.killpg(self.popen.pid, number)
