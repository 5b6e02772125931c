"""Steps that upload: the samples, odd names, no bytes, and the limit on uploads."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from parity.jobs.files.codes import Code
from parity.jobs.files.results import Bench, Found, Kept
from parity.jobs.files.samples import Sample, around, empty, named, samples
from parity.jobs.files.store import in_gridfs
from parity.model import HarnessError

BAD_NAME: Final = 122
"""Parse error of a file name that is refused (REST guide, "Files")."""
BAD_FILE: Final = 130
"""Parse error of a file that cannot be saved; also of one without bytes (suites/files)."""
TOO_LARGE: Final = frozenset({413, 129, BAD_FILE})
"""Status of body-parser and of proxies, and the error of the hosted service."""


def upload(bench: Bench) -> Found:
    """Upload every sample.

    Raises:
        HarnessError: The server cannot be reached: nothing was stored, and nothing is judged.
    """
    found = Found("upload", "The server takes files of every size and type.")
    bench.master.get("serverInfo")
    for sample in samples(bench.namespace.prefix):
        kept, code, said = send(bench, found, sample)
        if kept is None:
            if code:
                finding = Code.TOO_LARGE if code == 413 else Code.UPLOAD
                found.add(finding, sample.name, "status 201 with name and url", said)
            continue
        bench.kept.append(kept)
        if not kept.name.endswith(sample.name):
            found.add(Code.UPLOAD, sample.name, f"a name that ends in {sample.name}", kept.name)
    return found


def odd_names(bench: Bench) -> Found:
    """Upload files with names that have to be escaped: refused, or kept right."""
    found = Found("name", "A file with an unusual name is kept right, or refused.")
    for sample in named(bench.namespace.prefix):
        _kept_or_refused(bench, found, sample, BAD_NAME, Code.NAME)
    return found


def no_bytes(bench: Bench) -> Found:
    """Upload a file of no bytes: refused, or kept as it is."""
    found = Found("empty", "A file of no bytes is kept as such, or refused.")
    _kept_or_refused(bench, found, empty(bench.namespace.prefix), BAD_FILE, Code.UPLOAD)
    return found


def limit(bench: Bench) -> Found:
    """Upload a file just below the limit that the user named, and one above it."""
    found = Found("limit", "Files up to the limit are taken, and larger ones refused.")
    if bench.wanted.limit is None:
        found.unsupported = "the limit on uploads is not known (--max-upload)"
        return found
    below, above = around(bench.namespace.prefix, bench.wanted.limit)
    kept, code, said = send(bench, found, below)
    if kept is not None:
        bench.others.append(kept)
        answer = bench.downloads.get(kept.url)
        if found.answered(answer) and answer.body != below.content:
            found.add(Code.BYTES, below.name, f"{below.size:,} bytes", answer.said)
    elif code:
        finding = Code.TOO_LARGE if code in TOO_LARGE else Code.UPLOAD
        found.add(finding, below.name, f"{below.size:,} bytes are taken", said)
    kept, code, said = send(bench, found, above)
    if kept is not None:
        bench.others.append(kept)
        found.add(Code.LIMIT, above.name, f"{above.size:,} bytes are refused", "they are taken")
    elif code and code not in TOO_LARGE:
        found.add(Code.LIMIT, above.name, "status 413, or error 129 or 130", said)
    return found


def send(bench: Bench, found: Found, sample: Sample) -> tuple[Kept | None, int, str]:
    """Upload one file.

    Args:
        bench: The trial.
        found: Where a doubt is noted if the network fails.
        sample: What to upload.

    Returns:
        What the server has kept; else ``None``, the Parse error or the status (0 for none), and
        what was said.
    """
    bench.progress(f"uploading {sample.size:,} bytes")
    found.tried += 1
    found.requests += 1
    try:
        reply = bench.master.request(
            "POST",
            f"files/{quote(sample.name)}",
            data=sample.content,
            headers={"Content-Type": sample.content_type},
            raw=True,
            # A file of many megabytes takes its time.
            timeout_s=bench.target.timeout_s + sample.size / 250_000,
        )
    except HarnessError as error:
        found.doubts.append(f"{sample.name}: {error}")
        return None, 0, str(error)
    made = reply.json if isinstance(reply.json, dict) else {}
    name, url = made.get("name"), made.get("url")
    if reply.ok and isinstance(name, str) and isinstance(url, str):
        stored = in_gridfs(bench.mongo, name) if bench.mongo is not None else None
        return Kept(sample, name, url, reply.exchange.elapsed_s * 1000, stored), 0, ""
    code = reply.status if reply.error is None else reply.error.code or reply.status
    return None, 413 if reply.status == 413 else code, f"status {reply.status}: {reply.text[:200]}"


def _kept_or_refused(
    bench: Bench, found: Found, sample: Sample, refusal: int, finding: Code
) -> None:
    kept, code, said = send(bench, found, sample)
    if kept is None:
        if code not in {0, refusal}:
            found.add(finding, sample.name, f"kept, or refused with error {refusal}", said)
        return
    bench.others.append(kept)
    answer = bench.downloads.get(kept.url)
    if found.answered(answer) and (not answer.ok or answer.body != sample.content):
        found.add(finding, sample.name, f"{sample.size} bytes come back", answer.said)
