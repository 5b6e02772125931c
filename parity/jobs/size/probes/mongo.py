"""MongoDB as seen from outside: one small serverStatus a second, over one connection of its own.

Names of fields are those of MongoDB's manual, "serverStatus"; where versions differ, each place
is tried in turn (tickets: ``wiredTiger.concurrentTransactions`` up to 7.x,
``queues.execution`` from 8.0 on).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from parity.model import Secret

TIMEOUT_MS = 5_000
SLOW_OPERATION_S = 1

_OFF = (
    "activeIndexBuilds", "asserts", "batchedDeletes", "catalogStats", "defaultRWConcern",
    "electionMetrics", "flowControl", "freeMonitoring", "indexBulkBuilder", "indexStats", "locks",
    "logicalSessionRecordCache", "opcountersRepl", "queryAnalyzers", "readConcernCounters",
    "repl", "scramCache", "security", "shardedIndexConsistency", "sharding",
    "shardingStatistics", "storageEngine", "tcmalloc", "tenantMigrations", "trafficRecording",
    "transactions", "transportSecurity", "twoPhaseCommitCoordinator",
)  # fmt: skip
_METRICS_OFF = (
    "apiVersions", "aggStageCounters", "changeStreams", "commands", "cursor",
    "dotsAndDollarsFields", "getLastError", "mongos", "network", "operatorCounters", "query",
    "repl", "ttl",
)  # fmt: skip
STATUS: dict[str, Any] = {
    "serverStatus": 1,
    **dict.fromkeys(_OFF, 0),
    "metrics": dict.fromkeys(_METRICS_OFF, False),
}
"""serverStatus without what is not looked at: 30 kB instead of 60 on MongoDB 6.0.

An unknown section is ignored; a server that knows no filter of metrics sends all of it.
"""

_CACHE = "wiredTiger.cache."
_APPLICATION = _CACHE + "application threads page "
FIELDS: Mapping[str, tuple[str, ...]] = {
    "connections": ("connections.current",),
    "connections_free": ("connections.available",),
    "connections_active": ("connections.active",),
    "connections_refused": ("connections.rejected",),
    "cache_max": (_CACHE + "maximum bytes configured",),
    "cache_bytes": (_CACHE + "bytes currently in the cache",),
    "cache_dirty": (_CACHE + "tracked dirty bytes in the cache",),
    "cache_read_bytes": (_CACHE + "bytes read into cache",),
    "cache_read_pages": (_CACHE + "pages read into cache",),
    "cache_evicted_by_app": (_CACHE + "pages evicted by application threads",),
    "cache_read_us": (
        _APPLICATION + "read from disk to cache time (usecs)",
        _CACHE + "application threads page read from disk to cache time (usecs)",
    ),
    "cache_wait_us": (_CACHE + "application thread time evicting (usecs)",),
    "read_out": ("queues.execution.read.out", "wiredTiger.concurrentTransactions.read.out"),
    "read_tickets": (
        "queues.execution.read.totalTickets",
        "wiredTiger.concurrentTransactions.read.totalTickets",
    ),
    "write_out": ("queues.execution.write.out", "wiredTiger.concurrentTransactions.write.out"),
    "write_tickets": (
        "queues.execution.write.totalTickets",
        "wiredTiger.concurrentTransactions.write.totalTickets",
    ),
    "queued": ("globalLock.currentQueue.total",),
    "read_us": ("opLatencies.reads.latency",),
    "read_ops": ("opLatencies.reads.ops",),
    "write_us": ("opLatencies.writes.latency",),
    "write_ops": ("opLatencies.writes.ops",),
    "user_us": ("extra_info.user_time_us",),
    "system_us": ("extra_info.system_time_us",),
    "examined": ("metrics.queryExecutor.scannedObjects",),
    "returned": ("metrics.document.returned",),
    "collection_scans": ("metrics.queryExecutor.collectionScans.nonTailable",),
    "sorts_in_memory": ("metrics.operation.scanAndOrder",),
    "bytes_in": ("network.bytesIn",),
    "bytes_out": ("network.bytesOut",),
    "resident_mb": ("mem.resident",),
    "page_faults": ("extra_info.page_faults",),
}
"""Where each quantity of a :class:`MongoSample` stands in the answer."""


@dataclass(frozen=True, slots=True)
class MongoSample:
    """What MongoDB said at one moment; times and counts of events only grow.

    Attributes:
        at: When, seconds since the epoch.
        values: By the names of :data:`FIELDS`; what the server did not say is missing.
    """

    at: float
    values: Mapping[str, float]

    def get(self, name: str) -> float | None:
        """Return one quantity, or ``None`` if it is not visible."""
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class MongoFacts:
    """What does not change while the load runs.

    Attributes:
        version: ``6.0.5``.
        pid: Process id on its machine; ``None`` if not visible.
        host: Its name for itself.
        cores: Cores of its machine; ``None`` if not visible.
        memory_bytes: Memory of its machine, or the limit of its container.
        database: Name of the database.
        data_bytes: Size of the documents, not compressed.
        storage_bytes: What they take on the disk, compressed.
        index_bytes: What the indexes take.
        disk_bytes: Size of the file system of the data.
        disk_used_bytes: What is used of it.
        not_visible: Why a quantity could not be read, by name.
    """

    version: str
    pid: int | None
    host: str
    cores: float | None
    memory_bytes: int | None
    database: str
    data_bytes: int | None
    storage_bytes: int | None
    index_bytes: int | None
    disk_bytes: int | None
    disk_used_bytes: int | None
    not_visible: Mapping[str, str]


class MongoProbe:
    """One connection that only looks. A context manager.

    Args:
        uri: MongoDB URI with the database.
        database: Name of the database.
    """

    def __init__(self, uri: Secret, database: str) -> None:
        # "poll": without a second connection that waits for news. A server that has few
        # connections must not lose three of them to us.
        self.client: MongoClient[dict[str, Any]] = MongoClient(
            uri.value,
            maxPoolSize=1,
            serverSelectionTimeoutMS=TIMEOUT_MS,
            socketTimeoutMS=TIMEOUT_MS,
            serverMonitoringMode="poll",
            heartbeatFrequencyMS=60_000,
            appName="parse-parity probe",
        )
        self.database = database
        self._raw = CodecOptions(document_class=RawBSONDocument)
        self.round_trip_s = 0.0
        self.bytes = 0

    def facts(self) -> MongoFacts:
        """Read what does not change; what may not be read is named with the reason.

        Raises:
            PyMongoError: MongoDB cannot be reached at all.
        """
        hidden: dict[str, str] = {}
        version = str(self.client.server_info()["version"])
        status = self._ask("admin", {"serverStatus": 1, **dict.fromkeys(_OFF, 0)}, hidden)
        host = self._ask("admin", {"hostInfo": 1}, hidden).get("system", {})
        stats = self._ask(self.database, {"dbStats": 1}, hidden)
        megabytes = host.get("memLimitMB") or host.get("memSizeMB")
        return MongoFacts(
            version=version,
            pid=_whole(status.get("pid")),
            host=str(status.get("host", "")),
            cores=host.get("numCoresAvailableToProcess") or host.get("numCores"),
            memory_bytes=int(megabytes) << 20 if megabytes else None,
            database=self.database,
            data_bytes=_whole(stats.get("dataSize")),
            storage_bytes=_whole(stats.get("storageSize")),
            index_bytes=_whole(stats.get("indexSize")),
            disk_bytes=_whole(stats.get("fsTotalSize")) or None,
            disk_used_bytes=_whole(stats.get("fsUsedSize")),
            not_visible=hidden,
        )

    def sample(self) -> MongoSample | None:
        """Ask once; ``None`` if MongoDB does not answer or the user may not see it."""
        begun = time.monotonic()
        at = time.time()
        try:
            answer = self.client.admin.command(STATUS, codec_options=self._raw)
        except PyMongoError:
            return None
        self.round_trip_s += time.monotonic() - begun
        self.bytes += len(answer.raw)
        return MongoSample(at, read_fields(answer))

    def slow_operations(self) -> int | None:
        """Count the operations that have run for a second; ``None`` if not allowed."""
        stages: list[dict[str, Any]] = [
            {"$currentOp": {"allUsers": True, "idleConnections": False}},
            {"$match": {"secs_running": {"$gte": SLOW_OPERATION_S}, "op": {"$ne": "none"},
                        "ns": {"$regex": f"^{self.database}\\."}}},
            {"$count": "n"},
        ]  # fmt: skip
        try:
            rows = list(self.client.admin.aggregate(stages))
        except PyMongoError:
            return None
        return int(rows[0]["n"]) if rows else 0

    def replication_lag_s(self) -> float | None:
        """Return how far the slowest secondary is behind; ``None`` without a visible one."""
        try:
            members = self.client.admin.command({"replSetGetStatus": 1})["members"]
        except (PyMongoError, KeyError):
            return None
        times: dict[str, list[Any]] = {}
        for member in members:
            if "optimeDate" in member:
                times.setdefault(member.get("stateStr", ""), []).append(member["optimeDate"])
        if not times.get("PRIMARY") or not times.get("SECONDARY"):
            return None
        return float((times["PRIMARY"][0] - min(times["SECONDARY"])).total_seconds())

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    def _ask(self, database: str, command: dict[str, Any], hidden: dict[str, str]) -> Any:
        try:
            return self.client[database].command(command)
        except PyMongoError as error:
            name = next(iter(command))
            hidden[name] = str(error).partition(", full error")[0][:200]
            return {}


def read_fields(answer: Mapping[str, Any]) -> dict[str, float]:
    """Take the quantities of :data:`FIELDS` out of an answer; what is not there is left out."""
    found: dict[str, float] = {}
    for name, paths in FIELDS.items():
        for path in paths:
            value = _dig(answer, path)
            if value is not None:
                found[name] = value
                break
    return found


def _dig(answer: Mapping[str, Any], path: str) -> float | None:
    value: Any = answer
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return float(value) if isinstance(value, int | float) else None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
