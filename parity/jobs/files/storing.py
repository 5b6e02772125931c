"""Steps that upload: the samples, odd names, no bytes, and the limit on uploads."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from parity.jobs.files import codes
from parity.jobs.files.results import StepResult, TrialContext, UploadedFile
from parity.jobs.files.samples import Sample, around, empty, named, samples
from parity.jobs.files.store import in_gridfs
from parity.model import HarnessError
from parity.model.finding import Code

BAD_NAME: Final = 122
"""Parse error of a file name that is refused (REST guide, "Files")."""
BAD_FILE: Final = 130
"""Parse error of a file that cannot be saved; also of one without bytes (suites/files)."""
TOO_LARGE: Final = frozenset({413, 129, BAD_FILE})
"""Status of body-parser and of proxies, and the error of the hosted service."""


def upload(context: TrialContext) -> StepResult:
    """Upload every sample.

    Raises:
        HarnessError: The server cannot be reached: nothing was stored, and nothing is judged.
    """
    result = StepResult("upload", "The server takes files of every size and type.")
    context.master.get("serverInfo")
    for sample in samples(context.namespace.prefix):
        kept, code, said = send(context, result, sample)
        if kept is None:
            if code:
                finding = codes.TOO_LARGE if code == 413 else codes.UPLOAD
                result.add(finding, sample.name, "status 201 with name and url", said)
            continue
        context.uploaded.append(kept)
        if not kept.name.endswith(sample.name):
            result.add(codes.UPLOAD, sample.name, f"a name that ends in {sample.name}", kept.name)
    return result


def odd_names(context: TrialContext) -> StepResult:
    """Upload files with names that have to be escaped: refused, or kept right."""
    result = StepResult("name", "A file with an unusual name is kept right, or refused.")
    for sample in named(context.namespace.prefix):
        _kept_or_refused(context, result, sample, BAD_NAME, codes.NAME)
    return result


def no_bytes(context: TrialContext) -> StepResult:
    """Upload a file of no bytes: refused, or kept as it is."""
    result = StepResult("empty", "A file of no bytes is kept as such, or refused.")
    _kept_or_refused(context, result, empty(context.namespace.prefix), BAD_FILE, codes.UPLOAD)
    return result


def limit(context: TrialContext) -> StepResult:
    """Upload a file just below the limit that the user named, and one above it."""
    result = StepResult("limit", "Files up to the limit are taken, and larger ones refused.")
    if context.options.limit is None:
        result.unsupported = "the limit on uploads is not known (--max-upload)"
        return result
    below, above = around(context.namespace.prefix, context.options.limit)
    kept, code, said = send(context, result, below)
    if kept is not None:
        context.others.append(kept)
        answer = context.downloads.get(kept.url)
        if result.answered(answer) and answer.body != below.content:
            result.add(codes.BYTES, below.name, f"{below.size:,} bytes", answer.said)
    elif code:
        finding = codes.TOO_LARGE if code in TOO_LARGE else codes.UPLOAD
        result.add(finding, below.name, f"{below.size:,} bytes are taken", said)
    kept, code, said = send(context, result, above)
    if kept is not None:
        context.others.append(kept)
        result.add(codes.LIMIT, above.name, f"{above.size:,} bytes are refused", "they are taken")
    elif code and code not in TOO_LARGE:
        result.add(codes.LIMIT, above.name, "status 413, or error 129 or 130", said)
    return result


def send(
    context: TrialContext, result: StepResult, sample: Sample
) -> tuple[UploadedFile | None, int, str]:
    """Upload one file.

    Args:
        context: The trial.
        result: Where a doubt is noted if the network fails.
        sample: What to upload.

    Returns:
        What the server has kept; else ``None``, the Parse error or the status (0 for none), and
        what was said.
    """
    context.progress(f"uploading {sample.size:,} bytes")
    result.tried += 1
    result.requests += 1
    try:
        reply = context.master.request(
            "POST",
            f"files/{quote(sample.name)}",
            data=sample.content,
            headers={"Content-Type": sample.content_type},
            raw=True,
            # A file of many megabytes takes its time.
            timeout_s=context.target.timeout_s + sample.size / 250_000,
        )
    except HarnessError as error:
        result.doubts.append(f"{sample.name}: {error}")
        return None, 0, str(error)
    made = reply.json if isinstance(reply.json, dict) else {}
    name, url = made.get("name"), made.get("url")
    if reply.ok and isinstance(name, str) and isinstance(url, str):
        stored = in_gridfs(context.mongo, name) if context.mongo is not None else None
        return UploadedFile(sample, name, url, reply.exchange.elapsed_s * 1000, stored), 0, ""
    code = reply.status if reply.error is None else reply.error.code or reply.status
    return None, 413 if reply.status == 413 else code, f"status {reply.status}: {reply.text[:200]}"


def _kept_or_refused(
    context: TrialContext, result: StepResult, sample: Sample, refusal: int, wrong: Code
) -> None:
    kept, code, said = send(context, result, sample)
    if kept is None:
        if code not in {0, refusal}:
            result.add(wrong, sample.name, f"kept, or refused with error {refusal}", said)
        return
    context.others.append(kept)
    answer = context.downloads.get(kept.url)
    if result.answered(answer) and (not answer.ok or answer.body != sample.content):
        result.add(wrong, sample.name, f"{sample.size} bytes come back", answer.said)
