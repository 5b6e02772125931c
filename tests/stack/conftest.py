"""What the tests of the stack share."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from parity.stack import Stack, start_stack, stop_stack
from tests.stack.observe import DEADLINE_S, Runner, as_in_a_terminal


@pytest.fixture
def run_python() -> Iterator[Callable[[str], Runner]]:
    """Start Python code in a process of its own; it is killed at the end of the test."""
    runners: list[Runner] = []

    def start(code: str, arguments: Sequence[str] = ()) -> Runner:
        command = [sys.executable, "-c", code, *arguments]
        popen = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=as_in_a_terminal,  # noqa: PLW1509 - the tests have no threads
        )
        runners.append(Runner(popen))
        return runners[-1]

    yield start
    for runner in runners:
        if runner.popen.poll() is None:
            runner.popen.kill()
        runner.popen.wait(DEADLINE_S)
        assert runner.popen.stdout is not None
        runner.popen.stdout.close()


@pytest.fixture
def own_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make stacks of this test put their directories where no other test looks."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def executable(tmp_path: Path) -> Callable[..., Path]:
    """Write a shell script that can stand in for a program."""

    def write(name: str, script: str, folder: str = "bin") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The embedded default, shared by the tests of a module that only use it."""
    running = start_stack()
    yield running
    stop_stack(running)
