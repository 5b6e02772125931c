"""A scan for machines: plain JSON, and SARIF 2.1.0 for code review."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from parity import __version__
from parity.jobs.scan.codes import CODES, area_of, explained, since
from parity.jobs.scan.model import Match, Place, ScanReport
from parity.model.finding import Code

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"breaking": "error", "security": "error", "benign": "note"}


def json_of(report: ScanReport) -> dict[str, Any]:
    """Return a report as JSON; ``schemas/scan.schema.json`` describes it."""
    return {
        "cloud_files": report.cloud_files,
        "client_files": report.client_files,
        "bytes": report.bytes,
        "read": [asdict(group) for group in report.groups],
        "digests": report.digests,
        "findings": [_finding(finding) for finding in report.findings],
        "definitions": [
            {
                "kind": definition.kind,
                "name": definition.name,
                "class": definition.class_name,
                "validated": definition.validated,
                **_place(definition.place),
            }
            for definition in report.definitions
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
    codes = list(CODES)
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "parity-scan",
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for code in CODES.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes) for finding in report.findings],
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


def _finding(match: Match) -> dict[str, Any]:
    code = match.code
    return {
        "code": code.id,
        "area": area_of(code),
        "severity": code.severity,
        **_place(match.place),
        "detail": match.detail,
        "why": code.cause,
        "since": since(code),
        "change": code.remedy,
        "source": code.source,
        "ignored": match.ignored,
    }


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": explained(code)},
        "help": {"text": code.remedy},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "properties": {"severity": code.severity, "area": area_of(code)},
    }


def _result(match: Match, codes: list[str]) -> dict[str, Any]:
    code = match.code
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(match.place.file)}}
    if match.place.line:
        location["region"] = {
            "startLine": match.place.line,
            "startColumn": match.place.column,
        }
    result: dict[str, Any] = {
        "ruleId": code.id,
        "ruleIndex": codes.index(code.id),
        "level": _LEVELS[code.severity],
        "message": {"text": f"{match.detail}: {code.cause} {code.remedy}"},
        "locations": [{"physicalLocation": location}],
    }
    if match.ignored is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": match.ignored}]
    return result
