"""The Locust processes of a sizing run, owned by a process that never imports Locust itself."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from parity.jobs.size.load.cleanup import clean
from parity.jobs.size.load.null_server import null_server
from parity.jobs.size.load.order import CONTROL, GRACE_S, LoadOrder, check_order
from parity.jobs.size.load.tally import WINDOW
from parity.jobs.size.window import Window
from parity.model import Target
from parity.model.errors import HarnessError
from parity.paths import shipped
from parity.profiles.profile import Profile

USERS: Final = 100
"""Users in all, which is the most requests that are under way at the same time."""
START_S: Final = 180.0
SILENCE_S: Final = 60.0
STOP_S: Final = 60.0
KILL_S: Final = 10.0
LONGEST_S: Final = 4 * 3600
"""Seconds after which Locust ends in any case."""
_FILES: Final = {"rest": "rest.py", "null": "rest.py", "mongo": "mongo.py"}
_MARK: Final = string.digits + string.ascii_lowercase
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What Locust gets of the environment: nothing that holds a secret."""


class LocustGenerator:
    """A source of load: Locust processes that hold any rate that they are told to.

    A context manager. Leaving it ends the processes and removes what they made on the target, also
    after an error; should this process be killed, they notice it, clean up and end by themselves.

    Args:
        target: Where the load goes.
        profile: What it is made of.
        kind: ``rest``, ``mongo``, or ``null`` for the null server.
        workers: Processes that send. With more than one there is a master beside them.
        users: Users of all workers together: the most requests that are under way at a time.
        seed: Equal seeds give equal load.
        folder: Where Locust's HTML report, CSV files and logs go; a temporary folder without it.
        read_only: Send only what reads.
        grace_s: Seconds that requests under way are waited for at the end of a hold.

    Attributes:
        skipped: Why an operation of the profile is not sent, by its name; known once it runs.
        made: Classes that the app has no rows of and that are queried with made-up ones.
        mark: Mark of what it makes on the target.

    Raises:
        UserError: The target's settings do not allow it.
    """

    def __init__(
        self,
        target: Target,
        profile: Profile,
        *,
        kind: str = "rest",
        workers: int = 1,
        users: int = USERS,
        seed: int = 1,
        folder: Path | None = None,
        read_only: bool = False,
        grace_s: float = GRACE_S,
    ) -> None:
        self.mark = "".join(secrets.choice(_MARK) for _ in range(6))
        self.order = check_order(
            LoadOrder(kind, target, profile, seed, read_only, self.mark, grace_s=grace_s)
        )
        self.skipped: Mapping[str, str] = {}
        self.made: tuple[str, ...] = ()
        self._workers = workers
        self._users = max(users, workers)
        self._folder = folder
        self._temporary: Path | None = None
        self._processes: list[_Process] = []
        self._left: list[str] = []

    @property
    def workers(self) -> int:
        """Return the number of processes that send."""
        return self._workers

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of Locust, for probes that leave them out."""
        return tuple(process.popen.pid for process in self._processes)

    @property
    def left(self) -> tuple[str, ...]:
        """Return what could not be removed from the target; known once it has ended."""
        return tuple(self._left)

    def __enter__(self) -> Self:
        if self._folder is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="parity-load-"))
        folder = self._folder or self._temporary
        assert folder is not None
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start(folder)
            answer = self._read(time.monotonic() + START_S)
            _must_be_ready(answer)
            self.skipped, self.made = answer["skipped"], tuple(answer["made"])
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._end()

    def hold(self, rate: float, seconds: float) -> Iterator[Window]:
        """Send ``rate`` requests a second for so long; a :class:`Window` for each of them.

        The last window comes when everything that was sent has ended, at most the grace late.
        """
        if not self._processes:
            raise HarnessError("the load generator is not running")
        if rate <= 0 or seconds <= 0:
            raise ValueError(f"rate {rate} and seconds {seconds} are above 0")
        self._processes[0].write({"rate": rate, "seconds": seconds})
        while True:
            answer = self._read(time.monotonic() + SILENCE_S)
            if "window" in answer:
                yield WINDOW.validate_python(answer["window"])
            elif "end" in answer:
                return
            else:
                raise HarnessError(str(answer.get("problem", "the load generator gave up")))

    # Inside

    def _start(self, folder: Path) -> None:
        file = shipped("loadtests") / _FILES[self.order.kind]
        common = [sys.executable, "-m", "locust", "-f", str(file.resolve()), "--skip-log-setup"]
        leader = [
            *common,
            *("--headless", "--only-summary", "--stop-timeout", "2"),
            *("-u", str(self._users), "-r", str(self._users), "-t", f"{LONGEST_S}s"),
            *("--html", str(folder / "locust.html"), "--csv", str(folder / "locust")),
        ]
        if self._workers == 1:
            self._spawn("locust", leader, folder)
            return
        port = _free_port()
        host = ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
        expected = ["--master", "--expect-workers", str(self._workers)]
        self._spawn("locust-master", [*leader, *expected, *host], folder)
        for number in range(self._workers):
            join = ["--worker", "--master-host", "127.0.0.1", "--master-port", str(port)]
            self._spawn(f"locust-worker-{number}", [*common, *join], folder)

    def _spawn(self, name: str, command: list[str], folder: Path) -> None:
        process = _Process(name, command, folder)
        self._processes.append(process)
        process.write(self.order.to_json())

    def _read(self, deadline: float) -> dict[str, Any]:
        while True:
            message = self._processes[0].read(min(0.5, max(0.0, deadline - time.monotonic())))
            if message is not None and "files" not in message:
                return message
            for process in self._processes:
                if process.popen.poll() is not None:
                    raise HarnessError(process.death())
            if time.monotonic() > deadline:
                raise HarnessError("the load generator does not answer")

    def _end(self) -> None:
        """End every process: first by closing its pipe, which it takes as the wish to end."""
        processes, self._processes = self._processes, []
        for process in processes:
            process.close()
        deadline = time.monotonic() + STOP_S
        for process in processes:
            process.wait(max(0.0, deadline - time.monotonic()))
        if processes:
            # The leader has done this; not if it was killed, and then somebody must.
            files = [name for process in processes for name in process.files]
            self._left = clean(self.order, self.mark, files)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


class _Process:
    """One Locust process and the pipes to it."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        root = str(Path(__file__).resolve().parents[4])
        try:
            with self.log.open("ab") as log:
                self.popen = subprocess.Popen(  # noqa: S603 - our own program
                    command,
                    env={
                        **environment,
                        CONTROL: f"{theirs_in},{theirs_out}",
                        "PYTHONPATH": root,
                    },
                    pass_fds=(theirs_in, theirs_out),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    process_group=0,
                )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._buffer = b""
        self.files: list[str] = []

    def write(self, message: Mapping[str, Any]) -> None:
        """Send it a line of JSON.

        Raises:
            HarnessError: It is gone.
        """
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except OSError:
            raise HarnessError(self.death()) from None

    def read(self, timeout_s: float) -> dict[str, Any] | None:
        """Return its next line; ``None`` if there is none in time."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            data = os.read(self._in, 1 << 16)
            if not data:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.popen.wait(KILL_S)
                raise HarnessError(self.death())
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        self.files += message.get("files", ())
        return message

    def death(self) -> str:
        """Return how it ended, with the end of its log."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text("utf-8", "replace").strip().splitlines()
            errors = [line for line in lines if line.startswith("error: ")]
            if errors:
                return errors[-1].removeprefix("error: ")
            code = self.popen.poll()
            return f"{self.name} ended with {code}; its log ends:\n" + "\n".join(lines[-12:])
        return f"{self.name} ended"

    def close(self) -> None:
        """Close the pipe to it: it ends."""
        if self._out >= 0:
            os.close(self._out)
            self._out = -1

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, and kill it if it does not come."""
        try:
            deadline = time.monotonic() + timeout_s
            while self.popen.poll() is None and time.monotonic() < deadline:
                # It must not block on a pipe that nobody reads.
                with contextlib.suppress(HarnessError):
                    self.read(0.05)
        finally:
            if self.popen.poll() is None:
                self.popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(KILL_S)
            os.close(self._in)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the generator can do at most.

    Attributes:
        requests_s: Requests a second that one worker sent to a null server.
        cpu_us: Microseconds of its CPU that one of them took; holds on a busy machine as well.
    """

    requests_s: float
    cpu_us: float


def calibrate(
    profile: Profile, *, seconds: float = 3.0, users: int = 50, folder: Path | None = None
) -> Calibration:
    """Measure the generator's own ceiling.

    Args:
        profile: Its mix of reads and writes, and the sizes of what is sent.
        seconds: How long.
        users: Users of the one worker.
        folder: For Locust's files.

    Raises:
        HarnessError: The generator did not run.
    """
    with null_server() as target:
        generator = LocustGenerator(target, profile, kind="null", users=users, folder=folder)
        with generator:
            list(generator.hold(100.0, 1.0))
            windows = list(generator.hold(50_000.0, seconds))
    done = sum(window.done for window in windows)
    wrong = sum(sum(window.failed.values()) for window in windows)
    span = sum(window.seconds for window in windows)
    cores = sum(window.generator_cpu * window.seconds for window in windows) / span
    if not done or wrong:
        raise HarnessError(f"the generator could not be calibrated: {wrong} of {done} wrong")
    return Calibration(done / span, 1e6 * cores * span / done)


def _must_be_ready(answer: Mapping[str, Any]) -> None:
    if "ready" not in answer:
        raise HarnessError(str(answer.get("problem", "the load generator did not start")))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
