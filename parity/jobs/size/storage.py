"""Room on the disk: what the data takes, how it grows, when the disk is full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from parity.jobs.size.probes import CollectionFacts
from parity.model import UserError

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

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


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


def parse_size(text: str, option: str) -> int:
    """Read a size: ``3GB``, ``800 MiB``, ``123456``.

    Args:
        text: A number with an optional unit; kB, MB, GB, TB are powers of 1000, KiB, … of 1024.
        option: Who asked for it, for the error.

    Raises:
        UserError: It is no size, or nothing.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise UserError(f"{option} {text}: that is no size", "Write 3GB or 800MiB.")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** _POWERS[found[2].upper()])


def stated_growth(text: str, taken_bytes: int | None) -> Growth:
    """Read ``--growth-per-month``: a size, or percent of what is there.

    Raises:
        UserError: It is neither, or percent of something unknown.
    """
    option = "--growth-per-month"
    if text.strip().endswith("%"):
        try:
            percent = float(text.strip()[:-1])
        except ValueError:
            raise UserError(f"{option} {text}: that is no number", "Write 5% or 2GB.") from None
        if taken_bytes is None:
            raise UserError(f"{option} {text}: the size of the data is not visible", "Write 2GB.")
        return Growth(taken_bytes * percent / 100, f"{option} {text}")
    return Growth(parse_size(text, option), f"{option} {text}")


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
    dates = {each.name: _dates(db, each.name) for each in collections if each.documents}
    known = [date for found in dates.values() for date in found]
    if not known:
        return None
    last = max(known)
    span = min(last - min(known), MONTHS * MONTH)
    if span < LEAST:
        return None
    grown = 0.0
    for each in collections:
        found = dates.get(each.name, [])
        if found:
            share = sum(date > last - span for date in found) / len(found)
            grown += share * (each.storage_bytes + sum(each.index_bytes.values()))
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
