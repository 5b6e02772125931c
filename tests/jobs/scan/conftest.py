"""What the tests of the scan share: a folder from texts, and what a scan of it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from parity.jobs.scan import ScanReport, scan

Scan = Callable[..., ScanReport]


@pytest.fixture
def scan_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scan files given by name and text, relative to a folder of their own."""
    monkeypatch.chdir(tmp_path)

    def run(files: dict[str, str], *roots: str, **options: object) -> ScanReport:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        given = roots or tuple(dict.fromkeys(name.partition("/")[0] for name in files))
        return scan([Path(each) for each in given], **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def cloud(scan_files: Scan) -> Callable[[str], list[str]]:
    """Return the codes that a scan finds in one file of cloud code, line by line."""

    def run(source: str) -> list[str]:
        report = scan_files({"cloud/main.js": source})
        return [f"{finding.code}:{finding.place.line}" for finding in report.findings]

    return run
