"""What differs between two replays against one server, reviewed by a person."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.replay.judgement import Class, Judgement
from parity.jobs.replay.noise import NO_NOISE, read_noise, write_noise
from parity.jobs.replay.tally import Tally
from parity.model import Difference, Kind, UserError
from tests.jobs.replay.recorded import operation

FOUND = Difference("$.results[2].now", Kind.VALUE, 1, 2)
NAME = "GET /classes/Post"


def control(*found: Difference, signature: str = NAME) -> Tally:
    """Return the tally of a control that found something."""
    tally = Tally()
    judgement = Judgement(Class.DIFFERENT, [(each, None) for each in found])
    tally.add(signature, "query", "a", "7", judgement, recorded_ms=1, live_ms=1)
    return tally


def reviewed(file: Path, accepted: str) -> None:
    """Do what a person does."""
    text = file.read_text(encoding="utf-8").replace("accepted = false", f"accepted = {accepted}")
    file.write_text(text, encoding="utf-8")


def test_accepted_noise_explains_its_place_in_any_row(tmp_path: Path) -> None:
    file = tmp_path / "noise.toml"
    assert write_noise(control(FOUND), file, "selfhosted") == 1
    reviewed(file, "true")
    noise, query = read_noise(file), operation("GET", "/classes/Post")
    assert noise.explains(query, Difference("$.results[9].now", Kind.VALUE, 3, 4))
    assert not noise.explains(query, Difference("$.results[9].now", Kind.TYPE, 3, "4"))
    assert not noise.explains(query, Difference("$.results[9].then", Kind.VALUE, 3, 4))
    assert not noise.explains(operation("GET", "/classes/Other"), FOUND)


def test_what_nobody_accepted_explains_nothing(tmp_path: Path) -> None:
    file = tmp_path / "noise.toml"
    write_noise(control(FOUND), file, "selfhosted")
    assert read_noise(file).places == frozenset()
    assert not NO_NOISE.explains(operation("GET", "/classes/Post"), FOUND)


@pytest.mark.parametrize("accepted", ['"true"', "1"])
def test_what_is_neither_true_nor_false_is_named_with_its_line(
    tmp_path: Path, accepted: str
) -> None:
    file = tmp_path / "noise.toml"
    write_noise(control(FOUND), file, "selfhosted")
    reviewed(file, accepted)
    with pytest.raises(UserError, match=r"line \d+: noise\[0\]\.accepted: expected bool"):
        read_noise(file)


@pytest.mark.parametrize("odd", ['a"b', "a\\b", "a\nb", "é", "😀", "a\x7fb", "a\x00b"])
def test_names_of_any_kind_are_read_as_they_were_written(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "noise.toml"
    difference = Difference(f"$.{odd}", Kind.VALUE, 1, 2)
    write_noise(control(difference, signature=f"GET /{odd}"), file, "selfhosted")
    reviewed(file, "true")
    assert read_noise(file).places == {(f"GET /{odd}", f"$.{odd}", "value")}


def test_each_cluster_is_an_entry_with_how_often_it_was_seen(tmp_path: Path) -> None:
    file = tmp_path / "noise.toml"
    other = Difference("$.count", Kind.VALUE, 1, 2)
    assert write_noise(control(FOUND, other), file, "s") == 2
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["noise"]
    assert [(entry["path"], entry["seen"], entry["example"]) for entry in entries] == [
        ("$.count", 1, "7"),
        ("$.results[*].now", 1, "7"),
    ]


def test_without_noise_the_file_has_no_entry(tmp_path: Path) -> None:
    file = tmp_path / "noise.toml"
    assert write_noise(Tally(), file, "s") == 0
    assert read_noise(file) == NO_NOISE


@pytest.mark.parametrize(
    "content", ["[[noise]]\npath = 5", "noise = [1]", "[[noise", "\xff", None], ids=repr
)
def test_a_file_that_is_something_else_is_the_users_matter(tmp_path: Path, content: Any) -> None:
    file = tmp_path / "noise.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError) as caught:
        read_noise(file)
    assert caught.value.code == "noise"
