"""Reading a collection once, in batches of raw BSON, within a rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.collection import Collection
from pymongo.database import Database

Document = dict[str, Any]

BATCH = 1000
CODEC: CodecOptions[Document] = CodecOptions(
    document_class=dict,
    tz_aware=False,
    # A year that Python does not know, or text that is not UTF-8, is no reason to stop.
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


@dataclass(slots=True)
class Progress:
    """How far an audit is.

    Attributes:
        documents: Documents read.
        bytes: Bytes of BSON read.
        total: Documents in the database, as the server estimates.
        collection: What is being read.
        step: ``reading`` or ``looking up``.
    """

    documents: int = 0
    bytes: int = 0
    total: int = 0
    collection: str = ""
    step: str = "reading"


@dataclass(slots=True)
class Reader:
    """Reads collections of one database, where its read preference says.

    Attributes:
        database: The database.
        max_mb_s: Megabytes (10^6) a second at most; 0 for no limit.
        report: Called after each batch.
        progress: What is told to ``report``.
    """

    database: Database[Document]
    max_mb_s: float = 0.0
    report: Callable[[Progress], None] | None = None
    progress: Progress = field(default_factory=Progress)
    _due: float = 0.0

    def collection(self, name: str) -> Collection[Document]:
        """Return a collection that is read leniently, and where the database is."""
        return self.database.get_collection(name, codec_options=CODEC)

    def batches(
        self, name: str, projection: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[bytes, Sequence[Document]]]:
        """Read a whole collection in natural order.

        Args:
            name: The collection.
            projection: Keys to read; all of them without.

        Yields:
            Raw BSON of a batch, and its documents.
        """
        self.progress.collection = name
        cursor = self.collection(name).find_raw_batches({}, projection, batch_size=BATCH)
        with cursor:
            for raw in cursor:
                data: bytes = raw  # type: ignore[assignment] # typed as if it were decoded
                documents = bson.decode_all(data, CODEC)
                yield data, documents
                self._count(len(data), len(documents) if projection is None else 0)

    def _count(self, size: int, documents: int) -> None:
        self.progress.documents += documents
        self.progress.bytes += size
        if self.report is not None:
            self.report(self.progress)
        if self.max_mb_s > 0:
            now = time.monotonic()
            self._due = max(self._due, now) + size / (self.max_mb_s * 1e6)
            time.sleep(max(0.0, self._due - now))
