"""npm ci into the cache: once, whole, and by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model import UserError
from parity.stack.install import cache_root, install, server_folder
from parity.stack.parts import Part
from tests.stack.observe import Runner, eventually

Executable = Callable[..., Path]
VERSION = "8.6.0"
WORKS = 'mkdir node_modules; pwd >> {log}; echo "$@" >> {log}'
HANGS = "echo $$ > {log}; exec tail -f /dev/null"

INSTALLER = """
from pathlib import Path
from parity.stack.install import install
from parity.stack.parts import Part
npm = Part("npm", ({npm!r},), "test")
print(install(["8.6.0"], npm=lambda: npm, progress=lambda line: None, cache=Path({cache!r})))
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def by(path: Path) -> Callable[[], Part]:
    return lambda: Part("npm", (str(path),), "test")


def never() -> Part:
    raise AssertionError("npm is not needed")


def ignore(_line: str) -> None: ...


def test_npm_is_run_in_a_folder_with_the_lock(cache: Path, executable: Executable) -> None:
    npm = executable("npm", 'ls > listing; mkdir node_modules; echo "$@" > arguments')
    folder = install([VERSION], npm=by(npm), progress=ignore, cache=cache)[VERSION]
    assert folder == server_folder(VERSION, cache)
    assert (folder / "listing").read_text().split() == [
        "listing",
        "package-lock.json",
        "package.json",
    ]
    arguments = (folder / "arguments").read_text().split()
    assert arguments[:3] == ["ci", "--omit=optional", "--ignore-scripts"]


def test_what_is_installed_is_not_installed_again(cache: Path, executable: Executable) -> None:
    npm = executable("npm", "mkdir node_modules")
    first = install([VERSION], npm=by(npm), progress=ignore, cache=cache)
    assert install([VERSION], npm=never, progress=ignore, cache=cache) == first


def test_a_failure_shows_the_end_of_what_npm_said(cache: Path, executable: Executable) -> None:
    npm = executable("npm", "for i in 1 2 3; do echo npm error line $i >&2; done; exit 1")
    with pytest.raises(UserError) as caught:
        install([VERSION], npm=by(npm), progress=ignore, cache=cache)
    assert "npm could not install Parse Server 8.6.0 (exit 1)" in caught.value.what
    assert caught.value.what.endswith("npm error line 3")
    assert "Check the network" in caught.value.remedy
    assert [path.suffix for path in (cache / "servers").iterdir()] == [".lock"]


def test_stack_frames_of_npm_are_left_out(cache: Path, executable: Executable) -> None:
    says = "npm error code ECONNREFUSED\nnpm error     at f (node:net:1)\nnpm error"
    npm = executable("npm", f"cat >&2 <<'END'\n{says}\nEND\nexit 1")
    with pytest.raises(UserError) as caught:
        install([VERSION], npm=by(npm), progress=ignore, cache=cache)
    assert caught.value.what.endswith("It said:\n  npm error code ECONNREFUSED")


def test_one_failure_ends_the_other_installs(
    cache: Path, executable: Executable, tmp_path: Path
) -> None:
    hangs = HANGS.format(log=tmp_path / "pid")
    npm = executable("npm", f"grep -q 8.6.94 package.json && exit 1\n{hangs}")
    with pytest.raises(UserError, match=r"8\.6\.94"):
        install(
            [VERSION, "8.6.94"],
            npm=by(npm),
            progress=ignore,
            cache=cache,
        )
    assert not list(cache.glob("servers/*.tmp-*"))


def test_what_a_killed_installer_left_is_neither_used_nor_kept(
    cache: Path, executable: Executable, tmp_path: Path, run_python: Callable[[str], Runner]
) -> None:
    pid = tmp_path / "pid"
    npm = executable("npm", f"mkdir node_modules; {HANGS.format(log=pid)}")
    killed = run_python(INSTALLER.format(npm=str(npm), cache=str(cache)))
    eventually(lambda: pid.exists() and bool(pid.read_text()), "npm has started")
    killed.popen.kill()
    proc = Path("/proc") / pid.read_text().strip()
    eventually(lambda: not proc.exists() or "(zombie)" in _state(proc), "npm is gone, too")
    assert not server_folder(VERSION, cache).exists()

    works = executable("npm", "mkdir node_modules", folder="other")
    install([VERSION], npm=by(works), progress=ignore, cache=cache)
    assert server_folder(VERSION, cache).is_dir()
    assert not list(cache.glob("servers/*.tmp-*"))


def test_of_three_processes_one_installs(
    cache: Path, executable: Executable, tmp_path: Path, run_python: Callable[[str], Runner]
) -> None:
    log = tmp_path / "log"
    npm = executable("npm", WORKS.format(log=log))
    code = INSTALLER.format(npm=str(npm), cache=str(cache))
    answers = {each.line() for each in [run_python(code) for _ in range(3)]}
    assert answers == {f"{ {VERSION: server_folder(VERSION, cache)} }\n"}
    assert len(log.read_text().splitlines()) == 2  # one folder, one list of arguments


def test_progress_names_the_version_and_the_folder(cache: Path, executable: Executable) -> None:
    npm = executable("npm", "mkdir node_modules")
    lines: list[str] = []
    install([VERSION], npm=by(npm), progress=lines.append, cache=cache)
    assert lines[0] == "installing Parse Server 8.6.0 with npm"
    assert lines[-1].endswith(str(cache / "servers"))


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write the cache") as caught:
        install([VERSION], npm=never, progress=ignore, cache=tmp_path / "file" / "cache")
    assert "PARITY_CACHE" in caught.value.remedy


def test_a_changed_lock_is_another_folder(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = server_folder(VERSION, cache)
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr("parity.stack.install.lock_folder", lambda _version: tmp_path)
    assert server_folder(VERSION, cache) != before


def test_the_cache_can_be_configured(tmp_path: Path) -> None:
    assert cache_root({"PARITY_CACHE": str(tmp_path)}) == tmp_path
    assert cache_root({}).name == "parse-parity"


def _state(proc: Path) -> str:
    try:
        return (proc / "status").read_text()
    except OSError:
        return "(zombie)"
