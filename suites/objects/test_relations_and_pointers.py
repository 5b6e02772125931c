from __future__ import annotations

from typing import Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects")]


def pointer(class_name: str, object_id: str) -> dict[str, str]:
    """Return a pointer."""
    return {"__type": "Pointer", "className": class_name, "objectId": object_id}


def named(parse: ParseClient, class_name: str, name: str) -> dict[str, str]:
    """Create an object that has a name alone, and return a pointer to it."""
    return pointer(class_name, parse.create(class_name, {"name": name})["objectId"])


def relation(operator: str, *pointers: dict[str, str]) -> dict[str, Any]:
    """Return AddRelation or RemoveRelation."""
    return {"__op": operator, "objects": list(pointers)}


def related(parse: ParseClient, owner: dict[str, str], key: str, class_name: str) -> list[str]:
    """Return the names of the rows that a relation holds, in alphabetical order."""
    where = {"$relatedTo": {"object": owner, "key": key}}
    return sorted(row["name"] for row in parse.find(class_name, where).results)


@pytest.mark.spec("rest/objects#relations")
def test_relation_adds_and_removes(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """AddRelation and RemoveRelation change what $relatedTo finds; replies have updatedAt alone."""
    game, player = new_class("Game"), new_class("Player")
    owner = pointer(game, parse.create(game, {})["objectId"])
    ann, ben, _ = (
        pointer(player, parse.create(player, {"name": name})["objectId"])
        for name in ("ann", "ben", "cid")
    )
    added = parse.update(game, owner["objectId"], {"with": relation("AddRelation", ann, ben)})
    expect.body(added, {"updatedAt": a_date}, status=200)
    expect.equal(related(parse, owner, "with", player), ["ann", "ben"], at="$.related")
    removed = parse.update(game, owner["objectId"], {"with": relation("RemoveRelation", ann)})
    expect.body(removed, {"updatedAt": a_date}, status=200)
    expect.equal(related(parse, owner, "with", player), ["ben"], at="$.related")


@pytest.mark.spec("rest/objects#relations")
def test_relation_holds_an_object_once(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Adding an object that is in the relation, or removing one that is not, changes nothing."""
    game, player = new_class("Game"), new_class("Player")
    owner = pointer(game, parse.create(game, {})["objectId"])
    ann = named(parse, player, "ann")
    ben = named(parse, player, "ben")
    for _ in range(2):
        reply = parse.update(game, owner["objectId"], {"with": relation("AddRelation", ann)})
        expect.status(reply, 200)
    reply = parse.update(game, owner["objectId"], {"with": relation("RemoveRelation", ben)})
    expect.status(reply, 200)
    expect.equal(related(parse, owner, "with", player), ["ann"], at="$.related")


@pytest.mark.spec("rest/objects#relations", "rest/objects#data-types")
def test_relation_shows_in_every_object_of_the_class(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Once a relation is used, every object of the class returns it with its target class."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    before, owner = parse.create(game, {}), parse.create(game, {})
    reply = parse.update(game, owner["objectId"], {"with": relation("AddRelation", ann)})
    expect.status(reply, 200)
    value = {"__type": "Relation", "className": player}
    expect.contains(parse.fetch(game, owner["objectId"]), {"with": value}, status=200)
    expect.body(
        parse.fetch(game, before["objectId"]),
        {**before.json, "updatedAt": before["createdAt"], "with": value},
        status=200,
    )
    expect.equal(related(parse, pointer(game, before["objectId"]), "with", player), [])


@pytest.mark.spec("rest/objects#relations")
def test_relation_of_one_object_is_its_own(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Two objects of a class have separate relations."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    ben = named(parse, player, "ben")
    first = parse.create(game, {"with": relation("AddRelation", ann)})
    second = parse.create(game, {"with": relation("AddRelation", ben)})
    expect.status(second, 201)
    expect.equal(related(parse, pointer(game, first["objectId"]), "with", player), ["ann"])
    expect.equal(related(parse, pointer(game, second["objectId"]), "with", player), ["ben"])


@pytest.mark.level("should")
@pytest.mark.spec("rest/objects#relations")
def test_batch_operator_adds_and_removes_at_once(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """The operator Batch applies AddRelation and RemoveRelation to one field in one PUT."""
    game, player = new_class("Game"), new_class("Player")
    owner = pointer(game, parse.create(game, {})["objectId"])
    ann = named(parse, player, "ann")
    ben = named(parse, player, "ben")
    parse.update(game, owner["objectId"], {"with": relation("AddRelation", ann)})
    both = {
        "__op": "Batch",
        "ops": [relation("AddRelation", ben), relation("RemoveRelation", ann)],
    }
    expect.body(
        parse.update(game, owner["objectId"], {"with": both}), {"updatedAt": a_date}, status=200
    )
    expect.equal(related(parse, owner, "with", player), ["ben"], at="$.related")


@pytest.mark.spec("rest/objects#relations", "rest/objects#deleting-objects")
def test_deleted_object_leaves_the_relation(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object that is deleted is no longer found through a relation; the others are."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    ben = named(parse, player, "ben")
    created = parse.create(game, {"with": relation("AddRelation", ann, ben)})
    expect.body(parse.destroy(player, ann["objectId"]), {}, status=200)
    expect.equal(related(parse, pointer(game, created["objectId"]), "with", player), ["ben"])


@pytest.mark.spec("rest/objects#relations", "rest/errors#push-related-errors")
def test_relation_keeps_to_one_class(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A relation that holds objects of one class refuses those of another with code 111."""
    game, player, team = new_class("Game"), new_class("Player"), new_class("Team")
    created = parse.create(game, {"with": relation("AddRelation", pointer(player, "aaaaaaaaaa"))})
    expect.status(created, 201)
    other = relation("AddRelation", pointer(team, "aaaaaaaaaa"))
    expect.error(parse.update(game, created["objectId"], {"with": other}), 111)


@pytest.mark.spec("rest/objects#data-types")
def test_pointer_is_returned_as_a_pointer(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A pointer comes back as it was sent, not expanded: in a field, an object and an array."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    fields = {"winner": ann, "inner": {"player": ann}, "players": [ann, ann]}
    created = parse.create(game, fields)
    row = {**fields, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(game, created["objectId"]), row, status=200)


@pytest.mark.spec("rest/objects#retrieving-objects")
def test_include_expands_a_pointer(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """GET with include returns the whole object in the place of the pointer, with __type Object."""
    game, player = new_class("Game"), new_class("Player")
    child = parse.create(
        player, {"name": "ann", "at": {"__type": "Date", "iso": "2016-01-28T00:00:00.001Z"}}
    )
    created = parse.create(game, {"winner": pointer(player, child["objectId"]), "round": 1})
    expect.body(
        parse.fetch(game, created["objectId"], include="winner"),
        {
            "round": 1,
            "winner": {
                "__type": "Object",
                "className": player,
                "name": "ann",
                "at": {"__type": "Date", "iso": "2016-01-28T00:00:00.001Z"},
                **child.json,
                "updatedAt": child["createdAt"],
            },
            **created.json,
            "updatedAt": created["createdAt"],
        },
        status=200,
    )


@pytest.mark.spec("rest/objects#data-types")
def test_pointer_to_a_deleted_object_stays(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A pointer to a deleted object is still returned, and its target answers 101."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    fields = {"winner": ann, "players": [ann]}
    created = parse.create(game, fields)
    expect.status(parse.destroy(player, ann["objectId"]), 200)
    expect.contains(parse.fetch(game, created["objectId"]), fields, status=200)
    expect.error(parse.fetch(player, ann["objectId"]), 101, status=404)


@pytest.mark.level("should")
@pytest.mark.spec("rest/objects#retrieving-objects")
def test_include_of_a_deleted_object_leaves_the_key_out(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """GET with include succeeds when the target was deleted, and leaves that key out."""
    game, player = new_class("Game"), new_class("Player")
    ann = named(parse, player, "ann")
    ben = named(parse, player, "ben")
    created = parse.create(game, {"winner": ann, "loser": ben})
    expect.status(parse.destroy(player, ann["objectId"]), 200)
    found = parse.fetch(game, created["objectId"], include="winner,loser")
    expect.status(found, 200)
    expect.absent(found, "winner")
    expect.equal(found["loser"].get("name"), "ben", at="$.loser.name")


@pytest.mark.level("may")
@pytest.mark.spec("rest/objects#data-types")
def test_pointer_to_an_object_that_never_was(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A pointer is stored without a look at whether its target exists."""
    game = new_class("Game")
    fields = {"winner": pointer(new_class("Player"), "Ed1nuqPvcm")}
    created = parse.create(game, fields)
    expect.status(created, 201)
    expect.contains(parse.fetch(game, created["objectId"]), fields, status=200)


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues")
def test_pointer_without_an_id_is_106(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A pointer without objectId is malformed and refused with code 106."""
    value = {"__type": "Pointer", "className": new_class("Player")}
    expect.error(parse.create(new_class("Game"), {"winner": value}), 106)
