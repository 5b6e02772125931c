"""A whole app as it was written for the hosted service, with every finding known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.jobs.scan import ScanReport, scan

HERE = Path(__file__).parent
EXPECTED = {
    "app/AppDelegate.swift": ["5 SCAN-CLIENT-INIT", "5 SCAN-CLIENT-KEY"],
    "app/Podfile": ["1 SCAN-SDK-OLD"],
    "cloud/app.js": [
        "2 SCAN-HOSTING-MODULE",
        "5 SCAN-CLOUD-PATH",
        "8 SCAN-CLOUD-URL",
        "14 SCAN-HOSTING-LISTEN",
    ],
    "cloud/lib/mail.js": [
        "1 SCAN-MODULE-MAILGUN",
        "2 SCAN-MODULE-MAILGUN",
        "9 SCAN-RESPONSE-CALLBACK",
        "16 SCAN-RESPONSE-CALLBACK",
    ],
    "cloud/lib/stars.js": [
        "8 SCAN-CURRENT-USER",
        "9 SCAN-PARSE-PROMISE",
        "10 SCAN-PUSH-NO-MASTER",
        "12 SCAN-RESPONSE-CALLBACK",
    ],
    "cloud/main.js": [
        "3 SCAN-MODULE-MOMENT",
        "4 SCAN-MODULE-PARSE-IMAGE",
        "5 SCAN-CLOUD-PATH",
        "6 SCAN-CLOUD-PATH",
        "7 SCAN-CLOUD-PATH",
        "14 SCAN-BACKBONE-CALLBACK",
        "16 SCAN-RESPONSE-CALLBACK",
        "19 SCAN-RESPONSE-CALLBACK",
        "28 SCAN-RESPONSE-CALLBACK",
        "30 SCAN-RESPONSE-CALLBACK",
        "34 SCAN-USE-MASTER-KEY",
        "42 SCAN-JOB-SCHEDULE",
        "43 SCAN-USE-MASTER-KEY",
        "46 SCAN-JOB-STATUS",
        "49 SCAN-JOB-STATUS",
        "51 SCAN-JOB-STATUS",
        "56 SCAN-HTTP-REQUEST",
        "59 SCAN-RESPONSE-CALLBACK",
    ],
}
REGISTERED = [
    "route GET /menu",
    "route POST /order",
    "function averageStars None",
    "function publish None",
    "trigger beforeSave Review",
    "trigger afterSave Comment",
    "trigger beforeDelete _User",
    "job userMigration None",
    "function thumbnail None",
    "function modern None",
]


@pytest.fixture(scope="module")
def report() -> ScanReport:
    return scan([HERE / "restaurant"])


def test_exactly_the_known_findings_are_found(report: ScanReport) -> None:
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        name = Path(finding.place.file).relative_to(HERE / "restaurant").as_posix()
        line = f"{finding.place.line} {finding.code}"
        if line not in found.setdefault(name, []):
            found[name].append(line)
    assert found == EXPECTED


def test_exactly_the_known_functions_are_listed(report: ScanReport) -> None:
    listed = [
        f"{definition.kind} {definition.name} {definition.class_name}"
        for definition in report.definitions
    ]
    assert listed == REGISTERED
