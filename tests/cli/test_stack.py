"""``parity stack up``, by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from parity.cli import main
from parity.cli.stack import members_for
from parity.model import Style
from parity.stack.stack import Stack, stack_from_json
from parity.targets.settings import load_settings
from tests.stack.observe import (
    answers,
    as_in_a_terminal,
    child_called,
    eventually,
    nothing_left,
)

COMMAND = "from parity.cli import main; main()"
Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(own_tmp: Path, tmp_path: Path) -> Iterator[Up]:
    """Run ``parity stack up`` as a terminal would."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        popen = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from parity.cli import main; main()",
                "stack",
                "up",
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=as_in_a_terminal,  # noqa: PLW1509 - the tests have no threads
            cwd=tmp_path,
        )
        started.append(popen)
        return popen

    yield run
    for popen in started:
        if popen.poll() is None:
            popen.kill()
        popen.communicate(timeout=60)


def stack_in(popen: subprocess.Popen[str]) -> Stack:
    assert popen.stdout is not None
    return stack_from_json(popen.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop_and_says_so(up: Up, number: signal.Signals) -> None:
    popen = up("--json", "--only", "selfhosted")
    stack = stack_in(popen)
    assert [target.name for target in stack.targets] == ["selfhosted"]
    assert answers(stack.targets[0].url)
    os.killpg(popen.pid, number)
    _, stderr = popen.communicate(timeout=60)
    assert popen.returncode == 0
    assert stderr.endswith(f"stopped; {stack.directory} is removed\n")
    assert nothing_left(stack)


def test_ctrl_c_before_it_is_up_is_no_error(up: Up, own_tmp: Path) -> None:
    popen = up("--only", "selfhosted")
    eventually(lambda: any(own_tmp.glob("parse-parity-*/mongod.log")), "mongod has started")
    os.killpg(popen.pid, signal.SIGINT)
    _, stderr = popen.communicate(timeout=60)
    assert popen.returncode == 0
    assert stderr.endswith("stopped before it was up\n")
    assert list(own_tmp.iterdir()) == []


def test_what_it_prints_is_ready_to_use(up: Up, tmp_path: Path) -> None:
    popen = up("--config-out", "parity.toml", "--seed", "60")
    assert popen.stdout is not None
    lines = []
    while not (line := popen.stdout.readline()).startswith("Ctrl-C stops it"):
        assert line, "it ended before it was up"
        lines.append(line)
    exports = [line.removeprefix("export ").strip() for line in lines if line.startswith("export ")]
    environ = dict(line.split("=", 1) for line in exports)
    settings = load_settings(tmp_path / "parity.toml", environ)
    assert sorted(settings.targets) == ["hosted", "selfhosted"]
    for target in settings.targets.values():
        keys = dict(target.keys.items())
        assert target.mongo is not None
        headers = {
            "X-Parse-Application-Id": target.app_id.value,
            "X-Parse-REST-API-Key": keys["rest_key"].value,
        }
        params = {"count": "1", "limit": "0"}
        url = f"{target.url}/classes/GameScore"
        counted = requests.get(url, headers=headers, params=params, timeout=30).json()
        assert counted["count"] == 60
        login = {"username": "seed-user-4", "password": "seed-password"}
        logged_in = requests.get(f"{target.url}/login", headers=headers, params=login, timeout=30)
        assert logged_in.status_code == 200


def test_in_the_background_of_a_shell_it_stops_and_its_files_are_complete(
    up: Up, tmp_path: Path
) -> None:
    # A shell starts background jobs with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        popen = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "stack", "up", "--only", "selfhosted", "--write", "to"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=tmp_path,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        assert popen.stdout is not None
        lines = []
        while not (line := popen.stdout.readline()).startswith("Ctrl-C stops it"):
            assert line, "it ended before it was up"
            lines.append(line)
        secrets = tmp_path / "to" / ".env"
        assert secrets.stat().st_mode & 0o077 == 0
        environ = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
        settings = load_settings(tmp_path / "to" / "parity.toml", environ)
        assert answers(settings.targets["selfhosted"].url)
        assert not any(value in line for value in environ.values() for line in lines[3:])
        assert line.strip().endswith(f"kill {popen.pid}")
        popen.send_signal(signal.SIGINT)
        _, stderr = popen.communicate(timeout=60)
        assert popen.returncode == 0, stderr
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.communicate(timeout=60)


def test_it_ends_with_an_error_when_mongod_dies(up: Up) -> None:
    popen = up("--json", "--only", "selfhosted")
    stack = stack_in(popen)
    os.kill(child_called(stack.supervisor_pid, "mongod"), signal.SIGKILL)
    _, stderr = popen.communicate(timeout=60)
    assert popen.returncode == 2
    assert "error: mongod was killed by signal 9" in stderr
    assert nothing_left(stack)


def test_an_unknown_version_is_an_error_with_the_nearest() -> None:
    result = CliRunner().invoke(main, ["stack", "up", "--version", "8.6.1"])
    assert result.exit_code == 2
    assert "Did you mean 8.6.0" in result.stderr


def test_a_config_that_cannot_be_written_stops_the_stack(up: Up, own_tmp: Path) -> None:
    popen = up("--only", "selfhosted", "--config-out", "absent/parity.toml")
    _, stderr = popen.communicate(timeout=60)
    assert popen.returncode == 2
    assert "error: cannot write absent/parity.toml" in stderr
    assert list(own_tmp.iterdir()) == []


def test_without_versions_there_are_both_or_the_chosen_one() -> None:
    assert [member.name for member in members_for((), None)] == ["hosted", "selfhosted"]
    assert [member.version for member in members_for((), "hosted")] == ["2.8.4"]


def test_one_version_is_the_self_hosted_target() -> None:
    (member,) = members_for(("8.6.0",), None)
    assert (member.name, member.version, member.mount) == ("selfhosted", "8.6.0", "/parse")


def test_a_version_can_play_the_hosted_service() -> None:
    (member,) = members_for(("3.10.0",), "hosted")
    assert (member.name, member.style, member.mount) == ("hosted", Style.HOSTED, "/1")
    assert member.note == "stand-in: Parse Server 3.10.0, not the hosted service"


def test_several_versions_have_it_in_their_names() -> None:
    names = [member.name for member in members_for(("7.5.4", "8.6.0", "7.5.4"), None)]
    assert names == ["selfhosted-7-5-4", "selfhosted-8-6-0"]
