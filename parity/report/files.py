"""Writing a whole file, or none of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from parity.model import UserError


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
