"""The process that owns mongod and the Parse Servers: ``python -m parity.stack.supervisor``.

It reads one JSON document (see :class:`parity.stack.order.Order`) on stdin, starts everything,
answers with one JSON line on stdout, and then waits until its owner dies or sends SIGTERM. Then it
kills all others and removes the directory. It runs in a session of its own, so Ctrl-C reaches only
the owner, who decides what to do about it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.stack.directory import create_directory, sweep
from parity.stack.mongo import MongoStart
from parity.stack.order import STATUS_FILE, Order, ServerOrder
from parity.stack.processes import (
    Child,
    StartFailedError,
    Watch,
    clean_environment,
    kill,
    spawn,
    tail,
)

START_TIMEOUT_S = 120.0
LOG_LINES = 12
SERVER_SCRIPT = Path(__file__).parent / "server.cjs"


class Stopped(BaseException):
    """The owner is gone or asked to stop while we were starting."""


@dataclass(slots=True)
class Supervisor:
    """Starts the processes of one order and watches them.

    Attributes:
        order: What to start.
        watch: Says when to stop.
        directory: Directory of data and logs.
        children: The processes that were started, dead or alive.
    """

    order: Order
    watch: Watch
    directory: Path
    children: list[Child] = field(default_factory=list)

    def start(self) -> dict[str, Any]:
        """Start everything.

        Returns:
            What the owner must know: ``{"mongo_uri": ..., "urls": {name: url}}``.

        Raises:
            StartFailedError: A process did not start.
            Stopped: The owner is gone or asked to stop.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        mongo = MongoStart(self.order.mongod, self.directory, self._spawn)
        # All at once: the servers load their code while mongod starts, and get their options
        # when there is a database to connect to.
        mongo.spawn()
        servers = [(server, self._spawn_server(server)) for server in self.order.servers]
        self._until(mongo.is_ready, mongo.child, deadline, poll_s=0.01)
        for server, child in servers:
            self._send_options(server, child, mongo.uri())
        urls = {
            server.name: f"http://127.0.0.1:{self._port(child, deadline)}{server.mount}"
            for server, child in servers
        }
        return {"mongo_uri": mongo.uri(), "urls": urls}

    def supervise(self) -> None:
        """Return when the owner is gone or asks to stop; until then note who dies."""
        alive = list(self.children)
        while not self.watch.must_stop():
            self.watch.wait(3600.0, [child.popen.pid for child in alive])
            for child in [each for each in alive if each.popen.poll() is not None]:
                alive.remove(child)
                self._note_death(child)

    def _spawn(self, name: str, command: list[str], log: Path, *, talk: bool) -> Child:
        env = clean_environment(os.environ)
        child = spawn(name, command, log=log, cwd=self.directory, talk=talk, env=env)
        self.children.append(child)
        return child

    def _spawn_server(self, server: ServerOrder) -> Child:
        command = [self.order.node, str(SERVER_SCRIPT), server.folder, *server.fixes]
        return self._spawn(server.title, command, self.directory / f"{server.name}.log", talk=True)

    def _send_options(self, server: ServerOrder, child: Child, mongo_uri: str) -> None:
        options = {
            **server.options,
            "databaseURI": f"{mongo_uri}/{server.name}",
            "logsFolder": str(self.directory / f"{server.name}-logs"),
        }
        stdin = child.popen.stdin
        assert stdin is not None
        try:
            stdin.write(json.dumps({"mount": server.mount, "options": options}).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise StartFailedError(self._death_of(child)) from None

    def _port(self, child: Child, deadline: float) -> int:
        stdout = child.popen.stdout
        assert stdout is not None
        os.set_blocking(stdout.fileno(), False)
        received = bytearray()

        def answered() -> bool:
            received.extend(stdout.read() or b"")
            return received.endswith(b"\n")

        self._until(answered, child, deadline, poll_s=0.02)
        answer = json.loads(received)
        if "error" in answer:
            raise StartFailedError(
                f"{child.name} did not start: {answer['error']}" + self._log_of(child)
            )
        return int(answer["port"])

    def _until(
        self, ready: Callable[[], bool], child: Child, deadline: float, *, poll_s: float
    ) -> None:
        while not ready():
            if self.watch.must_stop():
                raise Stopped
            if child.popen.poll() is not None and not ready():
                raise StartFailedError(self._death_of(child))
            if time.monotonic() > deadline:
                raise StartFailedError(
                    f"{child.name} was not ready within {START_TIMEOUT_S:.0f} s"
                    + self._log_of(child)
                )
            pipe = child.popen.stdout
            self.watch.wait(poll_s, [child.popen.pid], [pipe] if pipe else [])

    def _death_of(self, child: Child) -> str:
        code = child.popen.wait(1)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{child.name} {how}" + self._log_of(child)

    def _log_of(self, child: Child) -> str:
        lines = tail(child.log, LOG_LINES)
        return "; its log ends:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""

    def _note_death(self, child: Child) -> None:
        path = self.directory / STATUS_FILE
        if path.exists():
            return  # the first death explains the later ones
        unfinished = path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk; the others go on
            unfinished.write_text(json.dumps({"problem": self._death_of(child)}), "utf-8")
            unfinished.rename(path)


def main() -> int:
    """Read the order, start, answer, supervise, clean up.

    Returns:
        Exit code: 0 when the owner ended it, 1 when the start failed.
    """
    text = sys.stdin.read()
    if not text:
        return 0  # the owner died before it ordered anything
    raw = json.loads(text)
    order = Order(**{**raw, "servers": [ServerOrder(**each) for each in raw["servers"]]})
    watch = Watch(order.owner_pid)
    sweep()
    try:
        directory, _lock = create_directory()
    except OSError as error:
        _answer({"error": f"no directory for its data: {error}"})
        return 1
    supervisor = Supervisor(order, watch, directory)
    try:
        _answer({"directory": str(directory), **supervisor.start()})
        supervisor.supervise()
    except (StartFailedError, OSError) as error:
        _answer({"error": str(error)})
        return 1
    except Stopped:
        return 0
    finally:
        kill(supervisor.children)
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    # From here on nobody reads, and a reader may wait for the end of the stream.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
