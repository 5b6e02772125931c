"""``parity scan``: exit codes, files, and what is never in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import parity.jobs.scan
from parity.jobs.scan import CODES
from parity.jobs.scan.command import scan
from parity.model import ExitCode, Outcome, UserError
from parity.model.evidence import Evidence, read_evidence

SCHEMA = Path(parity.jobs.scan.__file__).parent / "schemas" / "scan.schema.json"
RESTAURANT = Path(__file__).parents[1] / "jobs" / "scan" / "restaurant"
SWIFT_KEY = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7b"
GOOD = "Parse.Cloud.define('f', async request => 1);\n"


def run(*line: object) -> ExitCode:
    code = scan.main(
        [*map(str, line), "--reports", "reports"], prog_name="parity scan", standalone_mode=False
    )
    assert isinstance(code, ExitCode)
    return code


def evidence() -> Evidence:
    return read_evidence(next(Path("reports").glob("*/evidence.jsonl")))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_good_cloud_code_passes_and_the_rest_was_not_tested() -> None:
    write("cloud/main.js", GOOD)
    assert run("cloud") is ExitCode.PASS
    outcomes = {(check.area, check.outcome) for check in evidence().checks}
    assert outcomes == {("cloud-code", Outcome.PASS), ("clients", Outcome.UNSUPPORTED)}


def test_a_breaking_finding_fails_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    write("cloud/main.js", GOOD + "Parse.Cloud.useMasterKey();\n")
    assert run("cloud") is ExitCode.FAIL
    printed = capsys.readouterr().out
    assert "cloud/main.js\n  2:1      SCAN-USE-MASTER-KEY (breaking)" in printed
    check = next(each for each in evidence().checks if each.outcome is Outcome.FAIL)
    assert check.id == "scan/SCAN-USE-MASTER-KEY"
    assert check.differences[0].path == "cloud/main.js:2:1"
    assert check.finding is not None
    assert check.finding.severity == "breaking"


def test_a_benign_finding_is_listed_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    write("cloud/main.js", GOOD + "Parse.Analytics.track('x');\n")
    assert run("cloud") is ExitCode.PASS
    assert "SCAN-ANALYTICS (benign)" in capsys.readouterr().out


def test_a_suppressed_finding_passes_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "cloud/main.js",
        "// parity-scan: ignore SCAN-JOB-SCHEDULE because cron calls it\n"
        "Parse.Cloud.job('j', async request => 1);\n",
    )
    assert run("cloud") is ExitCode.PASS
    assert "because cron calls it" in capsys.readouterr().out
    assert [difference.id for difference in evidence().known_differences] == ["SCAN-JOB-SCHEDULE"]
    assert "cron calls it" in evidence().known_differences[0].provenance


def test_what_was_too_large_to_read_cannot_be_judged() -> None:
    write("cloud/main.js", GOOD)
    write("cloud/big.js", GOOD * 10)
    assert run("cloud", "--max-bytes", 100) is ExitCode.CANNOT_JUDGE


def test_an_empty_folder_cannot_be_judged(folder: Path) -> None:
    (folder / "cloud").mkdir()
    assert run("cloud") is ExitCode.CANNOT_JUDGE


def test_nothing_to_scan_is_the_users_error() -> None:
    with pytest.raises(UserError, match="nothing to scan"):
        run()
    with pytest.raises(UserError, match="no such file"):
        run("missing")


def test_json_fits_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(RESTAURANT, "--json") is ExitCode.FAIL
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(value)
    assert value["exit_code"] == 1
    assert {"kind": "job", "name": "userMigration"}.items() <= next(
        each for each in value["definitions"] if each["kind"] == "job"
    ).items()
    schema["properties"]["cloud_files"] = {"const": -1}
    assert not Draft202012Validator(schema).is_valid(value)


def test_sarif_has_every_rule_and_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        "cloud/main.js",
        "Parse.Cloud.useMasterKey(); // parity-scan: ignore SCAN-USE-MASTER-KEY because x\n",
    )
    run(RESTAURANT, "cloud", "--sarif", "out.sarif", "--json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    sarif = json.loads(Path("out.sarif").read_text("utf-8"))
    assert (sarif["version"], len(sarif["runs"])) == ("2.1.0", 1)
    only = sarif["runs"][0]
    driver = only["tool"]["driver"]
    assert [each["id"] for each in driver["rules"]] == list(CODES)
    assert all(each["shortDescription"]["text"] for each in driver["rules"])
    assert len(only["results"]) == len(findings)
    for result, finding in zip(only["results"], findings, strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding["code"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith(finding["file"].rpartition("/")[2])
        assert place["region"] == {"startLine": finding["line"], "startColumn": finding["column"]}
    suppressed = [each["suppressions"] for each in only["results"] if "suppressions" in each]
    assert suppressed == [[{"kind": "inSource", "justification": "x"}]]


def test_no_key_is_in_any_output(capsys: pytest.CaptureFixture[str]) -> None:
    swift = (RESTAURANT / "app" / "AppDelegate.swift").read_text("utf-8")
    assert SWIFT_KEY in swift
    write(
        "app/A.swift", f"// parity-scan: ignore-file SCAN-CLIENT-KEY because {SWIFT_KEY}\n{swift}"
    )
    write("cloud/main.js", f"Parse.initialize('{SWIFT_KEY}');\nParse.Cloud.job('{SWIFT_KEY}', f);")
    run("app", "cloud", "--sarif", "out.sarif")
    run("app", "cloud", "--json")
    written = [path.read_text("utf-8") for path in Path("reports").rglob("*") if path.is_file()]
    everything = "".join([*written, Path("out.sarif").read_text("utf-8"), *capsys.readouterr()])
    assert "SCAN-CLIENT-KEY" in everything
    assert SWIFT_KEY not in everything


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a\x1b[2J.js", "Parse.Cloud.useMasterKey();"),
        ("a.js", "Parse.Cloud.job('a\x1b[2J', f);"),
        ("a.js", "require('cloud/\x1b[2J');"),
        ("a.js", "// parity-scan: ignore SCAN-CONFIG because \x1b[2J\nParse.Config.get();"),
    ],
)
def test_what_is_quoted_cannot_speak_to_the_terminal(
    name: str, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(f"cloud/{name}", source)
    run("cloud", "--json")
    assert "\\u001b" not in capsys.readouterr().out
    assert "\\u001b" not in next(Path("reports").glob("*/evidence.jsonl")).read_text("utf-8")


def test_the_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    scan.main(["--help"], prog_name="parity scan", standalone_mode=False)
    assert "parity scan cloud/ app-src/" in capsys.readouterr().out
