"""What doctor says about a machine."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from parity.cli import main
from parity.stack.directory import create_directory
from parity.stack.install import server_folder

LINKER = "mongod: error while loading shared libraries: libcurl.so.4: cannot open"
LIBCURL = "Install the library libcurl.so.4: apt-get install libcurl4 (Debian, Ubuntu)."


def ask() -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    document = json.loads(result.stdout)
    assert document["can_run"] is (result.exit_code == 0)
    return result.exit_code, {row["part"]: row for row in document["rows"]}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(own_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("PARITY_CACHE", str(cache))
    return cache


def test_with_the_wheels_the_default_can_run() -> None:
    code, rows = ask()
    assert code == 0
    assert rows["mongod"]["state"] == "ok"
    assert rows["mongod"]["found"].startswith("6.0.5 (wheel ")
    assert rows["node"]["found"].startswith("24.19.0 (wheel ")
    assert Path(rows["node"]["path"]).is_file()


def test_a_server_that_is_not_installed_comes_later(empty_cache: Path) -> None:
    code, rows = ask()
    assert code == 0
    assert rows["Parse Server 9.10.0"]["state"] == "later"
    server_folder("9.10.0", empty_cache).mkdir(parents=True)
    assert ask()[1]["Parse Server 9.10.0"]["state"] == "ok"


def test_without_wheels_and_programs_it_cannot_run_and_says_how_to_get_them(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    monkeypatch.setenv("PATH", "")
    code, rows = ask()
    assert code == 2
    assert {rows[part]["state"] for part in ("mongod", "node", "npm")} == {"missing"}
    assert rows["Parse Server 9.10.0"]["state"] == "missing"
    for part in ("mongod", "node"):
        assert "pip install 'parse-parity[stack]'" in rows[part]["remedy"]


def test_a_program_that_does_not_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "mongod"
    broken.write_text(f"#!/bin/sh\necho {LINKER} >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PARITY_MONGOD", str(broken))
    code, rows = ask()
    assert code == 2
    assert rows["mongod"]["state"] == "missing"
    assert LINKER in rows["mongod"]["found"]
    assert rows["mongod"]["remedy"] == LIBCURL


def test_a_configured_program_of_another_version_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "mongod"
    old.write_text("#!/bin/sh\necho db version v3.6.23\n")
    old.chmod(0o755)
    monkeypatch.setenv("PARITY_MONGOD", str(old))
    code, rows = ask()
    assert (code, rows["mongod"]["state"]) == (0, "warning")


def test_a_cache_that_cannot_be_used_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_CACHE", "/proc/parity")
    code, rows = ask()
    assert (code, rows["room in the cache"]["state"]) == (2, "missing")
    assert "PARITY_CACHE" in rows["room in the cache"]["remedy"]


def test_a_config_that_is_no_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_CONFIG", "absent.toml")
    code, rows = ask()
    assert (code, rows["PARITY_CONFIG"]["state"]) == (0, "warning")


def test_a_config_that_is_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "parity.toml"
    config.write_text("")
    monkeypatch.setenv("PARITY_CONFIG", str(config))
    assert ask()[1]["PARITY_CONFIG"]["state"] == "ok"


def test_reports_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file in its place")
    assert ask()[1]["reports"]["state"] == "warning"


def test_what_a_killed_run_left_is_listed(own_tmp: Path) -> None:
    directory, lock = create_directory(own_tmp)
    assert "left by a killed run" not in ask()[1]
    os.close(lock)
    row = ask()[1]["left by a killed run"]
    assert row["found"] == str(directory)


def test_the_table_ends_with_the_verdict() -> None:
    result = CliRunner().invoke(main, ["doctor"])
    assert result.stdout.startswith("part ")
    assert result.stdout.endswith("The embedded default can run: pytest suites/\n")
