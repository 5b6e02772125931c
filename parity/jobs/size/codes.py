"""The parts of a sizing, each with the code of its finding; the texts are in ``codes.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from parity.indexes.codes import NO_INDEX
from parity.model.finding import Code, read_catalogue

CODES: Final = read_catalogue(__file__)

PartId = Literal[
    "knee", "cache", "indexes", "connections", "tickets", "storage", "growth", "errors",
    "generator",
]  # fmt: skip

PARTS: Final[Mapping[PartId, Code]] = {
    "knee": CODES["SIZE-PEAK"],
    "cache": CODES["SIZE-CACHE"],
    "indexes": NO_INDEX,
    "connections": CODES["SIZE-CONNECTIONS"],
    "tickets": CODES["SIZE-TICKETS"],
    "storage": CODES["SIZE-STORAGE"],
    "growth": CODES["SIZE-GROWTH"],
    "errors": CODES["SIZE-ERRORS"],
    "generator": CODES["SIZE-GENERATOR"],
}


def title_of(part: PartId) -> str:
    """Return the sentence that holds when a part fits."""
    # The code of the indexes belongs to a single query; the part is about all of them.
    return "Every query of the profile has an index." if part == "indexes" else PARTS[part].title
