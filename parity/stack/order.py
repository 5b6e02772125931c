"""What the owner of a stack tells its supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATUS_FILE = "status.json"
"""File in the stack's directory that says which process has died; absent while all live."""


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """One Parse Server to start.

    Attributes:
        name: Name of its target, its database and its log.
        title: What messages call it.
        folder: Folder with its node_modules.
        fixes: Fixes for ``server.cjs``.
        mount: Path that it is mounted at.
        options: Parse Server options with the keys, without databaseURI, serverURL and logsFolder.
    """

    name: str
    title: str
    folder: str
    fixes: list[str]
    mount: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What the owner wants.

    Attributes:
        owner_pid: The process whose end ends the stack.
        mongod: Path of mongod.
        node: Path of node.
        servers: The Parse Servers.
    """

    owner_pid: int
    mongod: str
    node: str
    servers: list[ServerOrder]
