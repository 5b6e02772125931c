"""A Parse Server that can be restarted, as a deployment does it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parity.model import Keys, Secret
from parity.stack.install import install, stderr_progress
from parity.stack.launch import COMMON_OPTIONS, OPTION_OF_KEY
from parity.stack.parts import find_node, find_npm
from parity.stack.processes import Child, clean_environment, kill, spawn, tail
from parity.stack.supervisor import SERVER_SCRIPT
from parity.stack.versions import SELFHOSTED_VERSION, needs_of
from tests.deadlines import line_of


class ParseServer:
    """One Parse Server on a loopback port that is another one after each start.

    A context manager; it is started by hand. Use it from the main thread: on Linux it dies with
    the thread that started it.

    Args:
        database: URI of its MongoDB with the database.
        app_id: Application id.
        keys: Its keys.
        options: Parse Server options beside these.
        version: Parse Server version.
        mount: Path that it is mounted at.
    """

    def __init__(
        self,
        database: str,
        app_id: Secret,
        keys: Keys,
        options: Mapping[str, Any] | None = None,
        *,
        version: str = SELFHOSTED_VERSION,
        mount: str = "/parse",
    ) -> None:
        node = find_node()
        needs = needs_of(version)
        folder = install([version], npm=lambda: find_npm(node), progress=stderr_progress)[version]
        self._command = [node.command[0], str(SERVER_SCRIPT), str(folder), *needs.fixes]
        self._folder = tempfile.TemporaryDirectory(prefix="parity-test-deployment-")
        self._order = {
            "mount": mount,
            "options": {
                **COMMON_OPTIONS,
                **needs.options,
                "appId": app_id.value,
                **{OPTION_OF_KEY[name]: secret.value for name, secret in keys.items()},
                "databaseURI": database,
                "logsFolder": str(Path(self._folder.name) / "logs"),
                **(options or {}),
            },
        }
        self._child: Child | None = None

    def start(self) -> str:
        """Start it.

        Returns:
            Its origin: ``http://127.0.0.1:41234``.

        Raises:
            RuntimeError: It did not start; with the end of its log.
        """
        folder = Path(self._folder.name)
        log = folder / "server.log"
        child = spawn(
            "Parse Server",
            self._command,
            log=log,
            cwd=folder,
            talk=True,
            env=clean_environment(os.environ),
        )
        self._child = child
        assert child.popen.stdin is not None
        assert child.popen.stdout is not None
        child.popen.stdin.write(json.dumps(self._order).encode() + b"\n")
        child.popen.stdin.flush()
        answer = json.loads(line_of(child.popen) or b"{}")
        if "port" not in answer:
            self.stop()
            raise RuntimeError(f"it did not start: {answer.get('error')} {tail(log, 12)}")
        return f"http://127.0.0.1:{answer['port']}"

    def stop(self) -> None:
        """End it, as a crash would."""
        if self._child is not None:
            kill([self._child])
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._folder.cleanup()
