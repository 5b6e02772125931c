"""Files in GridFS: does each have the chunks that its document tells?

Sources: MongoDB manual, GridFS (chunks ``n`` from 0, ``chunkSize`` bytes each but the last,
``length`` in all); parse-server ``GridFSBucketAdapter.js`` (one bucket, ``fs``; files go by name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from parity.jobs.audit import codes
from parity.jobs.audit.context import Context
from parity.jobs.audit.references import FILES
from parity.jobs.audit.walk import Reader

CHUNKS: Final = "fs.chunks"
_AT_ONCE: Final = 100
"""Chunks in one answer: about 25 MB that the server reads, so that a rate can be kept."""


@dataclass(slots=True)
class Stored:
    """A file, and what was seen of its chunks.

    Attributes:
        length: Bytes that its document tells.
        chunk_size: Bytes of each chunk but the last.
        chunks: Chunks that were seen.
        numbers: Sum of their numbers.
        squares: Sum of the squares of their numbers, so that none is there twice for another.
        flaw: What is wrong with one of them.
    """

    length: int
    chunk_size: int
    chunks: int = 0
    numbers: int = 0
    squares: int = 0
    flaw: str = ""

    def see(self, number: Any, size: Any) -> None:
        """Count a chunk."""
        self.chunks += 1
        if not _is_size(number) or not _is_size(size):
            self.flaw = "a chunk without a number or without bytes"
            return
        self.numbers += int(number)
        self.squares += int(number) ** 2
        expected = min(self.chunk_size, self.length - int(number) * self.chunk_size)
        if size != expected and not self.flaw and 0 <= number < self.expected:
            self.flaw = f"{size:,} bytes in chunk {number} instead of {expected:,}"

    @property
    def expected(self) -> int:
        """Chunks that there have to be."""
        return -(-self.length // self.chunk_size)

    @property
    def problem(self) -> str:
        """Why the file is not whole; empty if it is."""
        last = self.expected
        # Some drivers write an empty chunk for an empty file.
        if self.length == 0 and self.chunks == 1 and not self.flaw:
            return ""
        if self.chunks != last:
            return f"{self.chunks:,} chunks instead of {last:,}"
        squares = (last - 1) * last * (2 * last - 1) // 6
        if (self.numbers, self.squares) != (last * (last - 1) // 2, squares):
            return "a chunk is there twice instead of another"
        return self.flaw


def check_gridfs(reader: Reader, context: Context, *, knows_sizes: bool) -> None:
    """Check every file against the number and the bytes of its chunks.

    Args:
        reader: The database.
        context: Gets what is found, and the names of the files.
        knows_sizes: Whether MongoDB tells how long a chunk is (``$binarySize``, from 4.4); else
            the chunks are read as a whole.
    """
    files, broken = _files(reader, context)
    findings = context.findings
    orphans = dict[Any, int]()
    for owner, number, size in _chunks(reader, knows_sizes=knows_sizes):
        key = _key(owner)
        if key in files:
            files[key].see(number, size)
        elif key not in broken:
            orphans[key] = orphans.get(key, 0) + 1
    for key, stored in files.items():
        if stored.problem:
            findings.add(codes.FILE_CHUNKS, FILES, "", key, stored.problem)
    for key, count in orphans.items():
        findings.add(codes.FILE_ORPHAN, CHUNKS, "files_id", key, f"{count:,} chunks")


def _files(reader: Reader, context: Context) -> tuple[dict[Any, Stored], set[Any]]:
    """Read the entries of files; return those that can be checked, and the ids of the others."""
    files, broken = dict[Any, Stored](), set[Any]()
    present = context.references.present[FILES]
    for _, documents in reader.batches(FILES, {"filename": 1, "length": 1, "chunkSize": 1}):
        for document in documents:
            name, identity = document.get("filename"), document.get("_id")
            length, size = document.get("length"), document.get("chunkSize")
            if type(name) is str:
                present.append(hash(name))
            if type(name) is str and _is_size(length) and _is_size(size) and size:
                files[_key(identity)] = Stored(int(length or 0), int(size))
                continue
            text = "no filename, length or chunkSize"
            context.findings.add(codes.FILE_CHUNKS, FILES, "", identity, text)
            broken.add(_key(identity))
    context.gridfs = bool(present)
    return files, broken


def _chunks(reader: Reader, *, knows_sizes: bool) -> Iterator[tuple[Any, Any, Any]]:
    """Yield file, number and size of each chunk; a size of ``None`` is that of no binary data."""
    fields = {"_id": 0, "files_id": 1, "n": 1}
    if not knows_sizes:
        for _, documents in reader.batches(CHUNKS, {**fields, "data": 1}):
            for each in documents:
                data = each.get("data")
                size = len(data) if isinstance(data, bytes) else None
                yield each.get("files_id"), each.get("n"), size
        return
    is_binary = {"$eq": [{"$type": "$data"}, "binData"]}
    size_of = {"$cond": [is_binary, {"$binarySize": "$data"}, None]}
    pipeline: list[Mapping[str, Any]] = [{"$project": {**fields, "size": size_of}}]
    with reader.collection(CHUNKS).aggregate(pipeline, batchSize=_AT_ONCE) as cursor:
        for each in cursor:
            size = each.get("size")
            reader.spend(size or 0)
            yield each.get("files_id"), each.get("n"), size


def _is_size(value: Any) -> bool:
    # Old drivers wrote lengths as doubles.
    return type(value) in {int, float} and value >= 0 and value == value // 1


def _key(identity: Any) -> Any:
    """Return an id as a key: embedded documents cannot be one."""
    try:
        hash(identity)
    except TypeError:
        return repr(identity)
    return identity
