"""What can differ between a database and its copy: a stable code for each, with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parity.model.evidence import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of difference.

    Attributes:
        code: Stable name, for scripts and reports.
        title: What was seen, in one sentence.
        severity: What it does to an app; ``benign`` does not fail a run by default.
        cause: What usually leads to it.
        remedy: What to do.
    """

    code: str
    title: str
    severity: Severity
    cause: str
    remedy: str


_AGAIN = "Copy these documents again: their ids are in differences.jsonl beside the report."
_WRITES = (
    "The copy ended before the document was written, or something wrote to one side afterwards."
)

_CODES: Final = (
    Code(
        "VER-MISSING",
        "A document of the source is not in the destination.",
        "breaking",
        _WRITES,
        _AGAIN,
    ),
    Code(
        "VER-EXTRA",
        "The destination holds a document that the source does not.",
        "breaking",
        "The destination was not empty before the copy, something writes to it already, or the "
        "document was deleted at the source after it was copied.",
        "Look at the documents in differences.jsonl; delete them if the source is right.",
    ),
    Code(
        "VER-CHANGED",
        "A document has other values in the destination.",
        "breaking",
        _WRITES,
        _AGAIN,
    ),
    Code(
        "VER-ACL",
        "Only who may read or write a document differs (_rperm, _wperm, _acl).",
        "security",
        "A tool converted or dropped the permissions, or they changed after the copy.",
        _AGAIN,
    ),
    Code(
        "VER-TYPE",
        "Only the type of numbers differs: int, long or double, with the same value.",
        "benign",
        "The document went through JSON or another driver. Parse shows the same number.",
        "Nothing for Parse. Code that queries MongoDB by $type sees it; --strict makes it fail.",
    ),
    Code(
        "VER-ORDER",
        "Only the order of fields differs.",
        "benign",
        "The document went through a tool that sorts or rewrites fields. Parse shows the same.",
        "Nothing for Parse. Queries for a whole embedded object see it; --strict makes it fail.",
    ),
    Code(
        "VER-DUPLICATE",
        "A document is there twice: one _id on two shards, or one join row under two ids.",
        "breaking",
        "The copy ran twice, or a chunk migration left an orphan.",
        "Remove the second one; on a sharded cluster run cleanupOrphaned.",
    ),
    Code(
        "VER-JOIN",
        "A row of a relation (_Join:…) is missing, extra or changed.",
        "breaking",
        "The join collections were copied before or after the classes that they join.",
        "Copy the whole _Join: collection again while nothing writes.",
    ),
    Code(
        "VER-JOIN-ID",
        "A row of a relation has another _id; it joins the same two objects.",
        "benign",
        "The rows were made again instead of copied. Parse never reads the _id of such a row.",
        "Nothing; --strict makes it fail.",
    ),
    Code(
        "VER-GRIDFS",
        "A file stored in MongoDB (GridFS) differs, lacks chunks or is missing.",
        "breaking",
        "The .files and .chunks collections were not copied as one, or the copy was cut off.",
        "Copy the named files again with both collections.",
    ),
    Code(
        "VER-SCHEMA",
        "The schema of a class (_SCHEMA) differs.",
        "breaking",
        "A Parse Server was started on the destination before the copy, or a class was changed.",
        "Copy _SCHEMA again with no Parse Server running, then restart it.",
    ),
    Code(
        "VER-SCHEMA-INDEXES",
        "Only the list of indexes that Parse Server keeps in _SCHEMA differs.",
        "benign",
        "Parse Server writes it anew when it starts. The indexes themselves are compared as well: "
        "VER-INDEX, VER-INDEX-EXTRA. (parse-server MongoStorageAdapter.updateSchemaWithIndexes; "
        "observed with 9.10.0.)",
        "Nothing; --strict makes it fail.",
    ),
    Code(
        "VER-CLP",
        "The class-level permissions of a class differ.",
        "security",
        "The permissions were edited on one side, or a tool dropped _metadata.",
        "Copy the _SCHEMA document of the class again and restart Parse Server.",
    ),
    Code(
        "VER-INDEX",
        "An index of the source is missing from the destination or is defined otherwise.",
        "breaking",
        "The copy left indexes out, or building one failed.",
        "Create it with db.collection.createIndex as shown.",
    ),
    Code(
        "VER-INDEX-EXTRA",
        "The destination has an index that the source lacks, or has it under another name.",
        "benign",
        "Parse Server makes indexes of its own at start; or someone added one.",
        "Nothing, unless it is unique and the app's data is not; --strict makes it fail.",
    ),
    Code(
        "VER-OPTIONS",
        "The options of a collection differ: capped, collation, validator, kind.",
        "breaking",
        "The collection was created by the first insert instead of with its options.",
        "Create the collection with the source's options and copy it again.",
    ),
    Code(
        "VER-COLLECTION-MISSING",
        "A collection of the source is not in the destination.",
        "breaking",
        "The copy left it out, or failed before it.",
        "Copy the collection.",
    ),
    Code(
        "VER-COLLECTION-EXTRA",
        "The destination holds documents in a collection that the source does not have.",
        "breaking",
        "The destination was in use before, or a Parse Server writes to it already.",
        "Drop it if nothing needs it, or leave it out with --exclude.",
    ),
)

CODES: Final = {each.code: each for each in _CODES}
"""Every code by its name."""

BENIGN: Final = frozenset(each.code for each in _CODES if each.severity == "benign")
"""Codes that do not fail a run unless it is strict."""


def worst(codes: list[str]) -> str:
    """Return the first code that is not benign, else the first.

    Args:
        codes: At least one code.
    """
    return next((code for code in codes if code not in BENIGN), codes[0])
