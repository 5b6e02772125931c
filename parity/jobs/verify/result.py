"""What a verification found, as values; the command turns them into evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from parity.model import Difference

EXAMPLES = 20
"""Differing documents of each code that a result keeps for a collection; all are counted."""

FIELDS = 50
"""Differing fields that are kept of one document."""


class State(StrEnum):
    """How far a collection was verified."""

    VERIFIED = "verified"
    """Every document of both sides was read and compared."""
    NOT_VERIFIED = "not verified"
    """Left out, and the reason says why: excluded, a view, a time series."""
    EMPTY = "empty"
    """There is nothing to compare: no document on either side."""
    NOT_JUDGED = "not judged"
    """It was meant to be verified and something went wrong; a run with one cannot pass."""


@dataclass(frozen=True, slots=True)
class DocumentDifference:
    """One document that is not the same on both sides.

    Attributes:
        collection: Name of its collection.
        id: Its ``_id`` in canonical extended JSON: a string stays a string,
            an ObjectId is ``{"$oid": …}``.
        code: A code of :mod:`parity.jobs.verify.codes`.
        differences: Where it differs: paths below the document (``score``, ``a.b[0]``), values
            in canonical extended JSON so that types show. Empty for a whole document.
        more: Number of differing fields beyond those in ``differences``.
        age_s: Seconds since it was first seen to differ, when the source was watched.
    """

    collection: str
    id: Any
    code: str
    differences: tuple[Difference, ...] = ()
    more: int = 0
    age_s: float | None = None


@dataclass(frozen=True, slots=True)
class StructureDifference:
    """A difference of a collection that is not in its documents.

    Attributes:
        collection: Name of the collection.
        code: ``VER-INDEX``, ``VER-OPTIONS``, ….
        difference: What differs; its path is the index's name or the option.
        remedy: A command that mends it, where there is one.
    """

    collection: str
    code: str
    difference: Difference
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class NotVerified:
    """Something that this source cannot show, or that the user left out.

    Attributes:
        what: What it is: ``_User._hashed_password``, ``indexes``.
        why: Why it was not verified.
        count: How many values or documents it concerns; ``None`` if that is not known.
    """

    what: str
    why: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class CollectionResult:
    """What became of one collection.

    Attributes:
        name: Name of the collection (of the class, for sources that are not MongoDB).
        state: How far it was verified.
        reason: Why, if it was not verified or not judged.
        source_documents: Documents read from the source.
        destination_documents: Documents read from the destination.
        source_bytes: Bytes read from the source: BSON, or as the source sends them.
        destination_bytes: Bytes of BSON read from the destination.
        equal: Documents that are the same on both sides.
        counts: Number of differing documents by code; exact.
        examples: The first differing documents, at most :data:`EXAMPLES` of each code.
        structure: Differences of indexes and options.
        not_verified: What could not be compared in this collection.
        seconds: Wall time.
        resumed: Whether it was finished by an earlier run that this one continued.
        finished_at: When it was finished, UTC as in evidence; empty if it was not.
    """

    name: str
    state: State = State.VERIFIED
    reason: str = ""
    source_documents: int = 0
    destination_documents: int = 0
    source_bytes: int = 0
    destination_bytes: int = 0
    equal: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: tuple[DocumentDifference, ...] = ()
    structure: tuple[StructureDifference, ...] = ()
    not_verified: tuple[NotVerified, ...] = ()
    seconds: float = 0.0
    resumed: bool = False
    finished_at: str = ""

    @property
    def differing(self) -> int:
        """Number of documents that differ, of every code."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class SideFacts:
    """What a report says about one side; never a secret.

    Attributes:
        name: What the user calls it.
        where: Hosts and database, or file, without credentials.
        version: Version of the server; ``None`` if nobody said.
        kind: ``replica set``, ``standalone``, ``sharded``, ``export``, ``REST``.
        read_from: Which member of a database was read, and how old its data may be.
    """

    name: str
    where: str
    version: str | None
    kind: str
    read_from: str = ""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a verification found.

    Attributes:
        source: The side that is right.
        destination: The side that is judged.
        collections: One result for each collection of either side.
        not_verified: What was not compared in the whole database.
        assured: Sentences that say what the result rests on: read concern, moving source.
        problems: Reasons why the run could not judge; with one it never passes.
        seconds: Wall time.
        in_sync_as_of: When the source was watched and all settled: the time up to which every
            write to the source is in the destination, UTC as in evidence.
        permanent: When the source was watched: every document whose difference is permanent.
        unsettled: Documents that still differed when watching ended.
        interrupted: Whether somebody stopped it.
    """

    source: SideFacts
    destination: SideFacts
    collections: tuple[CollectionResult, ...]
    not_verified: tuple[NotVerified, ...] = ()
    assured: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    in_sync_as_of: str = ""
    permanent: tuple[DocumentDifference, ...] = ()
    unsettled: tuple[DocumentDifference, ...] = ()
    interrupted: bool = False
