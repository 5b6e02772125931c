"""A new job is one new package: what CONTRIBUTING.md says is all that there is to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import parity.jobs
from parity.cli import job_commands, main
from parity.model import ExitCode
from parity.model.evidence import read_evidence
from parity.paths import shipped

GUIDE = shipped("suites").parent / "CONTRIBUTING.md"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of the guide, written down as it stands there."""
    text = GUIDE.read_text("utf-8")
    files = dict(re.findall(r"`parity/jobs/ping/(\S+)`\n\n```\w+\n(.*?)```", text, re.DOTALL))
    assert set(files) == {"__init__.py", "codes.toml", "job.py", "command.py"}
    folder = tmp_path / "jobs" / "ping"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
    monkeypatch.setattr(parity.jobs, "__path__", [*parity.jobs.__path__, str(folder.parent)])
    job_commands.cache_clear()
    yield folder
    job_commands.cache_clear()


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    reports = tmp_path / "reports"
    ran = CliRunner().invoke(main, ["ping", *arguments, "--report-dir", str(reports)])
    return ran.exit_code, ran.output


def test_the_job_of_the_guide_judges_and_is_in_every_output(package: Path, tmp_path: Path) -> None:
    assert "ping" in CliRunner().invoke(main, ["--help"]).output

    code, text = run(tmp_path, "127.0.0.1", "9")
    assert code == ExitCode.FAIL
    assert "PING-REFUSED" in text

    code, text = run(tmp_path, "127.0.0.1", "9", "--json")
    value = json.loads(text)
    assert (code, value["format"], value["verdict"]) == (ExitCode.FAIL, "parity-ping", "fail")

    first, _ = sorted((tmp_path / "reports").iterdir())
    [check] = read_evidence(first / "evidence.jsonl").checks
    assert check.finding is not None
    assert check.finding.code == "PING-REFUSED"
    assert "PING-REFUSED" in (first / "report.html").read_text("utf-8")


def test_its_codes_are_explained(package: Path) -> None:
    ran = CliRunner().invoke(main, ["explain", "PING-REFUSED"])
    assert ran.exit_code == 0
    assert "Start it" in ran.output
