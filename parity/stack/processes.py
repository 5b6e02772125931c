"""Starting, watching and stopping processes, so that none outlives the one that started it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SHIM = Path(__file__).parent / "shim.py"
POLL_S = 0.2
REAP_S = 10.0

# What a user set for programs of his own must not change the servers.
_SCRUBBED = frozenset({"NODE_OPTIONS", "NODE_PATH", "NODE_ENV", "VERBOSE", "JSON_LOGS", "PORT"})
_SCRUBBED_PREFIX = "PARSE_SERVER_"


class StartFailedError(Exception):
    """A process did not start; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that we started.

    Attributes:
        name: What messages call it: ``mongod``, ``Parse Server 9.10.0 (selfhosted)``.
        popen: Its handle.
        log: The file that it writes to.
    """

    name: str
    popen: subprocess.Popen[bytes]
    log: Path


def spawn(
    name: str, command: Sequence[str], *, log: Path, cwd: Path, talk: bool, env: Mapping[str, str]
) -> Child:
    """Start a program in a process group of its own; on Linux it dies with this process.

    Call it from the main thread: on Linux the kernel kills a program when the thread that started
    it ends.

    Args:
        name: What messages call it.
        command: Program (absolute path) and arguments.
        log: File for its stderr, and for its stdout unless ``talk``.
        cwd: Its working directory.
        talk: Whether stdin and stdout are pipes to us.
        env: Its environment.

    Returns:
        The process.

    Raises:
        StartFailedError: It could not be started.
    """
    pipe = subprocess.PIPE if talk else None
    try:
        with log.open("ab") as sink:
            popen = subprocess.Popen(  # noqa: S603 - programs that parts.py chose
                [*die_with_me(), *command],
                cwd=cwd,
                env=env,
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or sink,
                stderr=sink,
                process_group=0,
            )
    except OSError as error:
        raise StartFailedError(f"{name} could not be started: {error}") from error
    return Child(name, popen, log)


def die_with_me() -> list[str]:
    """Return the start of a command that makes the kernel (Linux) kill it when we end."""
    return [sys.executable, "-I", "-S", str(SHIM), str(os.getpid())]


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which only our own settings reach the servers."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _SCRUBBED and not name.startswith(_SCRUBBED_PREFIX)
    }
    return {**kept, "NODE_ENV": "production", "TZ": "UTC"}


def kill(children: Sequence[Child]) -> None:
    """Kill process groups at once and reap the processes; their data is thrown away anyway."""
    for child in children:
        # Also when the leader is gone: somebody in its group may live on. Before it is reaped,
        # its number cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.popen.pid, signal.SIGKILL)
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.popen.wait(REAP_S)
        for pipe in (child.popen.stdin, child.popen.stdout):
            _close(pipe)


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a log; an empty list if there is none."""
    try:
        return path.read_text("utf-8", "replace").strip().splitlines()[-lines:]
    except OSError:
        return []


class Watch:
    """Wakes up when a process ends, a signal arrives or a pipe has something to read.

    Args:
        owner_pid: The process whose end is a reason to stop.
    """

    def __init__(self, owner_pid: int) -> None:
        self._owner_pid = owner_pid
        self._owner_fd = _pidfd(owner_pid)
        self._wakeup, wakeup_writer = os.pipe()
        os.set_blocking(wakeup_writer, False)
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)
        self._signalled = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def must_stop(self) -> bool:
        """Tell whether the owner is gone or has asked to stop."""
        return self._signalled or not _lives(self._owner_pid, self._owner_fd)

    def wait(
        self, timeout_s: float, pids: Sequence[int] = (), pipes: Sequence[IO[bytes]] = ()
    ) -> None:
        """Wait until something may have happened, at most ``timeout_s`` seconds.

        Args:
            timeout_s: Seconds.
            pids: Processes whose end wakes us.
            pipes: Pipes on which something to read wakes us.
        """
        opened = [fd for fd in map(_pidfd, pids) if fd is not None]
        poller = select.poll()
        for fd in [self._wakeup, *opened, *(pipe.fileno() for pipe in pipes)]:
            poller.register(fd, select.POLLIN)
        if self._owner_fd is not None:
            poller.register(self._owner_fd, select.POLLIN)
        # Where there are no pidfds, look for ends now and then.
        blind = self._owner_fd is None or len(opened) < len(pids)
        try:
            poller.poll(1000 * (min(timeout_s, POLL_S) if blind else timeout_s))
        finally:
            for fd in opened:
                os.close(fd)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._signalled = True


def wait_for_end(pid: int, timeout_s: float) -> bool:
    """Wait until a process, which need not be a child, has ended.

    Args:
        pid: Its number.
        timeout_s: Seconds to wait at most.

    Returns:
        Whether it has ended.
    """
    fd = _pidfd(pid)
    try:
        deadline = time.monotonic() + timeout_s
        while _lives(pid, fd):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if fd is None:
                time.sleep(min(left, POLL_S))
            else:
                select.select([fd], [], [], left)
        return True
    finally:
        if fd is not None:
            os.close(fd)


def _pidfd(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # gone, or a kernel or sandbox without pidfds
        return None


def _lives(pid: int, fd: int | None) -> bool:
    if fd is not None:
        return not select.select([fd], [], [], 0)[0]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()
