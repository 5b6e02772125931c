"""The built wheel is all that a team needs: installed alone, it runs their own suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from parity.model import Outcome
from parity.model.evidence import read_evidence

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_suites_scenarios_locks_schemas_and_templates(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    for wanted in (
        "parity/_shipped/suites/smoke/test_guide_calls.py",
        "parity/_shipped/scenarios/cloud/main.js",
        "parity/_shipped/scenarios/known-differences/objects.toml",
        "parity/stack/versions/9.10.0/package-lock.json",
        "parity/stack/server.cjs",
        "parity/model/schemas/evidence.schema.json",
        "parity/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith("tests/") or "/__pycache__/" in name]


def test_a_team_runs_its_own_suite_with_nothing_but_the_wheel(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    install = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    constraints = str(ROOT / "constraints.txt")
    subprocess.run([*install, "-c", constraints, f"{wheel}[stack]"], check=True)
    suite = tmp_path / "team"
    shutil.copytree(ROOT / "docs" / "example-suite", suite)

    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "VIRTUAL"))}
    result = subprocess.run(
        [str(venv / "bin" / "pytest"), "-q", "--alluredir=allure"],
        cwd=suite,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    (file,) = suite.glob("reports/*/evidence.jsonl")
    folder = subprocess.check_output([str(venv / "bin" / "parity"), "suites"], text=True).strip()
    assert (Path(folder) / "smoke" / "test_guide_calls.py").is_file()
    outcomes = sorted(check.outcome for check in read_evidence(file).checks)
    assert outcomes == [Outcome.KNOWN_DIFFERENCE] * 2 + [Outcome.PASS] * 4
