"""A replay that is killed goes on where it was, on a real Parse Server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from parity.model import Target
from parity.stack import Stack, selfhosted_member, start_stack, stop_stack
from tests.jobs.replay.traffic import CLASS, Script, changing_rows

DEADLINE_S = 120.0
KILLED_AFTER = 150


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    stack = start_stack([selfhosted_member()])
    yield stack
    stop_stack(stack)


def configured(target: Target, folder: Path) -> dict[str, str]:
    """Write a parity.toml for a running server; return the environment with its keys."""
    (folder / "parity.toml").write_text(
        f"""
        [targets.mine]
        style = "parse-server"
        url = "{target.url}"
        app_id = "env:TEST_APP_ID"
        rest_key = "env:TEST_REST_KEY"
        master_key = "env:TEST_MASTER_KEY"
        writes = "disposable"
        """,
        "utf-8",
    )
    assert target.keys.rest_key is not None
    assert target.keys.master_key is not None
    return {
        **os.environ,
        "TEST_APP_ID": target.app_id.value,
        "TEST_REST_KEY": target.keys.rest_key.value,
        "TEST_MASTER_KEY": target.keys.master_key.value,
    }


def replay(folder: Path, env: dict[str, str], *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "parity", "replay", "app.jsonl", "--config", "parity.toml", *more],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows(stack: Stack) -> list[dict[str, Any]]:
    target = stack.targets[0]
    assert target.mongo is not None
    client: MongoClient[dict[str, Any]] = MongoClient(target.mongo.value, directConnection=True)
    try:
        return list(client.get_default_database()[CLASS].find())
    finally:
        client.close()


def wait_for_journal(reports: Path, process: subprocess.Popen[str]) -> Path:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := list(reports.glob("*/journal-mine.jsonl")):
            return found[0]
        time.sleep(0.01)
    process.kill()
    raise AssertionError(f"the replay did not begin: {process.communicate(timeout=60)[0]}")


def wait_for_lines(path: Path, lines: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.005)
    process.kill()
    said = process.communicate(timeout=60)[0]
    raise AssertionError(f"the replay ended before it was killed: {said}")


def test_a_killed_replay_goes_on_and_repeats_no_write(stack: Stack, tmp_path: Path) -> None:
    script = Script()
    counts = changing_rows(script, clients=6, rounds=12)
    script.write(tmp_path / "app.jsonl")
    env = configured(stack.targets[0], tmp_path)

    first = replay(tmp_path, env, "--lanes", "4")
    journal = wait_for_journal(tmp_path / "reports", first)
    wait_for_lines(journal, KILLED_AFTER, first)
    first.kill()
    first.wait(DEADLINE_S)
    assert journal.stat().st_mode & 0o077 == 0
    before = len(rows(stack))

    again = replay(tmp_path, env, "--resume", str(journal.parent), "--json")
    out, _ = again.communicate(timeout=DEADLINE_S)

    assert again.returncode == 0, out
    result = json.loads(out[out.index("{") :])
    assert result["verdict"] == "pass"
    assert result["outcomes"] == {"equal": len(script.exchanges)}
    assert not journal.exists()
    found = rows(stack)
    assert 0 < before < counts["create"]
    assert len(found) == counts["create"] - counts["delete"]
    assert {row["n"] for row in found} == {2}


def test_another_recording_cannot_be_resumed(stack: Stack, tmp_path: Path) -> None:
    script = Script()
    changing_rows(script, clients=6, rounds=12, class_name="Other")
    script.write(tmp_path / "app.jsonl")
    env = configured(stack.targets[0], tmp_path)
    first = replay(tmp_path, env, "--lanes", "1")
    journal = wait_for_journal(tmp_path / "reports", first)
    wait_for_lines(journal, 10, first)
    first.kill()
    first.wait(DEADLINE_S)
    script.add("a", "GET", "/1/classes/Other", None, 200, {"results": []})
    script.write(tmp_path / "app.jsonl")

    again = replay(tmp_path, env, "--resume", str(journal.parent))

    out, _ = again.communicate(timeout=DEADLINE_S)
    assert again.returncode == 2
    assert "cannot be resumed: recording changed" in out
