"""What somebody who waits is shown."""

from __future__ import annotations

from parity.jobs.verify.progress import Progress


def test_the_rate_and_the_time_left_are_shown() -> None:
    now, shown = [100.0], list[str]()
    progress = Progress(shown.append, clock=lambda: now[0])
    progress.plan(100_000_000)
    now[0] += 5
    progress.read(0, 1000, 10_000_000)
    progress.read(1, 1000, 10_000_000)

    assert shown[-1] == "2,000 documents, 20 MB, 4 MB/s, 20 %, 0:20 left"


def test_before_any_time_has_passed_there_is_no_rate() -> None:
    progress = Progress(clock=lambda: 100.0)
    progress.plan(10)
    progress.read(0, 5, 5)

    assert progress.text() == "5 documents, 0 MB, 0 MB/s"


def test_what_is_not_about_the_rate_is_told_apart() -> None:
    shown, noted = list[str](), list[str]()
    Progress(shown.append, noted.append).note("said")

    assert (shown, noted) == ([], ["said"])


def test_what_need_not_be_read_is_not_waited_for() -> None:
    progress = Progress()
    progress.plan(10)
    progress.skip(4)

    assert progress.planned_size == 6
