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
    "null-and-objects": ([], [None, {"a": {"b": 1}}], [None, {"a": {"b": 1}}]),
    "date": ([1], [DATE], [1, DATE]),
    "pointers": ([pointer("aaaaaaaaaa")], [pointer("bbbbbbbbbb")],
                 [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")]),
}  # fmt: skip
ADD_UNIQUE: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "one-new": ([1, 2], [2, 3], [1, 2, 3]),
    "none-new": ([1, 2], [2, 1], [1, 2]),
    "given-twice": ([1], [3, 3], [1, 3]),
    "other-types": ([1], ["1", True, 1.0], [1, "1", True]),
    "strings": (["pwnage"], ["flying", "pwnage", "kungfu"], ["pwnage", "flying", "kungfu"]),
    "objects": ([{"k": 1}], [{"k": 1}, {"k": 2}], [{"k": 1}, {"k": 2}]),
    "arrays": ([[1, 2]], [[1, 2], [2, 1]], [[1, 2], [2, 1]]),
    "dates": ([DATE], [DATE], [DATE]),
    "pointers": ([pointer("aaaaaaaaaa")], [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")],
                 [pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")]),
}  # fmt: skip
REMOVE: dict[str, tuple[list[Any], list[Any], list[Any]]] = {
    "all-instances": ([1, 2, 1, 3], [1], [2, 3]),
    "several": (["a", "b", "c", "a"], ["a", "c"], ["b"]),
    "to-empty": (["hello"], ["hello"], []),
    "absent": ([1, 2], [9], [1, 2]),
    "other-type": ([1, "1"], ["1"], [1]),
    "object": ([{"k": 1}, {"k": 1, "l": 2}, {"k": 2}], [{"k": 1}], [{"k": 1, "l": 2}, {"k": 2}]),
    "null": ([None, 1], [None], [1]),
    "date": ([DATE, 1], [DATE], [1]),
    "pointer": ([pointer("aaaaaaaaaa"), pointer("bbbbbbbbbb")], [pointer("aaaaaaaaaa")],
                [pointer("bbbbbbbbbb")]),
}  # fmt: skip


def check(
    target: tuple[ParseClient, Expect, str],
    start: list[Any],
    operator: dict[str, Any],
    result: Any,
) -> None:
    """Expect that an operator turns one array into another, in the reply and in the object."""
    parse, expect, class_name = target
    created = parse.create(class_name, {"skills": start, "other": [1]})
    updated = parse.update(class_name, created["objectId"], {"skills": operator})
    expect.body(updated, {"skills": result, "updatedAt": a_date}, status=200)
    expect.body(
        parse.fetch(class_name, created["objectId"]),
        {"skills": result, "other": [1], **created.json, "updatedAt": updated["updatedAt"]},
        status=200,
    )


@pytest.mark.parametrize(("start", "objects", "result"), ADD.values(), ids=ADD.keys())
def test_add_appends(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    start: list[Any],
    objects: list[Any],
    result: list[Any],
) -> None:
    """Add appends its objects in order, also those that are there already."""
    operator = {"__op": "Add", "objects": objects}
    check((parse, expect, new_class("GameScore")), start, operator, result)


@pytest.mark.parametrize(
    ("start", "objects", "result"), ADD_UNIQUE.values(), ids=ADD_UNIQUE.keys()
)
def test_add_unique_adds_only_what_is_missing(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    start: list[Any],
    objects: list[Any],
    result: list[Any],
) -> None:
    """AddUnique adds the objects that are not in the array, in whatever place."""
    operator = {"__op": "AddUnique", "objects": objects}
    check((parse, expect, new_class("GameScore")), start, operator, Unordered(result))


@pytest.mark.parametrize(("start", "objects", "result"), REMOVE.values(), ids=REMOVE.keys())
def test_remove_takes_out_all_instances(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    start: list[Any],
    objects: list[Any],
    result: list[Any],
) -> None:
    """Remove takes every instance of each object out and keeps the order of the others."""
    operator = {"__op": "Remove", "objects": objects}
    check((parse, expect, new_class("GameScore")), start, operator, result)


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
