"""Room on the disk: what the data takes, how it grows, when the disk is full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from parity.jobs.size.probes import CollectionFacts
from parity.model.units import parse_size

TIMES = "\N{MULTIPLICATION SIGN}"
"""As in "3.4 times the peak"."""
GUIDE_FACTOR = 10.0
"""Source: Parse migration guide, "Migrate your Parse database": the MongoDB should have at least
ten times the storage that the hosted app uses."""
SAMPLE = 1_000
SAMPLE_MS = 10_000
MONTH = timedelta(days=30)
MONTHS = 3
LEAST = timedelta(days=14)
"""Growth that was seen for less than two weeks says nothing about months."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How fast the data grows.

    Attributes:
        bytes_month: Bytes on the disk a month.
        how: Where the number comes from, for people.
    """

    bytes_month: float
    how: str


@dataclass(frozen=True, slots=True)
class Storage:
    """What the disk holds.

    Attributes:
        data_bytes: Documents, not compressed.
        stored_bytes: Documents on the disk, compressed.
        index_bytes: Indexes.
        disk_bytes: Size of the disk.
        used_bytes: What is used of it, by anybody.
        hosted_bytes: What the hosted service counted.
        growth: How fast it grows.
    """

    data_bytes: int | None = None
    stored_bytes: int | None = None
    index_bytes: int | None = None
    disk_bytes: int | None = None
    used_bytes: int | None = None
    hosted_bytes: int | None = None
    growth: Growth | None = None

    @property
    def taken_bytes(self) -> int | None:
        """Documents and indexes on the disk."""
        if self.stored_bytes is None or self.index_bytes is None:
            return None
        return self.stored_bytes + self.index_bytes

    @property
    def room_factor(self) -> float | None:
        """The disk as a multiple of the hosted size: the guide asks for 10."""
        if not self.hosted_bytes or self.disk_bytes is None:
            return None
        return self.disk_bytes / self.hosted_bytes

    @property
    def growth_factor(self) -> float | None:
        """What the data takes here as a multiple of the hosted size."""
        if not self.hosted_bytes or self.taken_bytes is None:
            return None
        return self.taken_bytes / self.hosted_bytes

    @property
    def months_left(self) -> float | None:
        """Months until the disk is full; ``None`` if unknown, infinite without growth."""
        if self.growth is None or self.disk_bytes is None or self.used_bytes is None:
            return None
        free = max(0, self.disk_bytes - self.used_bytes)
        return free / self.growth.bytes_month if self.growth.bytes_month > 0 else float("inf")


@dataclass(frozen=True, slots=True)
class StatedGrowth:
    """How fast people say that the data grows; one of both is given.

    Attributes:
        text: As they wrote it.
        bytes_month: Bytes a month.
        percent: Percent a month of what is there.
    """

    text: str
    bytes_month: int | None = None
    percent: float = 0.0

    def of(self, taken_bytes: int | None) -> Growth | None:
        """Return the growth of data that takes so much; ``None`` for percent of something unknown.

        Args:
            taken_bytes: Documents and indexes on the disk, if visible.
        """
        how = f"--growth-per-month {self.text}"
        if self.bytes_month is not None:
            return Growth(self.bytes_month, how)
        return None if taken_bytes is None else Growth(taken_bytes * self.percent / 100, how)


def parse_growth(text: str) -> StatedGrowth:
    """Read how fast data grows a month: ``2GB``, or ``5%`` of what is there.

    Raises:
        ValueError: It is neither.
    """
    if not text.strip().endswith("%"):
        return StatedGrowth(text, bytes_month=parse_size(text))
    try:
        return StatedGrowth(text, percent=float(text.strip()[:-1]))
    except ValueError:
        raise ValueError(f"{text!r} is no growth like 5% or 2GB") from None


def measured_growth(
    db: Database[dict[str, Any]], collections: Sequence[CollectionFacts]
) -> Growth | None:
    """Estimate the growth from when a sample of the documents was created.

    Args:
        db: The database.
        collections: Its collections.

    Returns:
        The growth of the last three months, or of what there is; ``None`` if the documents do
        not say when they were created, or all within two weeks.
    """
    dates = {
        collection.name: _dates(db, collection.name)
        for collection in collections
        if collection.documents
    }
    known = [date for found in dates.values() for date in found]
    if not known:
        return None
    last = max(known)
    span = min(last - min(known), MONTHS * MONTH)
    if span < LEAST:
        return None
    grown = 0.0
    for collection in collections:
        found = dates.get(collection.name, [])
        if found:
            share = sum(date > last - span for date in found) / len(found)
            grown += share * (collection.storage_bytes + sum(collection.index_bytes.values()))
    return Growth(
        grown / (span / MONTH),
        f"created in the {span.days} days before {last:%Y-%m-%d}, by a sample of {len(known):,} "
        f"documents",
    )


def _dates(db: Database[dict[str, Any]], name: str) -> list[datetime]:
    stages: list[dict[str, Any]] = [
        {"$sample": {"size": SAMPLE}},
        {"$project": {"_id": 0, "_created_at": 1}},
    ]
    try:
        rows: Iterable[dict[str, Any]] = db[name].aggregate(stages, maxTimeMS=SAMPLE_MS)
        return [row["_created_at"] for row in rows if isinstance(row.get("_created_at"), datetime)]
    except PyMongoError:
        return []
