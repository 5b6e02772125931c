"""What is replayed: the requests of one application."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.capture.recording import RecordingHeader, RecordingWriter
from parity.jobs.replay.source import Source, open_source
from parity.model import UserError
from parity.wire import Redactor
from tests.jobs.replay.recorded import exchange

REDACTOR = Redactor({}, b"0123456789abcdef")


def source(folder: Path, *apps: str | None) -> Source:
    """Write a recording with a request for each application, and open it."""
    path = folder / "app.jsonl"
    header = RecordingHeader("https://h/1", "2026-01-01T00:00:00.000Z", "t", False, "t")
    with RecordingWriter(path, header, redactor=None) as writer:
        for number, app in enumerate(apps):
            headers = (("x-parse-application-id", app),) if app else ()
            body = {"_ApplicationId": "in-body"} if app == "" else None
            status = 403 if app == "wrong" else 200
            asked = exchange(
                "POST", "/classes/A", body, answer={}, number=number, headers=headers, status=status
            )
            writer.write(asked)
    return open_source(path, folder, REDACTOR, allow_truncated=False)


def test_one_application_needs_no_choice(tmp_path: Path) -> None:
    opened = source(tmp_path, "a", None, "a", "wrong")
    assert [each.id for each in opened.of_app(None)] == ["0", "1", "2", "3"]


def test_applications_are_kept_apart(tmp_path: Path) -> None:
    opened = source(tmp_path, "a", "b", None, "", "b", "wrong")
    with pytest.raises(UserError, match=r"3 applications \(1: 2, 2: 1, 3: 1 requests\)"):
        opened.of_app(None)
    with pytest.raises(UserError, match="3 applications"):
        opened.of_app(4)
    chosen = opened.of_app(1)
    assert [each.id for each in chosen] == ["1", "2", "4", "5"]
    assert len(list(chosen.lines())) == 4
    assert [each.id for each in opened.of_app(3)] == ["2", "3", "5"]
