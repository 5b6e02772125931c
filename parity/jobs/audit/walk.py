"""Reading a collection once, in batches of raw BSON, within a rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import InvalidBSON
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


STRICT = CODEC.with_options(unicode_decode_error_handler="strict")
"""As drivers read that refuse text that is not UTF-8; that of Node.js does."""


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
        broken_text: Called with the collection and ``_id`` of each document that holds text that
            is not UTF-8, when whole documents are read.
    """

    database: Database[Document]
    max_mb_s: float = 0.0
    report: Callable[[Progress], None] | None = None
    progress: Progress = field(default_factory=Progress)
    broken_text: Callable[[str, Any], None] | None = None
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
                try:
                    documents = bson.decode_all(data, STRICT)
                except InvalidBSON:
                    documents = bson.decode_all(data, CODEC)
                    if projection is None and self.broken_text is not None:
                        for identity in _broken(data):
                            self.broken_text(name, identity)
                yield data, documents
                self._count(len(data), len(documents) if projection is None else 0)

    def spend(self, size: int) -> None:
        """Count bytes that the server read for us, so that the rate holds for them as well."""
        self._count(size, 0)

    def _count(self, size: int, documents: int) -> None:
        self.progress.documents += documents
        self.progress.bytes += size
        if self.report is not None:
            self.report(self.progress)
        if self.max_mb_s > 0:
            now = time.monotonic()
            self._due = max(self._due, now) + size / (self.max_mb_s * 1e6)
            time.sleep(max(0.0, self._due - now))


def _broken(data: bytes) -> Iterator[Any]:
    """Yield the ``_id`` of each document of a batch that cannot be decoded strictly."""
    start = 0
    while start < len(data):
        end = start + int.from_bytes(data[start : start + 4], "little")
        try:
            bson.decode(data[start:end], STRICT)
        except InvalidBSON:
            yield bson.decode(data[start:end], CODEC).get("_id")
        start = end
