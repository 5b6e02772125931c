"""What can be wrong with a recording file; each is the user's to mend, and says how."""

from __future__ import annotations

from pathlib import Path

from parity.model import UserError


class RecordingError(UserError):
    """A recording that cannot be used; the base of the named errors below."""


class MissingRecording(RecordingError):
    """There is no such file, or it cannot be opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"cannot read {path}: {reason}",
            "Give the path of a recording; `parity import` and `parity capture` make one.",
            code="recording-missing",
        )


class TruncatedRecording(RecordingError):
    """The file ends before its footer.

    Args:
        path: The file.
        whole: How many exchanges of it are whole.
    """

    def __init__(self, path: Path, whole: int) -> None:
        self.whole = whole
        super().__init__(
            f"{path} is truncated: it has no footer; {whole} exchanges are whole",
            "Its writer was killed or is still running. "
            "Use --allow-truncated to work with the exchanges that are whole.",
            code="recording-truncated",
        )


class NewerRecording(RecordingError):
    """The file was written by a later version of parse-parity."""

    def __init__(self, path: Path, version: object) -> None:
        super().__init__(
            f"{path} has version {version} of the recording format; this is too new",
            "Upgrade: pip install --upgrade parse-parity.",
            code="recording-newer",
        )


class BadRecording(RecordingError):
    """A line is not what the format says.

    Args:
        path: The file.
        line: Number of the line, from 1; ``None`` if the file as a whole is wrong.
        reason: What is wrong.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        self.line = line
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(
            f"{where}: {reason}",
            "The file was changed after it was written, or is no recording. "
            "HAR, cassettes and logs become one with `parity import`.",
            code="recording-bad",
        )


class UnwritableRecording(RecordingError):
    """The file cannot be written: it exists, the folder is read-only, the disk is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path}: {error.strerror or error}",
            "Choose another file name, or make room on the disk.",
            code="recording-unwritable",
        )
