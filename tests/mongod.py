"""A real mongod for tests: on a free loopback port, in memory where there is room, thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from parity.stack.directory import temporary_folder
from parity.stack.mongo import REPLICA_SET, _port_in
from parity.stack.parts import find_mongod
from parity.stack.processes import die_with_me
from parity.stack.replica_set import initiate, is_primary

DEADLINE_S = 60.0
LOOK_EVERY_S = 0.02
ARGUMENTS = (
    "--port=0",
    "--bind_ip=127.0.0.1",
    "--nounixsocket",
    "--wiredTigerCacheSizeGB=0.25",
    "--setParameter=diagnosticDataCollectionEnabled=false",
)


@dataclass(frozen=True, slots=True)
class Mongod:
    """A running mongod.

    Attributes:
        port: Its loopback port.
        process: Its process.
        log: Its log file.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def uri(self) -> str:
        """URI without a database and without a slash at the end."""
        return f"mongodb://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of mongod."""
        return self.process.pid

    def database_uri(self, name: str) -> str:
        """URI of one database."""
        return f"{self.uri}/{name}"

    def client(self) -> MongoClient[dict[str, Any]]:
        """A new client; whoever asks for it closes it."""
        return MongoClient(self.uri, directConnection=True, serverSelectionTimeoutMS=20_000)

    def kill(self) -> None:
        """End it as ``kill -9`` does; its data stays until the context ends."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait(DEADLINE_S)


@contextlib.contextmanager
def running_mongod(
    *arguments: str, replica_set: bool = False, joins: bool = False
) -> Iterator[Mongod]:
    """Run a mongod.

    Args:
        *arguments: Added to the command line, for example ``--auth``.
        replica_set: Whether it is a replica set of one (transactions, change streams).
        joins: Whether it waits to be taken into the replica set of another one.
    """
    # Memory where there is room: fsync of a disk is what a test would wait for.
    parent = temporary_folder()
    folder = Path(tempfile.mkdtemp(prefix="parity-test-mongod-", dir=parent))
    process = None
    try:
        (folder / "data").mkdir()
        more = (
            (f"--replSet={REPLICA_SET}", "--oplogSize=64")
            if replica_set or joins
            else ("--nojournal",)
        )
        command = [find_mongod().command[0], f"--dbpath={folder / 'data'}", *ARGUMENTS, *more]
        log = folder / "mongod.log"
        with log.open("wb") as sink:
            process = subprocess.Popen([*die_with_me(), *command, *arguments], stdout=sink)
        port = _wait_for_port(process, log)
        if replica_set:
            _become_primary(process, port)
        yield Mongod(port, process, log)
    finally:
        if process is not None:
            process.kill()
            process.wait(DEADLINE_S)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mongod() -> Iterator[Mongod]:
    """One plain mongod for all tests of a worker; each test uses databases of its own."""
    with running_mongod() as running:
        yield running


@pytest.fixture(scope="session")
def replica_set() -> Iterator[Mongod]:
    """One mongod with change streams and transactions for all tests of a worker."""
    with running_mongod(replica_set=True) as running:
        yield running


def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        if (port := _port_in(log)) is not None:
            return port
        time.sleep(LOOK_EVERY_S)
    raise RuntimeError(f"mongod did not start: {log.read_text('utf-8', 'replace')[-2000:]}")


def _become_primary(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    client = initiate(port)
    while client is not None and time.monotonic() < deadline and process.poll() is None:
        if is_primary(client):
            return
        time.sleep(LOOK_EVERY_S)
    raise RuntimeError("mongod did not become a primary")
