from __future__ import annotations

from typing import Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects")]

NO_ID = "noSuchId00"
JSON = {"Content-Type": "application/json"}
ALONE = {"Connection": "close"}
"""Parse Server ends the connection after some errors; nobody else should meet that."""
BROKEN_JSON = {
    "truncated": b'{"score": 1',
    "single-quotes": b"{'score': 1}",
    "trailing-comma": b'{"score": 1,}',
    "nan": b'{"score": NaN}',
    "no-json": b"score=1;",
}
POINTER = {"__type": "Pointer", "className": "Player", "objectId": NO_ID}
DATE = {"__type": "Date", "iso": "2011-08-21T18:02:52.249Z"}
MISMATCHES: dict[str, tuple[Any, Any]] = {
    "string-for-number": (1, "1"),
    "number-for-string": ("one", 1),
    "string-for-boolean": (True, "true"),
    "array-for-object": ({"a": 1}, [1]),
    "object-for-array": ([1], {"a": 1}),
    "string-for-date": (DATE, "2011-08-21T18:02:52.249Z"),
    "pointer-to-another-class": (POINTER, {**POINTER, "className": "Team"}),
    "string-for-pointer": (POINTER, NO_ID),
}


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#retrieving-objects")
def test_get_of_a_missing_object(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """GET of an id that does not exist answers 404, code 101, object not found for get."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"score": 1}), 201)
    expect.error(
        parse.fetch(game_score, NO_ID), 101, status=404, message="object not found for get"
    )


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#updating-objects")
def test_update_of_a_missing_object(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT on an id that does not exist answers 404 with code 101 and creates nothing."""
    game_score = new_class("GameScore")
    expect.error(parse.update(game_score, NO_ID, {"score": 1}), 101, status=404)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#deleting-objects")
def test_delete_of_a_missing_object(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """DELETE of an id that does not exist answers 404 with code 101."""
    game_score = new_class("GameScore")
    expect.status(parse.create(game_score, {"score": 1}), 201)
    expect.error(parse.destroy(game_score, NO_ID), 101, status=404)
    expect.equal(len(parse.find(game_score).results), 1, at="$.results.length")


@pytest.mark.effect("reads")
@pytest.mark.spec("rest/errors#api-issues", "rest/objects#retrieving-objects")
def test_get_in_a_class_that_was_never_used(
    parse: ParseClient, expect: Expect, namespace: Any
) -> None:
    """GET of an object in a class that does not exist answers 404 with code 101."""
    expect.error(parse.fetch(namespace.class_name("Never"), NO_ID), 101, status=404)


@pytest.mark.spec("rest/errors#api-issues", "rest/quick-reference#response-format")
@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON.keys())
def test_broken_json_is_107(
    parse: ParseClient, expect: Expect, new_class: NewClass, body: bytes
) -> None:
    """A POST whose body is not JSON answers 400 with code 107."""
    reply = parse.post(f"classes/{new_class('GameScore')}", data=body, headers={**JSON, **ALONE})
    expect.error(reply, 107)


@pytest.mark.spec("rest/errors#api-issues", "rest/quick-reference#response-format")
def test_broken_json_changes_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A PUT whose body is broken answers 400 and leaves the object as it was."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    reply = parse.put(
        f"classes/{game_score}/{created['objectId']}",
        None,
        data=b'{"score": 2',
        headers={**JSON, **ALONE},
    )
    expect.status(reply, 400)
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(game_score, created["objectId"]), row, status=200)


@pytest.mark.spec("rest/errors#push-related-errors")
@pytest.mark.parametrize(("first", "then"), MISMATCHES.values(), ids=MISMATCHES.keys())
def test_another_type_is_111_and_changes_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass, first: Any, then: Any
) -> None:
    """A field keeps the type of its first value: another type is refused with code 111."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"value": first})
    expect.error(parse.create(game_score, {"value": then}), 111)
    expect.error(parse.update(game_score, created["objectId"], {"value": then}), 111)
    row = {"value": first, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.find(game_score), {"results": [row]}, status=200)


@pytest.mark.spec("rest/errors#push-related-errors")
def test_refused_type_writes_no_other_key(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An update that is refused for one key writes none of its other keys."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1, "name": "a"})
    reply = parse.update(game_score, created["objectId"], {"name": "b", "score": "x"})
    expect.error(reply, 111)
    row = {"score": 1, "name": "a", **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(game_score, created["objectId"]), row, status=200)


@pytest.mark.spec("rest/objects#object-format")
def test_null_fits_every_type(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A field of any type may be set to null, and to its type again."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1, "list": [1], "at": DATE})
    object_id = created["objectId"]
    nulls = {"score": None, "list": None, "at": None}
    expect.status(parse.update(game_score, object_id, nulls), 200)
    expect.contains(parse.fetch(game_score, object_id), nulls)
    expect.status(parse.update(game_score, object_id, {"score": 2}), 200)
    expect.contains(parse.fetch(game_score, object_id), {**nulls, "score": 2})


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues")
def test_object_above_128_kb_is_116(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object of more than 128 kB is refused with code 116."""
    expect.error(parse.create(new_class("Large"), {"text": "x" * 140_000}), 116)


@pytest.mark.spec("rest/objects#object-format")
def test_object_of_100_kb_is_stored_whole(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object a little below 128 kB is stored and returned whole."""
    class_name = new_class("Large")
    fields = {"text": "0123456789" * 10_000, "list": list(range(1000))}
    created = parse.create(class_name, fields)
    expect.status(created, 201)
    expect.contains(parse.fetch(class_name, created["objectId"]), fields, status=200)


@pytest.mark.level("should")
@pytest.mark.effect("reads")
@pytest.mark.spec("rest/quick-reference#response-format")
def test_unknown_endpoint_answers_json(parse: ParseClient, expect: Expect) -> None:
    """A path that does not exist answers 404 with the JSON error invalid endpoint (recorded)."""
    reply = parse.get("noSuchEndpoint", raw=True)
    expect.body(reply, {"error": "invalid endpoint"}, status=404)


@pytest.mark.level("may")
@pytest.mark.spec("rest/quick-reference#objects")
@pytest.mark.parametrize(
    ("method", "on_object"),
    [
        pytest.param("PUT", False, id="put-on-a-class"),
        pytest.param("DELETE", False, id="delete-on-a-class"),
        pytest.param("POST", True, id="post-on-an-object"),
        pytest.param("PATCH", True, id="patch-on-an-object"),
    ],
)
def test_wrong_method_is_404_and_does_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass, method: str, *, on_object: bool
) -> None:
    """A method that the table of endpoints does not list answers 404 and changes nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    path = f"classes/{game_score}" + (f"/{created['objectId']}" if on_object else "")
    expect.status(parse.request(method, path, {"score": 2}, raw=True), 404)
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.find(game_score), {"results": [row]}, status=200)
