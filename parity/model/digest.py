"""Digests as evidence, profiles and results show them: ``sha256:`` and all its digits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest_of_bytes(data: bytes) -> str:
    """Return the digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_file(path: Path) -> str:
    """Return the digest of what is in a file.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return one digest of many files, wherever they lie and in whatever order they come.

    Raises:
        OSError: One cannot be read.
    """
    return digest_of_all(map(digest_of_file, paths))


def digest_of_all(digests: Iterable[str]) -> str:
    """Return one digest of many, in whatever order they come."""
    return digest_of_bytes("\n".join(sorted(digests)).encode())


def digest_of_recording(place: Path) -> str:
    """Return the digest of recorded traffic: of a file, or of all files of a folder.

    Raises:
        OSError: It is not there, or cannot be read.
    """
    if not place.is_dir():
        return digest_of_file(place)
    return digest_of_files(path for path in place.rglob("*") if path.is_file())
