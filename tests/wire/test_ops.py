from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import (
    UNSET,
    Add,
    AddRelation,
    AddUnique,
    Batch,
    DecodeError,
    Delete,
    Increment,
    Op,
    Pointer,
    Remove,
    RemoveRelation,
    SetOnInsert,
    WrongTypeError,
    apply,
    decode_op,
    encode,
)
from tests.wire.strategies import numbers, pointers, values

items = st.lists(values, max_size=4).map(tuple)
members = st.lists(pointers, max_size=4).map(tuple)
relation_ops = st.builds(AddRelation, members) | st.builds(RemoveRelation, members)
ops = st.one_of(
    st.builds(Increment, numbers),
    st.builds(Add, items),
    st.builds(AddUnique, items),
    st.builds(Remove, items),
    relation_ops,
    st.just(Delete()),
    st.builds(SetOnInsert, values),
    st.builds(Batch, st.lists(relation_ops).map(tuple)),
)
small = st.lists(st.integers(0, 3), max_size=6)


@given(ops)
def test_an_operator_survives_the_wire(op: Op) -> None:
    assert decode_op(json.loads(json.dumps(encode(op)))) == op


def test_operators_stand_inside_an_update() -> None:
    update = {"score": Increment(-1), "old": Delete(), "cs": AddRelation((Pointer("C", "x"),))}

    assert encode(update) == {
        "score": {"__op": "Increment", "amount": -1},
        "old": {"__op": "Delete"},
        "cs": {
            "__op": "AddRelation",
            "objects": [{"__type": "Pointer", "className": "C", "objectId": "x"}],
        },
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"__op": "Multiply", "amount": 2},
        {"__op": ["Add"]},
        {"__op": "Increment"},
        {"__op": "Increment", "amount": "1"},
        {"__op": "Increment", "amount": True},
        {"__op": "Add", "objects": {}},
        {"__op": "Add", "objects": [], "amount": 1},
        {"__op": "Delete", "amount": 1},
        {"__op": "AddRelation", "objects": [{"objectId": "x"}]},
        {"__op": "Batch", "ops": [{"__op": "Delete"}]},
        {"__op": "Add", "objects": [{"__type": "Money"}]},
    ],
)
def test_a_malformed_operator_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(DecodeError, match=r"^\$\.score"):
        decode_op(value, "$.score")


@given(numbers, numbers)
def test_increments_add_up(old: float, amount: float) -> None:
    assert apply(Increment(amount), old) == old + amount
    assert apply(Increment(amount), UNSET) == amount


@given(small, small)
def test_add_appends(old: list[int], new: list[int]) -> None:
    assert apply(Add(tuple(new)), old) == old + new


@given(small, small)
def test_add_unique_adds_what_is_missing_once(old: list[int], new: list[int]) -> None:
    result = apply(AddUnique(tuple(new)), old)

    assert result[: len(old)] == old
    assert sorted(result[len(old) :]) == sorted(set(new) - set(old))
    assert apply(AddUnique(tuple(new)), result) == result


@given(small, small)
def test_remove_takes_every_occurrence(old: list[int], gone: list[int]) -> None:
    assert apply(Remove(tuple(gone)), old) == [item for item in old if item not in gone]


@given(st.lists(pointers), members, members)
def test_a_batch_works_in_order(old: list[Pointer], new: tuple[Pointer, ...], gone: Any) -> None:
    result = apply(Batch((AddRelation(new), RemoveRelation(gone))), old)

    assert set(result) == (set(old) | set(new)) - set(gone)


def test_the_old_value_is_left_alone() -> None:
    old = [1]

    assert apply(Add((2,)), old) == [1, 2]
    assert old == [1]


def test_a_missing_field_is_not_null() -> None:
    assert apply(Delete(), None) is UNSET
    assert apply(Remove((1,)), UNSET) is UNSET
    with pytest.raises(WrongTypeError):
        apply(Increment(1), None)


def test_creating_an_object_differs_from_updating_it() -> None:
    assert apply(AddUnique((1, 1)), UNSET, creating=True) == [1, 1]
    assert apply(AddUnique((1, 1)), UNSET) == [1]
    assert apply(Remove((1,)), UNSET, creating=True) == []
    assert apply(SetOnInsert(5), UNSET, creating=True) == 5
    assert apply(SetOnInsert(5), UNSET) is UNSET


def test_equality_is_that_of_the_database() -> None:
    old: list[Any] = [1, {"a": 1, "b": 2}, [True]]

    assert apply(AddUnique((1.0, {"a": 1.0, "b": 2}, [True])), old) == old
    assert apply(AddUnique((True, {"b": 2, "a": 1}, [1])), old)[3:] == [True, {"b": 2, "a": 1}, [1]]


@pytest.mark.parametrize(
    ("op", "old"), [(Increment(1), "1"), (Increment(1), True), (Add((1,)), 1), (Remove((1,)), {})]
)
def test_an_operator_on_the_wrong_type_is_an_error(op: Op, old: Any) -> None:
    with pytest.raises(WrongTypeError):
        apply(op, old)
