"""A profile from a recording: what is in it, what is not, and what is said about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from parity.capture.exchanges import NO_TIME
from parity.capture.importing import Import
from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
)
from parity.profiles.derive import Derived, derive_profile
from parity.profiles.profile import Ask, Operation
from parity.profiles.read import parse_profile
from parity.profiles.write import profile_toml

RECORDINGS = Path(
    os.environ.get("PARITY_RECORDINGS") or Path(__file__).parents[3] / "shared" / "recordings"
)
START = 1_700_000_000.0 - 1_700_000_000.0 % 86_400


def exchange(
    number: int,
    method: str,
    path: str,
    body: Any = None,
    *,
    at: float = 0.0,
    lane: str = "one",
    ms: float | None = 5.0,
    notes: tuple[str, ...] = (),
) -> RecordedExchange:
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    return RecordedExchange(
        str(number), lane, START + at, ms, RecordedRequest(method, f"/1/{path}", (), content),
        RecordedResponse(200, (), b"{}"), "test", notes,
    )  # fmt: skip


PART = {"method": "POST", "path": "/1/classes/Post", "body": {}}


def get(number: int, at: float, lane: str) -> RecordedExchange:
    return exchange(number, "GET", "classes/Post/a", at=at, lane=lane, ms=100.0)


def query(where: Any, more: str = "") -> str:
    return f"classes/Post?where={quote(json.dumps(where))}{more}"


def derived(folder: Path, exchanges: Iterable[RecordedExchange], **options: Any) -> Derived:
    return derive_profile(recorded(folder, exchanges), "app", **options)


def recorded(folder: Path, exchanges: Iterable[RecordedExchange]) -> Path:
    """Write a recording."""
    path = folder / "app.jsonl"
    header = RecordingHeader("https://api.example/1", "2026-01-01T00:00:00Z", "test", False, "test")
    with RecordingWriter(path, header, redactor=None, overwrite=True) as writer:
        for each in exchanges:
            writer.write(each)
    return path


def mix(found: Derived) -> dict[str, float]:
    return {operation.name: operation.weight for operation in found.profile.operations}


def test_the_mix_is_that_of_the_recording(tmp_path: Path) -> None:
    lines = [
        ("GET", query({"author": "anna", "n": {"$gt": 3}}, "&order=-createdAt&limit=5"), None),
        ("GET", query({"author": "ben", "n": {"$gt": 8}}, "&order=-createdAt&limit=5"), None),
        ("GET", "classes/Post?count=1&limit=0", None),
        ("GET", "classes/Post/abc", None),
        ("POST", "classes/Post", {"text": "x" * 100}),
        ("PUT", "classes/Post/abc", {"text": "y"}),
        ("DELETE", "classes/Post/abc", None),
        ("POST", "users", {"username": "anna"}),
        ("GET", "login?username=anna&password=x", None),
        ("POST", "logout", {}),
        ("POST", "files/a.png", b"\x89PNG" + b"x" * 996),
        ("GET", "files/app/a.png", None),
        ("POST", "functions/hello", {"a": 1}),
        ("POST", "installations", {"deviceType": "ios"}),
        ("POST", "batch", {"requests": [PART] * 3}),
        ("GET", "config", None),
    ]  # fmt: skip
    found = derived(tmp_path, [exchange(n, *line) for n, line in enumerate(lines)])
    assert set(mix(found)) == {
        *("query Post where(author,n.$gt) order(-createdAt)", "count Post", "get Post"),
        *("create Post", "update Post", "delete Post", "sign-up", "log-in", "log-out"),
        *("upload", "download", "function hello", "installation", "batch Post"),
    }
    weight = mix(found)["query Post where(author,n.$gt) order(-createdAt)"]
    assert weight == pytest.approx(100 * 2 / 15, rel=1e-3)
    assert found.left_out == {"read: config": 1}
    assert (found.reads, found.writes) == (5, 10)
    by_ask = {operation.ask: operation for operation in found.profile.operations}
    assert by_ask[Ask.QUERY].limit == 5
    assert by_ask[Ask.UPLOAD].payload_bytes == 1000
    assert by_ask[Ask.BATCH].parts == 3


def test_no_value_of_a_user_is_in_a_profile(tmp_path: Path) -> None:
    secret = "s3cret"
    wheres: list[Any] = [
        {"email": secret},
        {"email": {"$in": [secret, secret]}},
        {"author": {"__type": "Pointer", "className": "_User", "objectId": secret}},
        {"$or": [{"a": secret}, {"b": {"$regex": secret, "$options": secret}}]},
        {"a": {"$inQuery": {"className": "_User", "where": {"name": secret}}}},
        {"a": {"$select": {"query": {"className": "X", "where": {"y": secret}}, "key": "z"}}},
        {"$relatedTo": {"object": {"className": "P", "objectId": secret}, "key": "k"}},
        {"place": {"$nearSphere": {"__type": "GeoPoint", "latitude": 1}, "$maxDistance": 0.5}},
        {"settings": {secret: 1}},
        {f"by {secret}": 1},
    ]  # fmt: skip
    requests = [exchange(n, "GET", query(each)) for n, each in enumerate(wheres)]
    requests.append(exchange(90, "POST", "classes/Post", {"text": secret}))
    requests.append(
        exchange(91, "GET", f"classes/Post?order={secret}%20x,-good&keys=a%20{secret},b")
    )
    found = derived(tmp_path, requests)
    text = profile_toml(found.profile)
    assert secret not in text
    assert secret not in str(found)
    assert found.left_out == {
        "a query for an object": 1,
        "a query with a name that is no field": 1,
    }
    assert parse_profile(text, "x") == found.profile
    shapes = [
        operation.where for operation in found.profile.operations if operation.ask is Ask.QUERY
    ]
    assert {"email": {"$in": ["?", "?"]}} in shapes
    assert {"place": {"$nearSphere": "?", "$maxDistance": 0.5}} in shapes
    assert {"a": {"$inQuery": {"className": "_User", "where": {"name": "?"}}}} in shapes


def test_rates_clients_and_thinking_times_are_those_of_the_clock(tmp_path: Path) -> None:
    requests = []
    for number in range(120):  # a busy minute: two clients, one request a second each
        lane = f"c{number % 2}"
        requests.append(get(number, at=number // 2, lane=lane))
    for minute in range(1, 10):  # quiet ones
        requests += [get(1000 * minute + n, at=60 * minute + n, lane="c0") for n in range(6)]
    found = derived(tmp_path, requests)
    assert found.profile.peak_rate == 2.0
    assert found.profile.typical_rate == 0.1
    assert found.profile.clients == 2
    assert found.profile.think_s == pytest.approx((0.9, 0.9, 0.9))
    assert found.profile.hours == ()
    assert "the recording is shorter than a day: nothing is known by hour" in found.notes
    assert found.profile.latency_ms[Ask.GET] == pytest.approx(100, rel=0.06)


def test_hours_are_known_from_a_day_on(tmp_path: Path) -> None:
    requests = [
        exchange(hour * 100 + n, "GET", "classes/Post/a", at=3600 * hour + n)
        for hour in range(49)
        for n in range(36 if hour % 24 == 20 else 4)
    ]
    found = derived(tmp_path, requests)
    assert len(found.profile.hours) == 24
    assert found.profile.hours[20] == pytest.approx(0.01)
    assert max(found.profile.hours) == found.profile.hours[20]
    assert not any("hour" in note for note in found.notes)


def test_without_times_the_rates_are_said_to_be_unknown(tmp_path: Path) -> None:
    requests = [exchange(n, "GET", "classes/Post/a", ms=None, notes=(NO_TIME,)) for n in range(3)]
    found = derived(tmp_path, requests)
    assert found.notes == (
        "no times in the recording: the rates are 1 request a second until you say",
        "too few requests of one client in a row: thinking times are assumed",
        "no durations in the recording: no latency is known",
    )


def test_very_many_shapes_are_merged_and_counted(tmp_path: Path) -> None:
    requests = [exchange(n, "GET", query({f"field{n}": 1})) for n in range(300)]
    requests += [exchange(1000 + n, "GET", query({"common": 1})) for n in range(50)]
    found = derived(tmp_path, requests, shapes=10)
    assert len(found.profile.operations) == 10
    assert found.merged == 291
    assert sum(operation.weight for operation in found.profile.operations) == pytest.approx(
        100, abs=0.01
    )
    top: Operation = found.profile.operations[0]
    assert top.where == {"common": "?"}


def test_a_recording_without_any_request_of_an_app_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no request that a profile can hold"):
        derived(tmp_path, [exchange(1, "GET", "health")])


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recorded traffic is not here (PARITY_RECORDINGS)"
)
@pytest.mark.parametrize("folder", ["hosted-2016", "selfhosted-2017"])
def test_real_recordings_become_profiles_that_can_be_read(tmp_path: Path, folder: str) -> None:
    files = sorted((RECORDINGS / folder).glob("*.yml"))
    importer = Import(files)
    header = RecordingHeader(importer.report.base.url, "2026-01-01T00:00:00Z", folder, True, "test")
    path = tmp_path / "real.jsonl"
    with RecordingWriter(path, header, redactor=None) as writer:
        for each in importer.exchanges():
            writer.write(each)
    found = derive_profile(path, folder)
    assert found.exchanges == importer.report.counts["kept"]
    assert found.reads + found.writes + sum(found.left_out.values()) == found.exchanges
    assert found.merged == 0
    names = mix(found)
    assert max(names, key=lambda name: names[name]) == "create Post"
    assert "query Bar where(foo)" in names
    assert parse_profile(profile_toml(found.profile), "x") == found.profile
