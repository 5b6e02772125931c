"""A command that judges: evidence, pages and exit code, however it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parity.model import ExitCode, Kind, Outcome
from parity.model.evidence import Chart, DifferenceFact, Finding, TableEvent, read_evidence
from parity.report.oldjob import Job
from parity.wire import Redactor
from tests.model.samples import check, facts, known

SECRET = "planted-rest-key"
REDACTOR = Redactor({SECRET: "$REST_KEY"}, b"0123456789abcdef")
FINDING = Finding("VER-MISSING", "breaking", "It was never copied.", "Copy it.", "parity x")
HOSTILE = "<script>document.title='owned'</script>"


def job(tmp_path: Path, **more: Any) -> Job:
    given = {
        "name": "verify",
        "unit": "collection",
        "targets": (facts("hosted"),),
        "reports": tmp_path / "reports",
        "redactor": REDACTOR,
        **more,
    }
    return Job(**given)


def test_a_job_without_a_failure_passes_and_leaves_its_three_files(tmp_path: Path) -> None:
    with job(tmp_path) as one:
        one.check(check())
        judged = one.finish()

    assert judged.sentence == "1 collection passes."
    assert one.exit_code is ExitCode.PASS
    assert {each.name for each in one.folder.iterdir()} == {
        "evidence.jsonl",
        "report.html",
        "summary.json",
    }


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.FAIL, ExitCode.FAIL),
        (Outcome.KNOWN_DIFFERENCE, ExitCode.PASS),
        (Outcome.UNSUPPORTED, ExitCode.CANNOT_JUDGE),
        (Outcome.ERROR, ExitCode.CANNOT_JUDGE),
    ],
)
def test_the_exit_code_follows_from_the_outcomes(
    tmp_path: Path, outcome: Outcome, code: ExitCode
) -> None:
    with job(tmp_path) as one:
        one.check(check(outcome=outcome))
        one.finish()

    assert one.exit_code is code


def test_a_job_that_judged_nothing_does_not_pass(tmp_path: Path) -> None:
    with job(tmp_path) as one:
        judged = one.finish()

    assert one.exit_code is ExitCode.CANNOT_JUDGE
    assert "No collection was judged on hosted" in judged.sentence


def test_a_notice_of_an_error_keeps_a_job_from_passing(tmp_path: Path) -> None:
    with job(tmp_path) as one:
        one.check(check())
        one.notice("error", "Half of it was not read.")
        one.finish()

    assert one.exit_code is ExitCode.CANNOT_JUDGE


def test_a_job_that_breaks_leaves_what_it_saw_and_could_not_judge(tmp_path: Path) -> None:
    def breaks() -> Job:
        with job(tmp_path) as one:
            one.check(check())
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        breaks()

    (folder,) = (tmp_path / "reports").iterdir()
    evidence = read_evidence(folder / "evidence.jsonl")
    assert len(evidence.checks) == 1
    assert json.loads((folder / "summary.json").read_text("utf-8"))["verdict"] == "could-not-judge"


def test_an_interrupted_job_says_so(tmp_path: Path) -> None:
    def stopped() -> None:
        with job(tmp_path) as one:
            one.check(check())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    (folder,) = (tmp_path / "reports").iterdir()
    assert read_evidence(folder / "evidence.jsonl").footer.interrupted
    assert "interrupted" in (folder / "report.html").read_text("utf-8")


def test_a_secret_of_the_command_line_is_not_written(tmp_path: Path) -> None:
    with job(tmp_path, arguments=("verify", "--from", SECRET)) as one:
        one.finish()

    for file in one.folder.iterdir():
        assert SECRET not in file.read_text("utf-8"), file.name


def test_tables_and_findings_are_on_the_page_and_in_the_summary(tmp_path: Path) -> None:
    rows = (("Post", 1234), ("User", None))
    chart = Chart("bars", "name", ("rows",))
    table = TableEvent("sizes", "Sizes", ("name", "rows"), rows, "Why.", chart)
    failed = replace(
        check(outcome=Outcome.FAIL),
        findings=(FINDING,),
        differences=(DifferenceFact("Post/abc", Kind.MISSING, "a row", None),),
    )

    with job(tmp_path) as one:
        one.check(failed)
        one.table(table)
        one.known(known(3))
        one.finish()

    page = (one.folder / "report.html").read_text("utf-8")
    for text in (
        "VER-MISSING",
        "It was never copied.",
        "Copy it.",
        "parity x",
        "Sizes",
        "1,234",
        "Bar chart",
    ):
        assert text in page, text
    assert "parity verify" not in page or "pytest" not in page
    summary = json.loads((one.folder / "summary.json").read_text("utf-8"))
    schema = files("parity.report") / "schemas" / "summary.schema.json"
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(summary)
    assert summary["job"] == "verify"
    assert summary["tables"][0]["rows"] == [["Post", 1234], ["User", None]]


def test_what_a_database_says_is_text_on_the_page(tmp_path: Path) -> None:
    table = TableEvent(HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE,),), HOSTILE)
    finding = Finding(HOSTILE, "breaking", HOSTILE, HOSTILE, HOSTILE)

    with job(tmp_path, unit=HOSTILE, name=HOSTILE) as one:
        one.check(replace(check(outcome=Outcome.FAIL), findings=(finding,)))
        one.table(table)
        one.finish()

    assert "<script" not in (one.folder / "report.html").read_text("utf-8")


def test_a_report_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file", "utf-8")

    with pytest.raises(Exception, match="report folder"):
        job(tmp_path)
