"""The built wheel is all that a team needs: installed alone, it runs their own suite."""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from parity.model import Outcome
from parity.model.evidence import Evidence, read_evidence

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
        "parity/capture/schemas/recording.schema.json",
        "parity/model/schemas/evidence.schema.json",
        "parity/html/templates/style.css",
        "parity/html/templates/chart.html",
        "parity/jobs/replay/scenario/schemas/scenario.schema.json",
        "parity/jobs/scan/schemas/scan.schema.json",
        "parity/jobs/verify/schemas/verify.schema.json",
        "parity/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith("tests/") or "/__pycache__/" in name]


def test_the_wheel_asks_for_every_package_that_it_imports(wheel: Path, tmp_path: Path) -> None:
    """By name, or by asking for something that asks for it."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    (metadata,) = tmp_path.glob("*.dist-info/METADATA")
    lines = metadata.read_text("utf-8").splitlines()
    asked = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist: ")]
    got = brought(line for line in asked if "extra == 'dev'" not in line)
    providers = packages_distributions()
    missing = {
        name
        for name in imported(tmp_path / "parity")
        if not got & {canonicalize_name(provider) for provider in providers.get(name, [])}
    }
    assert missing == set()


def brought(requirements: Iterable[str]) -> set[str]:
    """Return the names of all packages that come with some, as they are installed here."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name not in found:
            found.add(name)
            with contextlib.suppress(PackageNotFoundError):
                more = [Requirement(line) for line in requires(name) or ()]
                waiting += [one for one in more if not one.marker or one.marker.evaluate()]
    return found


def imported(package: Path) -> set[str]:
    """Return the names of what a package imports and neither it nor Python has."""
    found: set[str] = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
    return found - {"parity", "suites"} - set(sys.stdlib_module_names)


def test_a_team_runs_its_own_suite_with_the_files_of_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Here the packages that it asks for are ours; installed alone is in the slow tests."""
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    suite = tmp_path / "team"
    shutil.copytree(ROOT / "docs" / "example-suite", suite)
    says = "import parity; print(parity.__file__)"
    path = {"PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-c", says]
    where = subprocess.check_output(command, text=True, cwd=suite, env=os.environ | path)
    assert Path(where.strip()).is_relative_to(unpacked)

    evidence = run_pytest(Path(sys.executable).parent, suite, "-q", "--alluredir=allure", **path)

    outcomes = sorted(check.outcome for check in evidence.checks)
    assert outcomes == [Outcome.KNOWN_DIFFERENCE] * 2 + [Outcome.PASS] * 4


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel and what it asks for, and nothing else."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    install = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    constraints = str(ROOT / "constraints.txt")
    subprocess.run([*install, "-c", constraints, f"{wheel}[stack]"], check=True)
    return venv / "bin"


def run_pytest(binaries: Path, folder: Path, *arguments: str, **more: str) -> Evidence:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "VIRTUAL"))}
    environment |= more
    result = subprocess.run(
        [str(binaries / "pytest"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (file,) = folder.glob("reports/*/evidence.jsonl")
    return read_evidence(file)


@pytest.mark.slow
def test_the_shipped_suites_run_from_anywhere(binaries: Path, tmp_path: Path) -> None:
    suites = subprocess.check_output([str(binaries / "parity"), "suites"], text=True).strip()

    evidence = run_pytest(
        binaries,
        tmp_path,
        suites,
        *("-q", "--target", "selfhosted", "--area", "smoke", "--area", "files"),
    )

    assert {check.area for check in evidence.checks} == {"smoke", "files"}
    assert evidence.checks[0].id.startswith(("smoke/", "files/"))


@pytest.mark.slow
def test_a_team_runs_its_own_suite_with_nothing_but_the_wheel(
    binaries: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "team"
    shutil.copytree(ROOT / "docs" / "example-suite", suite)

    evidence = run_pytest(binaries, suite, "-q", "--alluredir=allure")

    outcomes = sorted(check.outcome for check in evidence.checks)
    assert outcomes == [Outcome.KNOWN_DIFFERENCE] * 2 + [Outcome.PASS] * 4
