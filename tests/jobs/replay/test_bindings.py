"""One recorded value is one live value, and back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.bindings import Bindings, Times
from tests.jobs.replay.recorded import iso

VALUES = st.text("abc", min_size=1, max_size=2)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=60), st.sampled_from([1, 2, 4, 1000]))
def test_bindings_are_a_bijection_whether_in_memory_or_on_disk(
    pairs: list[tuple[str, str]], in_memory: int
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as at:
        bindings = Bindings(Path(at) / "b.sqlite", in_memory)
        there: dict[str, str] = {}
        back: dict[str, str] = {}
        for recorded, live in pairs:
            fits = there.get(recorded, live) == live and back.get(live, recorded) == recorded
            assert bindings.bind(recorded, live) is fits
            if fits:
                there[recorded], back[live] = live, recorded
        for each in {name for pair in pairs for name in pair}:
            assert bindings.live(each) == there.get(each)
            assert bindings.recorded(each) == back.get(each)
        bindings.close()


def test_what_does_not_fit_into_memory_is_found_in_the_file(tmp_path: Path) -> None:
    spill = tmp_path / "b.sqlite"
    bindings = Bindings(spill, in_memory=4)
    for number in range(50):
        assert bindings.bind(f"r{number}", f"l{number}")
        assert len(bindings._live) <= 4
    assert spill.exists()
    assert [bindings.live(f"r{n}") for n in range(50)] == [f"l{n}" for n in range(50)]
    assert [bindings.recorded(f"l{n}") for n in range(50)] == [f"r{n}" for n in range(50)]
    assert not bindings.bind("r0", "other")
    assert not bindings.bind("other", "l0")
    assert bindings.bind("r0", "l0")
    bindings.close()
    assert not spill.exists()


def test_few_bindings_need_no_file(tmp_path: Path) -> None:
    bindings = Bindings(tmp_path / "b.sqlite")
    bindings.bind("r", "l")
    bindings.close()
    assert not list(tmp_path.iterdir())


def test_one_recorded_time_of_an_object_is_one_live_time() -> None:
    times = Times()
    assert times.fits("a", iso(1), iso(5, 2026), 1)
    assert times.fits("a", iso(1), iso(5, 2026), 2)
    assert not times.fits("a", iso(1), iso(6, 2026), 3)


def test_two_objects_made_at_once_need_not_be_made_at_once_again() -> None:
    times = Times()
    assert times.fits("a", iso(1), iso(5, 2026), 1)
    assert times.fits("b", iso(1), iso(6, 2026), 2)


def test_a_time_that_changed_has_to_change_again() -> None:
    times = Times()
    assert times.fits("a", iso(1), iso(5, 2026), 1)
    assert not times.fits("a", iso(2), iso(5, 2026), 2)


def test_two_writes_of_one_request_may_share_a_millisecond() -> None:
    times = Times()
    assert times.fits("a", iso(1), iso(5, 2026), 7)
    assert times.fits("a", iso(2), iso(5, 2026), 7)


def test_a_later_time_may_not_be_earlier_now() -> None:
    times = Times()
    assert times.fits("a", iso(1), iso(5, 2026), 1)
    assert not times.fits("a", iso(2), iso(4, 2026), 2)


def test_the_clocks_of_the_recorded_machines_may_have_been_apart() -> None:
    # hosted-2016, test_object_updated_at: made at 17:12:23.630, changed at 17:12:19.489.
    times = Times()
    assert times.fits("a", iso(5), iso(5, 2026), 1)
    assert times.fits("a", iso(4), iso(6, 2026), 2)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6))
def test_times_that_were_accepted_never_go_back(pairs: list[tuple[int, int]]) -> None:
    times = Times()
    kept: list[tuple[int, int]] = []
    for number, (recorded, live) in enumerate(pairs):
        fits = times.fits("a", iso(recorded), iso(live, 2026), number)
        if fits and (recorded, live) not in kept:
            kept.append((recorded, live))
    for place, (recorded, live) in enumerate(kept):
        for other, its in kept[place + 1 :]:
            assert (recorded == other) == (live == its)
            assert not recorded < other or live < its


def test_a_live_time_is_found_by_its_object_and_by_itself() -> None:
    times = Times()
    times.fits("a", iso(1), iso(5, 2026), 1)
    times.fits("a", iso(2), iso(6, 2026), 2)
    assert times.live_times("a") == {iso(5, 2026), iso(6, 2026)}
    assert times.live_times("b") == set()
    assert times.live(iso(2)) == iso(6, 2026)
    assert times.live(iso(3)) is None


def test_the_time_of_its_creation_is_kept_when_an_object_changes_often() -> None:
    times = Times()
    for number in range(40):
        assert times.fits("a", iso(number), iso(number, 2026), number)
    assert iso(0, 2026) in times.live_times("a")
    assert not times.fits("a", iso(0), iso(1, 2026), 50)
    assert len(times.live_times("a")) <= 8


def test_the_oldest_objects_are_forgotten_first() -> None:
    times = Times(in_memory=3)
    for number in range(5):
        times.fits(f"o{number}", iso(number), iso(number, 2026), number)
    assert times.live_times("o0") == set()
    assert times.live_times("o4") == {iso(4, 2026)}
