"""Findings as checks of evidence: one for each rule, so that it shows what was looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from parity.jobs.scan.model import Area, Finding, Rule, ScanReport
from parity.jobs.scan.rules import RULES
from parity.model import Kind, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    KnownDifferenceEvent,
    TableEvent,
)
from parity.model.evidence import (
    Finding as FindingFact,
)
from parity.wire import Redactor

TARGET = "source"
"""The target that a scan judges."""
SHOWN = 20
"""Places that one check shows."""

_NOTHING = {
    "cloud-code": "no cloud code was given",
    "clients": "no source of a client was given",
    "traffic": "no recording was given (--recording)",
}


def redacted(report: ScanReport, redactor: Redactor) -> ScanReport:
    """Return a report without secrets and terminal commands, wherever it quotes the source.

    Args:
        report: What was found.
        redactor: Knows ``report.secrets``.
    """

    def text(quoted: str) -> str:
        clean = redactor.text(quoted)
        return "".join(each if each.isprintable() else "?" for each in clean)

    return replace(
        report,
        findings=tuple(
            replace(
                each,
                place=replace(each.place, file=text(each.place.file)),
                detail=text(each.detail),
                ignored=None if each.ignored is None else text(each.ignored),
            )
            for each in report.findings
        ),
        definitions=tuple(
            replace(
                each,
                name=text(each.name),
                class_name=None if each.class_name is None else text(each.class_name),
                place=replace(each.place, file=text(each.place.file)),
            )
            for each in report.definitions
        ),
        skipped=tuple(replace(each, path=text(each.path)) for each in report.skipped),
        traffic=tuple(
            replace(
                each,
                recording=text(each.recording),
                shares=tuple(replace(one, version=text(one.version)) for one in each.shares),
            )
            for each in report.traffic
        ),
    )


def checks_of(report: ScanReport) -> Iterator[CheckEvent]:
    """Yield a check for each rule.

    A rule whose input was not given is unsupported, so that a scan of nothing does not pass.
    """
    given = {
        "cloud-code": report.cloud_files,
        "clients": report.client_files,
        "traffic": sum(each.requests for each in report.traffic),
    }
    for rule in RULES.values():
        yield _check(rule, report, given[rule.area])


def known_entries(report: ScanReport) -> Iterator[KnownDifferenceEvent]:
    """Yield an entry for each rule of which a comment suppresses a finding."""
    for rule in RULES.values():
        ignored = [each for each in report.findings if each.rule == rule.code and each.ignored]
        if ignored:
            reasons = dict.fromkeys(each.ignored or "" for each in ignored)
            yield KnownDifferenceEvent(
                id=rule.code,
                title=rule.title,
                severity=rule.severity,
                cause=rule.why,
                effect=rule.why,
                remedy=rule.change,
                provenance=f"suppressed in the source: {'; '.join(reasons)}",
                targets=(TARGET,),
                observed=1,
            )


def tables_of(report: ScanReport) -> Iterator[TableEvent]:
    """Yield what the cloud code registers, and the versions of the clients."""
    if report.definitions:
        yield TableEvent(
            id="definitions",
            title="What the cloud code registers",
            columns=("kind", "name", "class or path", "validated", "where"),
            rows=tuple(
                (each.kind, each.name, each.class_name, each.validated, str(each.place))
                for each in report.definitions
            ),
            note="Names that are made while the code runs are SCAN-DEFINITION-UNKNOWN.",
        )
    for number, traffic in enumerate(report.traffic):
        yield TableEvent(
            id="clients" if not number else f"clients-{number + 1}",
            title=f"Clients in {traffic.recording}",
            columns=(
                "version",
                "SDK",
                "requests",
                "requests %",
                "clients",
                "clients %",
                "can move",
            ),
            rows=tuple(
                (
                    each.version or "(none)",
                    each.sdk,
                    each.requests,
                    _percent(each.requests, traffic.requests),
                    each.clients,
                    _percent(each.clients, traffic.clients),
                    {True: "yes", False: f"no, from {each.floor} on", None: "unknown"}[
                        each.can_move
                    ],
                )
                for each in traffic.shares
            ),
            note=f"{traffic.requests:,} requests of {traffic.clients:,} clients; a client that "
            "sends two versions counts for both.",
        )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _check(rule: Rule, report: ScanReport, given: int) -> CheckEvent:
    all_ = [each for each in report.findings if each.rule == rule.code]
    active = [each for each in all_ if each.ignored is None]
    if not given:
        return _event(rule, Outcome.UNSUPPORTED, _NOTHING[rule.area], [])
    if active and rule.severity != "benign":
        return _event(rule, Outcome.FAIL, _sentence(active), all_)
    if not active and all_:
        return _event(rule, Outcome.KNOWN_DIFFERENCE, f"{len(all_)} suppressed", all_)
    return _event(rule, Outcome.PASS, _sentence(active) if active else "", all_)


def _sentence(findings: list[Finding]) -> str:
    first = findings[0]
    more = f" and {len(findings) - 1:,} more" if len(findings) > 1 else ""
    return f"{first.detail} at {first.place}{more}"


def _event(rule: Rule, outcome: Outcome, reason: str, findings: list[Finding]) -> CheckEvent:
    fact = FindingFact(
        code=rule.code,
        severity=rule.severity,
        cause=f"{rule.why} {rule.when} Source: {rule.source}.".replace("  ", " "),
        remedy=rule.change,
    )
    return CheckEvent(
        id=f"scan/{rule.code}",
        nodeid=f"scan/{rule.code}[{TARGET}]",
        target=TARGET,
        area=_area(rule.area),
        level="may" if rule.severity == "benign" else "must",
        effect="reads",
        spec=(),
        title=rule.title,
        outcome=outcome,
        reason=reason,
        differences=tuple(
            DifferenceFact(
                path=str(each.place),
                kind=Kind.EXTRA,
                expected=None,
                actual=each.detail,
                known=rule.code if each.ignored is not None else None,
                source=rule.source,
            )
            for each in findings[:SHOWN]
        ),
        findings=(fact,) if any(each.ignored is None for each in findings) else (),
    )


def _area(area: Area) -> str:
    return "clients" if area == "traffic" else area
