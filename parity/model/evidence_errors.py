"""What can be wrong with an evidence file; each is the user's to mend, and says how."""

from __future__ import annotations

from pathlib import Path

from parity.model.errors import UserError


class EvidenceError(UserError):
    """Evidence that cannot be used; the base of the named errors below."""


class MissingEvidence(EvidenceError):
    """There is no file, or it cannot be opened."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            "Give the path of an evidence.jsonl; runs are in the folder reports/.",
            code="evidence-missing",
        )


class TruncatedEvidence(EvidenceError):
    """The file ends before its footer, or events are missing from it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            "The run was killed or its disk was full: nothing can be concluded from it. "
            "Run the checks again.",
            code="evidence-truncated",
        )


class NewerEvidence(EvidenceError):
    """The file was written by a later version of parse-parity."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what, "Upgrade: pip install --upgrade parse-parity.", code="evidence-newer"
        )


class BadEvidence(EvidenceError):
    """A line is not what the format says; the message has its number."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            "The file was changed after it was written, or is no evidence. Run the checks again.",
            code="evidence-bad",
        )


class UnwritableEvidence(EvidenceError):
    """The file cannot be written: it exists, the folder is read-only, the disk is full."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"cannot write {path}: {error.strerror or error}",
            "Choose another reports folder or run id, or make room on the disk.",
            code="evidence-unwritable",
        )
