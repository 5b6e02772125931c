"""Objects that cloud functions read, write and return."""

from __future__ import annotations

from typing import Any

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("rest/cloud-code#cloud-functions"),
    pytest.mark.requires("cloud_fixture"),
]


def _made(parse: ParseClient, class_name: str, **fields: Any) -> dict[str, Any]:
    """Create a row; return it as a function returns it."""
    reply = parse.create(class_name, fields).needed("a row", 201)
    times = {"createdAt": reply["createdAt"], "updatedAt": reply["createdAt"]}
    kind = {"__type": "Object", "className": class_name, "objectId": reply["objectId"]}
    return {**fields, **times, **kind}


def test_object_is_returned_with_its_type(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object in a result has __type Object, its class, id, times and all of its fields."""
    review = new_class("Review")
    fields = {
        "movie": "The Matrix",
        "stars": 5,
        "seen": {"__type": "Date", "iso": "2016-01-28T12:34:56.789Z"},
        "place": {"__type": "GeoPoint", "latitude": 40.5, "longitude": -30.25},
        "tags": ["a", 1, None],
        "more": {"deep": [True]},
    }
    row = _made(parse, review, **fields)

    reply = parse.call("parityFirst", {"className": review})

    expect.body(reply, {"result": row}, status=200)


def test_array_of_objects_keeps_its_order(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A function that returns the rows of a query returns them typed and in order."""
    review = new_class("Review")
    rows = [_made(parse, review, stars=stars) for stars in (3, 1, 2)]

    reply = parse.call("parityFind", {"className": review, "order": "stars"})

    expect.body(reply, {"result": [rows[1], rows[2], rows[0]]}, status=200)


def test_nested_objects_are_returned_with_their_type(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Objects deep inside of a result are typed as well."""
    review = new_class("Review")
    rows = [_made(parse, review, rank=rank) for rank in (1, 2, 3)]

    reply = parse.call("parityFindNested", {"className": review})

    nested = {"first": rows[0], "others": {"rows": rows[1:]}, "length": 3}
    expect.body(reply, {"result": nested}, status=200)


@pytest.mark.parametrize("include", [True, False], ids=["included", "pointer"])
def test_pointer_is_whole_when_it_was_included(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    include: bool,  # noqa: FBT001
) -> None:
    """An included object is returned whole, one that was not included as a pointer."""
    movie, review = new_class("Movie"), new_class("Review")
    target = _made(parse, movie, title="The Matrix")
    pointer = {"__type": "Pointer", "className": movie, "objectId": target["objectId"]}
    row = _made(parse, review, movie=pointer)

    options = {"include": "movie"} if include else {}
    reply = parse.call("parityFind", {"className": review, **options})

    expect.body(reply, {"result": [{**row, "movie": target if include else pointer}]}, status=200)


@pytest.mark.level("may")
def test_missing_row_is_no_result(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A function that returns the first of no rows answers an object without result."""
    review = new_class("Review")
    _made(parse, review, stars=1)

    expect.body(parse.call("parityFirst", {"className": review, "equal": {"stars": 2}}), {})


def test_query_in_a_function_is_constrained(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A query in a function finds and counts just the rows that it asks for."""
    review = new_class("Review")
    for stars in (1, 5, 5):
        _made(parse, review, stars=stars)

    asked = {"className": review, "equal": {"stars": 5}}
    expect.body(parse.call("parityCount", asked), {"result": 2}, status=200)
    found = parse.call("parityFind", asked)["result"]
    expect.equal([each["stars"] for each in found], [5, 5], at="$.result.stars")


def test_created_object_is_stored(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """An object that a function saves is there for everybody, with its fields as they were set."""
    review = new_class("Review")
    fields = {"stars": 5, "seen": {"__type": "Date", "iso": "2016-01-28T12:34:56.789Z"}}

    reply = parse.call("parityCreate", {"className": review, "fields": fields})

    made = {**fields, "objectId": an_object_id, "createdAt": a_date, "updatedAt": a_date}
    kind = {"__type": "Object", "className": review}
    expect.body(reply, {"result": {**made, **kind}}, status=200)
    expect.body(parse.fetch(review, reply["result"]["objectId"]), made, status=200)


def test_update_of_a_function_is_stored(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An update by a function changes the fields that it sets and no others."""
    review = new_class("Review")
    row = _made(parse, review, stars=1, movie="The Matrix")
    asked = {"className": review, "objectId": row["objectId"], "fields": {"stars": 2}}

    expect.body(parse.call("parityUpdate", asked), {"result": row["objectId"]}, status=200)

    stored = parse.fetch(review, row["objectId"])
    expect.contains(stored, {"stars": 2, "movie": "The Matrix", "createdAt": row["createdAt"]})


def test_increment_in_a_function_is_atomic(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An increment in a function adds to what is stored and returns the sum."""
    review = new_class("Review")
    row = _made(parse, review, score=10)
    asked = {"className": review, "objectId": row["objectId"], "amount": 5}

    expect.body(parse.call("parityIncrement", asked), {"result": 15}, status=200)
    expect.body(parse.call("parityIncrement", asked), {"result": 20}, status=200)

    expect.contains(parse.fetch(review, row["objectId"]), {"score": 20})


def test_destroyed_object_is_gone(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """An object that a function destroys is gone, and the others stay."""
    review = new_class("Review")
    gone, stays = (_made(parse, review, stars=stars) for stars in (1, 2))

    reply = parse.call("parityDestroy", {"className": review, "objectId": gone["objectId"]})
    expect.body(reply, {"result": "destroyed"}, status=200)

    expect.error(parse.fetch(review, gone["objectId"]), 101, status=404)
    expect.status(parse.fetch(review, stays["objectId"]), 200)


def test_save_all_keeps_the_order(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A function may save many objects at once; their ids come in the order of the objects."""
    review = new_class("Review")
    ranks = list(range(25, 0, -1))

    ids = parse.call("paritySaveAll", {"className": review, "ranks": ranks})["result"]

    stored = parse.find(review, order="-rank").results
    expect.equal([row["rank"] for row in stored], ranks, at="$.ranks")
    expect.equal([row["objectId"] for row in stored], ids, at="$.objectIds")
