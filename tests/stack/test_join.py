"""Many processes share one stack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model import UserError
from parity.stack import join_stack, selfhosted_member, stop_stack
from parity.stack.stack import stack_from_json
from tests.stack.observe import Runner, nothing_left, post

WORKER = """
import json, pathlib
from parity.model import UserError
from parity.stack import join_stack, selfhosted_member
from parity.stack.stack import stack_to_json
try:
    stack = join_stack(pathlib.Path({rendezvous!r}), [selfhosted_member()], owner_pid={owner})
    print(stack_to_json(stack))
except UserError as error:
    print(json.dumps([error.what, error.remedy, error.code]))
"""


@pytest.fixture
def worker(tmp_path: Path) -> str:
    return WORKER.format(rendezvous=str(tmp_path), owner=os.getpid())


def test_three_processes_get_one_stack(
    own_tmp: Path, tmp_path: Path, worker: str, run_python: Callable[[str], Runner]
) -> None:
    workers = [run_python(worker) for _ in range(3)]
    stacks = [stack_from_json(each.line()) for each in workers]
    assert stacks[0] == stacks[1] == stacks[2]
    for each in workers:
        assert each.popen.wait(30) == 0
    try:
        # The one that started it has ended; the stack belongs to the owner and goes on.
        assert len(list(own_tmp.iterdir())) == 1
        assert post(stacks[0].targets[0], "classes/GameScore", {}).status_code == 201
        assert (tmp_path / "stack.json").stat().st_mode & 0o077 == 0
        joined = join_stack(tmp_path, [selfhosted_member()], owner_pid=os.getpid())
        assert joined == stacks[0]
    finally:
        stop_stack(stacks[0])
    assert nothing_left(stacks[0])


def test_all_get_the_error_of_the_one_that_tried(
    own_tmp: Path,
    worker: str,
    run_python: Callable[[str], Runner],
    executable: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    broken = executable("mongod", f"echo once >> {tmp_path}/starts; exit 1")
    monkeypatch.setenv("PARITY_MONGOD", str(broken))
    errors = [json.loads(each.line()) for each in [run_python(worker) for _ in range(3)]]
    assert errors[0] == errors[1] == errors[2]
    assert "mongod ended with exit code 1" in errors[0][0]
    assert (tmp_path / "starts").read_text() == "once\n"


def test_the_error_of_an_earlier_start_is_raised_again(tmp_path: Path) -> None:
    absent = tmp_path / "absent.js"
    for _ in range(2):
        with pytest.raises(UserError, match="no cloud code") as caught:
            join_stack(tmp_path, owner_pid=os.getpid(), cloud=absent)
        assert caught.value.code == "no-cloud-code"
