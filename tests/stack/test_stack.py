"""A running stack: what it hands out, and what its servers do."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pymongo import MongoClient

from parity.model import Style, Target, UserError, Writes
from parity.stack import (
    Member,
    Stack,
    selfhosted_member,
    stack_problem,
    start_stack,
    stop_stack,
)
from parity.stack.stack import stack_from_json, stack_to_json
from tests.stack.observe import (
    answers,
    child_called,
    eventually,
    nothing_left,
    post,
    session_members,
)

NAMES = ("hosted", "selfhosted")


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, stack: Stack) -> Target:
    return stack.targets[NAMES.index(request.param)]


def test_the_default_members_are_hosted_and_selfhosted(stack: Stack) -> None:
    hosted, selfhosted = stack.targets
    assert (hosted.name, hosted.version, hosted.style) == ("hosted", "2.8.4", Style.HOSTED)
    assert (selfhosted.name, selfhosted.version) == ("selfhosted", "9.10.0")
    assert selfhosted.style is Style.PARSE_SERVER
    assert (urlsplit(hosted.url).path, urlsplit(selfhosted.url).path) == ("/1", "/parse")
    assert hosted.note == "stand-in: Parse Server 2.8.4, not the hosted service"


def test_a_target_may_be_written_and_has_every_key(server: Target) -> None:
    assert server.embedded
    assert server.writes is Writes.DISPOSABLE
    names = [name for name, _ in server.secrets()]
    expected = "app_id client_key dotnet_key file_key javascript_key master_key mongo rest_key"
    assert sorted(names) == expected.split()
    prefix = server.name.upper()
    assert all(s.source == f"{prefix}_{name.upper()}" for name, s in server.secrets())


def test_no_two_secrets_are_equal(stack: Stack) -> None:
    values = [secret.value for target in stack.targets for _, secret in target.secrets()]
    assert len(set(values)) == len(values)


def test_an_object_is_saved_in_the_database_that_the_target_names(
    stack: Stack, server: Target
) -> None:
    reply = post(server, "classes/GameScore", {"score": 1337})
    assert reply.status_code == 201
    assert server.mongo is not None
    client: MongoClient[dict[str, Any]] = MongoClient(server.mongo.value)
    with client:
        found = client.get_default_database()["GameScore"].find_one(reply.json()["objectId"])
    assert found is not None
    assert found["score"] == 1337


@pytest.mark.parametrize(
    ("header", "setting"),
    [
        ("X-Parse-REST-API-Key", "rest_key"),
        ("X-Parse-Client-Key", "client_key"),
        ("X-Parse-JavaScript-Key", "javascript_key"),
        ("X-Parse-Windows-Key", "dotnet_key"),
        ("X-Parse-Master-Key", "master_key"),
    ],
)
def test_each_key_opens_the_door(server: Target, header: str, setting: str) -> None:
    keys = dict(server.keys.items())
    headers = {"X-Parse-Application-Id": server.app_id.value, header: keys[setting].value}
    assert requests.get(f"{server.url}/users", headers=headers, timeout=30).status_code == 200


def test_a_request_without_a_key_is_refused(server: Target) -> None:
    headers = {"X-Parse-Application-Id": server.app_id.value}
    assert requests.get(f"{server.url}/users", headers=headers, timeout=30).status_code == 403


def test_a_batch_works(server: Target) -> None:
    path = f"{urlsplit(server.url).path}/classes/GameScore"
    body = {"requests": [{"method": "POST", "path": path, "body": {"score": 1}}]}
    reply = post(server, "batch", body)
    assert reply.status_code == 200
    assert "objectId" in reply.json()[0]["success"]


def test_everybody_may_upload_and_read_a_file(server: Target) -> None:
    uploaded = post(server, "files/a.txt", {"any": "thing"})
    assert uploaded.status_code == 201
    assert requests.get(uploaded.json()["url"], timeout=30).json() == {"any": "thing"}


def test_only_loopback_is_bound(stack: Stack) -> None:
    for target in stack.targets:
        assert urlsplit(target.url).hostname == "127.0.0.1"
    own = {inode for pid in session_members(stack.supervisor_pid) for inode in _sockets(pid)}
    listening = [
        columns
        for line in Path(f"/proc/{stack.supervisor_pid}/net/tcp").read_text().splitlines()[1:]
        if (columns := line.split())[3] == "0A"
    ]
    addresses = {columns[1].partition(":")[0] for columns in listening if int(columns[9]) in own}
    assert addresses == {"0100007F"}


def test_no_secret_is_on_a_command_line(stack: Stack) -> None:
    lines = b"".join(
        Path(f"/proc/{pid}/cmdline").read_bytes() for pid in session_members(stack.supervisor_pid)
    )
    assert b"mongod" in lines
    secrets = [s.value.encode() for t in stack.targets for _, s in t.secrets()]
    assert not [secret for secret in secrets if secret in lines]


def test_its_directory_is_private(stack: Stack) -> None:
    assert stack.directory.stat().st_mode & 0o077 == 0


def test_a_stack_survives_json(stack: Stack) -> None:
    assert stack_from_json(stack_to_json(stack)) == stack


def test_a_healthy_stack_has_no_problem(stack: Stack) -> None:
    assert stack_problem(stack) is None


@dataclass(frozen=True, slots=True)
class Life:
    """A stack of which this module saw start and stop.

    Attributes:
        stack: The stack, which is stopped.
        folder: Where its directory was.
        said: What each server answered to a function of the cloud code.
        statuses: With which status each made an object.
        answered: Whether something listened before it was stopped.
    """

    stack: Stack
    folder: Path
    said: list[Any]
    statuses: list[int]
    answered: bool


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    code = tmp_path_factory.mktemp("cloud") / "main.js"
    code.write_text("Parse.Cloud.define('seven', (request, response) =>"
                    " response ? response.success(7) : 7);")  # fmt: skip
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("NODE_OPTIONS", "--require /absent.js")
        patch.setenv("PARSE_SERVER_LOG_LEVEL", "silly")
        stack = start_stack(cloud=code)
        try:
            said = [post(target, "functions/seven", {}).json() for target in stack.targets]
            made = [post(target, "classes/GameScore", {}).status_code for target in stack.targets]
            answered = answers(stack.targets[0].url)
        finally:
            stop_stack(stack)
    return Life(stack, folder, said, made, answered)


def test_cloud_code_is_loaded(life: Life) -> None:
    assert life.said == [{"result": 7}, {"result": 7}]


def test_what_a_user_set_for_node_does_not_reach_the_servers(life: Life) -> None:
    assert life.statuses == [201, 201]


def test_nothing_is_left_after_stop(life: Life) -> None:
    assert life.answered
    assert nothing_left(life.stack)
    assert list(life.folder.iterdir()) == []


def test_stopping_twice_does_nothing(life: Life) -> None:
    stop_stack(life.stack)
    assert stack_problem(life.stack) == "the embedded stack is not running any more"


def test_options_of_a_member_win(own_tmp: Path) -> None:
    member = Member("strict", "9.10.0", options={"allowClientClassCreation": False})
    stack = start_stack([member])
    try:
        assert post(stack.targets[0], "classes/New", {}).json()["code"] == 119
    finally:
        stop_stack(stack)


def test_two_stacks_do_not_meet(own_tmp: Path, stack: Stack) -> None:
    other = stack
    one = start_stack([selfhosted_member()])
    try:
        assert one.directory != other.directory
        assert one.targets[0].url not in [target.url for target in other.targets]
        assert one.targets[0].app_id not in [target.app_id for target in other.targets]
    finally:
        stop_stack(one)
    assert nothing_left(one)
    assert [post(target, "classes/GameScore", {}).status_code for target in other.targets] == [
        201,
        201,
    ]


def test_the_death_of_mongod_is_told(own_tmp: Path) -> None:
    stack = start_stack([selfhosted_member()])
    try:
        os.kill(child_called(stack.supervisor_pid, "mongod"), signal.SIGKILL)
        eventually(lambda: stack_problem(stack) is not None, "the problem")
        problem = stack_problem(stack)
        assert problem is not None
        assert problem.startswith("mongod was killed by signal 9; its log ends:")
    finally:
        stop_stack(stack)
    assert nothing_left(stack)


def test_a_program_that_fails_is_named_with_the_end_of_its_log(
    own_tmp: Path, executable: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = executable("mongod", "echo this disk is broken; exit 3")
    monkeypatch.setenv("PARITY_MONGOD", str(broken))
    with pytest.raises(UserError) as caught:
        start_stack([selfhosted_member()])
    assert "mongod ended with exit code 3" in caught.value.what
    assert "this disk is broken" in caught.value.what
    assert "parity doctor" in caught.value.remedy
    assert list(own_tmp.iterdir()) == []


def test_a_missing_library_is_named_with_its_package(
    own_tmp: Path, executable: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "mongod: error while loading shared libraries: libcurl.so.4: cannot open"
    monkeypatch.setenv("PARITY_MONGOD", str(executable("mongod", f"echo {says} >&2; exit 127")))
    with pytest.raises(UserError) as caught:
        start_stack([selfhosted_member()])
    assert "apt-get install libcurl4" in caught.value.remedy


def test_a_node_that_cannot_be_executed_is_told(
    own_tmp: Path, executable: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = executable("node", "exit 9")
    broken.write_bytes(b"\x7fELF not really")
    monkeypatch.setenv("PARITY_NODE", str(broken))
    with pytest.raises(UserError, match=r"Parse Server 9\.10\.0 \(selfhosted\)"):
        start_stack([selfhosted_member()])
    assert list(own_tmp.iterdir()) == []


def test_cloud_code_that_throws_is_told(own_tmp: Path, tmp_path: Path) -> None:
    code = tmp_path / "main.js"
    code.write_text("throw new Error('a fault in my cloud code');")
    with pytest.raises(UserError, match="a fault in my cloud code"):
        start_stack(cloud=code)
    assert list(own_tmp.iterdir()) == []


def test_absent_cloud_code_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no cloud code at"):
        start_stack(cloud=tmp_path / "absent.js")


@pytest.mark.slow  # the default is two versions already
@pytest.mark.parametrize("version", ["3.10.0", "8.6.0"])
def test_another_version_starts_and_saves_an_object(own_tmp: Path, version: str) -> None:
    stack = start_stack([selfhosted_member(version)])
    try:
        target = stack.targets[0]
        assert target.version == version
        assert post(target, "classes/GameScore", {"score": 1}).status_code == 201
        info = requests.get(
            f"{target.url}/serverInfo",
            headers={
                "X-Parse-Application-Id": target.app_id.value,
                "X-Parse-Master-Key": dict(target.keys.items())["master_key"].value,
            },
            timeout=30,
        )
        assert info.json()["parseServerVersion"] == version
    finally:
        stop_stack(stack)


def _sockets(pid: int) -> set[int]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            name = str(link.readlink())
        except OSError:
            continue
        if name.startswith("socket:["):
            found.add(int(name[8:-1]))
    return found
