"""Recordings out as HAR: standard fields, and nothing is lost on the way back."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity.capture.har_export import write_har
from parity.capture.importing import Import
from parity.capture.recording import RecordedExchange
from tests.capture.recorded import HEADER, exchange

REQUIRED = {
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "request": {
        *("method", "url", "httpVersion", "cookies", "headers", "queryString"),
        *("headersSize", "bodySize"),
    },
    "response": {
        *("status", "statusText", "httpVersion", "cookies", "headers", "content"),
        *("redirectURL", "headersSize", "bodySize"),
    },
}
"""HAR 1.2: fields without which a file is no HAR."""


def exported(*sent: RecordedExchange) -> tuple[bytes, dict[str, Any]]:
    out = io.BytesIO()
    assert write_har(HEADER, sent, out) == len(sent)
    log: dict[str, Any] = json.loads(out.getvalue())["log"]
    return out.getvalue(), log


def test_the_file_has_every_field_that_har_requires() -> None:
    _, log = exported(exchange(1), exchange(2, body=b"", answer=None))
    assert log["version"] == "1.2"
    assert log["creator"] == {"name": "parse-parity", "version": "0.0.0"}
    for entry in log["entries"]:
        assert set(entry) >= REQUIRED["entry"]
        assert set(entry["request"]) >= REQUIRED["request"]
        assert set(entry["response"]) >= REQUIRED["response"]
        assert set(entry["timings"]) == {"send", "wait", "receive"}
    first, second = log["entries"]
    assert first["request"]["url"] == "https://api.parse.com/1/classes/Post"
    assert first["startedDateTime"] == "2016-03-09T17:12:30.250000+00:00"
    assert second["response"]["status"] == 0


def test_a_recording_without_exchanges_is_a_har_without_entries() -> None:
    assert exported()[1]["entries"] == []


def test_a_time_outside_the_calendar_is_no_crash() -> None:
    _, log = exported(replace(exchange(1), at=1e300))
    assert log["entries"][0]["startedDateTime"].startswith("1970")


BODY = st.binary(max_size=50) | st.text(max_size=50).map(str.encode)


@given(BODY, st.none() | BODY, st.sampled_from(["GET", "POST"]), st.none() | st.integers(0, 9))
def test_what_is_exported_and_imported_again_is_the_same(
    tmp_path_factory: Any, body: bytes, answer: bytes | None, method: str, ms: int | None
) -> None:
    sent = exchange(
        1,
        method=method,
        url="/1/classes/Post?where=%7B%22a%22:1%7D&x=",
        headers=(("A", "1"), ("a", "2")),
        body=body,
        answer=answer,
    )
    sent = replace(sent, elapsed_ms=None if ms is None else float(ms), notes=("truncated body",))
    path: Path = tmp_path_factory.mktemp("har") / "a.har"
    path.write_bytes(exported(sent)[0])
    (found,) = Import([path]).exchanges()
    assert (found.request, found.response) == (sent.request, sent.response)
    assert found.notes == sent.notes
    assert (found.at, found.elapsed_ms) == (sent.at, sent.elapsed_ms)
