"""Making a fresh mongod the primary of a replica set of one. Imported late: pymongo is large."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, PyMongoError

from parity.stack.mongo import REPLICA_SET
from parity.stack.processes import StartFailedError

SELECTION_TIMEOUT_MS = 2000


def initiate(port: int) -> MongoClient[dict[str, Any]] | None:
    """Make the mongod on a loopback port a replica set.

    Args:
        port: Its port.

    Returns:
        A client for it; ``None`` when it does not answer: it is on its way up, or it has died and
        its log says why.

    Raises:
        StartFailedError: It refused.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=SELECTION_TIMEOUT_MS
    )
    member = {"_id": 0, "host": f"127.0.0.1:{port}"}
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
    except ConnectionFailure:
        client.close()
        return None
    except PyMongoError as error:
        raise StartFailedError(f"mongod refused to become a replica set: {error}") from error
    return client


def is_primary(client: MongoClient[dict[str, Any]]) -> bool:
    """Tell whether writes are accepted; if so, close the client."""
    try:
        ready = bool(client.admin.command("hello").get("isWritablePrimary", False))
    except ConnectionFailure:
        return False
    if ready:
        client.close()
    return ready
