"""The conditions, each judged on the facts of one MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from packaging.version import Version

from parity.jobs.preflight import codes
from parity.jobs.preflight.codes import failed, passed, unseen
from parity.jobs.preflight.facts import Facts
from parity.jobs.preflight.latency import Latency
from parity.jobs.preflight.support import series, supported_by
from parity.model.judged import Judged

ROOM_FACTOR: Final = 10
ACTIONS: Final = (
    "find",
    "insert",
    "update",
    "remove",
    "createCollection",
    "createIndex",
    "dropCollection",
    "dropIndex",
    "dropDatabase",
    "collStats",
    "dbStats",
    "listCollections",
    "listIndexes",
)
"""What a migration and Parse Server do in the database.

Source: MongoDB manual, Privilege Actions; the built-in roles dbOwner, and readWrite with dbAdmin,
hold all of them.
"""
_NOTHING_TOO_LONG = Version("4.2")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked for.

    Attributes:
        median_ms: Milliseconds that half of the round trips may take.
        p99_ms: Milliseconds that 99 of 100 may take.
        clock_s: Seconds that clocks may disagree.
        connections: Connections that have to be free.
        room_factor: How many times the hosted size has to be free.
    """

    median_ms: float = 20.0
    p99_ms: float = 100.0
    clock_s: float = 1.0
    connections: int = 200
    room_factor: float = ROOM_FACTOR


def empty(facts: Facts) -> Judged:
    """Judge that the destination is empty."""
    if facts.collections is None:
        return unseen(codes.NOT_EMPTY, "the user may not list the collections")
    if not facts.collections:
        return passed(codes.NOT_EMPTY, f"{facts.address.database} has no collection")
    names = ", ".join(facts.collections[:5]) + (", …" if len(facts.collections) > 5 else "")
    return failed(
        codes.NOT_EMPTY,
        f"{facts.address.database} has {len(facts.collections)} collections: {names}",
        f"Take a new database name, or stop every Parse Server on it and drop it: "
        f"db.getSiblingDB({facts.address.database!r}).dropDatabase()",
    )


def room(facts: Facts, hosted_bytes: int | None, limits: Limits) -> Judged:
    """Judge that there is room for a multiple of the hosted size.

    Args:
        facts: The destination.
        hosted_bytes: Size of the hosted data in bytes; ``None`` if nobody said.
        limits: Holds the factor.
    """
    if hosted_bytes is None:
        return unseen(codes.ROOM, "the hosted size is not known: give --hosted-size or --from")
    stats = facts.stats or {}
    total, used = stats.get("fsTotalSize"), stats.get("fsUsedSize")
    if not isinstance(total, int | float) or not isinstance(used, int | float) or not total:
        return unseen(
            codes.ROOM, "MongoDB does not show this user the size of its disk (dbStats.fsTotalSize)"
        )
    free, needed = total - used, hosted_bytes * limits.room_factor
    text = (
        f"{_gb(free)} are free, {_gb(needed)} are needed "
        f"({limits.room_factor:g} times the hosted size)"
    )
    return passed(codes.ROOM, text) if free >= needed else failed(codes.ROOM, text)


def privileges(facts: Facts) -> Judged:
    """Judge that the user may do what a migration does."""
    if facts.unguarded:
        return passed(codes.PRIVILEGES, "MongoDB asks nobody for rights")
    granted = granted_actions(facts.auth, facts.address.database)
    missing = [action for action in ACTIONS if action not in granted]
    if missing:
        text = f"the user {facts.address.user!r} lacks {', '.join(missing)}"
        return failed(codes.PRIVILEGES, text)
    return passed(codes.PRIVILEGES, f"all {len(ACTIONS)} actions are granted")


def granted_actions(auth: Mapping[str, Any], database: str) -> frozenset[str]:
    """Return the actions on every collection of a database that a user is granted.

    Args:
        auth: ``authInfo`` of ``connectionStatus`` with ``showPrivileges``.
        database: The database.
    """
    actions: set[str] = set()
    for privilege in auth.get("authenticatedUserPrivileges", ()):
        resource = privilege.get("resource", {})
        whole = resource.get("collection") == "" and resource.get("db") in {database, ""}
        if resource.get("anyResource") or whole:
            actions.update(privilege.get("actions", ()))
    return frozenset(actions)


def index_key_limit(facts: Facts) -> Judged:
    """Judge that no document is refused because an index entry is too long."""
    binary = Version(facts.version)
    feature = Version(facts.feature_version) if facts.feature_version else binary
    if binary >= _NOTHING_TOO_LONG and feature >= _NOTHING_TOO_LONG:
        return passed(codes.INDEX_KEY_LIMIT, f"MongoDB {facts.version} has no such limit")
    if facts.fail_index_key_too_long is False:
        return passed(codes.INDEX_KEY_LIMIT, "failIndexKeyTooLong is false")
    if facts.fail_index_key_too_long is None:
        return unseen(
            codes.INDEX_KEY_LIMIT,
            f"MongoDB {facts.version} has the limit, and the user may not read failIndexKeyTooLong",
        )
    return failed(codes.INDEX_KEY_LIMIT, f"MongoDB {facts.version}: failIndexKeyTooLong is true")


def latency(measured: Latency, limits: Limits) -> Judged:
    """Judge the time of a round trip."""
    text = (
        f"median {measured.median_ms:.1f} ms (limit {limits.median_ms:g}), "
        f"p99 {measured.p99_ms:.1f} ms (limit {limits.p99_ms:g}) of {measured.pings} pings"
    )
    good = measured.median_ms <= limits.median_ms and measured.p99_ms <= limits.p99_ms
    return passed(codes.LATENCY, text) if good else failed(codes.LATENCY, text)


def version(facts: Facts, parse_server: str | None) -> Judged:
    """Judge that the Parse Server in use supports this MongoDB."""
    if parse_server is None:
        return unseen(codes.VERSION, "which Parse Server will be used? Give --parse-server X.Y.Z")
    supported = supported_by(parse_server)
    if supported is None:
        return unseen(codes.VERSION, f"no list of MongoDB versions for Parse Server {parse_server}")
    text = f"MongoDB {facts.version}; Parse Server {parse_server} supports {', '.join(supported)}"
    good = series(facts.version) in supported
    return passed(codes.VERSION, text) if good else failed(codes.VERSION, text)


def storage_engine(facts: Facts) -> Judged:
    """Judge that the storage engine is WiredTiger."""
    engine = (facts.status or {}).get("storageEngine", {}).get("name")
    if engine is None:
        return unseen(codes.STORAGE_ENGINE, _ASK)
    good = engine == "wiredTiger"
    return (passed if good else failed)(codes.STORAGE_ENGINE, str(engine))


def journal(facts: Facts) -> Judged:
    """Judge that journaling is on."""
    if facts.options is None:
        return unseen(codes.JOURNAL, _ASK)
    setting = facts.options.get("storage", {}).get("journal", {}).get("enabled")
    if setting is False:
        return failed(codes.JOURNAL, "storage.journal.enabled is false")
    return passed(codes.JOURNAL, "on")


def replica_set(facts: Facts) -> Judged:
    """Judge that it is a replica set (or a mongos)."""
    name = facts.hello.get("setName")
    if name or facts.hello.get("msg") == "isdbgrid":
        return passed(codes.REPLICA_SET, f"replica set {name}" if name else "a sharded cluster")
    return failed(codes.REPLICA_SET, "a standalone")


def encryption(facts: Facts) -> Judged:
    """Judge that the connection is encrypted or does not leave the machine."""
    if facts.address.tls:
        return passed(codes.ENCRYPTION, "TLS")
    if facts.address.local:
        return passed(codes.ENCRYPTION, "the connection does not leave this machine")
    return failed(codes.ENCRYPTION, "the URI does not ask for TLS")


def access_control(facts: Facts) -> Judged:
    """Judge that the server asks for a user, unless only this machine reaches it."""
    if not facts.unguarded:
        return passed(codes.ACCESS_CONTROL, "on")
    if facts.address.local:
        return passed(codes.ACCESS_CONTROL, "off, on this machine alone")
    return failed(codes.ACCESS_CONTROL, "anybody who reaches the port may do anything")


def clock(facts: Facts, limits: Limits) -> Judged:
    """Judge that the clocks agree."""
    if facts.clock_s is None:
        return unseen(codes.CLOCK, "the server does not tell its time")
    text = f"{facts.clock_s:+.3f} s (± {facts.clock_error_s:.3f} s)"
    # Half of a round trip is what cannot be known; it is not held against the server.
    good = abs(facts.clock_s) <= limits.clock_s + facts.clock_error_s
    return passed(codes.CLOCK, text) if good else failed(codes.CLOCK, text)


def connections(facts: Facts, limits: Limits) -> Judged:
    """Judge that there are connections to spare."""
    there = (facts.status or {}).get("connections", {})
    free = there.get("available")
    if not isinstance(free, int):
        return unseen(codes.CONNECTIONS, _ASK)
    text = f"{free} free, {there.get('current')} in use; {limits.connections} are asked for"
    good = free >= limits.connections
    return passed(codes.CONNECTIONS, text) if good else failed(codes.CONNECTIONS, text)


_ASK = "the user may not ask for it; the role clusterMonitor on admin allows it"


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f} GB"
