"""The MongoDB that is judged: its classes, and its documents in the order of their ids."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bson import CodecOptions, DatetimeMS, decode
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo.errors import PyMongoError

from parity.jobs.verify.result import SideFacts
from parity.model import HarnessError, Secret
from parity.targets.mongo import Access, Reader

BATCH: Final = 1_000
_OPTIONS: Final = CodecOptions[dict[str, Any]](
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)

__all__ = ["DatetimeMS", "Destination", "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """One document of the destination.

    Attributes:
        id: Its ``_id``.
        document: The document, with BSON types.
        size: Its bytes.
    """

    id: Any
    document: dict[str, Any]
    size: int


class Destination:
    """One database, only read.

    Args:
        uri: Its URI with the database; a secret.
        read_preference: Which member is read.

    Raises:
        UserError: The URI has no database, or is none.
        HarnessError: It cannot be reached.
    """

    def __init__(self, uri: str, read_preference: str = "primary") -> None:
        self._reader = Reader(Access("the destination", Secret(uri), read_preference))
        self._client = self._reader.client
        self._database = self._reader.db.with_options(
            codec_options=CodecOptions(document_class=RawBSONDocument)
        )
        with reading("the destination"):
            self._version = str(self._client.server_info()["version"])

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    @property
    def facts(self) -> SideFacts:
        """What a report says about it."""
        hosts = ",".join(f"{host}:{port}" for host, port in sorted(self._client.nodes))
        name = self._database.name
        read_from = self._reader.read_from
        return SideFacts("destination", f"{hosts}/{name}", self._version, "MongoDB", read_from)

    def collections(self) -> tuple[str, ...]:
        """Return the names of its collections (no views), sorted."""
        with reading("the list of collections"):
            found = self._database.list_collections()
            return tuple(
                sorted(
                    str(each["name"])
                    for each in found
                    if each["type"] == "collection" and not str(each["name"]).startswith("system.")
                )
            )

    def count(self, name: str) -> int:
        """Return how many documents a collection holds, as its metadata says."""
        with reading(name):
            return int(self._database[name].estimated_document_count())

    def documents(self, name: str) -> Iterator[Stored]:
        """Yield every document of a collection, in the order of ``_id`` as bytes.

        Raises:
            HarnessError: It cannot be read to its end.
        """
        with reading(name), self._client.start_session() as session:
            found = (
                self._database[name]
                # A collation of the collection would sort otherwise than the source is sorted.
                .find({}, session=session, batch_size=BATCH, collation={"locale": "simple"})
                .sort("_id", 1)
                .allow_disk_use(True)
            )
            for raw in found:
                yield _stored(raw)

    def unordered(self, name: str) -> Iterator[Stored]:
        """Yield every document of a collection, in any order."""
        with reading(name), self._client.start_session() as session:
            for raw in self._database[name].find({}, session=session, batch_size=BATCH):
                yield _stored(raw)

    def fetch(self, name: str, ids: Iterable[str]) -> dict[str, Stored]:
        """Return some documents by id, those that exist."""
        wanted = list(ids)
        made: dict[str, Stored] = {}
        for start in range(0, len(wanted), BATCH):
            with reading(name):
                part = {"_id": {"$in": wanted[start : start + BATCH]}}
                made.update(
                    (each.id, each) for each in map(_stored, self._database[name].find(part))
                )
        return made


def _stored(raw: RawBSONDocument) -> Stored:
    content = raw.raw
    document = decode(content, codec_options=_OPTIONS)
    return Stored(document.get("_id"), document, len(content))


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn errors of the driver into ours; they are the harness's or the network's.

    Args:
        what: What is read, for the message.
    """
    try:
        yield
    except (PyMongoError, BSONError) as error:
        reason = str(error).partition(", Timeout:")[0]
        raise HarnessError(f"the destination cannot be read ({what}): {reason}") from error
