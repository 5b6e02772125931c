"""Fields and relations that a client must not see, looked for by every way around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.security.conftest import Guarded, Refused, Withheld

pytestmark = [pytest.mark.area("security"), pytest.mark.effect("destructive")]


@pytest.mark.spec("advisory/GHSA-r2m8-pxm9-9c4g")
@pytest.mark.parametrize("by", ["get", "find", "keys", "include_all"])
def test_protected_field_is_not_answered(
    parse: ParseClient, guarded: Guarded, withheld: Withheld, by: str
) -> None:
    """A protected field is in no answer, whichever keys are asked for."""
    if by == "get":
        reply = parse.fetch(guarded.name, guarded.row)
    else:
        params: dict[str, Any] = {"keys": {"keys": "secret"}, "include_all": {"includeAll": True}}
        reply = parse.find(guarded.name, **params.get(by, {}))

    withheld(reply, guarded.secret)


@pytest.mark.spec("advisory/GHSA-2m6g-crv8-p3c6", "advisory/GHSA-72hp-qff8-4pvv")
@pytest.mark.parametrize("field", ["secret", pytest.param("secret.pin", id="dotted")])
@pytest.mark.parametrize("place", ["where", "or", "and", "nor", "deep"])
def test_protected_field_cannot_be_guessed_by_a_query(
    parse: ParseClient, guarded: Guarded, field: str, place: str, refused: Refused
) -> None:
    """A condition on a protected field is refused, so that no answer tells whether it holds."""
    guess: dict[str, Any] = {field: {"$exists": True}}
    where = {
        "where": guess,
        "or": {"$or": [guess]},
        "and": {"$and": [guess, {"title": "a"}]},
        "nor": {"$nor": [guess]},
        "deep": {"$or": [{"$and": [guess]}]},
    }[place]

    refused(parse.find(guarded.name, where))


@pytest.mark.spec("advisory/GHSA-r2m8-pxm9-9c4g")
@pytest.mark.parametrize("order", ["secret", "-secret", "secret.pin", "title,secret.pin"])
def test_protected_field_cannot_be_sorted_by(
    parse: ParseClient, guarded: Guarded, order: str, refused: Refused
) -> None:
    """No order by a protected field tells which of two values is greater."""
    refused(parse.find(guarded.name, order=order))


@pytest.mark.spec("advisory/GHSA-wmwx-jr2p-4j4r")
@pytest.mark.parametrize("asked", ["find", "count"])
def test_relation_of_an_unreadable_object_shows_nobody(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, asked: str
) -> None:
    """Who is related to an object that a user cannot read is not told to that user."""
    owner, member = new_class("Owner"), new_class("Member")
    alice, bob = new_guest("alice"), new_guest("bob")
    other = alice.client.create(member, {"title": "a"})["objectId"]
    to_other = {"__type": "Pointer", "className": member, "objectId": other}
    private = {
        "members": {"__op": "AddRelation", "objects": [to_other]},
        "ACL": {alice.id: {"read": True, "write": True}},
    }
    row = alice.client.create(owner, private)["objectId"]

    pointer = {"__type": "Pointer", "className": owner, "objectId": row}
    where = {"$relatedTo": {"object": pointer, "key": "members"}}
    expect.ids(alice.client.find(member, where), [other])
    params = {} if asked == "find" else {"count": 1, "limit": 0}
    reply = bob.client.find(member, where, **params)
    told = bool(reply.results) or bool(reply.json.get("count"))
    expect.equal("shown" if told else "withheld", "withheld", at="$secret")


@pytest.mark.spec("advisory/GHSA-wmwx-jr2p-4j4r")
def test_protected_relation_cannot_be_queried(
    master: ParseClient, new_guest: NewGuest, guarded: Guarded, refused: Refused
) -> None:
    """A relation that is protected is not read by $relatedTo either."""
    bob = new_guest("bob")
    itself = {"__type": "Pointer", "className": guarded.name, "objectId": guarded.row}
    master.put(f"schemas/{guarded.name}", {"fields": {"friends": _relation(guarded.name)}})
    rights = master.get(f"schemas/{guarded.name}")["classLevelPermissions"]
    rights["protectedFields"] = {"*": ["secret", "friends"]}
    master.put(f"schemas/{guarded.name}", {"classLevelPermissions": rights})
    add = {"friends": {"__op": "AddRelation", "objects": [itself]}}
    master.update(guarded.name, guarded.row, add)

    where = {"$relatedTo": {"object": itself, "key": "friends"}}
    refused(bob.client.find(guarded.name, where))


def _relation(class_name: str) -> dict[str, str]:
    return {"type": "Relation", "targetClass": class_name}


@pytest.mark.spec("parse-server/9.10.0#DatabaseController.find")
def test_error_of_the_database_is_not_shown(
    parse: ParseClient, new_class: NewClass, withheld: Withheld
) -> None:
    """What MongoDB says of a pattern that it cannot read stays inside the server."""
    name = new_class("Pattern")
    parse.create(name, {"title": "a"})

    reply = parse.find(name, {"title": {"$regex": "["}})
    withheld(reply, "egular expression")
