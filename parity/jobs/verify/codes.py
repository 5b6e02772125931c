"""What can differ between a database and its copy; ``codes.toml`` says what each code means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from parity.model.finding import read_catalogue

CODES: Final = read_catalogue(__file__)

MISSING: Final = CODES["VER-MISSING"]
EXTRA: Final = CODES["VER-EXTRA"]
CHANGED: Final = CODES["VER-CHANGED"]
ACL: Final = CODES["VER-ACL"]
TYPE: Final = CODES["VER-TYPE"]
ORDER: Final = CODES["VER-ORDER"]
DUPLICATE: Final = CODES["VER-DUPLICATE"]
JOIN: Final = CODES["VER-JOIN"]
JOIN_ID: Final = CODES["VER-JOIN-ID"]
GRIDFS: Final = CODES["VER-GRIDFS"]
SCHEMA: Final = CODES["VER-SCHEMA"]
SCHEMA_INDEXES: Final = CODES["VER-SCHEMA-INDEXES"]
CLP: Final = CODES["VER-CLP"]
INDEX: Final = CODES["VER-INDEX"]
INDEX_EXTRA: Final = CODES["VER-INDEX-EXTRA"]
INDEX_HARMS: Final = CODES["VER-INDEX-HARMS"]
OPTIONS: Final = CODES["VER-OPTIONS"]
VIEW: Final = CODES["VER-VIEW"]
COLLECTION_MISSING: Final = CODES["VER-COLLECTION-MISSING"]
COLLECTION_EXTRA: Final = CODES["VER-COLLECTION-EXTRA"]

BENIGN: Final = frozenset(code.id for code in CODES.values() if not code.fails)
"""Codes that do not fail a run unless it is strict."""
ONE_SIDED: Final = frozenset({COLLECTION_MISSING.id, COLLECTION_EXTRA.id, VIEW.id})
"""Codes of a collection or view that only one side has as such: they are about all that it shows,
not about its options."""

ONLY_DESTINATION: Final = frozenset({EXTRA.id, DUPLICATE.id})
"""Codes of documents that are not counted among those of the source."""


def worst(codes: Iterable[str]) -> str:
    """Return the first code that is not benign, else the first."""
    found = list(codes)
    return next((code for code in found if code not in BENIGN), found[0])
