"""Files of three eras, and their contents in GridFS.

The hosted service kept ``tfss-<uuid>-…`` (and, before that, ``<uuid>-…``) in its own store; a file
that was moved keeps its name, so a sound database has all of them in GridFS.
Source of the names: ``wire.ids``; of the collections: MongoDB GridFS specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bson.datetime_ms import DatetimeMS

from parity.seed.ids import bson_id, digest, token, uuid
from parity.seed.making import BEGAN_MS, Document
from parity.seed.plan import SeedPlan

MOST: Final = 500
CHUNK: Final = 1024


def file_count(plan: SeedPlan) -> int:
    """Return how many files a seed has."""
    return max(3, min(MOST, plan.sizes.get("Photo", 0)))


def file_name(seed: int, number: int) -> str:
    """Return the name of the n-th file; the eras take turns."""
    era = number % 3
    if era == 0:
        return f"tfss-{uuid(seed, 'file', number)}-photo.jpg"
    if era == 1:
        return f"{uuid(seed, 'file', number)}-photo.jpg"
    return f"{token(seed, 'file', number)}_photo.jpg"


def content(seed: int, number: int) -> bytes:
    """Return what is in the n-th file: one to three chunks."""
    return digest(seed, "content", number) * (40 + 30 * (number % 4))


def grid_fs(plan: SeedPlan) -> Iterator[tuple[Document, list[Document]]]:
    """Yield each file with its chunks."""
    for number in range(file_count(plan)):
        raw = content(plan.seed, number)
        identity = bson_id(plan.seed, "file", number)
        file: Document = {
            "_id": identity,
            "length": len(raw),
            "chunkSize": CHUNK,
            "uploadDate": DatetimeMS(BEGAN_MS + number * 1000),
            "filename": file_name(plan.seed, number),
            "metadata": {},
        }
        chunks: list[Document] = [
            {
                "_id": bson_id(plan.seed, f"chunk {number}", place),
                "files_id": identity,
                "n": place,
                "data": raw[start : start + CHUNK],
            }
            for place, start in enumerate(range(0, len(raw), CHUNK))
        ]
        yield file, chunks
