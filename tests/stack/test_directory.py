"""Directories of stacks: which are live, which are left over."""

from __future__ import annotations

import os
from pathlib import Path

from parity.stack.directory import create_directory, is_live, leftovers, sweep


def test_a_new_directory_is_live_and_private(tmp_path: Path) -> None:
    directory, lock = create_directory(tmp_path)
    assert is_live(directory)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert leftovers(tmp_path) == []
    os.close(lock)


def test_it_is_left_over_when_its_lock_is_free(tmp_path: Path) -> None:
    directory, lock = create_directory(tmp_path)
    os.close(lock)
    assert not is_live(directory)
    assert leftovers(tmp_path) == [directory]


def test_a_sweep_removes_what_is_left_over_and_nothing_else(tmp_path: Path) -> None:
    live, lock = create_directory(tmp_path)
    dead, dead_lock = create_directory(tmp_path)
    (dead / "mongo").mkdir()
    os.close(dead_lock)
    foreign = tmp_path / "someone-elses"
    foreign.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    link = tmp_path / "parse-parity-link"
    link.symlink_to(target)
    assert sweep(tmp_path) == [dead]
    assert sorted(tmp_path.iterdir()) == sorted([live, foreign, target, link])
    os.close(lock)


def test_one_that_is_being_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "parse-parity.new-x").mkdir()
    assert sweep(tmp_path) == []


def test_one_whose_making_was_cut_short_long_ago_is_removed(tmp_path: Path) -> None:
    unfinished = tmp_path / "parse-parity.new-x"
    unfinished.mkdir()
    os.utime(unfinished, (0, 0))
    assert sweep(tmp_path) == [unfinished]
    assert list(tmp_path.iterdir()) == []
