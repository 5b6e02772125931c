from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.compare import Anything, Containing, Matching, Unordered, differences
from parity.model import Kind

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_a_value_equals_its_copy(value: Any) -> None:
    assert differences(value, copy.deepcopy(value)) == []


@given(values, values)
def test_equality_is_symmetric(left: Any, right: Any) -> None:
    assert bool(differences(left, right)) == bool(differences(right, left))


def leaves(value: Any, path: str = "$") -> list[tuple[str, list[Any]]]:
    """Return the path and the keys of every scalar in a value."""
    found: list[tuple[str, list[Any]]] = []
    if isinstance(value, dict):
        for key, each in value.items():
            inside = f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"
            found += [(p, [key, *keys]) for p, keys in leaves(each, inside)]
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found += [(p, [index, *keys]) for p, keys in leaves(each, f"{path}[{index}]")]
    else:
        found.append((path, []))
    return found


def changed(value: Any, keys: list[Any]) -> Any:
    """Return a copy with the scalar at ``keys`` replaced by something that differs."""
    if not keys:
        return "planted" if value != "planted" else "other"
    result = copy.deepcopy(value)
    result[keys[0]] = changed(value[keys[0]], keys[1:])
    return result


@given(values, st.data())
def test_a_single_planted_change_is_reported_at_its_exact_path(value: Any, data: Any) -> None:
    places = leaves(value)
    if not places:
        places = [("$", [])]
    path, keys = data.draw(st.sampled_from(places))

    found = differences(value, changed(value, keys))

    paths = [each.path for each in found]
    # In an array the change may also be a permutation, which is reported for the whole array.
    assert len(found) == 1
    assert path == paths[0] or (found[0].kind is Kind.ORDER and path.startswith(paths[0]))


@given(st.dictionaries(st.text(min_size=1, max_size=5), scalars, min_size=1), st.data())
def test_a_dropped_key_is_missing_and_an_added_one_is_extra(
    value: dict[str, Any], data: Any
) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    without = {k: v for k, v in value.items() if k != key}

    assert [d.kind for d in differences(value, without)] == [Kind.MISSING]
    assert [d.kind for d in differences(without, value)] == [Kind.EXTRA]


@given(st.lists(scalars, min_size=1, max_size=6), st.randoms())
def test_unordered_accepts_every_permutation_and_nothing_else(items: list[Any], rnd: Any) -> None:
    shuffled = list(items)
    rnd.shuffle(shuffled)

    assert differences(Unordered(items), shuffled) == []
    assert differences(Unordered(items), [*shuffled, "one more"])
    assert differences(Unordered(items), shuffled[1:])


@pytest.mark.parametrize(
    ("expected", "actual", "kind"),
    [
        (1, True, Kind.TYPE),
        (0, False, Kind.TYPE),
        (None, {}, Kind.TYPE),
        ("1", 1, Kind.TYPE),
        (2**53 + 1, 2**53, Kind.VALUE),
        (10**400, 1e308, Kind.VALUE),
        (0.1, 0.10000000000000002, Kind.VALUE),
        ([1, 2], [2, 1], Kind.ORDER),
        ([1, 2], [1], Kind.LENGTH),
        ({"a": None}, {}, Kind.MISSING),
        ({}, {"a": None}, Kind.EXTRA),
    ],
)
def test_what_apps_can_tell_apart_differs(expected: Any, actual: Any, kind: Kind) -> None:
    assert [difference.kind for difference in differences(expected, actual)] == [kind]


@pytest.mark.parametrize(
    ("left", "right"),
    [(-30, -30.0), (0, -0.0), (1e3, 1000), (521807970406311660000, 5.2180797040631166e20)],
)
def test_numbers_are_equal_by_value(left: float, right: float) -> None:
    assert differences(left, right) == []


def test_a_matcher_inside_a_value_is_asked_for_its_place() -> None:
    expected = {"results": [{"objectId": Matching(r"\w{10}", "an id"), "x": Anything()}]}

    assert differences(expected, {"results": [{"objectId": "abcdefghij", "x": None}]}) == []
    found = differences(expected, {"results": [{"objectId": "short"}]})

    assert [(d.path, d.kind) for d in found] == [
        ("$.results[0].objectId", Kind.VALUE),
        ("$.results[0].x", Kind.MISSING),
    ]
    assert found[0].expected == "<an id>"


def test_containing_names_the_member_that_differs() -> None:
    found = differences(Containing({"a": 1, "b": 2}), {"a": 1, "b": 3, "c": 4})

    assert [(d.path, d.expected, d.actual) for d in found] == [("$.b", 2, 3)]


def test_containing_refuses_what_is_no_object() -> None:
    assert [d.kind for d in differences(Containing({"a": 1}), [1])] == [Kind.TYPE]
