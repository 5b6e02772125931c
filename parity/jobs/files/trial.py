"""One trial of a server's files: stores, reads back, looks at the store, deletes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from parity.jobs.files import codes, reading, storing
from parity.jobs.files.download import Fetched
from parity.jobs.files.results import GONE, StepResult, TrialContext
from parity.jobs.files.store import (
    BEHIND,
    ENCRYPTED_BY,
    GRIDFS,
    GridFSFile,
    in_gridfs,
    store_of,
    url_of,
)
from parity.model import HarnessError

OLD_FILES: Final = 5
"""Files of GridFS that are fetched to see whether old ones are served; the oldest ones."""
_LOOKED_THROUGH: Final = 200


def try_files(context: TrialContext) -> Iterator[StepResult]:
    """Try everything, a step at a time. Nothing is removed that a step does not remove.

    Args:
        context: The server, the names of the run, and what the user wants.

    Yields:
        What became of each step.

    Raises:
        HarnessError: The server cannot be reached at all.
    """
    for step in STEPS:
        yield step(context)


def chosen_store(context: TrialContext) -> StepResult:
    """Compare where new files are with the store that the user named."""
    expected = context.options.store
    result = StepResult(
        "store", f"New files land in {expected}." if expected else "Where files land."
    )
    if expected is None:
        result.unsupported = "no store was named (--expect-store)"
        return result
    for kept in context.uploaded:
        actual = store_of(kept.url, context.target, kept.stored)
        if actual == BEHIND and (expected != GRIDFS or context.mongo is None):
            result.unsupported = (
                f"the server hands files out itself, so whether they are in {expected} cannot "
                "be seen" + ("" if context.mongo is not None else "; give the target its mongo")
            )
            continue
        result.tried += 1
        if actual != expected:
            result.add(codes.STORE, kept.sample.name, expected, actual)
        elif kept.stored is not None and not kept.stored.whole:
            result.add(
                codes.CHUNKS,
                kept.sample.name,
                f"{kept.stored.length:,} bytes in chunks",
                f"{kept.stored.bytes:,} bytes in {kept.stored.chunks} chunks",
            )
    return result


def old_files(context: TrialContext) -> StepResult:
    """Fetch the oldest files of GridFS: does the server hand out what was there before?"""
    result = StepResult("old", "Files that are in GridFS already can be fetched.")
    if context.mongo is None:
        result.unsupported = "the target has no mongo, so old files are not known"
        return result
    if context.uploaded and not any(upload.stored for upload in context.uploaded):
        result.unsupported = "new files are not in GridFS, so the server does not read from it"
        return result
    rows = context.mongo["fs.files"].find({}, {"filename": 1}).sort("_id", 1).limit(_LOOKED_THROUGH)
    for name in (row.get("filename") for row in rows):
        if result.tried >= OLD_FILES or not isinstance(name, str):
            break
        stored = in_gridfs(context.mongo, name, chunks=False)
        if stored is None or context.namespace.prefix in name:
            continue
        answer = context.downloads.get(url_of(context.target, name))
        if result.answered(answer):
            _judge_old(context, result, name, stored, answer)
    if not result.tried:
        result.unsupported = "there are no older files in GridFS"
    return result


def _judge_old(
    context: TrialContext, result: StepResult, name: str, stored: GridFSFile, answer: Fetched
) -> None:
    lengths = {stored.length, stored.length - ENCRYPTED_BY if context.encrypted else stored.length}
    if answer.ok and len(answer.body) in lengths:
        return
    wanted = f"status 200, {stored.length:,} bytes"
    assert context.mongo is not None
    # A server answers 404 for what it cannot decrypt, and for a file whose chunks are lost.
    whole = in_gridfs(context.mongo, name)
    if whole is not None and not whole.whole:
        lost = f"{whole.bytes:,} bytes in {whole.chunks} chunks of fs.chunks; {answer.said}"
        result.add(codes.CHUNKS, name, wanted, lost)
        return
    hidden = context.encrypted and answer.status == 404
    result.add(codes.ENCRYPTED if hidden else codes.OLD, name, wanted, answer.said)


def delete(context: TrialContext) -> StepResult:
    """Delete every file that was stored, with the master key."""
    result = StepResult("delete", "The master key deletes a file.")
    for kept in (*context.uploaded, *context.others):
        result.tried += 1
        result.requests += 1
        try:
            reply = context.master.delete(f"files/{quote(kept.name)}", raw=True)
        except HarnessError as error:
            result.doubts.append(str(error))
            continue
        if reply.ok:
            context.deleted.add(kept.name)
        else:
            said = f"status {reply.status}: {reply.text[:200]}"
            result.add(codes.DELETE, kept.sample.name, "status 200", said)
    return result


def gone(context: TrialContext) -> StepResult:
    """Look whether what was deleted is gone, for clients and in GridFS."""
    result = StepResult("gone", "A file that was deleted is gone.")
    for kept in (*context.uploaded, *context.others):
        if kept.name not in context.deleted:
            continue
        answer = context.downloads.get(kept.url)
        if result.answered(answer) and answer.status not in GONE:
            result.add(codes.NOT_GONE, kept.sample.name, "status 404", answer.said)
        elif context.mongo is not None and in_gridfs(context.mongo, kept.name, chunks=False):
            result.add(codes.NOT_GONE, kept.sample.name, "not in GridFS", "still in fs.files")
    return result


STEPS: Final[tuple[Callable[[TrialContext], StepResult], ...]] = (
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
