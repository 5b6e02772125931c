"""The objects of a source on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.verify.sources.index import Entry, Page, SourceIndex, join_key, key_of, shown_key
from parity.model import UserError


def entry(key: str, body: bytes = b"{}") -> Entry:
    return Entry(key_of(key), body)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "source.sqlite"


@given(st.lists(st.text(max_size=6), unique=True))
def test_keys_sort_as_mongodb_sorts_strings(texts: list[str]) -> None:
    assert sorted(texts, key=key_of) == sorted(texts, key=lambda each: each.encode("utf-8"))


def test_objects_come_back_in_the_order_of_their_keys(path: Path) -> None:
    index = SourceIndex(path, "s", resume=False)
    index.begin("A")
    index.begin("B")
    index.add("A", [entry("b", b'{"n":2}'), entry("Z"), entry("a")])
    index.add("B", [entry("x")])
    index.finish("A")
    assert [each.key for each in index.entries("A")] == [b"Z", b"a", b"b"]
    assert [each.value() for each in index.entries("A")][2] == {"n": 2}
    assert index.has("A", b"a")
    assert not index.has("A", b"x")
    index.close(remove=True)
    assert list(path.parent.iterdir()) == []


def test_a_page_and_the_place_to_go_on_are_written_as_one(path: Path) -> None:
    index = SourceIndex(path, "s", resume=False)
    index.begin("A")
    index.add("A", [entry("a"), entry("b")], Page(b"", b"b", 2))
    # Nothing is closed, as after kill -9.
    again = SourceIndex(path, "s", resume=True)
    state = again.begin("A")
    assert (state.last, state.rows, state.done) == (b"b", 2, False)
    assert again.pages("A") == [Page(b"", b"b", 2)]


def test_a_range_is_replaced(path: Path) -> None:
    index = SourceIndex(path, "s", resume=False)
    index.begin("A")
    index.add("A", [entry("a"), entry("c")], Page(b"", b"c", 2))
    index.add("A", [entry("d")], Page(b"c", b"d", 1))
    index.replace("A", Page(b"", b"c", 2), [entry("a"), entry("b"), entry("c")])
    index.finish("A")
    assert [each.key for each in index.entries("A")] == [b"a", b"b", b"c", b"d"]
    state = index.state("A")
    assert state is not None
    assert state.rows == 4
    assert [page.rows for page in index.pages("A")] == [3, 1]


def test_what_was_read_from_other_bytes_is_read_anew(path: Path) -> None:
    index = SourceIndex(path, "s", resume=False)
    index.begin("A", "1")
    index.add("A", [entry("a")])
    index.finish("A", "a problem")
    assert index.begin("A", "1").problem == "a problem"
    assert index.begin("A", "2").rows == 0
    assert not index.begin("A", "2").done


def test_without_an_index_there_is_nothing_to_go_on_with(path: Path) -> None:
    with pytest.raises(UserError) as caught:
        SourceIndex(path, "s", resume=True)
    assert caught.value.code == "resume"
    assert not path.exists()


@pytest.mark.parametrize("content", [None, b"no database at all, but long enough to be read"])
def test_the_index_of_another_source_is_never_gone_on_with(
    path: Path, content: bytes | None
) -> None:
    if content is None:
        SourceIndex(path, "one", resume=False).close(remove=False)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        SourceIndex(path, "other", resume=True)
    assert caught.value.code == "resume"
    SourceIndex(path, "other", resume=False).close(remove=True)


def test_a_join_row_is_shown_with_both_ends() -> None:
    assert shown_key(join_key("role", "user")) == "role→user"
