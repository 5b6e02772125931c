"""Whether a collection was written to since it was read, by what its server can testify.

A server counts the writes of each collection since its process started, and names the process.
Where another process answers by now, a replica set still has its oplog, for those who may read it.
What neither tells counts as written.
"""

from __future__ import annotations

from typing import Any, Final

from bson.timestamp import Timestamp

from parity.model.errors import HarnessError, UserError
from parity.targets.mongo import Reader

_COUNTED: Final = ("bulk loaded", "insert", "modify", "remove", "truncate", "update")
"""How the counters of WiredTiger's cursors begin that move with a write, and never with a read.

Observed with MongoDB 6.0.5: an update in place moves ``modify`` only, ``applyOps`` and ``$merge``
move these but not the latency statistics.
"""
_NESTED: Final = "admin.$cmd"


def writes_counted(reader: Reader, name: str) -> dict[str, Any]:
    """Return what a server counts of the writes to a collection; nothing if it does not say.

    Equal counts of one process mean that nothing was written. Two witnesses are asked, because
    WiredTiger forgets its counts of a table that was closed, and the other one those of ``$merge``.

    Args:
        reader: The connection.
        name: The collection.
    """
    process = reader.hello.get("topologyVersion", {}).get("processId")
    if process is None or reader.is_sharded:
        return {}
    stages: list[dict[str, Any]] = [{"$collStats": {"latencyStats": {}, "storageStats": {}}}]
    try:
        reply = reader.command({"aggregate": name, "pipeline": stages, "cursor": {}})
        (stats,) = reply["cursor"]["firstBatch"]
        cursor = stats["storageStats"]["wiredTiger"]["cursor"]
        operations = int(stats["latencyStats"]["writes"]["ops"])
    except (HarnessError, UserError, KeyError, ValueError):
        return {}
    counts = {key: int(count) for key, count in cursor.items() if key.startswith(_COUNTED)}
    return {"process": str(process), "operations": operations, **counts} if counts else {}


def written_since(reader: Reader, moment: Timestamp) -> set[str] | None:
    """Return which collections were written to after a moment, by the oplog.

    A change stream would not do: it leaves out what ``applyOps`` writes, as ``mongorestore`` and
    ``mongomirror`` do. Source: MongoDB manual, "applyOps"; observed with 6.0.5.

    Args:
        reader: A connection to a member that has all that was written so far.
        moment: On the server's clock, see :meth:`~parity.targets.mongo.Reader.catch_up`.

    Returns:
        Their names, or ``None`` if nobody knows: the oplog does not reach so far back, or this
        user may not read it.
    """
    # Of several writes, only applyOps says in itself what they were to.
    spaces = {"$ifNull": ["$o.applyOps.ns", ["$ns"]]}
    stages: list[dict[str, Any]] = [
        {"$match": {"ts": {"$gt": moment}, "op": {"$in": ["i", "u", "d", "c"]}}},
        {"$project": {"ns": spaces}},
        {"$unwind": "$ns"},
        {"$group": {"_id": "$ns"}},
    ]
    oplog = {"find": "oplog.rs", "sort": {"$natural": 1}, "limit": 1, "projection": {"ts": 1}}
    asked = {"aggregate": "oplog.rs", "pipeline": stages, "cursor": {"batchSize": 1_000_000}}
    try:
        # Which entry is the oldest is asked last: the oplog may lose entries meanwhile.
        reply, oldest = (
            reader.command({**command, "readConcern": {"level": "majority"}}, database="local")
            for command in (asked, oplog)
        )
    except (HarnessError, UserError):
        return None
    names = {str(found["_id"]) for found in reply["cursor"]["firstBatch"]}
    first = oldest["cursor"]["firstBatch"]
    if not first or first[0]["ts"] > moment or _NESTED in names or reply["cursor"]["id"]:
        return None
    prefix = f"{reader.database}."
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
