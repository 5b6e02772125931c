"""Nothing outlives its owner, by whatever way the owner ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.stack.stack import stack_from_json
from tests.stack.observe import (
    OWNER,
    Runner,
    answers,
    child_called,
    eventually,
    nothing_left,
    session_members,
)

RunPython = Callable[[str], Runner]


def test_kill_9_of_the_owner_leaves_nothing(own_tmp: Path, run_python: RunPython) -> None:
    owner = run_python(OWNER)
    stack = stack_from_json(owner.line())
    assert len(session_members(stack.supervisor_pid)) == 3
    owner.popen.kill()
    eventually(lambda: nothing_left(stack), "everything gone")
    assert list(own_tmp.iterdir()) == []


def test_ctrl_c_that_ends_the_owner_leaves_nothing(own_tmp: Path, run_python: RunPython) -> None:
    owner = run_python(OWNER)
    stack = stack_from_json(owner.line())
    owner.signal_group(signal.SIGINT)
    eventually(lambda: nothing_left(stack), "everything gone")
    assert owner.popen.wait(30) != 0


def test_ctrl_c_reaches_only_the_owner(own_tmp: Path, run_python: RunPython) -> None:
    # Not print: the signal may come while the owner prints.
    handler = "lambda number, frame: os.write(1, b'got %d\\n' % number)"
    owner = run_python(f"import os, signal; signal.signal(signal.SIGINT, {handler})" + OWNER)
    stack = stack_from_json(owner.line())
    owner.signal_group(signal.SIGINT)
    assert owner.line() == "got 2\n"
    assert len(session_members(stack.supervisor_pid)) == 3
    assert answers(stack.targets[0].url)
    owner.popen.kill()
    eventually(lambda: nothing_left(stack), "everything gone")


def test_ctrl_c_during_the_start_leaves_nothing(own_tmp: Path, run_python: RunPython) -> None:
    owner = run_python(OWNER)
    eventually(lambda: any(own_tmp.glob("parse-parity-*/mongod.log")), "mongod has started")
    owner.signal_group(signal.SIGINT)
    assert owner.popen.wait(30) != 0
    eventually(lambda: list(own_tmp.iterdir()) == [], "the directory is removed")


def test_kill_9_of_the_owner_during_the_start_leaves_nothing(
    own_tmp: Path, run_python: RunPython
) -> None:
    owner = run_python(OWNER)
    eventually(lambda: any(own_tmp.glob("parse-parity-*/mongod.log")), "mongod has started")
    owner.popen.kill()
    eventually(lambda: list(own_tmp.iterdir()) == [], "the directory is removed")


def test_an_owner_that_is_dead_from_the_start_gets_nothing(
    own_tmp: Path, run_python: RunPython
) -> None:
    dead = run_python("pass")
    dead.popen.wait(30)
    code = (
        "from parity.stack import start_stack, selfhosted_member\n"
        "from parity.model import UserError\n"
        "try:\n"
        f"    start_stack([selfhosted_member()], owner_pid={dead.popen.pid})\n"
        "except UserError as error:\n"
        "    print(error.what)\n"
    )
    assert run_python(code).line().strip().endswith("its owner has ended")
    assert list(own_tmp.iterdir()) == []


def test_kill_9_of_the_supervisor_leaves_no_process_and_the_next_start_sweeps(
    own_tmp: Path,
) -> None:
    stack = start_stack([selfhosted_member()])
    os.kill(stack.supervisor_pid, signal.SIGKILL)
    eventually(lambda: not session_members(stack.supervisor_pid), "no process")
    assert not answers(stack.targets[0].url)
    assert stack.directory.exists()
    stop_stack(stack)
    live = start_stack([selfhosted_member()])
    try:
        assert [path.name for path in own_tmp.iterdir()] == [live.directory.name]
    finally:
        stop_stack(live)


def test_a_live_stack_is_not_swept(own_tmp: Path) -> None:
    live = start_stack([selfhosted_member()])
    try:
        other = start_stack([selfhosted_member()])
        stop_stack(other)
        assert (live.directory / "mongo").is_dir()
        assert child_called(live.supervisor_pid, "mongod")
    finally:
        stop_stack(live)
