"""Findings as checks: one for each code, so that evidence shows what was looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parity.jobs.audit.codes import Code, explain
from parity.jobs.audit.engine import AuditReport
from parity.jobs.audit.files import CONFIDENCE, FileAnswer, upper_bound
from parity.jobs.audit.findings import Finding
from parity.jobs.audit.logins import LoginResult
from parity.model import Kind, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    KnownDifferenceEvent,
)
from parity.model.evidence import (
    Finding as FindingFact,
)

FETCHED = frozenset({Code.FILE_UNREACHABLE, Code.FILE_ENCRYPTED})
"""Codes that only asking the server for files decides."""
LOGINS = (Code.LOGIN_PASSWORD, Code.LOGIN_SESSION)
SHOWN = 20
"""Fields that one check shows."""


def checks_of(
    report: AuditReport,
    target: str,
    accepted: frozenset[Code] = frozenset(),
    *,
    file_key: bool | None = None,
) -> Iterator[CheckEvent]:
    """Yield a check for each code that an audit of a database decides.

    Args:
        report: What the audit found.
        target: Name of the target.
        accepted: Codes whose findings are known.
        file_key: Whether the server has a fileKey; ``None`` if nobody said.
    """
    for code in Code:
        if code in FETCHED or code in LOGINS:
            continue
        findings = report.of(code)
        unseen = _unseen(code, report, file_key=file_key)
        if unseen and not findings:
            yield _check(code, target, Outcome.UNSUPPORTED, unseen)
        else:
            yield _judge(code, target, findings, known=code in accepted)


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """Return ``fail`` if one of the findings is a reason to, else ``pass``."""
    return Outcome.FAIL if any(each.fails for each in findings) else Outcome.PASS


def sentence(findings: Iterable[Finding]) -> str:
    """Say in one line what was found of one code."""
    return "; ".join(
        f"{each.count:,} in {each.collection}{'.' if each.field else ''}{each.field}"
        f" (for example {each.examples[0].id})"
        if each.examples
        else f"{each.count:,} in {each.collection}"
        for each in findings
    )


def accepted_entry(code: Code, target: str) -> KnownDifferenceEvent:
    """Return the entry under which an accepted code is shown."""
    text = explain(code)
    return KnownDifferenceEvent(
        id=str(code),
        title=text.title,
        severity=text.severity,
        cause=text.breaks,
        effect=text.breaks,
        remedy=text.mend.replace("{{", "{").replace("}}", "}"),
        provenance="accepted with --accept",
        targets=(target,),
        observed=1,
    )


def login_checks(results: list[LoginResult], target: str) -> Iterator[CheckEvent]:
    """Yield the two checks of sampled logins.

    Args:
        results: One for each account and way; empty if nobody agreed.
        target: Name of the target.
    """
    for code in LOGINS:
        mine = [each for each in results if each.code is code]
        if not mine:
            yield _check(code, target, Outcome.UNSUPPORTED, "no account was given (--accounts)")
            continue
        worst = next(
            (each for outcome in _WORST for each in mine if each.outcome is outcome), mine[0]
        )
        good = sum(each.outcome is Outcome.PASS for each in mine)
        reason = f"{good} of {len(mine)} accounts; account {worst.number}: {worst.reason}"
        if worst.outcome is Outcome.PASS:
            reason = ""
        yield _check(code, target, worst.outcome, reason)


def file_check(answers: list[FileAnswer] | None, files: int, target: str) -> CheckEvent:
    """Return the check of files that were asked for.

    Args:
        answers: One for each file of the sample; ``None`` if nobody asked for the check.
        files: How many files there are.
        target: Name of the target.
    """
    code = Code.FILE_UNREACHABLE
    if answers is None:
        return _check(code, target, Outcome.UNSUPPORTED, "asked for with --check-files")
    asked = [each for each in answers if each.asked]
    bad = [each for each in asked if each.problem]
    if not asked:
        why = answers[0].problem if answers else "there is no file"
        return _check(code, target, Outcome.UNSUPPORTED, f"no file was asked for: {why}")
    bound = f"{len(bad):,} of {len(asked):,} files asked for (of {files:,}) cannot be fetched"
    if len(answers) < files:
        share = upper_bound(len(bad), len(asked))
        bound += f": at most {share:.1%} of all, with {CONFIDENCE:.0%} confidence"
    if not bad and len(asked) == len(answers):
        return _check(code, target, Outcome.PASS, "", title_note=bound)
    if not bad:
        skipped = next(each for each in answers if not each.asked)
        return _check(
            code, target, Outcome.ERROR, f"{bound}; others were not asked for: {skipped.problem}"
        )
    shown = tuple(
        _difference(f"{each.use.class_name}/{each.use.object_id}.{each.use.field}", each.problem)
        for each in bad[:SHOWN]
    )
    return _check(code, target, Outcome.FAIL, bound, shown)


def encrypted_check(
    answers: list[FileAnswer] | None, stored: frozenset[str], target: str
) -> CheckEvent:
    """Return the check that no file is in GridFS and answered with 404 all the same.

    Args:
        answers: One for each file of the sample; ``None`` if nobody asked for the check.
        stored: Names of files that were answered with 404 and are in GridFS.
        target: Name of the target.
    """
    code = Code.FILE_ENCRYPTED
    if answers is None:
        return _check(code, target, Outcome.UNSUPPORTED, "asked for with --check-files")
    if not any(each.asked for each in answers):
        return _check(code, target, Outcome.UNSUPPORTED, "no file was asked for")
    hidden = [each for each in answers if each.status == 404 and each.use.name in stored]
    if not hidden:
        return _check(code, target, Outcome.PASS, "")
    shown = tuple(
        _difference(f"{each.use.class_name}/{each.use.object_id}.{each.use.field}", each.problem)
        for each in hidden[:SHOWN]
    )
    reason = f"{len(hidden):,} of {len(answers):,} files are in GridFS and answered with 404"
    return _check(code, target, Outcome.FAIL, reason, shown)


_WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNSUPPORTED)


def _unseen(code: Code, report: AuditReport, *, file_key: bool | None) -> str:
    if code is Code.FILE_MISSING and not report.gridfs:
        return "no files are in GridFS, so their existence cannot be looked up in the database"
    if code is Code.FILE_NO_KEY and file_key is None:
        return "whether the server has a fileKey is not known; use --target"
    return ""


def _judge(code: Code, target: str, findings: tuple[Finding, ...], *, known: bool) -> CheckEvent:
    outcome = outcome_of(findings)
    entry = str(code) if known and findings else None
    if entry is not None:
        outcome = Outcome.KNOWN_DIFFERENCE
    differences = tuple(
        _difference(
            f"{each.collection}.{each.field}" if each.field else each.collection,
            f"{each.count:,}: "
            + ", ".join(
                f"{one.id} ({one.detail})" if one.detail else one.id for one in each.examples
            ),
            entry,
        )
        for each in findings[:SHOWN]
    )
    finding = None
    if findings:
        text = explain(code)
        versions = f" Versions: {text.versions}." if text.versions else ""
        remedy = "\n".join(dict.fromkeys(each.mend for each in findings[:SHOWN]))
        severity = max((each.severity for each in findings), key=_SEVERITIES.index)
        finding = FindingFact(str(code), severity, text.breaks + versions, remedy)
    reason = sentence(findings)
    if findings and outcome is Outcome.PASS:
        reason = f"harmless: {reason}"
    return _check(code, target, outcome, reason, differences, finding)


_SEVERITIES = ("benign", "security", "breaking")


def _difference(path: str, actual: str, known: str | None = None) -> DifferenceFact:
    return DifferenceFact(path, Kind.VALUE, "none", actual, known)


def _check(
    code: Code,
    target: str,
    outcome: Outcome,
    reason: str,
    differences: tuple[DifferenceFact, ...] = (),
    finding: FindingFact | None = None,
    *,
    title_note: str = "",
) -> CheckEvent:
    text = explain(code)
    if finding is None and outcome is Outcome.FAIL:
        remedy = text.mend.replace("{{", "{").replace("}}", "}")
        finding = FindingFact(str(code), text.severity, text.breaks, remedy)
    title = f"None: {text.title[0].lower()}{text.title[1:]}" + (f" {title_note}" * bool(title_note))
    return CheckEvent(
        id=f"audit/{code}",
        nodeid=f"audit/{code}[{target}]",
        target=target,
        area="data",
        level="should" if text.severity == "benign" else "must",
        effect="reads",
        spec=(),
        title=title,
        outcome=outcome,
        reason=reason,
        differences=differences,
        findings=(finding,) if finding else (),
    )
