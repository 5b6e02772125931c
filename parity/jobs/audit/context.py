"""What the checkers of one audit share."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from parity.jobs.audit.duplicates import Duplicates
from parity.jobs.audit.findings import Findings
from parity.jobs.audit.references import FILES, References
from parity.wire.ids import FILE_NAMES, FileNameFormat

HOSTED_STORE: Final = "the hosted store"
"""Pseudo-class of files that can only be where nothing is any more."""
_HOSTED_FILE = re.compile(
    "|".join(
        re.sub(r"\?P<\w+>", "", FILE_NAMES[each].pattern)
        for each in (FileNameFormat.HOSTED, FileNameFormat.HOSTED_LEGACY)
    )
)


@dataclass(slots=True)
class Context:
    """Where the checkers of one audit write to, and what they have to know.

    Attributes:
        findings: What was found so far.
        references: Ids that exist and ids that are referenced.
        duplicates: Values that must be unique.
        now: When sessions are expired; naive UTC, as BSON dates are decoded.
        file_key: Whether the server has a fileKey; ``None`` if nobody said.
        gridfs: Whether the files of this app are in GridFS.
        sessions_end: Whether a session was met that ends; else the app may have none that do.
        places: Fields of each class that hold a GeoPoint.
    """

    findings: Findings = field(default_factory=Findings)
    references: References = field(default_factory=References)
    duplicates: Duplicates = field(default_factory=Duplicates)
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    file_key: bool | None = None
    gridfs: bool = False
    sessions_end: bool = False
    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def file_target(self, name: str) -> str | None:
        """Return where a file of this name has to be; ``None`` if that cannot be looked up.

        Source: parse-server ``FilesController.expandFilesInObject``: with a fileKey, names of the
        hosted service lead to its file hosts, else every name leads to the file adapter.
        """
        if is_hosted_file(name):
            return HOSTED_STORE if self.file_key else FILES
        return FILES if self.gridfs else None


def is_hosted_file(name: str) -> bool:
    """Tell whether the hosted service made this file name: ``tfss-<uuid>-…`` or ``<uuid>-…``."""
    return _HOSTED_FILE.fullmatch(name) is not None
