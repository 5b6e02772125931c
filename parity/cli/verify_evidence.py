"""What ``parity verify`` found, as evidence, as ``verify.json`` and as ``differences.jsonl``."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

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
    Finding,
    KnownDifferenceEvent,
    TableEvent,
)
from parity.report.files import write_text
from parity.report.oldjob import Job
from parity.wire import Redactor

MOST_IN_EVIDENCE: Final = 100
"""Differences of one collection that its check shows; differences.jsonl has them all."""

_STEP: Final = re.compile(r"[.\[]")
_OUTCOMES: Final = {
    State.NOT_VERIFIED: Outcome.UNSUPPORTED,
    State.EMPTY: Outcome.UNSUPPORTED,
    State.NOT_JUDGED: Outcome.ERROR,
}


class write_files:  # noqa: N801 - it is used like a function
    """Writes the machine-readable files of a run; a context manager.

    ``differences.jsonl`` has a line for each differing document, written as it is found:
    collection, ``_id``, code and the paths that differ, but no value.

    Args:
        folder: The report's folder.
        redactor: Redacts the examples of ``verify.json``.
    """

    def __init__(self, folder: Path, redactor: Redactor) -> None:
        self._folder = folder
        self._redactor = redactor
        self._file: TextIO | None = None

    def difference(self, each: DocumentDifference) -> None:
        """Write one differing document."""
        line = {
            "collection": each.collection,
            "_id": each.id,
            "code": each.code,
            "paths": [difference.path for difference in each.differences],
        }
        if each.age_s is not None:
            line["age_s"] = each.age_s
        assert self._file is not None
        try:
            self._file.write(f"{json.dumps(line)}\n")
        except OSError as error:
            raise UserError(
                f"cannot write {self._file.name}: {error.strerror}",
                "Make room on the disk and run again with --resume.",
                code="report-unwritable",
            ) from None

    def result(self, result: VerifyResult) -> None:
        """Write the whole result, redacted."""
        plain = asdict(_redacted_result(result, self._redactor))
        plain.pop("permanent")  # differences.jsonl has them
        value = {"format": "parity-verify", "version": 1, **plain}
        write_text(self._folder / "verify.json", json.dumps(value, indent=1) + "\n")

    def __enter__(self) -> Self:
        self._file = (self._folder / "differences.jsonl").open("w", encoding="ascii")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


def write_evidence(
    job: Job, result: VerifyResult, target: str, redactor: Redactor, *, strict: bool
) -> None:
    """Write a check for each collection and for its structure, and tables.

    Args:
        job: The run.
        result: What was found.
        target: Name of the judged target.
        redactor: Redacts values by the name of their field.
        strict: Whether benign differences fail.
    """
    reproduce = f"parity verify --from {result.source.name} --to {target}"
    benign: Counter[str] = Counter()
    for each in result.collections:
        title = _structure_title(each, result.source.kind)
        for check in _checks(each, target, redactor, reproduce, title, strict=strict):
            job.check(check)
            benign.update({fact.known for fact in check.differences if fact.known})
    for code, observed in sorted(benign.items()):
        job.known(_registered(code, target, observed))
    for table in _tables(result):
        job.table(table)
    for text in result.assured:
        job.notice("info", text)
    if result.in_sync_as_of:
        job.notice("info", f"In sync as of {result.in_sync_as_of}.", target)
    for text in result.problems:
        job.notice("error", redactor.text(text))
    if result.unsettled:
        job.notice(
            "error",
            f"{len(result.unsettled):,} documents still differed when watching ended, and may "
            "settle: they are in differences.jsonl with their age.",
        )


def said(each: CollectionResult) -> str:
    """Return one line about a collection."""
    if each.state is not State.VERIFIED:
        return f"{each.state}: {each.reason}"
    codes = Counter(each.counts)
    codes.update(difference.code for difference in each.structure)
    counted = ", ".join(f"{count:,} {code}" for code, count in codes.most_common())
    return counted or f"all {each.equal:,} documents are equal"


def _checks(
    each: CollectionResult,
    target: str,
    redactor: Redactor,
    reproduce: str,
    structure_title: str,
    *,
    strict: bool,
) -> Iterator[CheckEvent]:
    whole = [d for d in each.structure if d.code.startswith("VER-COLLECTION")]
    rest = [d for d in each.structure if d not in whole]
    facts = [_structure_fact(difference, redactor) for difference in whole]
    facts += list(_document_facts(each.examples, redactor))
    codes = Counter(each.counts) + Counter(difference.code for difference in whole)
    check = CheckEvent(
        id=f"verify/{each.name}",
        nodeid=f"verify/{each.name}[{target}]",
        target=target,
        area="data",
        level="must",
        effect="reads",
        spec=(),
        title=f"Every document of {each.name} is the same.",
        outcome=_OUTCOMES.get(each.state, Outcome.PASS),
        reason="" if each.state is State.VERIFIED else redactor.text(each.reason),
        duration_s=each.seconds,
    )
    if each.state in (State.VERIFIED, State.NOT_JUDGED):
        yield _judged(check, codes, facts, whole, reproduce, strict=strict)
    else:
        yield check
    if structure_title and each.state is State.VERIFIED and not whole:
        structure = replace(
            check,
            id=f"{check.id}/structure",
            nodeid=f"verify/{each.name}/structure[{target}]",
            title=structure_title,
            duration_s=0.0,
        )
        codes = Counter(difference.code for difference in rest)
        facts = [_structure_fact(difference, redactor) for difference in rest]
        yield _judged(structure, codes, facts, rest, reproduce, strict=strict)


def _structure_title(each: CollectionResult, kind: str) -> str:
    """Return what the check of a collection's structure claims, nothing if none was compared.

    Only a database shows indexes and options; other sources show schemas, or just objects.
    """
    if kind not in ("export", "REST"):
        return f"Options and indexes of {each.name} are the same."
    if each.name == "_SCHEMA":
        return "The schemas and class-level permissions are the same."
    return f"_SCHEMA has a column for every field of {each.name}." if each.structure else ""


def _judged(
    check: CheckEvent,
    codes: Counter[str],
    facts: list[DifferenceFact],
    structure: Iterable[StructureDifference],
    reproduce: str,
    *,
    strict: bool,
) -> CheckEvent:
    """Give a check its outcome, its differences and the finding that says most."""
    if not codes:
        return check
    failing = [code for code, _ in codes.most_common() if strict or code not in BENIGN]
    code = CODES[failing[0] if failing else codes.most_common(1)[0][0]]
    if strict:
        facts = [replace(fact, known=None) for fact in facts]
    outcome = Outcome.FAIL if failing else Outcome.KNOWN_DIFFERENCE
    counted = ", ".join(f"{count:,} {name}" for name, count in codes.most_common())
    commands = [each.remedy for each in structure if each.code == code.code and each.remedy]
    return replace(
        check,
        outcome=outcome if check.outcome is Outcome.PASS or failing else check.outcome,
        reason=f"{check.reason} {counted}: {code.title}".strip(),
        differences=tuple(facts),
        findings=(
            Finding(
                code.code, code.severity, code.cause, " ".join([code.remedy, *commands]), reproduce
            ),
        ),
    )


def _document_facts(
    examples: Iterable[DocumentDifference], redactor: Redactor
) -> Iterator[DifferenceFact]:
    left = MOST_IN_EVIDENCE
    for each in sorted(examples, key=lambda each: each.code in BENIGN):
        id_ = each.id if isinstance(each.id, str) else json.dumps(each.id, sort_keys=True)
        place = f"{each.collection}/{id_}"
        known = each.code if each.code in BENIGN else None
        kind = Kind.EXTRA if each.code == "VER-EXTRA" else Kind.MISSING
        whole = Difference("", kind, *(("document", None) if known is None else (None, None)))
        if kind is Kind.EXTRA:
            whole = replace(whole, expected=None, actual="document")
        for difference in each.differences or (whole,):
            if not left:
                return
            left -= 1
            shown = redacted(difference, redactor)
            path = f"{place}.{shown.path}" if shown.path else place
            yield DifferenceFact(
                path, shown.kind, shown.expected, shown.actual, known, source=each.code
            )


def _structure_fact(each: StructureDifference, redactor: Redactor) -> DifferenceFact:
    shown = redacted(each.difference, redactor)
    known = each.code if each.code in BENIGN else None
    path = each.collection if shown.path == each.collection else f"{each.collection}.{shown.path}"
    return DifferenceFact(path, shown.kind, shown.expected, shown.actual, known, source=each.code)


def redacted(difference: Difference, redactor: Redactor) -> Difference:
    """Return a difference without secrets and personal data.

    Args:
        difference: Values are redacted by the names on their path: what is below
            ``_auth_data_facebook`` is as secret as the field itself.
        redactor: Redacts.
    """
    names = [each.rstrip("]").strip("'\"") for each in _STEP.split(difference.path) if each]

    def without(value: Any) -> Any:
        for name in reversed(names):
            value = {name: value}
        value = redactor.json(value)
        for _ in names:
            (value,) = value.values()
        return value

    return replace(
        difference, expected=without(difference.expected), actual=without(difference.actual)
    )


def _redacted_result(result: VerifyResult, redactor: Redactor) -> VerifyResult:
    def documents(each: Iterable[DocumentDifference]) -> tuple[DocumentDifference, ...]:
        return tuple(
            replace(one, differences=tuple(redacted(d, redactor) for d in one.differences))
            for one in each
        )

    return replace(
        result,
        collections=tuple(
            replace(each, examples=documents(each.examples)) for each in result.collections
        ),
        unsettled=documents(result.unsettled),
        permanent=(),
        problems=tuple(redactor.text(each) for each in result.problems),
    )


def _registered(code: str, target: str, observed: int) -> KnownDifferenceEvent:
    each = CODES[code]
    return KnownDifferenceEvent(
        id=each.code,
        title=each.title,
        severity=each.severity,
        cause=each.cause,
        effect="None that an app notices.",
        remedy=each.remedy,
        provenance="docs/verify.md",
        targets=(target,),
        observed=observed,
    )


def _tables(result: VerifyResult) -> Iterator[TableEvent]:
    yield TableEvent(
        "sides",
        "What was compared",
        ("side", "name", "where", "kind", "version"),
        tuple(
            (side, each.name, each.where, each.kind, each.version)
            for side, each in (("source", result.source), ("destination", result.destination))
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
        tuple(_row(each) for each in result.collections),
        "Megabytes are of BSON and MB/s of both sides together; benign are differences of field "
        "order and number type, and row ids of relations.",
    )
    codes: Counter[str] = Counter()
    for collection in result.collections:
        codes.update(collection.counts)
        codes.update(each.code for each in collection.structure)
    if codes:
        rows = tuple(
            (code, count, CODES[code].severity, CODES[code].title, CODES[code].remedy)
            for code, count in codes.most_common()
        )
        yield TableEvent("codes", "What differs", ("code", "count", "severity", "what", "do"), rows)
    not_verified = [
        *result.not_verified,
        *(
            replace(each, what=f"{collection.name}: {each.what}")
            for collection in result.collections
            for each in collection.not_verified
        ),
    ]
    if not_verified:
        yield TableEvent(
            "not-verified",
            "Not verified",
            ("what", "count", "why"),
            tuple((each.what, each.count, each.why) for each in not_verified),
        )


def _row(each: CollectionResult) -> tuple[Any, ...]:
    counts = Counter(each.counts)
    benign = sum(count for code, count in counts.items() if code in BENIGN)
    missing, extra = counts["VER-MISSING"], counts["VER-EXTRA"]
    size = each.source_bytes + each.destination_bytes
    rate = round(size / each.seconds / 1e6, 1) if each.seconds > 0 and not each.resumed else None
    return (
        each.name,
        f"{each.state}, by an earlier run" if each.resumed else str(each.state),
        each.source_documents,
        each.destination_documents,
        round(each.source_bytes / 1e6, 1),
        each.equal,
        missing,
        extra,
        each.differing - missing - extra - benign,
        benign,
        rate,
    )
