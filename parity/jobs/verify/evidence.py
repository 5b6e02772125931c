"""What ``parity verify`` found, as evidence, as ``verify.json`` and as ``differences.jsonl``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from parity.jobs.verify import codes
from parity.jobs.verify.codes import BENIGN, CODES
from parity.jobs.verify.result import (
    CollectionResult,
    DocumentDifference,
    State,
    StructureDifference,
    VerifyResult,
)
from parity.model import Difference, Kind, Outcome, UserError
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    Event,
    KnownDifferenceEvent,
    NoticeEvent,
    TableEvent,
)
from parity.report.redact import names_on, redact_value
from parity.wire import Redactor

MOST_IN_EVIDENCE: Final = 100
"""Differences of one collection that its check shows; differences.jsonl has them all."""

_OUTCOMES: Final = {
    State.NOT_VERIFIED: Outcome.UNSUPPORTED,
    State.EMPTY: Outcome.UNSUPPORTED,
    State.NOT_JUDGED: Outcome.ERROR,
}


class DifferencesFile:
    """``differences.jsonl``: a line for each differing document, written as it is found.

    Holds the collection, the ``_id``, the code and the paths that differ, but no value.
    A context manager.

    Args:
        folder: Folder of the run.
        redactor: A name of a field may be an address.
    """

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self._path = folder / "differences.jsonl"
        self._redactor = redactor
        self._file = self._path.open("w", encoding="ascii")

    def write(self, found: DocumentDifference) -> None:
        """Write one differing document.

        Raises:
            UserError: The disk is full.
        """
        line = {
            "collection": found.collection,
            "_id": found.id,
            "code": found.code,
            "paths": [self._redactor.text(difference.path) for difference in found.differences],
        }
        if found.age_s is not None:
            line["age_s"] = found.age_s
        try:
            self._file.write(f"{json.dumps(line)}\n")
        except OSError as error:
            raise UserError(
                f"cannot write {self._path}: {error.strerror}",
                "Make room on the disk and run again with --resume.",
                code="report-unwritable",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def events_of(result: VerifyResult, target: str, *, strict: bool) -> Iterator[Event]:
    """Yield a check for each collection and for its structure, tables and notices.

    Args:
        result: What was found.
        target: Name of the judged target.
        strict: Whether benign differences fail.
    """
    reproduce = f"parity verify --from {result.source.name} --to {target}"
    benign: Counter[str] = Counter()
    for collection in result.collections:
        title = _structure_title(collection, result.source.kind)
        for check in _checks(collection, target, reproduce, title, strict=strict):
            yield check
            benign.update({fact.known for fact in check.differences if fact.known})
    for code, observed in sorted(benign.items()):
        yield _registered(code, target, observed)
    yield from _tables(result)
    for text in result.assured:
        yield NoticeEvent("info", None, text)
    if result.in_sync_as_of:
        yield NoticeEvent("info", target, f"In sync as of {result.in_sync_as_of}.")
    for text in result.problems:
        yield NoticeEvent("error", None, text)
    if result.unsettled:
        yield NoticeEvent(
            "error",
            None,
            f"{len(result.unsettled):,} documents still differed when watching ended, and may "
            "settle: they are in differences.jsonl with their age.",
        )


def said(collection: CollectionResult) -> str:
    """Return one line about a collection."""
    if collection.state is not State.VERIFIED and not collection.structure:
        return f"{collection.state}: {collection.reason}"
    counts = Counter(collection.counts)
    counts.update(found.code for found in collection.structure)
    counted = ", ".join(f"{count:,} {code}" for code, count in counts.most_common())
    return counted or f"all {collection.equal:,} documents are equal"


def _checks(
    collection: CollectionResult,
    target: str,
    reproduce: str,
    structure_title: str,
    *,
    strict: bool,
) -> Iterator[CheckEvent]:
    whole = [found for found in collection.structure if found.code in codes.ONE_SIDED]
    rest = [found for found in collection.structure if found.code not in codes.ONE_SIDED]
    facts = [*map(_structure_fact, whole), *_document_facts(collection.examples)]
    counts = Counter(collection.counts) + Counter(found.code for found in whole)
    check = CheckEvent(
        id=f"verify/{collection.name}",
        nodeid=f"verify/{collection.name}[{target}]",
        target=target,
        area="data",
        level="must",
        effect="reads",
        spec=(),
        title=f"Every document of {collection.name} is the same.",
        outcome=_OUTCOMES.get(collection.state, Outcome.PASS),
        reason="" if collection.state is State.VERIFIED else collection.reason,
        duration_s=collection.seconds,
    )
    # A view has no documents of its own, so what differs of it is all there is to judge.
    if whole or collection.state in (State.VERIFIED, State.NOT_JUDGED):
        yield _judged(check, counts, facts, whole, reproduce, strict=strict)
    else:
        yield check
    if structure_title and collection.state is State.VERIFIED and not whole:
        structure = replace(
            check,
            id=f"{check.id}/structure",
            nodeid=f"verify/{collection.name}/structure[{target}]",
            title=structure_title,
            duration_s=0.0,
        )
        counts = Counter(found.code for found in rest)
        yield _judged(
            structure, counts, [*map(_structure_fact, rest)], rest, reproduce, strict=strict
        )


def _structure_title(collection: CollectionResult, kind: str) -> str:
    """Return what the check of a collection's structure claims, nothing if none was compared.

    Only a database shows indexes and options; other sources show schemas, or just objects.
    """
    if kind not in ("export", "REST"):
        return f"Options and indexes of {collection.name} are the same."
    if collection.name == "_SCHEMA":
        return "The schemas and class-level permissions are the same."
    return (
        f"_SCHEMA has a column for every field of {collection.name}."
        if collection.structure
        else ""
    )


def _judged(
    check: CheckEvent,
    counts: Counter[str],
    facts: list[DifferenceFact],
    structure: Iterable[StructureDifference],
    reproduce: str,
    *,
    strict: bool,
) -> CheckEvent:
    """Give a check its outcome, its differences and the finding that says most."""
    if not counts:
        return check
    failing = [name for name, _ in counts.most_common() if strict or name not in BENIGN]
    code = CODES[failing[0] if failing else counts.most_common(1)[0][0]]
    if strict:
        facts = [replace(fact, known=None) for fact in facts]
    outcome = Outcome.FAIL if failing else Outcome.KNOWN_DIFFERENCE
    counted = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    commands = [found.remedy for found in structure if found.code == code.id and found.remedy]
    remedy = " ".join([code.remedy, *commands])
    finding = replace(code.finding(remedy=remedy, reproduce=reproduce), fails=bool(failing))
    return replace(
        check,
        outcome=outcome if check.outcome is Outcome.PASS or failing else check.outcome,
        reason=f"{check.reason} {counted}: {code.title}".strip(),
        differences=tuple(facts),
        findings=(finding,),
    )


def _document_facts(examples: Iterable[DocumentDifference]) -> Iterator[DifferenceFact]:
    left = MOST_IN_EVIDENCE
    for found in sorted(examples, key=lambda found: found.code in BENIGN):
        id_ = found.id if isinstance(found.id, str) else json.dumps(found.id, sort_keys=True)
        place = f"{found.collection}/{id_}"
        known = found.code if found.code in BENIGN else None
        shown = None if known else "document"
        whole = Difference("", Kind.MISSING, shown, None)
        if found.code == codes.EXTRA.id:
            whole = Difference("", Kind.EXTRA, None, shown)
        for difference in found.differences or (whole,):
            if not left:
                return
            left -= 1
            path = f"{place}.{difference.path}" if difference.path else place
            yield _fact(path, difference, found.code)


def _structure_fact(found: StructureDifference) -> DifferenceFact:
    name, path = found.collection, found.difference.path
    return _fact(name if path == name else f"{name}.{path}", found.difference, found.code)


def _fact(path: str, difference: Difference, code: str) -> DifferenceFact:
    known = code if code in BENIGN else None
    values = (difference.kind, difference.expected, difference.actual)
    return DifferenceFact(path, *values, known, source=code)


def redacted_result(result: VerifyResult, redactor: Redactor) -> VerifyResult:
    """Return a result whose values are redacted by the names on their paths.

    Args:
        result: What was found.
        redactor: That of the run.
    """

    def values(difference: Difference) -> Difference:
        names = names_on(difference.path)
        return replace(
            difference,
            expected=redact_value(difference.expected, names, redactor),
            actual=redact_value(difference.actual, names, redactor),
        )

    def documents(found: Iterable[DocumentDifference]) -> tuple[DocumentDifference, ...]:
        return tuple(
            replace(document, differences=tuple(map(values, document.differences)))
            for document in found
        )

    def structure(found: StructureDifference) -> StructureDifference:
        return replace(found, difference=values(found.difference))

    return replace(
        result,
        collections=tuple(
            replace(
                collection,
                examples=documents(collection.examples),
                structure=tuple(map(structure, collection.structure)),
            )
            for collection in result.collections
        ),
        unsettled=documents(result.unsettled),
        permanent=(),
    )


def _registered(code: str, target: str, observed: int) -> KnownDifferenceEvent:
    known = CODES[code]
    return KnownDifferenceEvent(
        id=known.id,
        title=known.title,
        severity=known.severity,
        cause=known.cause,
        effect="None that an app notices.",
        remedy=known.remedy,
        provenance="docs/verify.md",
        targets=(target,),
        observed=observed,
    )


def _tables(result: VerifyResult) -> Iterator[TableEvent]:
    yield TableEvent(
        "sides",
        "What was compared",
        ("side", "name", "where", "kind", "version", "read from"),
        tuple(
            (side, facts.name, facts.where, facts.kind, facts.version, facts.read_from)
            for side, facts in (("source", result.source), ("destination", result.destination))
        ),
    )
    columns = (
        *("collection", "state", "documents (source)", "documents (destination)", "MB (source)"),
        *("equal", "missing", "extra", "changed", "benign", "MB/s"),
    )
    yield TableEvent(
        "collections",
        "Collections",
        columns,
        tuple(_row(collection) for collection in result.collections),
        "Megabytes are of BSON and MB/s of both sides together; benign are differences of field "
        "order and number type, and row ids of relations.",
    )
    counts: Counter[str] = Counter()
    for collection in result.collections:
        counts.update(collection.counts)
        counts.update(found.code for found in collection.structure)
    if counts:
        rows = tuple(
            (code, count, CODES[code].severity, CODES[code].title, CODES[code].remedy)
            for code, count in counts.most_common()
        )
        yield TableEvent("codes", "What differs", ("code", "count", "severity", "what", "do"), rows)
    not_verified = [
        *result.not_verified,
        *(
            replace(part, what=f"{collection.name}: {part.what}")
            for collection in result.collections
            for part in collection.not_verified
        ),
    ]
    if not_verified:
        yield TableEvent(
            "not-verified",
            "Not verified",
            ("what", "count", "why"),
            tuple((part.what, part.count, part.why) for part in not_verified),
        )


def _row(collection: CollectionResult) -> tuple[Any, ...]:
    counts = Counter(collection.counts)
    benign = sum(count for code, count in counts.items() if code in BENIGN)
    missing, extra = counts[codes.MISSING.id], counts[codes.EXTRA.id]
    size = collection.source_bytes + collection.destination_bytes
    rate = (
        round(size / collection.seconds / 1e6, 1)
        if collection.seconds > 0 and not collection.resumed
        else None
    )
    return (
        collection.name,
        f"{collection.state}, by an earlier run" if collection.resumed else str(collection.state),
        collection.source_documents,
        collection.destination_documents,
        round(collection.source_bytes / 1e6, 1),
        collection.equal,
        missing,
        extra,
        collection.differing - missing - extra - benign,
        benign,
        rate,
    )
