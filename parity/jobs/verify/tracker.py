"""What is written to a source while it is verified: change streams, or re-reads by time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo.change_stream import DatabaseChangeStream
from pymongo.errors import OperationFailure

from parity.jobs.verify.bsonraw import raw_id
from parity.jobs.verify.walk import documents, replies
from parity.model.errors import HarnessError
from parity.targets.mongo import Reader, reported

Touched = tuple[str, bytes]
"""A collection and the typed ``_id`` of a document that may have changed."""

OVERLAP: Final = timedelta(seconds=30)
"""How much earlier than the newest ``_updated_at`` to look again: app servers' clocks differ."""

_RAW: Final = CodecOptions(document_class=RawBSONDocument)
_WHOLE: Final = frozenset({"drop", "rename", "dropDatabase", "invalidate"})


class Tracker(Protocol):
    """Tells which documents were written since it was last asked."""

    how: str

    def touched(self) -> Iterator[Touched]:
        """Yield what was written since the last call, or since it was made.

        Raises:
            HarnessError: The trace is lost; what was written is not known any more.
        """
        ...

    def close(self) -> None:
        """Let go of the server."""
        ...


def track(reader: Reader, collections: list[str]) -> Tracker:
    """Begin to note what is written to a source.

    Args:
        reader: A connection to it.
        collections: What is verified.

    Returns:
        A change stream where the source has them, else re-reads by ``_updated_at``.
    """
    if reader.is_replica_set or reader.is_sharded:
        with suppress(OperationFailure):  # not allowed to this user
            return Stream(reader)
    return ByTime(reader, collections)


class Stream:
    """Follows the change stream of a database; the driver resumes it after a lost connection.

    Args:
        reader: A connection to a replica set or a cluster.
    """

    how = (
        "Writes to the source were followed by its change stream, from before the first document "
        "was read."
    )

    def __init__(self, reader: Reader) -> None:
        self._name = reader.access.name
        db: Any = reader.client.get_database(reader.database, codec_options=_RAW)
        self._client = reader.client
        fields = {"operationType": 1, "documentKey": 1, "ns": 1, "clusterTime": 1}
        self._stream: DatabaseChangeStream[Any] = db.watch(
            [{"$project": fields}], max_await_time_ms=50, batch_size=10_000
        )

    def touched(self) -> Iterator[Touched]:
        """Yield what was written since the last call."""
        with reported(self._name):
            now = self._now()
            while (event := self._stream.try_next()) is not None:
                if event["operationType"] in _WHOLE:
                    raise HarnessError(
                        f"{self._name}: a collection was dropped or renamed while it was verified"
                    )
                if event.get("documentKey"):
                    yield event["ns"]["coll"], raw_id(bytes(event["documentKey"].raw))
                if event["clusterTime"] > now:  # more comes for as long as somebody writes
                    break
            if not self._stream.alive:
                raise HarnessError(f"{self._name}: its change stream has ended")

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def _now(self) -> Timestamp:
        with self._client.start_session() as session:
            self._client.admin.command("ping", session=session)
            time = session.operation_time
        if time is None:
            raise HarnessError(f"{self._name}: the server does not tell its operation time")
        return time


class ByTime:
    """Asks again and again for the documents with a late ``_updated_at``.

    Deleted documents and those without that field (the rows of relations) are not seen.

    Args:
        reader: A connection to a standalone.
        collections: What is verified.
    """

    how = (
        "The source has no change stream: documents were looked for by _updated_at. What was "
        "deleted after it had been read, and rows of relations written after that, are not covered."
    )

    def __init__(self, reader: Reader, collections: list[str]) -> None:
        self._reader = reader
        self._newest = {name: self._latest(name) for name in collections}

    def touched(self) -> Iterator[Touched]:
        """Yield what may have been written since the last call."""
        for name, newest in self._newest.items():
            late: dict[str, Any] = {"$gt": newest - OVERLAP} if newest else {"$exists": True}
            latest = self._latest(name)
            if latest is None or latest == newest:
                continue
            command = {
                "find": name,
                "filter": {"_updated_at": late},
                "projection": {"_id": 1},
            }
            for reply in replies(self._reader, command, name, 10_000):
                for document in documents(reply):
                    yield name, raw_id(document)
            self._newest[name] = latest

    def close(self) -> None:
        """Nothing is held."""

    def _latest(self, name: str) -> datetime | None:
        command = {
            "find": name,
            "filter": {"_updated_at": {"$type": "date"}},
            "sort": {"_updated_at": -1},
            "projection": {"_updated_at": 1, "_id": 0},
            "limit": 1,
        }
        found = self._reader.command(command)["cursor"]["firstBatch"]
        return found[0]["_updated_at"] if found else None
