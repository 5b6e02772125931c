"""One trial of a server's files: stores, reads back, looks at the store, deletes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from parity.jobs.files import reading, storing
from parity.jobs.files.codes import Code
from parity.jobs.files.download import Fetched
from parity.jobs.files.results import GONE, Bench, Found
from parity.jobs.files.store import (
    BEHIND,
    ENCRYPTED_BY,
    GRIDFS,
    Stored,
    in_gridfs,
    store_of,
    url_of,
)
from parity.model import HarnessError

OLD_FILES: Final = 5
"""Files of GridFS that are fetched to see whether old ones are served; the oldest ones."""
_LOOKED_THROUGH: Final = 200


def try_files(bench: Bench) -> Iterator[Found]:
    """Try everything, a step at a time. Nothing is removed that a step does not remove.

    Args:
        bench: The server, the names of the run, and what the user wants.

    Yields:
        What became of each step.

    Raises:
        HarnessError: The server cannot be reached at all.
    """
    for step in STEPS:
        yield step(bench)


def chosen_store(bench: Bench) -> Found:
    """Compare where new files are with the store that the user named."""
    expected = bench.wanted.store
    found = Found("store", f"New files land in {expected}." if expected else "Where files land.")
    if expected is None:
        found.unsupported = "no store was named (--expect-store)"
        return found
    for kept in bench.kept:
        actual = store_of(kept.url, bench.target, kept.stored)
        if actual == BEHIND and (expected != GRIDFS or bench.mongo is None):
            found.unsupported = (
                f"the server hands files out itself, so whether they are in {expected} cannot "
                "be seen" + ("" if bench.mongo is not None else "; give the target its mongo")
            )
            continue
        found.tried += 1
        if actual != expected:
            found.add(Code.STORE, kept.sample.name, expected, actual)
        elif kept.stored is not None and not kept.stored.whole:
            found.add(
                Code.STORE,
                kept.sample.name,
                f"{kept.stored.length:,} bytes in chunks",
                f"{kept.stored.bytes:,} bytes in {kept.stored.chunks} chunks",
            )
    return found


def old_files(bench: Bench) -> Found:
    """Fetch the oldest files of GridFS: does the server hand out what was there before?"""
    found = Found("old", "Files that are in GridFS already can be fetched.")
    if bench.mongo is None:
        found.unsupported = "the target has no mongo, so old files are not known"
        return found
    if bench.kept and not any(each.stored for each in bench.kept):
        found.unsupported = "new files are not in GridFS, so the server does not read from it"
        return found
    rows = bench.mongo["fs.files"].find({}, {"filename": 1}).sort("_id", 1).limit(_LOOKED_THROUGH)
    for name in (each.get("filename") for each in rows):
        if found.tried >= OLD_FILES or not isinstance(name, str):
            break
        stored = in_gridfs(bench.mongo, name, chunks=False)
        if stored is None or bench.namespace.prefix in name:
            continue
        answer = bench.downloads.get(url_of(bench.target, name))
        if found.answered(answer):
            _judge_old(bench, found, name, stored, answer)
    if not found.tried:
        found.unsupported = "there are no older files in GridFS"
    return found


def _judge_old(bench: Bench, found: Found, name: str, stored: Stored, answer: Fetched) -> None:
    lengths = {stored.length, stored.length - ENCRYPTED_BY if bench.encrypted else stored.length}
    if answer.ok and len(answer.body) in lengths:
        return
    hidden = bench.encrypted and answer.status == 404
    wanted = f"status 200, {stored.length:,} bytes"
    found.add(Code.ENCRYPTED if hidden else Code.OLD, name, wanted, answer.said)


def delete(bench: Bench) -> Found:
    """Delete every file that was stored, with the master key."""
    found = Found("delete", "The master key deletes a file.")
    for kept in (*bench.kept, *bench.others):
        found.tried += 1
        found.requests += 1
        try:
            reply = bench.master.delete(f"files/{quote(kept.name)}", raw=True)
        except HarnessError as error:
            found.doubts.append(str(error))
            continue
        if reply.ok:
            bench.deleted.add(kept.name)
        else:
            said = f"status {reply.status}: {reply.text[:200]}"
            found.add(Code.DELETE, kept.sample.name, "status 200", said)
    return found


def gone(bench: Bench) -> Found:
    """Look whether what was deleted is gone, for clients and in GridFS."""
    found = Found("gone", "A file that was deleted is gone.")
    for kept in (*bench.kept, *bench.others):
        if kept.name not in bench.deleted:
            continue
        answer = bench.downloads.get(kept.url)
        if found.answered(answer) and answer.status not in GONE:
            found.add(Code.NOT_GONE, kept.sample.name, "status 404", answer.said)
        elif bench.mongo is not None and in_gridfs(bench.mongo, kept.name, chunks=False):
            found.add(Code.NOT_GONE, kept.sample.name, "not in GridFS", "still in fs.files")
    return found


STEPS: Final[tuple[Callable[[Bench], Found], ...]] = (
    storing.upload,
    reading.read_back,
    reading.content_type,
    reading.head,
    reading.part,
    reading.usable_url,
    reading.in_object,
    chosen_store,
    old_files,
    storing.odd_names,
    storing.no_bytes,
    reading.missing,
    storing.limit,
    delete,
    gone,
)
