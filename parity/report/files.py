"""The folder of a run, and writing a whole file into it, or none of it."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from parity.model import UserError

ROOM_BYTES = 20_000_000
"""Free space that a run asks for at its start; evidence of a full run takes a tenth of it."""


def new_run_id(started_at: str) -> str:
    """Return the name of a new run: its time and six random characters.

    Args:
        started_at: As :func:`parity.model.evidence.utc_now` gives it.
    """
    stamp = started_at[:19].replace("-", "").replace(":", "")
    mark = "".join(secrets.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(6))
    return f"{stamp}-{mark}"


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text beside its place and move it there; an older file is replaced.

    Raises:
        UserError: If the folder or the file cannot be written.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(
            f"cannot write {path}: {error.strerror or error}",
            "Choose another folder, or make room on the disk.",
            code="report-unwritable",
        ) from None


def make_folder(folder: Path) -> None:
    """Make a run's folder, and prove that there is room in it.

    Raises:
        UserError: It cannot be written, or the disk is full.
    """
    remedy = "Give another folder with --report-dir or PARITY_REPORTS."
    try:
        folder.mkdir(parents=True, exist_ok=False)
        trial = folder / "trial"
        trial.write_bytes(b"0" * 65536)
        trial.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise UserError(
            f"the report folder {folder} cannot be written: {error.strerror or error}",
            remedy,
            code="reports",
        ) from error
    if free < ROOM_BYTES:
        raise UserError(
            f"only {free // 1_000_000} MB are free where {folder} is, and a run needs "
            f"{ROOM_BYTES // 1_000_000}",
            remedy,
            code="reports",
        )
