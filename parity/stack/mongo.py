"""mongod as a single-node replica set on a port of its own choice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from parity.stack.processes import Child

if TYPE_CHECKING:
    from pymongo import MongoClient

REPLICA_SET = "parity"
ARGUMENTS = (
    "--port=0",  # mongod takes a free port and says which, so nobody can be faster
    "--bind_ip=127.0.0.1",
    "--nounixsocket",
    f"--replSet={REPLICA_SET}",
    "--wiredTigerCacheSizeGB=0.25",
    "--oplogSize=64",
    "--setParameter=diagnosticDataCollectionEnabled=false",
)
WAITING_FOR_CONNECTIONS = 23016
"""Id of the log line that names the port.

Source: log of mongod 6.0.5, ``"id":23016,"msg":"Waiting for connections","attr":{"port":n}``.
"""


class Spawn(Protocol):
    """Starts a program; see :func:`parity.stack.processes.spawn`."""

    def __call__(self, name: str, command: list[str], log: Path, *, talk: bool) -> Child:
        """Start it."""


class MongoStart:
    """Brings a mongod to a writable primary, step by step, without blocking.

    Args:
        program: Path of mongod.
        directory: Directory for data and log.
        spawn: Starts a program.
    """

    def __init__(self, program: str, directory: Path, spawn: Spawn) -> None:
        self._program = program
        self._directory = directory
        self._spawn = spawn
        self._port: int | None = None
        self._client: MongoClient[dict[str, Any]] | None = None
        self.child: Child

    def spawn(self) -> None:
        """Start the process."""
        data = self._directory / "mongo"
        data.mkdir()
        command = [self._program, f"--dbpath={data}", *ARGUMENTS]
        self.child = self._spawn("mongod", command, self._directory / "mongod.log", talk=False)

    def is_ready(self) -> bool:
        """Take the next step if it can be taken; tell whether writes are accepted.

        Raises:
            StartFailedError: mongod refused a command.
        """
        if self._port is None:
            self._port = _port_in(self.child.log)
            return False
        # It takes 0.15 s to import pymongo; mongod and node are starting meanwhile.
        from parity.stack import replica_set  # noqa: PLC0415 - see above

        if self._client is None:
            self._client = replica_set.initiate(self._port)
        return self._client is not None and replica_set.is_primary(self._client)

    def uri(self) -> str:
        """Return the URI without a database and without a slash at the end."""
        return f"mongodb://127.0.0.1:{self._port}"


def _port_in(log: Path) -> int | None:
    for line in log.read_text("utf-8", "replace").splitlines():
        if f'"id":{WAITING_FOR_CONNECTIONS},' in line:
            return int(json.loads(line)["attr"]["port"])
    return None
