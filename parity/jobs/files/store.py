"""Which store a file is in: GridFS shows it in its collections, others by their address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pymongo.database import Database

from parity.model import Target, UserError

Mongo = Database[dict[str, Any]]

GRIDFS: Final = "gridfs"
S3: Final = "s3"
GCS: Final = "gcs"
BEHIND: Final = "behind the server"
"""The server hands the file out itself, and which store it takes it from cannot be seen."""
_S3_HOST: Final = re.compile(
    r"(?:.+\.)?s3[.-][\w.-]*amazonaws\.com(?:\.cn)?|(?:.+\.)?s3\.amazonaws\.com"
    r"|(?:.+\.)?[\w-]+\.(?:cdn\.)?digitaloceanspaces\.com|(?:.+\.)?s3\.[\w-]+\.backblazeb2\.com"
)
_GCS_HOST: Final = re.compile(r"(?:.+\.)?storage\.(?:googleapis|cloud\.google)\.com")
ENCRYPTED_BY: Final = 32
"""Bytes that AES-256-GCM of GridFSBucketAdapter adds: 16 of the IV and 16 of the tag."""


@dataclass(frozen=True, slots=True)
class GridFSFile:
    """What GridFS has of one name.

    Attributes:
        length: Bytes that the file's document tells.
        chunks: Number of its chunks.
        bytes: Bytes in them.
        files: How many files have this name.
    """

    length: int
    chunks: int
    bytes: int
    files: int = 1

    @property
    def whole(self) -> bool:
        """Whether the chunks are as long as the document says."""
        return self.bytes == self.length


def in_gridfs(mongo: Mongo, name: str, *, chunks: bool = True) -> GridFSFile | None:
    """Look a name up in GridFS.

    Args:
        mongo: The database of the app.
        name: The file name as the server stored it.
        chunks: Whether to read its chunks, which may be long, and count their bytes.

    Returns:
        What is there; ``None`` if there is no such file.
    """
    found = list(mongo["fs.files"].find({"filename": name}, {"length": 1}))
    if not found:
        return None
    newest = found[-1]
    length = int(newest["length"])
    if not chunks:
        return GridFSFile(length, 0, length, len(found))
    # Counted here: $binarySize came with MongoDB 4.4, and servers may be older.
    sizes = [
        len(chunk["data"])
        for chunk in mongo["fs.chunks"].find({"files_id": newest["_id"]}, {"data": 1})
    ]
    return GridFSFile(length, len(sizes), sum(sizes), len(found))


def left_in_gridfs(mongo: Mongo, prefix: str) -> list[str]:
    """Return the names of a run that are still in GridFS."""
    query = {"filename": {"$regex": re.escape(prefix)}}
    return sorted(str(file["filename"]) for file in mongo["fs.files"].find(query, {"filename": 1}))


def store_of(url: str, target: Target, stored: GridFSFile | None) -> str:
    """Name the store of a file.

    Args:
        url: Where the server says that the file is.
        target: The server.
        stored: What GridFS has of it.

    Returns:
        ``gridfs``, ``s3``, ``gcs``, ``behind the server``, or ``host:`` with the file's host.
    """
    if stored is not None:
        return GRIDFS
    host = urlsplit(url).hostname or ""
    if _S3_HOST.fullmatch(host):
        return S3
    if _GCS_HOST.fullmatch(host):
        return GCS
    return BEHIND if host == urlsplit(target.url).hostname else f"host:{host}"


def read_expected(text: str | None) -> str | None:
    """Read ``--expect-store``.

    Raises:
        UserError: It names no store.
    """
    if text is None or text in {GRIDFS, S3, GCS}:
        return text
    host = text.removeprefix("host:").lower()
    if text.startswith("host:") and re.fullmatch(r"[a-z0-9][a-z0-9.-]*", host):
        return f"host:{host}"
    raise UserError(
        f"--expect-store {text}: there is gridfs, s3, gcs, or host: with a name",
        "For another store name the host of its URLs: --expect-store host:files.example.org",
    )


def url_of(target: Target, name: str) -> str:
    """Return where a server with GridFS hands a file out.

    Source: parse-server 9.10.0 ``GridFSBucketAdapter.getFileLocation``.
    """
    return f"{target.url}/files/{quote(target.app_id.value, safe='')}/{quote(name)}"
