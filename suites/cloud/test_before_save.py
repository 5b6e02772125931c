"""beforeSave: code that changes or refuses an object before it is stored."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("cloudcode/cloud-code#beforesave-triggers"),
    pytest.mark.requires("cloud_fixture"),
]

STAMP = {"__type": "Date", "iso": "2016-01-28T00:00:00.000Z"}


@pytest.fixture
def group() -> str:
    """A value that only the rows of one check have."""
    return uuid.uuid4().hex


def test_change_on_create_is_answered_and_stored(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """Fields that beforeSave sets on create are in the reply and in the stored object."""
    made = parse.create(hooked, {"hook": "stamp", "name": "first"})

    new = {"objectId": an_object_id, "createdAt": a_date}
    expect.body(made, {**new, "shout": "FIRST", "stamped": STAMP}, status=201)
    row = {**made.json, "hook": "stamp", "name": "first", "updatedAt": made["createdAt"]}
    expect.body(parse.fetch(hooked, made["objectId"]), row, status=200)


def test_change_on_update_is_answered_and_stored(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """Fields that beforeSave sets on update are in the reply and in the stored object."""
    made = parse.create(hooked, {"hook": "stamp", "name": "first"})

    updated = parse.update(hooked, made["objectId"], {"name": "second"})

    expect.contains(updated, {"updatedAt": a_date, "shout": "SECOND"}, status=200)
    stored = parse.fetch(hooked, made["objectId"])
    expect.contains(stored, {"name": "second", "shout": "SECOND", "createdAt": made["createdAt"]})


def test_class_without_trigger_is_left_alone(
    parse: ParseClient, expect: Expect, hooked: str, new_class: NewClass
) -> None:
    """A trigger runs for its own class and no other."""
    plain = new_class("Plain")

    made = parse.create(plain, {"hook": "stamp", "name": "first"})

    expect.body(made, {"objectId": an_object_id, "createdAt": a_date}, status=201)
    expect.absent(parse.fetch(plain, made["objectId"]), "shout", "stamped")


@pytest.mark.parametrize("how", ["string", "error"])
def test_refused_create_stores_nothing(
    parse: ParseClient, expect: Expect, hooked: str, group: str, how: str
) -> None:
    """A create that beforeSave refuses is answered with the message, and nothing is stored."""
    failure = {"how": how, "message": "größer ✓"}

    reply = parse.create(hooked, {"hook": "fail", "group": group, "failure": failure})

    expect.error(reply, 142, message="größer ✓")
    expect.body(parse.find(hooked, {"group": group}), {"results": []}, status=200)


def test_refused_update_changes_nothing(parse: ParseClient, expect: Expect, hooked: str) -> None:
    """An update that beforeSave refuses leaves the object as it was."""
    made = parse.create(hooked, {"hook": "none", "name": "before"})
    failure = {"how": "string", "message": "no"}
    change = {"hook": "fail", "name": "after", "failure": failure}

    expect.error(parse.update(hooked, made["objectId"], change), 142, message="no")

    row = {**made.json, "hook": "none", "name": "before", "updatedAt": made["createdAt"]}
    expect.body(parse.fetch(hooked, made["objectId"]), row, status=200)


def test_refusal_with_an_own_code_goes_through(
    parse: ParseClient, expect: Expect, hooked: str, group: str
) -> None:
    """A code of its own that beforeSave refuses with reaches the client."""
    failure = {"how": "parse", "code": 4711, "message": "own"}

    reply = parse.create(hooked, {"hook": "fail", "group": group, "failure": failure})

    expect.body(reply, {"code": 4711, "error": "own"}, status=400)
    expect.body(parse.find(hooked, {"group": group}), {"results": []})


def _seen(reply: Any, **members: Any) -> dict[str, Any]:
    """Pick these members of what the trigger saw."""
    return {key: reply["seen"].get(key) for key in members}


def test_new_object_is_seen_as_new(
    parse: ParseClient, new_guest: NewGuest, expect: Expect, hooked: str
) -> None:
    """On create beforeSave sees a new object with its fields, all dirty, and the user."""
    alice = new_guest("alice")

    made = alice.client.create(hooked, {"hook": "describe", "name": "one", "kept": "k"})

    seen = {
        "isNew": True,
        "existed": False,
        "id": None,
        "original": None,
        "name": "one",
        "kept": "k",
        "dirty": ["hook", "kept", "name"],
        "dirtyName": True,
        "user": alice.id,
        "master": False,
    }
    expect.equal(_seen(made, **seen), seen, at="$.seen")


def test_updated_object_is_seen_with_all_fields(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """On update beforeSave sees the whole object, what it was, and which fields are dirty."""
    made = parse.create(hooked, {"hook": "describe", "name": "one", "kept": "k"})

    updated = parse.update(hooked, made["objectId"], {"name": "two"})

    seen = {
        "isNew": False,
        "existed": True,
        "id": made["objectId"],
        "original": "one",
        "name": "two",
        "kept": "k",
        "dirty": ["name"],
        "dirtyName": True,
    }
    expect.equal(_seen(updated, **seen), seen, at="$.seen")


def test_field_that_is_not_sent_is_not_dirty(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """On update a field that the client does not send is there and not dirty."""
    made = parse.create(hooked, {"hook": "describe", "name": "one"})

    updated = parse.update(hooked, made["objectId"], {"other": 1})

    seen = {"name": "one", "original": "one", "dirty": ["other"], "dirtyName": False}
    expect.equal(_seen(updated, **seen), seen, at="$.seen")


def test_master_writes_run_the_trigger(master: ParseClient, expect: Expect, hooked: str) -> None:
    """The trigger beforeSave runs for writes with the master key too, and sees that they are."""
    made = master.create(hooked, {"hook": "describe", "name": "one"})

    seen = {"user": None, "master": True}
    expect.equal(_seen(made, **seen), seen, at="$.seen")


def test_master_writes_may_be_refused(
    master: ParseClient, expect: Expect, hooked: str, group: str
) -> None:
    """The trigger beforeSave may refuse writes with the master key."""
    failure = {"how": "string", "message": "no"}

    reply = master.create(hooked, {"hook": "fail", "group": group, "failure": failure})

    expect.error(reply, 142, message="no")
    expect.body(master.find(hooked, {"group": group}), {"results": []})


def test_acl_of_the_trigger_is_enforced(
    parse: ParseClient, new_guest: NewGuest, expect: Expect, hooked: str
) -> None:
    """An object that beforeSave gives to its user is read by that user and nobody else."""
    alice, bob = new_guest("alice"), new_guest("bob")

    made = alice.client.create(hooked, {"hook": "own"})

    stored = {
        "ACL": {alice.id: {"read": True, "write": True}},
        "owner": {"__type": "Pointer", "className": "_User", "objectId": alice.id},
    }
    expect.contains(alice.client.fetch(hooked, made["objectId"]), stored, status=200)
    expect.error(bob.client.fetch(hooked, made["objectId"]), 101, status=404)
    expect.error(parse.fetch(hooked, made["objectId"]), 101, status=404)


def test_unset_field_is_not_stored(parse: ParseClient, expect: Expect, hooked: str) -> None:
    """A field that beforeSave unsets is not stored, neither on create nor on update."""
    made = parse.create(hooked, {"hook": "hide", "secret": "s", "name": "n"})
    expect.status(made, 201)
    expect.absent(parse.fetch(hooked, made["objectId"]), "secret")

    expect.status(parse.update(hooked, made["objectId"], {"secret": "t", "name": "m"}), 200)
    stored = parse.fetch(hooked, made["objectId"])
    expect.absent(stored, "secret")
    expect.contains(stored, {"name": "m"})


def test_increment_of_the_trigger_counts_saves(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """An increment in beforeSave adds up over saves, once for each."""
    made = parse.create(hooked, {"hook": "bump"})
    expect.contains(made, {"saves": 1}, status=201)

    for saves in (2, 3):
        updated = parse.update(hooked, made["objectId"], {"x": saves})
        expect.contains(updated, {"saves": saves}, status=200)

    expect.contains(parse.fetch(hooked, made["objectId"]), {"saves": 3})


def test_trigger_may_query(parse: ParseClient, expect: Expect, hooked: str, group: str) -> None:
    """The trigger beforeSave may query, is waited for, and does not see the new object itself."""
    others = [parse.create(hooked, {"hook": "count", "group": group})["others"] for _ in range(3)]

    expect.equal(others, [0, 1, 2], at="$.others")


def test_trigger_may_enforce_uniqueness(
    parse: ParseClient, expect: Expect, hooked: str, group: str
) -> None:
    """The trigger beforeSave may refuse a second object with the same value."""
    expect.status(parse.create(hooked, {"hook": "unique", "group": group}), 201)

    second = parse.create(hooked, {"hook": "unique", "group": group})

    expect.body(second, {"code": 137, "error": "this group is taken"}, status=400)
    expect.equal(len(parse.find(hooked, {"group": group}).results), 1, at="$.rows")


def test_batch_runs_the_trigger_for_each(
    parse: ParseClient, expect: Expect, hooked: str, group: str
) -> None:
    """In a batch beforeSave changes and refuses each object by itself, in the batch's order."""
    failure = {"how": "parse", "code": 4711, "message": "no"}
    bodies: list[dict[str, Any]] = [
        {"hook": "stamp", "name": "a", "group": group},
        {"hook": "fail", "failure": failure, "group": group},
        {"hook": "none", "group": group},
    ]
    path = f"classes/{hooked}"

    reply = parse.batch([{"method": "POST", "path": path, "body": body} for body in bodies])

    new = {"objectId": an_object_id, "createdAt": a_date}
    expect.body(
        reply,
        [
            {"success": {**new, "shout": "A", "stamped": STAMP}},
            {"error": {"code": 4711, "error": "no"}},
            {"success": new},
        ],
        status=200,
    )
    stored = parse.find(hooked, {"group": group}).results
    expect.equal(sorted(row["hook"] for row in stored), ["none", "stamp"], at="$.hooks")


def test_saves_by_functions_run_the_trigger(
    parse: ParseClient, expect: Expect, hooked: str
) -> None:
    """The trigger beforeSave runs for objects that a cloud function saves."""
    fields = {"hook": "stamp", "name": "by a function"}

    reply = parse.call("parityCreate", {"className": hooked, "fields": fields})

    expect.equal(reply["result"].get("shout"), "BY A FUNCTION", at="$.result.shout")
    stored = parse.fetch(hooked, reply["result"]["objectId"])
    expect.contains(stored, {"shout": "BY A FUNCTION"}, status=200)


@pytest.mark.level("may")
def test_operators_are_seen_as_values(parse: ParseClient, expect: Expect, hooked: str) -> None:
    """On update beforeSave sees a field that is incremented as dirty, and the sum is stored."""
    made = parse.create(hooked, {"hook": "describe", "score": 1})

    change = {"score": {"__op": "Increment", "amount": 2}}
    updated = parse.update(hooked, made["objectId"], change)

    expect.contains(updated, {"score": 3}, status=200)
    expect.equal(updated["seen"]["dirty"], ["score"], at="$.seen.dirty")
    expect.contains(parse.fetch(hooked, made["objectId"]), {"score": 3})
