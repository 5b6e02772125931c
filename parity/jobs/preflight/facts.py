"""What a MongoDB says about itself, as far as the user may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from parity.jobs.preflight.reach import Address

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Replies of one MongoDB; ``None`` where the user may not ask or the server does not know.

    Attributes:
        address: Where it is.
        version: Of the server: ``6.0.5``.
        hello: Reply of ``hello``.
        collections: Names of the collections in the database.
        stats: Reply of ``dbStats``, sizes in bytes.
        status: Reply of ``serverStatus``.
        options: ``parsed`` of ``getCmdLineOpts``.
        auth: ``authInfo`` of ``connectionStatus``.
        fail_index_key_too_long: The parameter; ``None`` if the server does not have it.
        feature_version: ``featureCompatibilityVersion``.
        clock_s: Seconds that its clock is ahead of ours.
        clock_error_s: Seconds that ``clock_s`` may be wrong: half of a round trip.
    """

    address: Address
    version: str
    hello: Reply
    collections: tuple[str, ...] | None
    stats: Reply | None
    status: Reply | None
    options: Reply | None
    auth: Reply
    fail_index_key_too_long: bool | None
    feature_version: str | None
    clock_s: float | None
    clock_error_s: float = 0.0

    @property
    def unguarded(self) -> bool:
        """Whether the server lets somebody without a user ask what only an administrator may."""
        return not self.auth.get("authenticatedUsers") and self.options is not None

    @property
    def anonymous(self) -> bool:
        """Whether the server asks for a user, and there is none."""
        return not self.auth.get("authenticatedUsers") and self.options is None


def gather(client: MongoClient[dict[str, Any]], address: Address) -> Facts:
    """Ask a MongoDB everything that the conditions need; nothing is written.

    Args:
        client: Connected.
        address: What its URI says.

    Raises:
        pymongo.errors.PyMongoError: The connection is lost.
    """
    asker = _Asker(client)
    clock, error = _clock(asker)
    options = asker.admin("getCmdLineOpts")
    return Facts(
        address=address,
        version=str(client.server_info()["version"]),
        hello=asker.admin("hello") or {},
        collections=_collections(client, address.database),
        stats=_stats(asker, address.database),
        status=asker.admin("serverStatus"),
        options=options.get("parsed") if options else None,
        auth=_auth(client, address.database),
        fail_index_key_too_long=_parameter(asker, "failIndexKeyTooLong"),
        feature_version=_feature_version(asker),
        clock_s=clock,
        clock_error_s=error,
    )


class _Asker:
    def __init__(self, client: MongoClient[dict[str, Any]]) -> None:
        self.client = client

    def admin(self, command: str, value: Any = 1, **more: Any) -> Reply | None:
        return self.ask("admin", command, value, **more)

    def ask(self, database: str, command: str, value: Any = 1, **more: Any) -> Reply | None:
        try:
            reply: Reply = self.client.get_database(database).command(command, value, **more)
        except OperationFailure:
            # Not allowed, or not known to this version: whoever judges says so.
            return None
        return reply


def _collections(client: MongoClient[dict[str, Any]], database: str) -> tuple[str, ...] | None:
    try:
        names = client.get_database(database).list_collection_names()
    except OperationFailure:
        return None
    return tuple(sorted(name for name in names if not name.startswith("system.")))


def _stats(asker: _Asker, database: str) -> Reply | None:
    # Of a database that does not exist yet, dbStats shows no disk; all databases share one.
    replies = [asker.ask(name, "dbStats") for name in (database, "admin", "local")]
    seen = [reply for reply in replies if reply and reply.get("fsTotalSize")]
    return seen[0] if seen else replies[0]


def _auth(client: MongoClient[dict[str, Any]], database: str) -> Reply:
    reply = client.get_database(database).command("connectionStatus", showPrivileges=True)
    info: Reply = reply["authInfo"]
    return info


def _parameter(asker: _Asker, name: str) -> bool | None:
    reply = asker.admin("getParameter", 1, **{name: 1})
    value = reply.get(name) if reply else None
    return value if isinstance(value, bool) else None


def _feature_version(asker: _Asker) -> str | None:
    name = "featureCompatibilityVersion"
    reply = asker.admin("getParameter", 1, **{name: 1})
    value = reply.get(name) if reply else None
    if isinstance(value, Mapping):
        value = value.get("version")
    return value if isinstance(value, str) else None


def _clock(asker: _Asker) -> tuple[float | None, float]:
    """Compare clocks as NTP does, with the quickest of a few round trips."""
    best: tuple[float, float] | None = None
    for _ in range(5):
        before = datetime.now(UTC)
        reply = asker.admin("hello")
        after = datetime.now(UTC)
        there = reply.get("localTime") if reply else None
        if not isinstance(there, datetime):
            return None, 0.0
        error = (after - before).total_seconds() / 2
        ahead = (there.replace(tzinfo=UTC) - before).total_seconds() - error
        if best is None or error < best[1]:
            best = (ahead, error)
    return best if best is not None else (None, 0.0)
