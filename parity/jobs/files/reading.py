"""Steps that read: bytes, types, HEAD, parts, URLs, objects, and names that do not exist."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import urlsplit

from parity.jobs.files.codes import Code
from parity.jobs.files.download import LOOPBACK
from parity.jobs.files.results import GONE, Bench, Found
from parity.jobs.files.samples import CHUNK
from parity.model import HarnessError

RANGES: Final = ((2, 5), (CHUNK - 2, CHUNK + 1), (1_000_000, 1_048_575))
"""Parts of the 1 MB file: a few bytes, over the border of a chunk, and the end."""


def read_back(bench: Bench) -> Found:
    """Fetch every file at its URL and compare the bytes."""
    found = Found("read-back", "Every file comes back byte for byte.")
    for kept in bench.kept:
        bench.progress(f"reading {kept.sample.size:,} bytes")
        answer = bench.downloads.get(kept.url)
        if not found.answered(answer):
            continue
        bench.fetched[kept.name] = answer
        wanted = f"{kept.sample.size:,} bytes, SHA-256 {_digest(kept.sample.content)}"
        if not answer.ok:
            found.add(Code.LOST, kept.sample.name, f"status 200, {wanted}", answer.said)
        elif answer.body != kept.sample.content:
            found.add(
                Code.BYTES, kept.sample.name, wanted, damage(kept.sample.content, answer.body)
            )
    return found


def content_type(bench: Bench) -> Found:
    """Compare the content types of what came back."""
    found = Found("content-type", "Every file comes back with its content type.")
    for kept in bench.kept:
        answer = bench.fetched.get(kept.name)
        if answer is None or not answer.ok:
            continue
        found.tried += 1
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != kept.sample.content_type:
            found.add(Code.TYPE, kept.sample.name, kept.sample.content_type, kind or "none")
    return found


def head(bench: Bench) -> Found:
    """Ask for the headers alone."""
    found = Found("head", "HEAD tells what GET would send.")
    for kept in bench.kept[:2]:
        answer = bench.downloads.head(kept.url)
        if not found.answered(answer):
            continue
        length = answer.headers.get("content-length")
        if not answer.ok:
            found.add(Code.HEAD, kept.sample.name, "status 200", f"status {answer.status}")
        elif length not in {None, str(kept.sample.size)}:
            found.add(Code.HEAD, kept.sample.name, f"Content-Length {kept.sample.size}", length)
    return found


def part(bench: Bench) -> Found:
    """Ask for parts of a file."""
    found = Found("range", "A part of a file can be asked for, as players do.")
    movies = [each for each in bench.kept if each.sample.content_type == "video/mp4"]
    for movie in movies:
        for first, last in RANGES:
            answer = bench.downloads.get(movie.url, part=f"bytes={first}-{last}")
            wanted = movie.sample.content[first : last + 1]
            if not found.answered(answer) or (answer.status == 206 and answer.body == wanted):
                continue
            right = "the right" if answer.body == wanted else "other"
            found.add(
                Code.RANGE,
                f"{movie.sample.name} {first}-{last}",
                f"status 206 with {len(wanted):,} bytes",
                f"status {answer.status} with {len(answer.body):,} bytes, {right} ones",
            )
    return found


def usable_url(bench: Bench) -> Found:
    """Look at the URLs: can a client on another machine use them?"""
    found = Found("url", "Clients can use the URL that the server gives.")
    own = urlsplit(bench.target.public_url or bench.target.url)
    for kept in bench.kept:
        found.tried += 1
        parts = urlsplit(kept.url)
        wrong = ""
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            wrong = "an http or https URL"
        elif own.scheme == "https" and parts.scheme != "https":
            wrong = "an https URL"
        elif parts.hostname in LOOPBACK and own.hostname not in LOOPBACK:
            wrong = "an address that clients reach"
        if wrong:
            found.add(Code.URL, kept.sample.name, wrong, kept.url)
    return found


def in_object(bench: Bench) -> Found:
    """Put a file into an object, and open the URL that the object shows."""
    found = Found("object", "A file in a field of an object comes back with its URL.")
    for kept in bench.kept[:1]:
        name = bench.namespace.class_name("File")
        found.requests += 2
        try:
            made = bench.master.create(name, {"file": {"__type": "File", "name": kept.name}})
            object_id = made.json.get("objectId") if isinstance(made.json, dict) else None
            if not made.ok or not object_id:
                found.add(Code.OBJECT, kept.sample.name, "an object", made.text[:200])
                continue
            row = bench.master.fetch(name, str(object_id)).json
        except HarnessError as error:
            found.doubts.append(str(error))
            continue
        shown = row.get("file") if isinstance(row, dict) else None
        url = shown.get("url") if isinstance(shown, dict) else None
        if not isinstance(url, str):
            found.add(Code.OBJECT, kept.sample.name, "a file with a url", shown)
            continue
        answer = bench.downloads.get(url)
        if found.answered(answer) and answer.body != kept.sample.content:
            found.add(Code.OBJECT, kept.sample.name, "the file at that URL", answer.said)
    return found


def missing(bench: Bench) -> Found:
    """Ask for a file that never existed, at a URL like those of the others."""
    found = Found("missing", "A file that never existed is not found.")
    for kept in bench.kept[:1]:
        url = kept.url.replace(kept.sample.name, f"{bench.namespace.prefix}never.txt")
        answer = bench.downloads.get(url)
        if found.answered(answer) and answer.status not in GONE:
            found.add(Code.MISSING, url, "status 404", answer.said)
    return found


def damage(sent: bytes, came: bytes) -> str:
    """Say in a few words how bytes that came back differ from those that were sent."""
    if len(sent) != len(came):
        kept = "the beginning is right" if sent.startswith(came) else "other ones"
        return f"{len(came):,} bytes, {kept}, SHA-256 {_digest(came)}"
    first = next(index for index, each in enumerate(sent) if each != came[index])
    return f"{len(came):,} bytes, the first wrong one is number {first:,}, SHA-256 {_digest(came)}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
