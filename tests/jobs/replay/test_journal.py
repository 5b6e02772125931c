"""What was sent and what became of it, so that a killed replay goes on."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.journal import Journal
from parity.jobs.replay.judgement import Class, Judgement
from parity.model import Difference, Kind, UserError

INPUTS = {"recording": "sha256:1", "target": "selfhosted"}
JUDGED = Judgement(
    Class.DIFFERENT,
    [
        (Difference("$.a", Kind.VALUE, 1, {"b": [None, True, 1.5]}), None),
        (Difference("$.c", Kind.EXTRA, None, "x"), "KD-0001"),
    ],
    "why",
    [("recorded00", "minted0000")],
    [("recorded00", "2016", "2026")],
)


def written(path: Path) -> Journal:
    """Write a journal with an entry, two announcements and an entry for one of them."""
    journal = Journal(path, INPUTS)
    assert not journal.resumed
    journal.enter(0, JUDGED, 12.5)
    journal.announce(1, 100.5)
    journal.announce(2, 101.5)
    journal.enter(2, Judgement(Class.EQUAL), None)
    journal.close()
    return journal


def test_what_was_entered_is_found_again(tmp_path: Path) -> None:
    written(tmp_path / "j")
    journal = Journal(tmp_path / "j", INPUTS)
    assert journal.resumed
    entry = journal.find(0)
    assert entry is not None
    assert (entry.judgement, entry.elapsed_ms) == (JUDGED, 12.5)
    second = journal.find(2)
    assert second is not None
    assert second.judgement == Judgement(Class.EQUAL)
    journal.close()


def test_what_was_only_announced_is_told_apart(tmp_path: Path) -> None:
    written(tmp_path / "j")
    journal = Journal(tmp_path / "j", INPUTS)
    entry = journal.find(1)
    assert entry is not None
    assert (entry.judgement, entry.announced_at) == (None, 100.5)
    assert journal.find(3) is None
    assert journal.find(999) is None
    journal.close()


def test_an_announcement_is_in_the_file_before_the_write_is_sent(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", INPUTS)
    journal.announce(7, 1.0)
    assert json.loads((tmp_path / "j").read_bytes().splitlines()[-1]) == {"a": 7, "at": 1.0}
    journal.close()


@given(st.data())
def test_a_kill_within_a_line_loses_this_line_only(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        written(path)
        whole = path.read_bytes()
        header = whole.index(b"\n") + 1
        cut = data.draw(st.integers(header, len(whole)))
        path.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        journal = Journal(path, INPUTS)
        assert (journal.find(0) is not None) is (lines >= 2)
        assert (journal.find(1) is not None) is (lines >= 3)
        journal.enter(9, Judgement(Class.EQUAL), 1.0)
        journal.close()
        assert [json.loads(line) for line in path.read_bytes().splitlines()[1:lines]] == [
            json.loads(line) for line in whole.splitlines()[1:lines]
        ]
        again = Journal(path, INPUTS)
        assert again.find(9) is not None, "what was appended begins a line of its own"
        again.close()


def test_a_journal_of_other_inputs_is_refused_and_says_which(tmp_path: Path) -> None:
    written(tmp_path / "j")
    with pytest.raises(UserError, match="target changed since") as caught:
        Journal(tmp_path / "j", INPUTS | {"target": "other"})
    assert caught.value.code == "resume"
    with pytest.raises(UserError, match="speed changed"):
        Journal(tmp_path / "j", INPUTS | {"speed": "2"})


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[1]\n", b'{"format":"x","version":1}\n', b"{"])
def test_another_file_is_no_journal(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(UserError, match="no journal"):
        Journal(tmp_path / "j", INPUTS)


@pytest.mark.parametrize(
    "line",
    [b"garbage", b"5", b"{}", b'{"n":-1}', b'{"n":"x"}', b'{"n":99999999999999}', b'{"a":null}'],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    written(tmp_path / "j")
    size = (tmp_path / "j").stat().st_size
    with (tmp_path / "j").open("ab") as file:
        file.write(line + b'\n{"n":5,"o":"equal","t":null}\n')
    with pytest.raises(UserError, match=f"damaged at byte {size}"):
        Journal(tmp_path / "j", INPUTS)


@pytest.mark.parametrize("line", [b'{"n":5}', b'{"n":5,"o":"new"}', b'{"n":5,"o":"equal","d":[1]}'])
def test_a_damaged_entry_is_named_when_it_is_needed(tmp_path: Path, line: bytes) -> None:
    written(tmp_path / "j")
    with (tmp_path / "j").open("ab") as file:
        file.write(line + b"\n")
    journal = Journal(tmp_path / "j", INPUTS)
    with pytest.raises(UserError, match="damaged"):
        journal.find(5)
    journal.close()


def test_a_folder_that_does_not_exist_is_the_users_matter(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        Journal(tmp_path / "none" / "j", INPUTS)


def test_entries_are_written_in_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", INPUTS)
    for number in range(300):
        journal.enter(number, Judgement(Class.EQUAL), 1.0)
    assert len((tmp_path / "j").read_bytes().splitlines()) > 250
    journal.close()
    assert len((tmp_path / "j").read_bytes().splitlines()) == 301
