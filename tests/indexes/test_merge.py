"""Few indexes that serve all wishes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parity.indexes.merge import Wish, duplicates, existing_keys, plan, serves
from parity.indexes.model import Keys

names = st.sampled_from("abcdef")
keys = st.lists(st.tuples(names, st.sampled_from((1, -1))), max_size=3, unique_by=lambda e: e[0])


@st.composite
def wishes(given_: st.DrawFn) -> Wish:
    equal = frozenset(given_(st.sets(names, max_size=3)))
    tail = tuple(each for each in given_(keys) if each[0] not in equal)
    if not equal and not tail:
        equal = frozenset("a")
    ordered = given_(st.integers(0, len(tail)))
    number = given_(st.integers(0, 10**6))
    return Wish(f"q{number}", equal, tail, ordered, float(number))


def wish(equal: str, *tail: tuple[str, int], ordered: int | None = None, saves: float = 1) -> Wish:
    return Wish("q", frozenset(equal), tail, len(tail) if ordered is None else ordered, saves)


@given(st.lists(wishes(), max_size=8), st.lists(keys, max_size=3))
def test_each_wish_is_served_by_its_index(given_: list[Wish], existing: list[Keys]) -> None:
    planned = plan(given_, [tuple(each) for each in existing if each])
    assert sum(len(each.wishes) for each in planned) == len(given_)
    for each in planned:
        assert len({key for key, _ in each.keys}) == len(each.keys)
        for one in each.wishes:
            assert serves(each.keys, one)


@given(st.lists(wishes(), max_size=8))
def test_no_index_is_the_beginning_of_another(given_: list[Wish]) -> None:
    found = [each.keys for each in plan(given_)]
    for one in found:
        assert not any(two != one and two[: len(one)] == one for two in found)


def test_equality_alone_comes_into_the_index_that_has_an_order_too() -> None:
    [planned] = plan([wish("a"), wish("a", ("t", -1))])
    assert planned.keys == (("a", 1), ("t", -1))


def test_an_order_is_served_backwards_and_not_mixed() -> None:
    both: Keys = (("a", 1), ("s", 1), ("t", -1))
    assert serves(both, wish("a", ("s", 1), ("t", -1)))
    assert serves(both, wish("a", ("s", -1), ("t", 1)))
    assert not serves(both, wish("a", ("s", 1), ("t", 1)))
    assert serves(both, wish("a", ("s", 1), ("t", 1), ordered=0))


def test_the_order_of_equal_keys_is_chosen_so_that_one_index_is_enough() -> None:
    [planned] = plan([wish("ab", saves=9), wish("b", saves=1)])
    assert planned.keys == (("b", 1), ("a", 1))


def test_the_most_useful_comes_first() -> None:
    planned = plan([wish("a", saves=1), wish("b", saves=5)])
    assert [each.keys for each in planned] == [(("b", 1),), (("a", 1),)]


def test_an_index_that_serves_only_some_queries_is_none() -> None:
    for option in ("sparse", "hidden"):
        assert existing_keys({"key": [("a", 1)], option: True}) is None
    assert existing_keys({"key": [("a", 1)], "partialFilterExpression": {"a": 1}}) is None
    assert existing_keys({"key": [("a", 1.0), ("b", "2d")]}) == (("a", 1), ("b", "2d"))


def test_a_beginning_that_has_a_meaning_of_its_own_is_no_duplicate() -> None:
    longer = {"key": [("a", 1), ("b", 1)]}
    plain = {"_id_": {"key": [("_id", 1)]}, "a_1": {"key": [("a", 1)]}, "a_b": longer}
    assert duplicates(plain) == [("a_1", "a_b")]
    assert duplicates({**plain, "a_1": {"key": [("a", 1)], "unique": True}}) == []
    assert duplicates({**plain, "a_1": {"key": [("a", 1)], "expireAfterSeconds": 5}}) == []
    assert duplicates({**plain, "a_1": {"key": [("a", -1)]}}) == []
