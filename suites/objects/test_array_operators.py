from __future__ import annotations

from typing import Any

import pytest

from parity.compare import Unordered, a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects"), pytest.mark.spec("rest/objects#arrays")]

DATE = {"__type": "Date", "iso": "2011-08-21T18:02:52.249Z"}


def pointer(object_id: str) -> dict[str, str]:
    """Return a pointer to a player, which need not exist."""
    return {"__type": "Pointer", "className": "Player", "objectId": object_id}


ADD: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "values": ([1], [2, "x"], [1, 2, "x"]),
    "duplicates": (["a"], ["a", "a"], ["a", "a", "a"]),
    "array": ([1], [[2, 3]], [1, [2, 3]]),
    "nothing": ([1], [], [1]),
    "null_and_objects": ([], [None, {"a": {"b": 1}}], [None, {"a": {"b": 1}}]),
    "date": ([1], [DATE], [1, DATE]),
    "pointers": ([pointer("aaaaaaaaaa")], [pointer("bbbbbbbbbb")],
                 [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")]),
}  # fmt: skip
ADD_UNIQUE: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "one_new": ([1, 2], [2, 3], [1, 2, 3]),
    "none_new": ([1, 2], [2, 1], [1, 2]),
    "given_twice": ([1], [3, 3], [1, 3]),
    "other_types": ([1], ["1", True, 1.0], [1, "1", True]),
    "strings": (["pwnage"], ["flying", "pwnage", "kungfu"], ["pwnage", "flying", "kungfu"]),
    "objects": ([{"k": 1}], [{"k": 1}, {"k": 2}], [{"k": 1}, {"k": 2}]),
    "arrays": ([[1, 2]], [[1, 2], [2, 1]], [[1, 2], [2, 1]]),
    "dates": ([DATE], [DATE], [DATE]),
    "pointers": ([pointer("aaaaaaaaaa")], [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")],
                 [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")]),
}  # fmt: skip
REMOVE: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "all_instances": ([1, 2, 1, 3], [1], [2, 3]),
    "several": (["a", "b", "c", "a"], ["a", "c"], ["b"]),
    "to_empty": (["hello"], ["hello"], []),
    "absent": ([1, 2], [9], [1, 2]),
    "other_type": ([1, "1"], ["1"], [1]),
    "object": ([{"k": 1}, {"k": 1, "l": 2}, {"k": 2}], [{"k": 1}], [{"k": 1, "l": 2}, {"k": 2}]),
    "null": ([None, 1], [None], [1]),
    "date": ([DATE, 1], [DATE], [1]),
    "pointer": ([pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")], [pointer("aaaaaaaaaa")],
                [pointer("bbbbbbbbbb")]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "cases", "ordered"),
    [("Add", ADD, True), ("AddUnique", ADD_UNIQUE, False), ("Remove", REMOVE, True)],
    ids=["Add", "AddUnique", "Remove"],
)
def test_array_operator_changes_the_array(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    operator: str,
    cases: dict[str, tuple[list[Any], list[Any], list[Any]]],
    *,
    ordered: bool,
) -> None:
    """Add appends, AddUnique adds what is missing, Remove takes out all instances; for any value.

    The reply carries the new arrays and updatedAt, nothing else.
    """
    game_score = new_class("GameScore")
    created = parse.create(game_score, {name: start for name, (start, _, _) in cases.items()})
    changes = {name: {"__op": operator, "objects": given} for name, (_, given, _) in cases.items()}
    results = {
        name: result if ordered else Unordered(result) for name, (_, _, result) in cases.items()
    }
    updated = parse.update(game_score, created["objectId"], changes)
    expect.body(updated, {**results, "updatedAt": a_date}, status=200)
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {**results, **created.json, "updatedAt": updated["updatedAt"]},
        status=200,
    )


@pytest.mark.parametrize(
    ("operator", "result"),
    [("Add", ["a", "b", "b"]), ("AddUnique", ["a", "b"]), ("Remove", ["a"])],
    ids=["Add", "AddUnique", "Remove"],
)
def test_array_operator_touches_one_field_of_one_object(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: str, result: list[str]
) -> None:
    """An array operator changes neither another field nor another object."""
    game_score = new_class("GameScore")
    fields = {"skills": ["a", "b"], "other": ["a", "b"]}
    changed, kept = parse.create(game_score, fields), parse.create(game_score, fields)
    reply = parse.update(
        game_score, changed["objectId"], {"skills": {"__op": operator, "objects": ["b"]}}
    )
    expect.body(reply, {"skills": result, "updatedAt": a_date}, status=200)
    rows = [
        {"skills": result, "other": ["a", "b"], **changed.json, "updatedAt": reply["updatedAt"]},
        {**fields, **kept.json, "updatedAt": kept["createdAt"]},
    ]
    expect.body(parse.find(game_score), {"results": Unordered(rows)}, status=200)


@pytest.mark.parametrize("operator", ["Add", "AddUnique"])
def test_add_to_a_missing_field_makes_an_array(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: str
) -> None:
    """Add and AddUnique on a field that is not there make an array of their objects."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {})
    updated = parse.update(
        game_score, created["objectId"], {"skills": {"__op": operator, "objects": ["a", "b"]}}
    )
    result = Unordered(["a", "b"])
    expect.body(updated, {"skills": result, "updatedAt": a_date}, status=200)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"skills": result})


@pytest.mark.level("may")
def test_remove_from_a_missing_field_makes_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Remove on a field that is not there succeeds and does not make the field."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    reply = parse.update(
        game_score, created["objectId"], {"skills": {"__op": "Remove", "objects": ["a"]}}
    )
    expect.status(reply, 200)
    row = {"score": 1, **created.json, "updatedAt": reply["updatedAt"]}
    expect.body(parse.fetch(game_score, created["objectId"]), row)


@pytest.mark.spec("rest/errors#push-related-errors")
@pytest.mark.parametrize("operator", ["Add", "AddUnique", "Remove"])
def test_array_operator_on_a_string_is_111(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: str
) -> None:
    """An array operator on a string is refused with code 111 and changes nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"skills": "flying"})
    reply = parse.update(
        game_score, created["objectId"], {"skills": {"__op": operator, "objects": ["flying"]}}
    )
    expect.error(reply, 111)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"skills": "flying"})


@pytest.mark.level("may")
@pytest.mark.parametrize("operator", ["Add", "AddUnique", "Remove"])
def test_objects_that_are_no_array_are_107(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: str
) -> None:
    """An array operator whose objects are no array is refused with code 107."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"skills": ["flying"]})
    reply = parse.update(
        game_score, created["objectId"], {"skills": {"__op": operator, "objects": "flying"}}
    )
    expect.error(reply, 107)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"skills": ["flying"]})


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("operator", "result"),
    [("Add", ["a", "b"]), ("AddUnique", ["a", "b"]), ("Remove", [])],
    ids=["Add", "AddUnique", "Remove"],
)
def test_array_operator_in_a_create(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: str, result: list[str]
) -> None:
    """In a POST, Add and AddUnique store their objects and Remove stores an empty array."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"skills": {"__op": operator, "objects": ["a", "b"]}})
    expect.body(
        created, {"skills": result, "objectId": an_object_id, "createdAt": a_date}, status=201
    )
    expect.contains(parse.fetch(game_score, created["objectId"]), {"skills": result})
