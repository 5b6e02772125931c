from __future__ import annotations

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects")]

SCORE = {"score": 1337, "playerName": "Sean Plott", "cheatMode": False}


@pytest.mark.spec("rest/objects#creating-objects")
def test_create_answers_201_with_id_and_time_only(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST answers 201 with objectId and createdAt, and with nothing else."""
    created = parse.create(new_class("GameScore"), SCORE)
    expect.body(created, {"objectId": an_object_id, "createdAt": a_date}, status=201)


@pytest.mark.spec("rest/objects#creating-objects")
def test_location_is_the_object_url(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The Location header of a POST is the URL of the new object, and GET on it returns it."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    url = f"{parse.target.url}/classes/{game_score}/{created['objectId']}"
    expect.header(created, "Location", url)
    row = {**SCORE, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.get(created.headers["Location"]), row, status=200)


@pytest.mark.spec("rest/objects#retrieving-objects")
def test_get_returns_exactly_what_was_created(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """GET returns all fields plus objectId, createdAt and an equal updatedAt, and nothing else."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {**SCORE, "skills": ["pwnage", "flying"]})
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {
            **SCORE,
            "skills": ["pwnage", "flying"],
            "objectId": created["objectId"],
            "createdAt": created["createdAt"],
            "updatedAt": created["createdAt"],
        },
        status=200,
    )


@pytest.mark.spec("rest/objects#object-format")
def test_object_without_fields(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """An object without fields is stored and has only the three automatic fields."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {})
    expect.body(created, {"objectId": an_object_id, "createdAt": a_date}, status=201)
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {**created.json, "updatedAt": created["createdAt"]},
        status=200,
    )


@pytest.mark.spec("rest/objects#object-format")
def test_equal_objects_are_two_objects(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Two POSTs with the same body create two objects with different ids."""
    game_score = new_class("GameScore")
    first, second = parse.create(game_score, SCORE), parse.create(game_score, SCORE)
    expect.status(second, 201)
    expect.equal(first["objectId"] != second["objectId"], True, at="$.ids differ")
    expect.ids(parse.find(game_score), [first["objectId"], second["objectId"]], ordered=False)


@pytest.mark.spec("rest/objects#updating-objects")
def test_update_answers_only_updated_at(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT answers 200 with updatedAt alone, and sends no Location."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    updated = parse.update(game_score, created["objectId"], {"score": 73453})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    expect.no_header(updated, "Location")


@pytest.mark.spec("rest/objects#updating-objects")
def test_update_leaves_other_keys_alone(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT changes the keys it names and adds new ones; all others stay as they are."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    updated = parse.update(game_score, created["objectId"], {"score": 73453, "level": 2})
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {**SCORE, "score": 73453, "level": 2, **created.json, **updated.json},
        status=200,
    )


@pytest.mark.spec("rest/objects#object-format", "rest/objects#updating-objects")
def test_update_moves_updated_at_and_not_created_at(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT moves updatedAt forward, in the reply and in the object, and leaves createdAt alone."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    updated = parse.update(game_score, created["objectId"], {"score": 1})
    found = parse.fetch(game_score, created["objectId"])
    expect.contains(
        found, {"createdAt": created["createdAt"], "updatedAt": updated["updatedAt"]}, status=200
    )
    expect.equal(updated["updatedAt"] > created["createdAt"], True, at="$.updatedAt moved")


@pytest.mark.spec("rest/objects#updating-objects")
def test_update_touches_no_other_object(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT changes one object; another object of the class stays as it was."""
    game_score = new_class("GameScore")
    changed, kept = parse.create(game_score, SCORE), parse.create(game_score, SCORE)
    expect.status(parse.update(game_score, changed["objectId"], {"score": 0}), 200)
    expect.body(
        parse.fetch(game_score, kept["objectId"]),
        {**SCORE, **kept.json, "updatedAt": kept["createdAt"]},
        status=200,
    )


@pytest.mark.spec("rest/objects#deleting-objects")
def test_delete_removes_the_object(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """DELETE answers 200 and an empty object; then neither GET nor a query finds the row."""
    game_score = new_class("GameScore")
    gone, kept = parse.create(game_score, SCORE), parse.create(game_score, SCORE)
    # raw: 204 without a body would be a difference, not something that is not Parse.
    deleted = parse.delete(f"classes/{game_score}/{gone['objectId']}", raw=True)
    expect.body(deleted, {}, status=200)
    expect.error(parse.fetch(game_score, gone["objectId"]), 101, status=404)
    expect.ids(parse.find(game_score), [kept["objectId"]])


@pytest.mark.spec("rest/objects#deleting-objects", "rest/errors#api-issues")
def test_retry_of_delete_is_101(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A second DELETE of an object answers 404 with code 101."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    expect.status(parse.destroy(game_score, created["objectId"]), 200)
    expect.error(parse.destroy(game_score, created["objectId"]), 101, status=404)


@pytest.mark.spec("rest/objects#updating-objects", "rest/errors#api-issues")
def test_update_does_not_bring_a_deleted_object_back(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT on a deleted object answers 404 with code 101 and creates nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    expect.status(parse.destroy(game_score, created["objectId"]), 200)
    expect.error(parse.update(game_score, created["objectId"], {"score": 1}), 101, status=404)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.spec("rest/objects#object-format")
def test_times_in_a_create_are_ignored(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A POST cannot set the reserved createdAt and updatedAt: they are ignored."""
    game_score = new_class("GameScore")
    past = {"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"}
    created = parse.create(game_score, {"score": 1, "createdAt": past, "updatedAt": past})
    expect.status(created, 201)
    expect.equal(created["createdAt"] > "2016", True, at="$.createdAt is now")
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {"score": 1, **created.json, "updatedAt": created["createdAt"]},
    )


@pytest.mark.spec("rest/objects#object-format")
def test_times_in_an_update_are_ignored(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A PUT cannot set createdAt and updatedAt: they are ignored, other keys are written."""
    game_score = new_class("GameScore")
    past = {"__type": "Date", "iso": "2001-01-01T00:00:00.000Z"}
    created = parse.create(game_score, {"score": 1})
    updated = parse.update(
        game_score, created["objectId"], {"score": 2, "createdAt": past, "updatedAt": past}
    )
    expect.body(updated, {"updatedAt": a_date}, status=200)
    expect.equal(updated["updatedAt"] > "2016", True, at="$.updatedAt is now")
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {"score": 2, **created.json, **updated.json},
    )


@pytest.mark.level("should")
@pytest.mark.spec("rest/objects#updating-objects")
def test_whole_object_can_be_put_back(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The JSON that GET returned, with its times and id, is accepted by PUT."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, SCORE)
    whole = parse.fetch(game_score, created["objectId"]).json
    expect.status(parse.update(game_score, created["objectId"], whole), 200)
    expect.contains(
        parse.fetch(game_score, created["objectId"]), {**SCORE, "createdAt": created["createdAt"]}
    )
