"""Which mongod, node and npm are chosen."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model import UserError
from parity.stack.parts import Part, find_mongod, find_node, find_npm, version_of, why_not

Executable = Callable[..., Path]
Find = Callable[[dict[str, str]], Part]

BOTH = pytest.mark.parametrize(
    ("name", "find"), [("mongod", find_mongod), ("node", find_node)], ids=["mongod", "node"]
)
FITTING = {"mongod": "db version v6.0.5", "node": "v24.19.0"}
TOO_OLD = {"mongod": "db version v3.6.23", "node": "v16.20.2"}


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> importlib.metadata.Distribution:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)


@BOTH
def test_what_the_user_configured_comes_first(
    name: str, find: Find, executable: Executable
) -> None:
    path = executable(name, "exit 0")
    variable = f"PARITY_{name.upper()}"
    assert find({variable: str(path), "PATH": ""}) == Part(name, (str(path),), variable)


@BOTH
def test_then_the_pinned_wheel(name: str, find: Find, executable: Executable) -> None:
    on_path = executable(name, f"echo {FITTING[name]}")
    part = find({"PATH": str(on_path.parent)})
    assert part.source.startswith("wheel ")
    assert version_of(part) in FITTING[name]


def test_the_node_of_the_wheel_is_the_program_and_not_its_python_wrapper() -> None:
    assert Path(find_node({}).command[0]).read_bytes()[:4] == b"\x7fELF"


@BOTH
@pytest.mark.usefixtures("no_wheels")
def test_then_what_is_on_path_if_its_version_fits(
    name: str, find: Find, executable: Executable
) -> None:
    path = executable(name, f"echo {FITTING[name]}")
    assert find({"PATH": str(path.parent)}) == Part(name, (str(path),), "PATH")


@BOTH
@pytest.mark.usefixtures("no_wheels")
def test_a_version_that_does_not_fit_is_refused(
    name: str, find: Find, executable: Executable
) -> None:
    path = executable(name, f"echo {TOO_OLD[name]}")
    with pytest.raises(UserError) as caught:
        find({"PATH": str(path.parent)})
    assert TOO_OLD[name].removeprefix("db version ").removeprefix("v") in caught.value.what
    assert "pip install 'parse-parity[stack]'" in caught.value.remedy


@BOTH
@pytest.mark.usefixtures("no_wheels")
def test_one_that_does_not_run_is_refused(name: str, find: Find, executable: Executable) -> None:
    path = executable(name, "exit 127")
    with pytest.raises(UserError, match="version unknown"):
        find({"PATH": str(path.parent)})


@BOTH
@pytest.mark.usefixtures("no_wheels")
def test_without_any_the_error_says_how_to_get_it(name: str, find: Find) -> None:
    with pytest.raises(UserError, match=f"no {name} found") as caught:
        find({"PATH": ""})
    assert "pip install 'parse-parity[stack]'" in caught.value.remedy
    assert caught.value.code == f"no-{name}"


@BOTH
def test_a_configured_path_that_is_no_program_is_refused(
    name: str, find: Find, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.write_text("not executable")
    with pytest.raises(UserError, match=f"PARITY_{name.upper()}=.*plain is not a program"):
        find({f"PARITY_{name.upper()}": str(plain)})


def test_npm_of_the_wheel_runs_with_the_chosen_node(executable: Executable) -> None:
    node = Part("node", (str(executable("node", "exit 0")),), "PARITY_NODE")
    npm = find_npm(node, {})
    assert npm.command[0] == node.command[0]
    assert npm.command[1].endswith("npm-cli.js")


@pytest.mark.usefixtures("no_wheels")
def test_without_the_wheel_npm_is_the_one_beside_node(executable: Executable) -> None:
    node = Part("node", (str(executable("node", "exit 0")),), "PARITY_NODE")
    npm = executable("npm", "exit 0")
    assert find_npm(node, {"PATH": ""}).command == (str(npm),)


@pytest.mark.usefixtures("no_wheels")
def test_else_npm_is_the_one_on_path(executable: Executable) -> None:
    node = Part("node", (str(executable("node", "exit 0")),), "PARITY_NODE")
    npm = executable("npm", "exit 0", folder="elsewhere")
    assert find_npm(node, {"PATH": str(npm.parent)}).command == (str(npm),)


@pytest.mark.usefixtures("no_wheels")
def test_without_npm_the_error_says_how_to_get_it(executable: Executable) -> None:
    node = Part("node", (str(executable("node", "exit 0")),), "PARITY_NODE")
    with pytest.raises(UserError, match="no npm found"):
        find_npm(node, {"PATH": ""})


def test_why_a_program_does_not_run_is_its_first_line(executable: Executable) -> None:
    path = executable("mongod", "echo libcurl.so.4: cannot open shared object file >&2; exit 127")
    part = Part("mongod", (str(path),), "PATH")
    assert version_of(part) == ""
    assert why_not(part) == "libcurl.so.4: cannot open shared object file"


def test_a_file_that_cannot_be_executed_has_no_version(tmp_path: Path) -> None:
    part = Part("mongod", (str(tmp_path / "absent"),), "PATH")
    assert version_of(part) == ""
    assert "absent" in why_not(part)
