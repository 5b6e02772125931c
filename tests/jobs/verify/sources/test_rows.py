"""Reading ``{"results": […]}`` piece by piece."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.verify.sources import rows
from parity.jobs.verify.sources.rows import RowError, read_page, read_rows

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=20)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(max_size=8), _VALUES, max_size=5)


class Drip:
    """A stream that gives a few bytes at a time, cutting tokens and characters in two."""

    def __init__(self, content: bytes, step: int) -> None:
        self._stream = io.BytesIO(content)
        self._step = step

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._step))


def read(content: bytes | str, step: int = 1 << 20) -> list[Any]:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return [row.value for row in read_rows(Drip(raw, step))]


@given(
    st.lists(_OBJECTS, max_size=6),
    st.integers(1, 40),
    st.sampled_from(["escaped", "as it is"]),
    st.sampled_from([None, 1, "\t"]),
)
def test_every_object_comes_back_however_the_bytes_arrive(
    objects: list[dict[str, Any]], step: int, form: str, indent: Any
) -> None:
    text = json.dumps({"results": objects}, ensure_ascii=form == "escaped", indent=indent)
    try:
        content = text.encode()
    except UnicodeEncodeError:  # lone surrogates can only be written as escapes
        content = json.dumps({"results": objects}).encode()
    assert read(content, step) == objects


@given(st.lists(_OBJECTS, min_size=1, max_size=4), st.data())
def test_a_file_that_ends_early_is_never_taken_for_complete(
    objects: list[dict[str, Any]], data: st.DataObject
) -> None:
    content = json.dumps({"results": objects}).encode()
    end = data.draw(st.integers(0, len(content) - 1))
    step = data.draw(st.integers(1, 64))
    got: list[Any] = []
    with pytest.raises(RowError):
        got.extend(row.value for row in read_rows(Drip(content[:end], step)))
    assert got == objects[: len(got)]


def test_a_byte_order_mark_other_members_and_space_are_read_over() -> None:
    content = b'\xef\xbb\xbf \n{"count": 2, "results" : [ {"a": 1} , {"b": [2.5]} ] , "x": {} }\r\n'
    assert read(content, 3) == [{"a": 1}, {"b": [2.5]}]


def test_no_objects_are_no_error() -> None:
    assert read('{"results": []}') == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("[]", 'expected {"results"'),
        ("<html>", 'expected {"results"'),
        ("{}", 'there is no "results"'),
        ('{"result": []}', 'there is no "results"'),
        ('{"results": {}}', "as the value of results"),
        ('{"results": [1]}', "an object is expected in results, not 1"),
        ('{"results": [{}, ]}', "Expecting value"),
        ('{"results": [{} {}]}', "between two objects"),
        ('{"results": [{"a": NaN}]}', "NaN is not JSON"),
        ('{"results": [{"a": -Infinity}]}', "-Infinity is not JSON"),
        ('{"results": [{"a": 1e999}]}', "no double can hold the number 1e999"),
        ('{"results": [{"a": ' + "9" * 5000 + "}]}", "Exceeds the limit"),
        ('{"results": [{"a": ' + "[" * 200_000 + "]" * 200_000 + "}]}", "nested too deeply"),
        ('{"results": [{"a": "\t"}]}', "Invalid control character"),
        ('{"results": [{"a": 01}]}', "Expecting ',' delimiter"),
        ('{"results": []} {"results": []}', "more text after the end"),
        ('{"results": [], "results": []}', '"results" stands twice'),
        ('{"results": [],}', "a comma before }"),
        ('{"results": [{"a": 1}', "found the end of the file"),
        ('{"results": [{"a": "b', "the file ends before"),
    ],
)
@pytest.mark.parametrize("step", [5, 1 << 20])
def test_what_is_not_an_answer_is_refused_with_its_reason(
    text: str, reason: str, step: int
) -> None:
    with pytest.raises(RowError) as caught:
        read(text, step)
    assert reason in str(caught.value)


def test_the_place_of_an_error_is_given_and_objects_before_it_count() -> None:
    text = '{"results": [\n  {"a": 1},\n  {"a": tru}\n]}'
    got: list[Any] = []
    with pytest.raises(RowError) as caught:
        got.extend(row.value for row in read_rows(Drip(text.encode(), 7)))
    assert got == [{"a": 1}]
    assert caught.value.where == "line 3, character 9"


def test_bytes_that_are_not_utf_8_are_named() -> None:
    with pytest.raises(RowError, match=r"near byte 21: not UTF-8"):
        read(b'{"results": [{"a": "\xff"}]}')
    with pytest.raises(RowError, match=r"UTF-16"):
        read('{"results": []}'.encode("utf-16"))


def test_a_key_that_stands_twice_puts_the_object_in_doubt() -> None:
    text = b'{"results": [{"a": 1, "b": {"c": 1, "c": 2}}, {"a": 1}]}'
    found = list(read_rows(Drip(text, 1 << 20)))
    assert [row.doubt for row in found] == ["the key 'c' stands twice in one object", ""]


def test_numbers_and_surrogates_keep_their_value() -> None:
    text = '{"results": [{"n": 12345678901234567890123, "d": 0.1, "s": "\\ud83d"}]}'
    assert read(text) == [{"n": 12345678901234567890123, "d": 0.1, "s": "\ud83d"}]


def test_an_object_beyond_every_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "OBJECT_CHARACTERS", 1000)
    monkeypatch.setattr(rows, "CHUNK_BYTES", 100)
    with pytest.raises(RowError, match="an object of more than"):
        read('{"results": [{"a": "' + "x" * 5000 + '"}]}')
    assert read('{"results": [{"a": "' + "x" * 500 + '"}]}') == [{"a": "x" * 500}]


def test_a_page_is_good_as_a_whole_or_not_at_all() -> None:
    assert [row.value for row in read_page(b'{"results": [{"a": 1}]}')] == [{"a": 1}]
    with pytest.raises(RowError):
        read_page(b'{"results": [{"a": 1}')
