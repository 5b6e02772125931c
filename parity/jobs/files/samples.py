"""The files that are uploaded: sizes around the borders of the stores, types, names."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

CHUNK: Final = 255 * 1024
"""Bytes of a chunk of GridFS (MongoDB manual, "GridFS": chunkSizeBytes)."""
BELOW_LIMIT: Final = 4096
"""Bytes below the limit on uploads, so that what a proxy adds still fits."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One file to upload.

    Attributes:
        name: Name that is asked for; it carries the run's prefix.
        content: Its bytes.
        content_type: Type that it is uploaded with.
        why: What it stands for, in a few words.
    """

    name: str
    content: bytes = field(repr=False)
    content_type: str
    why: str

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.content)


def samples(prefix: str) -> tuple[Sample, ...]:
    """Return the files that every store has to keep byte for byte.

    Args:
        prefix: What every name begins with.
    """
    wanted = (
        ("one.txt", 1, "text/plain", "1 byte"),
        ("below.png", CHUNK - 1, "image/png", "one byte less than a chunk of GridFS"),
        ("chunk.bin", CHUNK, "application/octet-stream", "exactly a chunk"),
        ("above.jpg", CHUNK + 1, "image/jpeg", "one byte more"),
        ("data.json", 2_000, "application/json", "a small document"),
        ("movie.mp4", 1_048_576, "video/mp4", "1 MB"),
    )
    return tuple(
        Sample(f"{prefix}{name}", _content(name, size), content_type, why)
        for name, size, content_type, why in wanted
    )


def empty(prefix: str) -> Sample:
    """Return a file of no bytes, which a server may refuse."""
    return Sample(f"{prefix}empty.txt", b"", "text/plain", "no bytes")


def named(prefix: str) -> tuple[Sample, ...]:
    """Return files whose names have to be escaped in a URL, or may be refused."""
    return (
        Sample(f"{prefix}a b@c~d-e.txt", b"escaped", "text/plain", "a name to be escaped"),
        Sample(f"{prefix}größe-日本.txt", b"unicode", "text/plain", "a name beyond ASCII"),
    )


def around(prefix: str, limit: int) -> tuple[Sample, Sample]:
    """Return a file just below the limit on uploads, and one above it.

    Args:
        prefix: What every name begins with.
        limit: The limit in bytes.
    """
    below = max(limit - BELOW_LIMIT, 1)
    return (
        Sample(f"{prefix}large.bin", _content("large", below), "application/octet-stream",
               "just below the limit"),
        Sample(f"{prefix}too-large.bin", bytes(limit + 1), "application/octet-stream",
               "above the limit"),
    )  # fmt: skip


def _content(name: str, size: int) -> bytes:
    # Bytes that do not repeat, so that chunks that change places are noticed.
    return random.Random(name).randbytes(size)  # noqa: S311 - test data
