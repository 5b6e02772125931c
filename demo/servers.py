"""The servers of the demo: one mongod, the stand-in of the hosted service, the new Parse Server.

They are started as the embedded default starts its own, and die with this process.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parity.model import Keys, Secret, Target, UserError
from parity.stack import Member
from parity.stack.install import install, stderr_progress
from parity.stack.launch import server_order
from parity.stack.mongo import MongoStart
from parity.stack.parts import find_mongod, find_node, find_npm
from parity.stack.processes import Child, clean_environment, kill, spawn, tail
from parity.stack.stack import embedded_target, env_prefix, new_keys
from parity.stack.supervisor import SERVER_SCRIPT

DEADLINE_S = 60.0


@dataclass(slots=True)
class Servers:
    """A mongod and the Parse Servers on it. A context manager.

    Attributes:
        folder: Data and logs; removed at the end.
        mongo_uri: URI of the mongod, without a database.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="parity-demo-")))
    mongo_uri: str = ""
    _children: dict[str, Child] = field(default_factory=dict)
    _identities: dict[str, tuple[Secret, Keys]] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        mongo = MongoStart(find_mongod().command[0], self.folder, self._spawn)
        try:
            mongo.spawn()
            self._wait_for(mongo)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.mongo_uri = mongo.uri()
        return self

    def _wait_for(self, mongo: MongoStart) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not mongo.is_ready():
            if time.monotonic() > deadline:
                raise _did_not_start("mongod", self.folder / "mongod.log")
            time.sleep(0.02)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        kill(tuple(self._children.values()))
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, name: str) -> str:
        """Return the URI of a database."""
        return f"{self.mongo_uri}/{name}"

    def start(
        self, member: Member, cloud: Path, options: Mapping[str, Any], database: str = ""
    ) -> Target:
        """Start a Parse Server, or start it again with other options or other cloud code.

        Args:
            member: Which one. Its keys stay the same.
            cloud: Its ``main.js``.
            options: More options of Parse Server.
            database: Name of its database; its own name without one.

        Returns:
            The target; its address stays the same.

        Raises:
            UserError: It did not start; with the end of its log.
        """
        self.stop(member.name)
        database = database or member.name
        identity = self._identities.setdefault(member.name, new_keys(member.name))
        node = find_node()
        folder = install([member.version], npm=lambda: find_npm(node), progress=stderr_progress)
        order = server_order(
            replace(member, options=options), identity, folder[member.version], cloud
        )
        log = self.folder / f"{member.name}.log"
        child = self._spawn(
            member.name,
            [node.command[0], str(SERVER_SCRIPT), order.folder, *order.fixes],
            log,
            talk=True,
        )
        stdin, stdout = child.popen.stdin, child.popen.stdout
        assert stdin is not None
        assert stdout is not None
        full = {
            **order.options,
            "databaseURI": self.database(database),
            "logsFolder": str(self.folder / f"{member.name}-logs"),
        }
        order_line = {
            "mount": member.mount,
            "options": full,
            "port": self._ports.get(member.name, 0),
        }
        stdin.write(json.dumps(order_line).encode() + b"\n")
        stdin.flush()
        answer = json.loads(stdout.readline() or b"{}")
        if "port" not in answer:
            raise _did_not_start(f"Parse Server {member.version}", log)
        self._ports[member.name] = answer["port"]
        # A server without a fileKey has none to configure.
        app_id, keys = identity
        if "fileKey" in options:
            keys = replace(keys, file_key=None)
        name = f"{env_prefix(member.name)}_MONGO"
        return embedded_target(
            name=member.name,
            style=member.style,
            url=f"http://127.0.0.1:{answer['port']}{member.mount}",
            app_id=app_id,
            mongo=Secret(self.database(database), name),
            keys=keys,
            version=member.version,
            note=member.note,
        )

    def stop(self, name: str) -> None:
        """Stop one Parse Server; one that does not run is no matter."""
        child = self._children.pop(name, None)
        if child is not None:
            kill([child])

    def _spawn(self, name: str, command: list[str], log: Path, *, talk: bool) -> Child:
        env = clean_environment(os.environ)
        child = spawn(name, command, log=log, cwd=self.folder, talk=talk, env=env)
        self._children[name] = child
        return child


def _did_not_start(what: str, log: Path) -> UserError:
    return UserError(
        f"{what} did not start; its log ends:\n" + "\n".join(tail(log, 8)),
        "`parity doctor` says what is there and what is missing.",
        code="demo-start",
    )
