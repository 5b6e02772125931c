"""``parity dossier`` as a user runs it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity import __version__
from parity.cli import main
from parity.model import Outcome
from tests.gate.world import FOR_8, FOR_11, NOW, Spec, check, small_toml


@pytest.fixture
def specs() -> dict[str, Spec]:
    """Evidence of a day ago by the clock, made by this version."""
    behind = (datetime.now(UTC) - NOW) / timedelta(days=1)
    found = {name: each() for name, each in FOR_11.items()}
    for each in found.values():
        each.age_days -= behind
        each.suite_version = __version__
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a project, which is the current one, with a gate file and a browser."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARITY_REPORTS", raising=False)
    (tmp_path / "parity-gate.toml").write_text(small_toml())
    monkeypatch.setenv("PARITY_CHROMIUM", str(_browser(tmp_path / "browser")))
    return tmp_path


def _browser(path: Path) -> Path:
    """Write a browser that prints at once; what real Chromium does is tested elsewhere."""
    path.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "out = next(a.partition('=')[2] for a in sys.argv if a.startswith('--print-to-pdf='))\n"
        "open(out, 'w').write('%PDF-1\\n%%EOF')\n"
    )
    path.chmod(0o755)
    return path


def _parity(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _write(folder: Path, specs: dict[str, Spec]) -> None:
    for spec in specs.values():
        spec.write(folder / "reports")


def _value(folder: Path) -> dict[str, object]:
    value = json.loads((folder / "reports" / "dossier.json").read_text())
    assert isinstance(value, dict)
    return value


def test_a_migration_that_is_well_exits_with_0_and_leaves_four_files(
    folder: Path, specs: dict[str, Spec]
) -> None:
    _write(folder, specs)
    assert _parity("gate", "8").exit_code == 0
    done = _parity("dossier")
    assert done.exit_code == 0, done.output
    assert "The app may point at the new server and may ship: gates 8 and 11 pass." in done.stdout
    for ending in ("html", "pdf", "md", "json"):
        assert f"{ending}: reports/dossier.{ending}" in done.output
        assert (folder / f"reports/dossier.{ending}").stat().st_size
    assert str(_value(folder)["seal"]) in (folder / "reports/dossier.html").read_text()
    assert str(_value(folder)["seal"]) in (folder / "reports/dossier.md").read_text()


def test_a_failing_gate_exits_with_1_and_the_first_line_says_so(
    folder: Path, specs: dict[str, Spec]
) -> None:
    specs["verify"].change("verify/Post", outcome=Outcome.FAIL)
    _write(folder, specs)
    done = _parity("dossier", "--gate", "8", "--no-pdf")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "The app may not point at the new server: gate 8 fails."
    assert "1 check fails: verify/Post" in done.stdout


def test_a_gate_that_cannot_judge_exits_with_2(folder: Path, specs: dict[str, Spec]) -> None:
    specs["verify"].change("verify/Post", outcome=Outcome.ERROR)
    _write(folder, specs)
    done = _parity("dossier", "--gate", "8", "--no-pdf")
    assert done.exit_code == 2
    assert done.stdout.startswith("Whether the app may point at the new server is not known")


def test_without_reports_nothing_passes(folder: Path) -> None:
    done = _parity("dossier", "--no-pdf")
    assert done.exit_code == 1
    assert "not tested: verify" in done.output


def test_gate_8_alone_does_not_ask_gate_11(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, {name: specs[name] for name in FOR_8})
    done = _parity("dossier", "--gate", "8", "--no-pdf")
    assert done.exit_code == 0, done.output
    assert "Gate 11 was not asked" in done.output


def test_the_gates_are_judged_now_and_not_as_they_were(
    folder: Path, specs: dict[str, Spec]
) -> None:
    _write(folder, specs)
    assert _parity("gate", "8").exit_code == 0
    assert _parity("gate", "11").exit_code == 0
    worse = FOR_8["verify"]()
    worse.age_days = specs["verify"].age_days - 0.5
    worse.suite_version = __version__
    worse.name = "run-later"
    worse.change("verify/Post", outcome=Outcome.FAIL)
    worse.write(folder / "reports")
    done = _parity("dossier", "--no-pdf")
    assert done.exit_code == 1
    assert "Gate 8 said pass on" in done.output


def test_without_a_browser_there_is_html_and_a_message(
    folder: Path, specs: dict[str, Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(folder, specs)
    monkeypatch.setenv("PARITY_CHROMIUM", "/nowhere/chromium")
    done = _parity("dossier", "--gate", "8")
    assert done.exit_code == 0, "the answer is the same on paper or not"
    assert "no PDF: PARITY_CHROMIUM=/nowhere/chromium is no program." in done.stderr
    assert "apt-get install chromium" in done.stderr
    assert (folder / "reports/dossier.html").exists()
    assert not (folder / "reports/dossier.pdf").exists()


def test_an_old_pdf_does_not_stay_beside_a_new_page(
    folder: Path, specs: dict[str, Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(folder, specs)
    _parity("dossier")
    assert (folder / "reports/dossier.pdf").exists()
    _parity("dossier", "--no-pdf")
    assert not (folder / "reports/dossier.pdf").exists()


def test_out_says_where(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    (folder / "reports" / "run-verify" / "report.html").write_text("x")
    done = _parity("dossier", "--gate", "8", "--out", "signed/step 8")
    assert done.exit_code == 0, done.output
    assert sorted(each.name for each in (folder / "signed").iterdir()) == [
        "step 8.html",
        "step 8.json",
        "step 8.md",
        "step 8.pdf",
    ]
    page = (folder / "signed" / "step 8.html").read_text()
    assert 'href="../reports/run-verify/report.html"' in page


def test_a_place_that_cannot_be_written_is_no_pass(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    (folder / "reports/dossier.md").mkdir(parents=True)
    done = _parity("dossier", "--no-pdf")
    assert done.exit_code == 2
    assert "cannot replace reports/dossier.md" in done.stderr


def test_json_is_the_dossier_and_nothing_else(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    done = _parity("dossier", "--gate", "8", "--no-pdf", "--json")
    assert json.loads(done.stdout) == _value(folder)


def test_check_finds_evidence_unchanged_or_not(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    assert _parity("gate", "8").exit_code == 0
    assert _parity("dossier", "--no-pdf").exit_code == 0
    same = _parity("dossier", "--check", "reports/dossier.json")
    assert same.exit_code == 0, same.output
    files = len(specs) + 1  # and gate-8.json
    assert f"unchanged: {files} files of evidence in reports as before" in same.output
    assert str(_value(folder)["seal"]) in same.output
    path = folder / "reports/run-verify/evidence.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")
    other = _parity("dossier", "--check", "reports/dossier.json")
    assert other.exit_code == 1
    assert "run-verify/evidence.jsonl was changed" in other.output
    assert f"changed: 1 problem; {files - 1} files of evidence in reports as before" in other.output


def test_check_holds_a_failing_dossier_to_its_evidence_as_well(
    folder: Path, specs: dict[str, Spec]
) -> None:
    specs["verify"].change("verify/Post", outcome=Outcome.FAIL)
    _write(folder, specs)
    assert _parity("dossier", "--no-pdf").exit_code == 1
    done = _parity("dossier", "--check", "reports/dossier.json", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["unchanged"] is True
    assert json.loads(done.stdout)["answer"].startswith("The app may not")


def test_check_of_something_else_is_an_error(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    _parity("gate", "8")
    done = _parity("dossier", "--check", "reports/gate-8.json")
    assert done.exit_code == 2
    assert "it says that it is something else" in done.output


def test_check_elsewhere_takes_the_folder_that_is_given(
    folder: Path, specs: dict[str, Spec]
) -> None:
    _write(folder, specs)
    _parity("dossier", "--no-pdf")
    (folder / "reports").rename(folder / "kept")
    assert _parity("dossier", "--check", "kept/dossier.json").exit_code == 1
    done = _parity("dossier", "--check", "kept/dossier.json", "--report-dir", "kept")
    assert done.exit_code == 0, done.output


def test_terminal_escapes_of_evidence_are_spelt_out(folder: Path, specs: dict[str, Spec]) -> None:
    bad = check("\x1b[2Jowned", area="objects", outcome=Outcome.FAIL)
    specs["suites"].events.append(bad)
    _write(folder, specs)
    done = _parity("dossier", "--no-pdf")
    assert "\\u001b[2Jowned" in done.output
    assert "\x1b[2J" not in done.output


def test_a_gate_that_is_run_again_changes_nothing(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    _parity("gate", "8")
    _parity("dossier", "--no-pdf")
    kept = folder / "reports" / "gate-8.json"
    before = kept.read_bytes()

    again = _parity("gate", "8", "--json")

    assert kept.read_bytes() == before
    assert again.stdout.encode() == before
    done = _parity("dossier", "--check", "reports/dossier.json")
    assert done.exit_code == 0, done.output


def test_a_gate_that_says_something_else_is_written_anew(
    folder: Path, specs: dict[str, Spec]
) -> None:
    _write(folder, specs)
    _parity("gate", "8")
    _parity("dossier", "--no-pdf")
    extra = specs["verify"]
    extra.events.append(check("verify/Lost", outcome=Outcome.FAIL))
    extra.name, extra.age_days = "again", extra.age_days - 0.1
    extra.write(folder / "reports")

    assert _parity("gate", "8").exit_code == 1
    assert _parity("dossier", "--check", "reports/dossier.json").exit_code == 1


def test_a_result_of_two_days_ago_is_written_anew(folder: Path, specs: dict[str, Spec]) -> None:
    _write(folder, specs)
    _parity("gate", "8")
    kept = folder / "reports" / "gate-8.json"
    value = json.loads(kept.read_text())
    old = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept.write_text(json.dumps(value | {"judged_at": old}))

    _parity("gate", "8")

    assert json.loads(kept.read_text())["judged_at"] > old
