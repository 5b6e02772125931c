"""``parity gate`` and ``parity status`` as a user runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity import __version__
from parity.cli import main
from parity.gate import GateFile, load_gate
from parity.model import Outcome
from tests.gate.world import FOR_8, NOW, Spec, check, small_toml

RULES = len(load_gate("8", GateFile()).rules)


@pytest.fixture
def specs() -> dict[str, Spec]:
    """Evidence of a day ago by the clock, made by this version."""
    behind = (datetime.now(UTC) - NOW) / timedelta(days=1)
    found = {name: each() for name, each in FOR_8.items()}
    for each in found.values():
        each.age_days -= behind
        each.suite_version = __version__
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a project, which is the current one, with a gate file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARITY_REPORTS", raising=False)
    (tmp_path / "parity-gate.toml").write_text(small_toml())
    return tmp_path


def _parity(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _write(folder: Path, specs: dict[str, Spec]) -> None:
    for spec in specs.values():
        spec.write(folder / "reports")


def test_a_gate_that_holds_exits_with_0_and_writes_its_page(
    folder: Path, specs: dict[str, Spec]
) -> None:
    _write(folder, specs)
    done = _parity("gate", "8", "--markdown", "gate.md")
    assert done.exit_code == 0, done.output
    assert f"gate 8: pass. {RULES} rules hold." in done.output
    assert "Gate 8: pass" in (folder / "reports/gate-8.html").read_text()
    assert json.loads((folder / "reports/gate-8.json").read_text())["verdict"] == "pass"
    assert (folder / "gate.md").read_text().startswith("## Gate 8: pass\n")


def test_a_gate_that_fails_exits_with_1_and_says_why(folder: Path, specs: dict[str, Spec]) -> None:
    specs["verify"].change("verify/Post", outcome=Outcome.FAIL)
    _write(folder, specs)
    done = _parity("gate", "8")
    assert done.exit_code == 1
    assert "1 check fails: verify/Post" in done.output
    assert f"1 of {RULES} rules do not hold: verify." in done.output


def test_a_gate_that_cannot_judge_exits_with_2(folder: Path, specs: dict[str, Spec]) -> None:
    specs["verify"].change("verify/Post", outcome=Outcome.ERROR)
    _write(folder, specs)
    assert _parity("gate", "8").exit_code == 2


def test_without_reports_a_gate_fails(folder: Path) -> None:
    done = _parity("gate", "11")
    assert done.exit_code == 1
    assert "no run of job verify on selfhosted" in done.output


def test_explain_shows_each_rule_with_its_evidence(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    done = _parity("gate", "8", "--explain")
    for text in (
        "run run-suites: suites on selfhosted, pass, 1.0 of at most 7 days old, server 9.10.0",
        "recording sha256:rec",
        "120 of 120 judged requests behave the same",
        "$ parity verify --from hosted --to selfhosted",
        "changed: minimum: 55 → 3",
    ):
        assert text in done.output
    assert "run run-suites" not in _parity("gate", "8").output


def test_json_is_the_result_and_nothing_else(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    done = _parity("gate", "8", "--json")
    assert json.loads(done.stdout) == json.loads((folder / "reports/gate-8.json").read_text())


def test_another_target_is_another_question(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    done = _parity("gate", "8", "--target", "staging")
    assert done.exit_code == 1
    assert "no run of job audit on staging" in done.output
    deployed = _parity("gate", "11", "--target", "staging").output
    assert "no run of job deployment on staging" in deployed
    assert "no run of job audit" not in deployed


def test_a_wrong_gate_file_is_an_error_and_no_verdict(folder: Path) -> None:
    (folder / "wrong.toml").write_text("[gate.8.rules.suits]\nminimum = 1\n")
    done = _parity("gate", "8", "--gate-file", "wrong.toml")
    assert done.exit_code == 2
    assert "wrong.toml: gate 8 has no rule 'suits'" in done.output
    assert not (folder / "reports").exists()


def test_a_result_that_cannot_be_written_is_no_pass(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    (folder / "reports/gate-8.json").mkdir()
    assert _parity("gate", "8").exit_code == 2


def test_terminal_escapes_of_evidence_are_spelt_out(folder: Path, specs: dict[str, Spec]) -> None:
    bad = check("\x1b[2Jowned", area="objects", outcome=Outcome.FAIL)
    specs["suites"].events.append(bad)
    _write(folder, specs)
    for command in (("gate", "8", "--explain"), ("status",)):
        done = _parity(*command)
        assert "\x1b" not in done.output
    assert "\\u001b[2Jowned" in _parity("gate", "8").output


def test_status_shows_twelve_steps(folder: Path, specs: dict[str, Spec]) -> None:
    (folder / "parity-gate.toml").write_text(small_toml() + "[schedule]\n9 = 2020-01-01\n")
    _write(folder, specs)
    done = _parity("status", "--html", "board.html")
    assert done.exit_code == 0
    assert " 1  done    The database is migrated and verified" in done.output
    assert "run-verify (verify: pass, 1.0 days old)" in done.output
    assert " 9  open    The server is deployed, OVERDUE since 2020-01-01" in done.output
    assert 'id="step-12"' in (folder / "board.html").read_text()
    value = json.loads(_parity("status", "--json").stdout)
    assert [each["number"] for each in value["steps"]] == list(range(1, 13))


def test_status_names_evidence_that_cannot_be_read(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    path = folder / "reports/run-audit/evidence.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    done = _parity("status")
    assert "evidence-truncated" in done.stderr
    assert " 1  open" in done.stdout


@pytest.mark.parametrize("command", ["gate", "status"])
def test_help_teaches_with_an_example(command: str) -> None:
    done = _parity(command, "--help")
    assert done.exit_code == 0
    assert f"    parity {command}" in done.output
