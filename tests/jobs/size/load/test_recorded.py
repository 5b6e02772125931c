"""A recording as load: which requests, when, by whom, and how answers are judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
)
from parity.jobs.size.load.http import Answer
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.recorded import Due, check_recording, due_requests, send_due
from parity.jobs.size.load.rest_store import Wire
from parity.model import Keys, Secret, Style, Target, UserError, Writes
from parity.profiles.profile import Profile
from parity.targets.client import ParseClient
from tests.jobs.size.load.conftest import profile

ROOT = Path(__file__).resolve().parents[4]
HERE = Target(
    "app", Style.PARSE_SERVER, "http://127.0.0.1:9/parse", Secret("app-id"),
    Keys(rest_key=Secret("rest-key")), Writes.DISPOSABLE,
)  # fmt: skip


def exchange(
    number: int, method: str, path: str, answer: Any, *, body: Any = None, status: int = 200,
    lane: str = "a", at: float = 0.0,
) -> RecordedExchange:  # fmt: skip
    content = b"" if body is None else json.dumps(body).encode()
    return RecordedExchange(
        str(number), lane, 1000 + at, 1.0, RecordedRequest(method, f"/1/{path}", (), content),
        RecordedResponse(status, (), json.dumps(answer).encode()), "test",
    )  # fmt: skip


def order(folder: Path, exchanges: Iterable[RecordedExchange], **changes: Any) -> LoadOrder:
    path = folder / "app.jsonl"
    header = RecordingHeader("https://api.example/1", "2026-01-01T00:00:00Z", "test", False, "test")
    with RecordingWriter(path, header, redactor=None) as writer:
        for each in exchanges:
            writer.write(each)
    settings: dict[str, Any] = {"target": HERE, "profile": PROFILE, "recording": path}
    return LoadOrder("replay", **{**settings, **changes})


PROFILE: Profile = profile()
MIX = [
    exchange(1, "GET", "classes/Post?limit=1", {"results": []}, at=0),
    exchange(2, "POST", "classes/Post", {"objectId": "x"}, body={"a": 1}, status=201, at=1),
    exchange(3, "POST", "classes/Post", {"count": 2}, at=2, lane="c",
             body={"_method": "GET", "_ApplicationId": "theirs", "where": {"a": "ü"}, "count": 1}),
    exchange(4, "GET", "login?username=a&password=b", {"objectId": "x"}, at=3),
    exchange(5, "POST", "push", {"result": True}, body={"data": {}}, at=3),
    exchange(6, "POST", "batch", [{"success": {}}], at=4,
             body={"requests": [{"method": "POST", "path": "/1/classes/A", "body": {}}]}),
]  # fmt: skip


def found(asked: LoadOrder, worker: int = 0, workers: int = 1) -> list[tuple[int, Due]]:
    return list(due_requests(asked, Wire(asked.target), 50.0, worker, workers))


def test_requests_come_when_they_came_with_the_keys_of_the_target(tmp_path: Path) -> None:
    due = [each for _, each in found(order(tmp_path, MIX, speed=2.0))]
    assert [each.at for each in due] == [50.0, 50.5, 51.0, 52.0]
    text = [each.request.decode() for each in due]
    assert text[0].startswith("GET /parse/classes/Post?limit=1 HTTP/1.1\r\n")
    assert text[2].startswith("GET /parse/classes/Post?where=%7B%22a%22%3A%22%C3%BC%22%7D&count=1 ")
    assert '"path":"/parse/classes/A"' in text[3]
    assert all("X-Parse-Application-Id: app-id\r\n" in each for each in text)
    assert "theirs" not in "".join(text)


@pytest.mark.parametrize(
    "changes",
    [{"read_only": True}, {"target": replace(HERE, writes=Writes.NAMESPACED)},
     {"target": replace(HERE, writes=Writes.FORBIDDEN)}],
    ids=["read-only", "namespaced", "forbidden"],
)  # fmt: skip
def test_only_gets_are_sent_unless_the_server_is_thrown_away(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    due = [each.request for _, each in found(order(tmp_path, MIX, **changes))]
    assert [each.split()[0] for each in due] == [b"GET", b"GET"]


def test_each_lane_belongs_to_one_worker(tmp_path: Path) -> None:
    many = [exchange(n, "GET", f"classes/Post/{n}", {}, lane=f"c{n % 5}", at=n) for n in range(40)]
    asked = order(tmp_path, many)
    parts = [found(asked, worker, 2) for worker in range(2)]
    assert [{lane for lane, _ in part} for part in parts] == [{0, 2, 4}, {1, 3}]
    assert sum(map(len, parts)) == 40
    for part in parts:
        assert [due.at for _, due in part] == sorted(due.at for _, due in part)


class Says:
    def __init__(self, status: int, body: Any) -> None:
        self.answer = Answer(status, json.dumps(body).encode(), 0.0, 1.0)

    def send(self, request: bytes) -> Answer:
        return self.answer


@pytest.mark.parametrize(
    ("recorded", "status", "live", "failure"),
    [
        ({"count": 2}, 200, {"count": 2}, ""),
        ({"count": 2}, 200, {"count": 3}, "another body than was recorded"),
        ({"count": 2}, 500, {"count": 2}, "status 500, recorded 200"),
        ({"results": [{"objectId": "a"}]}, 200, {"results": []}, ""),  # minted: not judged
        ({"results": [{"objectId": "a"}]}, 404, {}, "status 404, recorded 200"),
    ],
)
def test_an_answer_is_judged_by_status_and_by_what_was_not_minted(
    tmp_path: Path, recorded: Any, status: int, live: Any, failure: str
) -> None:
    [(_, due)] = found(order(tmp_path, [exchange(1, "GET", "classes/Post", recorded)]))
    assert send_due(replace(due, at=0.0), Says(status, live)).failure == failure


def test_a_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which recording"):
        check_recording(replace(order(tmp_path, MIX), recording=None))
    with pytest.raises(UserError, match="speed"):
        check_recording(LoadOrder("replay", HERE, PROFILE, recording=tmp_path, speed=0.0))


def test_two_workers_send_all_of_a_recording_once_and_end(server: Target, tmp_path: Path) -> None:
    client = ParseClient(server)
    total = client.find("Post", limit=0, count=1).json["count"]
    client.close()
    requests = [
        exchange(n, "GET", "classes/Post?count=1&limit=0", lane=f"c{n % 6}", at=n / 100,
                 answer={"results": [], "count": total + (n == 7)})
        for n in range(60)
    ]  # fmt: skip
    asked = order(tmp_path, requests)
    assert server.keys.rest_key is not None
    (tmp_path / "parity.toml").write_text(
        f'[targets.app]\nstyle = "parse-server"\nurl = "{server.url}"\napp_id = "env:APP_ID"\n'
        'rest_key = "env:REST_KEY"\n',
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "replay.py"), "--headless",
         "-u", "4", "-r", "4", "-t", "120s", "--only-summary", "--processes", "2",
         "--parity-config", "parity.toml", "--target", "app", "--recording", str(asked.recording),
         "--json-file", "numbers"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "APP_ID": server.app_id.value,
             "REST_KEY": server.keys.rest_key.value},
    )  # fmt: skip
    assert "the recording is at its end" in done.stderr
    [row] = json.loads(next(tmp_path.glob("numbers*")).read_text("utf-8"))
    assert row["name"] == "GET /classes/Post count limit"
    assert (row["num_requests"], row["num_failures"]) == (60, 1)
