"""Counts of one class, while it is compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from parity.jobs.verify.result import (
    EXAMPLES,
    FIELDS,
    CollectionResult,
    DocumentDifference,
    NotVerified,
    State,
    StructureDifference,
)
from parity.model import Difference
from parity.model.plain import utc_now

NAMED: Final = 5
"""Objects that a reason names; all are counted."""

WHY: Final = {
    "_hashed_password": "hashes of passwords are not in such a source: log in as some users",
    "sessionToken": "session tokens are not in such a source",
    "_session_token": "session tokens are not in such a source",
    "authData": "the source does not show the linked accounts of this user",
    "_perishable_token": "no API shows the token of a password reset",
    "_email_verify_token": "no API shows the token that verifies an address",
}


@dataclass(slots=True)
class Tally:
    """What was found in one class so far.

    Attributes:
        name: The class.
        found: Told every difference.
        source_documents: Objects of the source.
        destination_documents: Documents of the destination.
        source_bytes: Bytes of JSON.
        destination_bytes: Bytes of BSON.
        equal: Objects that are the same.
        unknown: Documents that a part of the source that could not be read may have.
        counts: Differences by code.
        examples: The first of them.
        unseen: Values that the source does not show, by field.
        doubtful: Objects of the source whose meaning is not certain: id and reason.
        doubts: How many those are.
        structure: Differences of the schema.
        reasons: Why the class cannot be judged.
        notes: What was not verified, beside ``unseen``.
    """

    name: str
    found: Callable[[DocumentDifference], None] | None
    source_documents: int = 0
    destination_documents: int = 0
    source_bytes: int = 0
    destination_bytes: int = 0
    equal: int = 0
    unknown: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: list[DocumentDifference] = field(default_factory=list)
    unseen: Counter[str] = field(default_factory=Counter)
    doubtful: list[str] = field(default_factory=list)
    doubts: int = 0
    structure: list[StructureDifference] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    notes: list[NotVerified] = field(default_factory=list)

    def differ(self, code: str, id_: object, differences: Iterable[Difference] = ()) -> None:
        """Count a document that is not the same on both sides.

        Args:
            code: A code of :mod:`parity.jobs.verify.codes`.
            id_: Its id, as JSON.
            differences: Where it differs; none for a whole document.
        """
        places = tuple(differences)
        more = max(0, len(places) - FIELDS)
        one = DocumentDifference(self.name, id_, code, places[:FIELDS], more)
        self.counts[code] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(one)
        if self.found is not None:
            self.found(one)

    def doubt(self, id_: str, reason: str) -> None:
        """Count an object of the source that cannot be judged."""
        self.doubts += 1
        if len(self.doubtful) < NAMED:
            self.doubtful.append(f"{id_}: {reason}")

    def result(self, seconds: float, *, resumed: bool) -> CollectionResult:
        """Return what became of the class."""
        reasons = list(self.reasons)
        if self.doubts:
            more = "" if self.doubts <= NAMED else f", and {self.doubts - NAMED} more"
            reasons.append(
                f"{self.doubts} of the source's objects cannot be judged "
                f"({'; '.join(self.doubtful)}{more})"
            )
        nothing = not self.source_documents and not self.destination_documents
        state = State.NOT_JUDGED if reasons else State.EMPTY if nothing else State.VERIFIED
        unseen = (
            NotVerified(
                f"{self.name}.{name}", WHY.get(name, "the source does not show this field"), count
            )
            for name, count in sorted(self.unseen.items())
        )
        if self.unknown:
            why = "the source could not be read to its end, so it may have them or not"
            self.notes.append(NotVerified(f"{self.name} documents", why, self.unknown))
        return CollectionResult(
            name=self.name,
            state=state,
            reason="; ".join(reasons),
            source_documents=self.source_documents,
            destination_documents=self.destination_documents,
            source_bytes=self.source_bytes,
            destination_bytes=self.destination_bytes,
            equal=self.equal,
            counts=dict(sorted(self.counts.items())),
            examples=tuple(self.examples),
            structure=tuple(self.structure),
            not_verified=(*unseen, *self.notes),
            seconds=seconds,
            resumed=resumed,
            finished_at=utc_now(),
        )
