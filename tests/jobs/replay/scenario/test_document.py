from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.scenario.document import MAX_CHARACTERS, BadDocument, read_document

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["Cc"]))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_is_read_as_itself(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)

    assert read_document(text).value == value


@given(st.text(max_size=60))
def test_anything_is_read_or_refused_with_its_line(text: str) -> None:
    assert outcome(text).startswith("line ")


def outcome(text: str) -> str:
    try:
        return f"line {read_document(text).line(())}"
    except BadDocument as error:
        return str(error)


def test_each_value_has_its_line() -> None:
    document = read_document("a: 1\nb:\n  - x\n  - y: 2\n")

    assert document.line(("a",)) == 1
    assert document.line(("b", 1, "y")) == 4
    assert document.line(("b", 1, "nowhere")) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!python/object/apply:os.system ['true']", "line 1, column 4: the tag"),
        ("a: 1\nb: !ruby/object:Net::HTTP {}", "line 2, column 4: the tag"),
        ("a: !!binary aGk=", "line 1, column 4: 'aGk=' is neither"),
        ("a: !!set {x}", "line 1, column 4: the tag"),
        ("a: &x [1]\nb: *x", "line 1, column 4: the anchor &x"),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' is there twice"),
        ("a: .nan", "line 1, column 4: '.nan' is neither"),
        ("? [1, 2]\n: 3", "line 1, column 3: a key has to be text"),
        ("a: [1", "line 1, column 6:"),
        ("a: b: c", "line 1, column 5:"),
        ("a: 1\n---\nb: 2", "line 2, column 1:"),
        ("", "line 1: the file is empty"),
        ("x" * (MAX_CHARACTERS + 1), "line 1: longer than"),
        ("[" * 60 + "]" * 60, "line 1, column 52: nested deeper"),
    ],
    ids=lambda value: value[:24].replace("\n", " "),
)
def test_what_is_no_plain_data_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadDocument) as caught:
        read_document(text)

    assert str(caught.value).startswith(message)


def test_words_and_dates_are_what_they_look_like() -> None:
    document = read_document("[yes, 2016-01-01, true, null, '5', 1e3]")

    assert document.value == ["yes", "2016-01-01", True, None, "5", 1000.0]


def test_octal_and_hexadecimal_numbers_are_not_guessed() -> None:
    with pytest.raises(BadDocument, match="'0x10' is neither"):
        read_document("a: 0x10")
