"""Processes that are there, that are stopped, that are somebody else's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parity.jobs.size.probes.processes import (
    Role,
    Watched,
    disk_of,
    is_here,
    machine_sample,
    mongod,
    parse_servers,
)
from tests.mongod import Mongod

BUSY = "while True: pass"


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    yield process
    process.kill()
    process.wait()


def test_a_process_that_works_uses_cpu_and_one_that_is_stopped_is_seen_as_such(
    busy: subprocess.Popen[bytes],
) -> None:
    watched = Watched(Role.PARSE_SERVER, (busy.pid,))
    before = watched.sample()
    assert before is not None
    deadline = time.monotonic() + 30
    after = before
    while after.cpu_s <= before.cpu_s and time.monotonic() < deadline:
        time.sleep(0.05)
        watched.look()
        sample = watched.sample()
        assert sample is not None
        after = sample
    assert after.cpu_s > before.cpu_s
    assert (after.stopped, after.looks > 0) == (0, True)
    busy.send_signal(signal.SIGSTOP)
    while watched.stopped == 0 and time.monotonic() < deadline:
        watched.look()
    busy.send_signal(signal.SIGCONT)
    assert watched.stopped > 0
    watched.close()


def test_a_process_that_has_ended_is_no_sample(busy: subprocess.Popen[bytes]) -> None:
    watched = Watched(Role.PARSE_SERVER, (busy.pid,))
    busy.kill()
    busy.wait()
    watched.look()
    assert watched.sample() is None
    watched.close()


def test_a_port_of_another_program_is_not_taken_for_a_parse_server() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        found, why = parse_servers(f"http://127.0.0.1:{sock.getsockname()[1]}/parse")
    assert found is None
    assert "a proxy perhaps" in why


def test_another_machine_is_not_looked_at() -> None:
    found, why = parse_servers("http://192.0.2.1:1337/parse")
    assert (found, why) == (None, "192.0.2.1 is another machine")
    assert is_here("localhost")
    assert mongod(1, frozenset({"192.0.2.1"}))[0] is None


def test_a_process_id_of_a_container_is_not_taken_for_ours() -> None:
    found, why = mongod(os.getpid(), frozenset({"127.0.0.1"}))
    assert found is None
    assert "container" in why
    assert mongod(None, frozenset({"127.0.0.1"}))[0] is None
    assert "not visible" in mongod(2**22 + 7, frozenset({"127.0.0.1"}))[1]


def test_the_disk_of_a_mongod_is_found_by_its_open_files(mongod: Mongod) -> None:
    assert disk_of(mongod.pid)
    assert disk_of(os.getpid()) is None
    assert machine_sample("no-such-disk").disk_busy_s is None
    assert machine_sample().cores == os.cpu_count()


def test_the_state_of_a_process_with_a_bracket_in_its_name_is_read(tmp_path: Path) -> None:
    program = tmp_path / "a) T (b"
    program.symlink_to(sys.executable)
    process = subprocess.Popen([str(program), "-c", BUSY])
    try:
        watched = Watched(Role.PARSE_SERVER, (process.pid,))
        for _ in range(20):
            watched.look()
        assert (watched.looks, watched.stopped) == (20, 0)
        watched.close()
    finally:
        process.kill()
        process.wait()
