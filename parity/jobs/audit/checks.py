"""What is unsound as checks: one for each code, so that evidence shows what was looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from parity.jobs.audit import codes
from parity.jobs.audit.codes import CODES, remedy_of
from parity.jobs.audit.engine import AuditReport
from parity.jobs.audit.files import CONFIDENCE, FileAnswer, upper_bound
from parity.jobs.audit.findings import Unsound
from parity.jobs.audit.logins import LoginResult
from parity.model import Kind, Outcome
from parity.model.evidence import CheckEvent, DifferenceFact, Finding, KnownDifferenceEvent
from parity.model.finding import Code
from parity.model.judged import Judged

FETCHED: Final = frozenset({codes.FILE_UNREACHABLE, codes.FILE_ENCRYPTED})
"""Codes that only asking the server for files decides."""
LOGINS: Final = (codes.LOGIN_PASSWORD, codes.LOGIN_SESSION)
SHOWN: Final = 20
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
    for code in CODES.values():
        if code in FETCHED or code in LOGINS:
            continue
        findings = report.of(code)
        unseen = _unseen(code, report, file_key=file_key)
        if unseen and not findings:
            yield _check(code, target, Outcome.UNSUPPORTED, unseen)
        else:
            yield _judge(code, target, findings, known=code in accepted)


def outcome_of(found: Iterable[Unsound]) -> Outcome:
    """Return ``fail`` if one of them is a reason to, else ``pass``."""
    return Outcome.FAIL if any(unsound.fails for unsound in found) else Outcome.PASS


def sentence(found: Iterable[Unsound]) -> str:
    """Say in one line what was found of one code."""
    return "; ".join(
        f"{unsound.count:,} in {unsound.place} (for example {unsound.examples[0].id})"
        if unsound.examples
        else f"{unsound.count:,} in {unsound.collection}"
        for unsound in found
    )


def accepted_entry(code: Code, target: str) -> KnownDifferenceEvent:
    """Return the entry under which an accepted code is shown."""
    return KnownDifferenceEvent(
        id=code.id,
        title=code.title,
        severity=code.severity,
        cause=code.effect,
        effect=code.effect,
        remedy=remedy_of(code),
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
        mine = [result for result in results if result.code is code]
        if not mine:
            yield _check(code, target, Outcome.UNSUPPORTED, "no account was given (--accounts)")
            continue
        worst = next(
            (result for outcome in _WORST for result in mine if result.outcome is outcome), mine[0]
        )
        good = sum(result.outcome is Outcome.PASS for result in mine)
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
    code = codes.FILE_UNREACHABLE
    if answers is None:
        return _check(code, target, Outcome.UNSUPPORTED, "asked for with --check-files")
    asked = [answer for answer in answers if answer.asked]
    bad = [answer for answer in asked if answer.problem]
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
        skipped = next(answer for answer in answers if not answer.asked)
        return _check(
            code, target, Outcome.ERROR, f"{bound}; others were not asked for: {skipped.problem}"
        )
    return _check(code, target, Outcome.FAIL, bound, _shown(bad))


def encrypted_check(
    answers: list[FileAnswer] | None, stored: frozenset[str], target: str
) -> CheckEvent:
    """Return the check that no file is in GridFS and answered with 404 all the same.

    Args:
        answers: One for each file of the sample; ``None`` if nobody asked for the check.
        stored: Names of files that were answered with 404 and are in GridFS.
        target: Name of the target.
    """
    code = codes.FILE_ENCRYPTED
    if answers is None:
        return _check(code, target, Outcome.UNSUPPORTED, "asked for with --check-files")
    if not any(answer.asked for answer in answers):
        return _check(code, target, Outcome.UNSUPPORTED, "no file was asked for")
    hidden = [answer for answer in answers if answer.status == 404 and answer.use.name in stored]
    if not hidden:
        return _check(code, target, Outcome.PASS, "")
    reason = f"{len(hidden):,} of {len(answers):,} files are in GridFS and answered with 404"
    return _check(code, target, Outcome.FAIL, reason, _shown(hidden))


_WORST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNSUPPORTED)


def _unseen(code: Code, report: AuditReport, *, file_key: bool | None) -> str:
    if code is codes.FILE_MISSING and not report.gridfs:
        return "no files are in GridFS, so their existence cannot be looked up in the database"
    if code is codes.FILE_NO_KEY and file_key is None:
        return "whether the server has a fileKey is not known; use --target"
    return ""


def _judge(code: Code, target: str, found: tuple[Unsound, ...], *, known: bool) -> CheckEvent:
    outcome = outcome_of(found)
    entry = code.id if known and found else None
    if entry is not None:
        outcome = Outcome.KNOWN_DIFFERENCE
    differences = tuple(
        _difference(
            unsound.place,
            f"{unsound.count:,}: "
            + ", ".join(
                f"{one.id} ({one.detail})" if one.detail else one.id for one in unsound.examples
            ),
            entry,
        )
        for unsound in found[:SHOWN]
    )
    reason = sentence(found)
    if found and outcome is Outcome.PASS:
        reason = f"harmless: {reason}"
    findings = (_finding(code, found),) if found else ()
    return _check(code, target, outcome, reason, differences, findings)


def _finding(code: Code, found: tuple[Unsound, ...]) -> Finding:
    """Return one finding for all places of a code; its severity may depend on the database."""
    versions = f" Versions: {code.versions}." if code.versions else ""
    remedy = "\n".join(dict.fromkeys(unsound.remedy for unsound in found[:SHOWN]))
    severity = max((unsound.severity for unsound in found), key=_SEVERITIES.index)
    return replace(
        code.finding(remedy=remedy),
        severity=severity,
        cause=code.effect + versions,
        fails=any(unsound.fails for unsound in found),
    )


_SEVERITIES = ("benign", "security", "breaking")


def _shown(answers: list[FileAnswer]) -> tuple[DifferenceFact, ...]:
    return tuple(
        _difference(f"{use.class_name}/{use.object_id}.{use.field}", answer.problem)
        for answer in answers[:SHOWN]
        for use in (answer.use,)
    )


def _difference(path: str, actual: str, known: str | None = None) -> DifferenceFact:
    return DifferenceFact(path, Kind.VALUE, "none", actual, known)


def _check(
    code: Code,
    target: str,
    outcome: Outcome,
    reason: str,
    differences: tuple[DifferenceFact, ...] = (),
    findings: tuple[Finding, ...] = (),
    *,
    title_note: str = "",
) -> CheckEvent:
    if outcome is Outcome.FAIL and not findings:
        findings = (code.finding(remedy=remedy_of(code)),)
    note = f" {title_note}" if title_note else ""
    title = f"None: {code.title[0].lower()}{code.title[1:]}{note}"
    return Judged(code.id, title, outcome, reason, findings).event(
        "audit",
        target,
        area="data",
        level="should" if code.severity == "benign" else "must",
        differences=differences,
    )
