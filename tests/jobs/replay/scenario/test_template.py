from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.scenario.template import Names, UnknownName, references

NO_DOLLAR = st.text(st.characters(exclude_characters="$"))
PLAIN = st.recursive(
    st.none() | st.integers() | NO_DOLLAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NO_DOLLAR, inner, max_size=3),
    max_leaves=8,
)


def names(**given: Any) -> Names:
    made: list[str] = []

    def new(base: str) -> str:
        made.append(base)
        return f"New_{base}{len(made)}"

    return Names(given, new, new)


@given(PLAIN)
def test_a_value_without_references_stays_as_it_is(value: Any) -> None:
    assert names().fill(value) == value
    assert references(value) == set()


def test_a_whole_reference_becomes_the_value_itself() -> None:
    filled = names(obj={"rows": [{"n": 5}]}).fill({"a": "${obj.rows[0].n}", "b": "n=${obj.rows}"})

    assert filled == {"a": 5, "b": "n=[{'n': 5}]"}


def test_keys_are_filled_as_well() -> None:
    assert names(alice={"objectId": "x"}).fill({"${alice.objectId}": 1}) == {"x": 1}


def test_a_class_is_one_name_in_a_scenario() -> None:
    made = names()

    first, second = made.fill(["${class:Note}", "classes/${class:Note}/a"])

    assert (first, second) == ("New_Note1", "classes/New_Note1/a")
    assert made.fill("${class:Post}") != first


def test_a_device_token_is_64_hexadecimal_digits_and_new_in_each_run() -> None:
    assert len(names().fill("${hex:a}")) == 64
    assert names().fill("${hex:a}") != names().fill("${hex:a}")


def test_repeat_writes_out_a_list_with_the_index() -> None:
    assert names().fill({"$repeat": 3, "$of": {"n": "${i}"}}) == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize("text", ["${nobody}", "${obj.missing}", "${obj[0]}", "a ${obj.n.m}"])
def test_a_reference_to_nothing_is_named(text: str) -> None:
    with pytest.raises(UnknownName, match=r"\$\{"):
        names(obj={"n": 1}).fill(text)


@pytest.mark.parametrize("text", ["${", "${a b}", "${a.b()}", "${__import__('os')}", "${a:}"])
def test_whatever_is_not_in_the_grammar_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        references({"deep": [text]})


def test_nothing_that_a_server_answered_is_filled_again() -> None:
    assert names(obj={"text": "${mount}"}, mount="/1").fill("${obj.text}") == "${mount}"
