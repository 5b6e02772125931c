"""Steps that read: bytes, types, HEAD, parts, URLs, objects, and names that do not exist."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import urlsplit

from parity.jobs.files import codes
from parity.jobs.files.download import LOOPBACK, origin_of
from parity.jobs.files.results import GONE, StepResult, TrialContext
from parity.jobs.files.samples import CHUNK
from parity.model import HarnessError

RANGES: Final = ((2, 5), (CHUNK - 2, CHUNK + 1), (1_000_000, 1_048_575))
"""Parts of the 1 MB file: a few bytes, over the border of a chunk, and the end."""


def read_back(context: TrialContext) -> StepResult:
    """Fetch every file at its URL and compare the bytes."""
    result = StepResult("read-back", "Every file comes back byte for byte.")
    for kept in context.uploaded:
        context.progress(f"reading {kept.sample.size:,} bytes")
        answer = context.downloads.get(kept.url)
        if not result.answered(answer):
            continue
        context.fetched[kept.name] = answer
        wanted = f"{kept.sample.size:,} bytes, SHA-256 {_digest(kept.sample.content)}"
        if not answer.ok:
            result.add(codes.LOST, kept.sample.name, f"status 200, {wanted}", answer.said)
        elif answer.body != kept.sample.content:
            result.add(
                codes.BYTES, kept.sample.name, wanted, damage(kept.sample.content, answer.body)
            )
    return result


def content_type(context: TrialContext) -> StepResult:
    """Compare the content types of what came back."""
    result = StepResult("content-type", "Every file comes back with its content type.")
    for kept in context.uploaded:
        answer = context.fetched.get(kept.name)
        if answer is None or not answer.ok:
            continue
        result.tried += 1
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != kept.sample.content_type:
            result.add(codes.TYPE, kept.sample.name, kept.sample.content_type, kind or "none")
    return result


def head(context: TrialContext) -> StepResult:
    """Ask for the headers alone."""
    result = StepResult("head", "HEAD tells what GET would send.")
    for kept in context.uploaded[:2]:
        answer = context.downloads.head(kept.url)
        if not result.answered(answer):
            continue
        length = answer.headers.get("content-length")
        if not answer.ok:
            result.add(codes.HEAD, kept.sample.name, "status 200", f"status {answer.status}")
        elif length not in {None, str(kept.sample.size)}:
            result.add(codes.HEAD, kept.sample.name, f"Content-Length {kept.sample.size}", length)
    return result


def part(context: TrialContext) -> StepResult:
    """Ask for parts of a file."""
    result = StepResult("range", "A part of a file can be asked for, as players do.")
    movies = [upload for upload in context.uploaded if upload.sample.content_type == "video/mp4"]
    for movie in movies:
        for first, last in RANGES:
            answer = context.downloads.get(movie.url, part=f"bytes={first}-{last}")
            wanted = movie.sample.content[first : last + 1]
            if not result.answered(answer) or (answer.status == 206 and answer.body == wanted):
                continue
            right = "the right" if answer.body == wanted else "other"
            result.add(
                codes.RANGE,
                f"{movie.sample.name} {first}-{last}",
                f"status 206 with {len(wanted):,} bytes",
                f"status {answer.status} with {len(answer.body):,} bytes, {right} ones",
            )
    return result


def usable_url(context: TrialContext) -> StepResult:
    """Look at the URLs: can a client on another machine use them?"""
    result = StepResult("url", "Clients can use the URL that the server gives.")
    own = urlsplit(context.target.public_url or context.target.url)
    for kept in context.uploaded:
        result.tried += 1
        parts = urlsplit(kept.url)
        if origin_of(kept.url) in context.downloads.down:
            # One finding for all files: they come from the same address.
            if not any(code is codes.URL_DOWN for code in result.codes):
                result.add(codes.URL_DOWN, kept.url, "an answer", "nobody answers there")
            continue
        wrong = ""
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            wrong = "an http or https URL"
        elif own.scheme == "https" and parts.scheme != "https":
            wrong = "an https URL"
        elif parts.hostname in LOOPBACK and own.hostname not in LOOPBACK:
            wrong = "an address that clients reach"
        if wrong:
            result.add(codes.URL, kept.sample.name, wrong, kept.url)
    return result


def in_object(context: TrialContext) -> StepResult:
    """Put a file into an object, and open the URL that the object shows."""
    result = StepResult("object", "A file in a field of an object comes back with its URL.")
    for kept in context.uploaded[:1]:
        name = context.namespace.class_name("File")
        result.requests += 2
        try:
            made = context.master.create(name, {"file": {"__type": "File", "name": kept.name}})
            object_id = made.json.get("objectId") if isinstance(made.json, dict) else None
            if not made.ok or not object_id:
                result.add(codes.OBJECT, kept.sample.name, "an object", made.text[:200])
                continue
            row = context.master.fetch(name, str(object_id)).json
        except HarnessError as error:
            result.doubts.append(str(error))
            continue
        shown = row.get("file") if isinstance(row, dict) else None
        url = shown.get("url") if isinstance(shown, dict) else None
        if not isinstance(url, str):
            result.add(codes.OBJECT, kept.sample.name, "a file with a url", shown)
            continue
        answer = context.downloads.get(url)
        if result.answered(answer) and answer.body != kept.sample.content:
            result.add(codes.OBJECT, kept.sample.name, "the file at that URL", answer.said)
    return result


def missing(context: TrialContext) -> StepResult:
    """Ask for a file that never existed, at a URL like those of the others."""
    result = StepResult("missing", "A file that never existed is not found.")
    for kept in context.uploaded[:1]:
        url = kept.url.replace(kept.sample.name, f"{context.namespace.prefix}never.txt")
        answer = context.downloads.get(url)
        if result.answered(answer) and answer.status not in GONE:
            result.add(codes.MISSING, url, "status 404", answer.said)
    return result


def damage(sent: bytes, came: bytes) -> str:
    """Say in a few words how bytes that came back differ from those that were sent."""
    if len(sent) != len(came):
        kept = "the beginning is right" if sent.startswith(came) else "other ones"
        return f"{len(came):,} bytes, {kept}, SHA-256 {_digest(came)}"
    first = next(index for index, byte in enumerate(sent) if byte != came[index])
    return f"{len(came):,} bytes, the first wrong one is number {first:,}, SHA-256 {_digest(came)}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
