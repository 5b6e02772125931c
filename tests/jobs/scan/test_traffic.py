"""The versions of clients in recorded traffic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.exchanges import RecordedExchange, RecordedRequest, RecordingHeader
from parity.capture.recording import RecordingWriter, TruncatedRecording
from parity.jobs.scan import scan
from parity.jobs.scan.sdk import can_move, judge, numbers, sdk_of
from parity.jobs.scan.traffic import read_traffic

HEADER = RecordingHeader(
    "https://api.parse.com/1", "2016-01-28T00:00:00.000Z", "capture", redacted=False, tool="test"
)


def in_header(version: str) -> RecordedRequest:
    named = (("x-parse-client-version", version),) if version else ()
    return RecordedRequest("GET", "/1/users", (("X-Parse-Application-Id", "a"), *named), b"")


def in_body(version: str) -> RecordedRequest:
    body = {"_ApplicationId": "a", "_ClientVersion": version, "_method": "GET"}
    return RecordedRequest("POST", "/1/users", (), json.dumps(body).encode())


def record(path: Path, sent: list[tuple[str, RecordedRequest]]) -> Path:
    with RecordingWriter(path, HEADER, redactor=None) as writer:
        for number, (lane, request) in enumerate(sent):
            writer.write(
                RecordedExchange(str(number), lane, float(number), 1.0, request, None, "test")
            )
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return record(
        tmp_path / "app.jsonl",
        [
            ("one", in_header("i1.11.0")),
            ("one", in_header("i1.11.0")),
            ("two", in_header("a1.13.0")),
            ("three", in_body("js1.6.14")),
            ("four", in_body("js1.4.2")),
            ("five", in_header("")),
            ("six", in_header("robot/3")),
        ],
    )


def test_each_version_has_its_share_of_requests_and_clients(recording: Path) -> None:
    traffic = read_traffic(recording)
    assert (traffic.requests, traffic.clients) == (7, 6)
    assert {
        share.version: (share.requests, share.clients, share.can_move) for share in traffic.shares
    } == {
        "i1.11.0": (2, 1, False),
        "a1.13.0": (1, 1, True),
        "js1.6.14": (1, 1, True),
        "js1.4.2": (1, 1, False),
        "": (1, 1, None),
        "robot/3": (1, 1, None),
    }


def test_old_clients_break_and_unknown_ones_are_listed(recording: Path) -> None:
    report = scan([], recordings=[recording])
    old = {each.detail.split(" ")[0] for each in report.of("SCAN-TRAFFIC-OLD")}
    assert old == {"i1.11.0", "js1.4.2"}
    assert "robot/3" in report.of("SCAN-TRAFFIC-UNKNOWN")[0].detail


def test_a_truncated_recording_is_no_proof(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes().rpartition(b'{"kind":"footer"')[0])
    with pytest.raises(TruncatedRecording):
        scan([], recordings=[recording])


@pytest.mark.parametrize(
    ("sent", "version", "expected"),
    [
        ("i", "1.12.0", True),
        ("i", "1.11.9", False),
        ("osx", "1.12", True),
        ("apple-tv", "1.13.0", True),
        ("a", "1.12.9", False),
        ("a", "1.13.0", True),
        ("js", "1.6.14", True),
        ("js", "1.6.13", False),
        ("js", "1.10.0", True),
        ("net-portable", "1.7.0.0", True),
        ("net-portable", "1.6.9.9", False),
        ("php", "1.2.1", None),
        ("c-ti-cc3200-rtos", "1.0.0", None),
    ],
)
def test_the_floor_of_each_sdk(sent: str, version: str, *, expected: bool | None) -> None:
    assert can_move(sdk_of(sent), version) is expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("1.6.14", "new"),
        ("v1.6.14", "new"),
        ("=1.6.13", "old"),
        (">=1.6.14 <2", "new"),
        (">= 1.0 < 1.6", "old"),
        ("<1.6.14", "old"),
        ("<=1.6.14", "unknown"),
        ("<2", "unknown"),
        ("1.5.x", "old"),
        ("1.x", "unknown"),
        ("2.x", "new"),
        ("~1.6.0", "unknown"),
        ("~1.5.0", "old"),
        ("^0.9.0", "old"),
        ("1.5.0 || 2.0.0", "unknown"),
        ("", "unknown"),
        ("latest", "unknown"),
    ],
)
def test_a_range_is_old_only_if_all_of_it_is(wanted: str, expected: str) -> None:
    assert judge("js", wanted) == expected


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_zeros_at_the_end_of_a_version_mean_nothing(parts: list[int]) -> None:
    text = ".".join(map(str, parts))
    assert numbers(text) == numbers(f"{text}.0")


@given(st.text(max_size=40))
def test_any_text_can_be_judged_as_a_version(text: str) -> None:
    assert judge("js", text) in {"old", "new", "unknown"}
    assert can_move("js", text) in {True, False, None}
