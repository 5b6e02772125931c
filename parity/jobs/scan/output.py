"""A scan for machines: plain JSON, and SARIF 2.1.0 for code review."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from parity import __version__
from parity.jobs.scan.model import Finding, Place, Rule, ScanReport
from parity.jobs.scan.rules import RULES

FORMAT: Final = "parity-scan"
VERSION: Final = 1
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"breaking": "error", "security": "error", "benign": "note"}


def json_of(report: ScanReport) -> dict[str, Any]:
    """Return a report as JSON; ``schemas/scan.schema.json`` describes it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "cloud_files": report.cloud_files,
        "client_files": report.client_files,
        "bytes": report.bytes,
        "digests": report.digests,
        "findings": [_finding(each) for each in report.findings],
        "definitions": [
            {
                "kind": each.kind,
                "name": each.name,
                "class": each.class_name,
                "validated": each.validated,
                **_place(each.place),
            }
            for each in report.definitions
        ],
        "skipped": [
            {"path": each.path, "reason": each.reason, "doubt": each.doubt}
            for each in report.skipped
        ],
        "traffic": [
            {
                "recording": each.recording,
                "requests": each.requests,
                "clients": each.clients,
                "versions": [
                    {
                        "version": share.version,
                        "sdk": share.sdk,
                        "requests": share.requests,
                        "clients": share.clients,
                        "can_move": share.can_move,
                        "floor": share.floor,
                    }
                    for share in each.shares
                ],
            }
            for each in report.traffic
        ],
    }


def sarif_of(report: ScanReport) -> dict[str, Any]:
    """Return a report as SARIF 2.1.0, with every rule and the suppressed findings."""
    codes = list(RULES)
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "parity-scan",
                        "semanticVersion": __version__,
                        "rules": [_rule(each) for each in RULES.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, codes) for each in report.findings],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {
                                "level": "warning" if each.doubt else "note",
                                "message": {"text": f"{each.path}: {each.reason}"},
                            }
                            for each in report.skipped
                        ],
                    }
                ],
            }
        ],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _finding(finding: Finding) -> dict[str, Any]:
    rule = RULES[finding.rule]
    return {
        "code": rule.code,
        "area": rule.area,
        "severity": rule.severity,
        **_place(finding.place),
        "detail": finding.detail,
        "why": rule.why,
        "since": rule.since,
        "change": rule.change,
        "source": rule.source,
        "ignored": finding.ignored,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {
            "text": f"{rule.why} {rule.when} Source: {rule.source}.".replace("  ", " ")
        },
        "help": {"text": rule.change},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"severity": rule.severity, "area": rule.area},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    rule = RULES[finding.rule]
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.place.file)}}
    if finding.place.line:
        location["region"] = {
            "startLine": finding.place.line,
            "startColumn": finding.place.column,
        }
    result: dict[str, Any] = {
        "ruleId": rule.code,
        "ruleIndex": codes.index(rule.code),
        "level": _LEVELS[rule.severity],
        "message": {"text": f"{finding.detail}: {rule.why} {rule.change}"},
        "locations": [{"physicalLocation": location}],
    }
    if finding.ignored is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.ignored}]
    return result
