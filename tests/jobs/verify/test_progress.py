"""What somebody who waits is shown."""

from __future__ import annotations

import io

import pytest

from parity.jobs.verify.progress import Progress, TextProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress_at(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO
) -> tuple[TextProgress, list[float]]:
    now = [100.0]
    monkeypatch.setattr("parity.jobs.verify.progress.time.monotonic", lambda: now[0])
    return TextProgress(stream), now


def test_the_rate_and_the_time_left_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    progress, now = progress_at(monkeypatch, stream)
    progress.plan(100_000_000)
    now[0] += 5
    progress.read(0, 1000, 10_000_000)
    progress.read(1, 1000, 10_000_000)

    assert stream.getvalue() == "1,000 documents, 10 MB, 2 MB/s, 10 %, 0:45 left\n"


def test_nothing_is_shown_in_the_first_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    progress, now = progress_at(monkeypatch, stream)
    now[0] += 1.9
    progress.read(0, 1000, 10_000_000)

    assert stream.getvalue() == ""


def test_a_terminal_has_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    progress, now = progress_at(monkeypatch, stream)
    for _ in range(3):
        now[0] += 3
        progress.read(0, 5, 1_000_000)
    progress.note("said")
    progress.done()
    shown = stream.getvalue()

    assert shown.count("\n") == 1
    assert shown.endswith("\rsaid\n")


def test_what_need_not_be_read_is_not_waited_for() -> None:
    progress = Progress()
    progress.plan(10)
    progress.skip(4)

    assert progress.planned_size == 6
