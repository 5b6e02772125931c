"""Comments that suppress a finding."""

from __future__ import annotations

import pytest

from parity.jobs.scan import ScanReport
from parity.jobs.scan.job import checks_of
from parity.model import Outcome
from tests.jobs.scan.conftest import Scan

BAD = "Parse.Cloud.useMasterKey();"
WHY = "parity-scan: ignore SCAN-USE-MASTER-KEY because it is gone next week"


def outcome(report: ScanReport, code: str) -> Outcome:
    return next(each.outcome for each in checks_of(report) if each.id == f"scan/{code}")


@pytest.mark.parametrize(
    "source",
    [
        f"{BAD} // {WHY}",
        f"// {WHY}\n{BAD}",
        f"/* {WHY} */\n\n// more\n{BAD}",
        f"f();\n/*\n * {WHY}\n */\n{BAD}",
        f"{BAD}\nf();\n// {WHY.replace('ignore', 'ignore-file')}",
        f"// {WHY.replace('SCAN-USE', 'SCAN-CONFIG, SCAN-USE')}\n{BAD}",
    ],
)
def test_a_comment_with_a_reason_suppresses(scan_files: Scan, source: str) -> None:
    report = scan_files({"cloud/main.js": source})
    assert [finding.ignored for finding in report.findings] == ["it is gone next week"]
    assert outcome(report, "SCAN-USE-MASTER-KEY") is Outcome.KNOWN_DIFFERENCE


@pytest.mark.parametrize(
    "source",
    [
        f"{BAD} // parity-scan: ignore SCAN-USE-MASTER-KEY",
        f"{BAD} // parity-scan: ignore SCAN-CONFIG because of that",
        f"f(); // {WHY}\n{BAD}",
        f"// {WHY}\nf();\n{BAD}",
        f"f('{WHY}'); {BAD}",
    ],
)
def test_any_other_comment_does_not(scan_files: Scan, source: str) -> None:
    report = scan_files({"cloud/main.js": source})
    assert len(report.of("SCAN-USE-MASTER-KEY")) == 1
    assert outcome(report, "SCAN-USE-MASTER-KEY") is Outcome.FAIL


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("parity-scan: ignore SCAN-CONFIG because x", "suppresses nothing"),
        ("parity-scan: ignore SCAN-CONFIG", "gives no reason"),
    ],
)
def test_a_comment_that_does_nothing_is_said(scan_files: Scan, comment: str, says: str) -> None:
    report = scan_files({"cloud/main.js": f"f(); // {comment}"})
    assert [says in each.reason for each in report.skipped] == [True]


def test_one_of_two_suppressed_still_fails(scan_files: Scan) -> None:
    report = scan_files({"cloud/main.js": f"{BAD} // {WHY}\n{BAD}"})
    assert outcome(report, "SCAN-USE-MASTER-KEY") is Outcome.FAIL


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A.swift", 'let u = "api.parse.com" // parity-scan: ignore SCAN-CLIENT-URL because of x'),
        ("a.rb", "# parity-scan: ignore SCAN-CLIENT-URL because of x\nu = 'api.parse.com'"),
        (
            "a.html",
            "<!-- parity-scan: ignore SCAN-CLIENT-URL because of x -->\n<a href='//api.parse.com'>",
        ),
    ],
)
def test_comments_of_other_languages_suppress_too(scan_files: Scan, name: str, text: str) -> None:
    report = scan_files({f"app/{name}": text})
    assert [finding.ignored for finding in report.findings] == ["of x"]
