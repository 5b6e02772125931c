from __future__ import annotations

from typing import Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest, User
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/security#object-level-access-control"),
]

BOTH = {"read": True, "write": True}


@pytest.fixture
def alice(new_guest: NewGuest) -> User:
    """A user who owns objects."""
    return new_guest("alice")


@pytest.fixture
def bob(new_guest: NewGuest) -> User:
    """A user who owns nothing."""
    return new_guest("bob")


def private(user: User) -> dict[str, Any]:
    """Return the ACL of an object that one user alone may read and write."""
    return {user.id: BOTH}


def test_owner_reads_a_private_object(alice: User, expect: Expect, new_class: NewClass) -> None:
    """The user that an ACL names reads the object, and the ACL comes back as it was sent."""
    note = new_class("Note")
    created = alice.client.create(note, {"text": "a", "ACL": private(alice)})
    row = {
        "text": "a",
        "ACL": private(alice),
        **created.json,
        "updatedAt": created["createdAt"],
    }
    expect.body(alice.client.fetch(note, created["objectId"]), row, status=200)
    expect.body(alice.client.find(note), {"results": [row]}, status=200)


def test_nobody_else_reads_a_private_object(
    alice: User, bob: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Another user and a client without a session get 101, no rows and no count."""
    note = new_class("Note")
    object_id = alice.client.create(note, {"text": "a", "ACL": private(alice)})["objectId"]
    for stranger in (bob.client, parse):
        expect.error(stranger.fetch(note, object_id), 101, status=404)
        expect.body(
            stranger.find(note, {"text": "a"}, count=1), {"results": [], "count": 0}, status=200
        )


def test_nobody_else_updates_a_private_object(
    alice: User, bob: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """PUT by another user, or without a session, answers 101 and changes nothing."""
    note = new_class("Note")
    created = alice.client.create(note, {"text": "a", "ACL": private(alice)})
    for stranger in (bob.client, parse):
        reply = stranger.update(note, created["objectId"], {"text": "b"})
        expect.error(reply, 101, status=404)
    expect.contains(
        alice.client.fetch(note, created["objectId"]),
        {"text": "a", "updatedAt": created["createdAt"]},
        status=200,
    )


def test_nobody_else_deletes_a_private_object(
    alice: User, bob: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """DELETE by another user, or without a session, answers 101 and deletes nothing."""
    note = new_class("Note")
    object_id = alice.client.create(note, {"text": "a", "ACL": private(alice)})["objectId"]
    for stranger in (bob.client, parse):
        expect.error(stranger.destroy(note, object_id), 101, status=404)
    expect.contains(alice.client.fetch(note, object_id), {"text": "a"}, status=200)


def test_owner_updates_and_deletes_a_private_object(
    alice: User, expect: Expect, new_class: NewClass
) -> None:
    """The user that an ACL names may write; the ACL survives an update that does not mention it."""
    note = new_class("Note")
    object_id = alice.client.create(note, {"text": "a", "ACL": private(alice)})["objectId"]
    updated = alice.client.update(note, object_id, {"text": "b"})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    found = alice.client.fetch(note, object_id)
    expect.contains(found, {"text": "b", "ACL": private(alice)}, status=200)
    expect.body(alice.client.destroy(note, object_id), {}, status=200)
    expect.error(alice.client.fetch(note, object_id), 101, status=404)


def test_public_read_lets_everyone_read_and_only_the_owner_write(
    alice: User, bob: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """With read for * and write for one user, all read and only that user writes."""
    note = new_class("Note")
    acl = {**private(alice), "*": {"read": True}}
    object_id = alice.client.create(note, {"text": "a", "ACL": acl})["objectId"]
    for stranger in (bob.client, parse):
        expect.contains(stranger.fetch(note, object_id), {"text": "a", "ACL": acl}, status=200)
        expect.error(stranger.update(note, object_id, {"text": "b"}), 101, status=404)
        expect.error(stranger.destroy(note, object_id), 101, status=404)
    expect.status(alice.client.update(note, object_id, {"text": "c"}), 200)
    expect.contains(parse.fetch(note, object_id), {"text": "c"}, status=200)


def test_public_read_only_object_is_nobodys_to_write(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """With read for * alone, the ACL comes back as sent (recorded) and no client may write."""
    note = new_class("Note")
    acl = {"*": {"read": True}}
    created = parse.create(note, {"text": "a", "ACL": acl})
    row = {"text": "a", "ACL": acl, **created.json, "updatedAt": created["createdAt"]}
    expect.error(parse.update(note, created["objectId"], {"text": "b"}), 101, status=404)
    expect.error(parse.destroy(note, created["objectId"]), 101, status=404)
    expect.body(parse.fetch(note, created["objectId"]), row, status=200)


def test_write_without_read(
    alice: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A user with write alone may update the object but not read it."""
    note = new_class("Note")
    acl = {alice.id: {"write": True}, "*": {}}
    object_id = alice.client.create(note, {"text": "a", "ACL": acl})["objectId"]
    expect.status(alice.client.update(note, object_id, {"text": "b"}), 200)
    expect.error(alice.client.fetch(note, object_id), 101, status=404)
    expect.body(alice.client.find(note), {"results": []}, status=200)
    expect.error(parse.update(note, object_id, {"text": "c"}), 101, status=404)


def test_empty_acl_shuts_everyone_out(
    alice: User, parse: ParseClient, master: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """With an empty ACL nobody reads or writes, not even the creator; the master key does."""
    note = new_class("Note")
    created = alice.client.create(note, {"text": "a", "ACL": {}})
    object_id = created["objectId"]
    for client in (alice.client, parse):
        expect.error(client.fetch(note, object_id), 101, status=404)
        expect.error(client.update(note, object_id, {"text": "b"}), 101, status=404)
        expect.body(client.find(note), {"results": []}, status=200)
    row = {"text": "a", "ACL": {}, **created.json, "updatedAt": created["createdAt"]}
    expect.body(master.fetch(note, object_id), row, status=200)


def test_master_key_passes_every_acl(
    alice: User, master: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """With the master key a private object is read, found, updated and deleted."""
    note = new_class("Note")
    object_id = alice.client.create(note, {"text": "a", "ACL": private(alice)})["objectId"]
    expect.contains(master.fetch(note, object_id), {"text": "a", "ACL": private(alice)}, status=200)
    expect.ids(master.find(note), [object_id])
    expect.status(master.update(note, object_id, {"text": "b"}), 200)
    expect.contains(alice.client.fetch(note, object_id), {"text": "b"}, status=200)
    expect.body(master.destroy(note, object_id), {}, status=200)
    expect.error(alice.client.fetch(note, object_id), 101, status=404)


def test_object_without_acl_is_open(
    alice: User, bob: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object that was created without an ACL has none, and everyone may read and write it."""
    note = new_class("Note")
    created = alice.client.create(note, {"text": "a"})
    row = {"text": "a", **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(note, created["objectId"]), row, status=200)
    expect.status(bob.client.update(note, created["objectId"], {"text": "b"}), 200)
    expect.body(parse.destroy(note, created["objectId"]), {}, status=200)


def test_changed_acl_counts_at_once(
    alice: User, bob: User, expect: Expect, new_class: NewClass
) -> None:
    """A PUT of an ACL hands the object over: the new user reads and writes, the old one neither."""
    note = new_class("Note")
    object_id = alice.client.create(note, {"text": "a", "ACL": private(alice)})["objectId"]
    handed_over = alice.client.update(note, object_id, {"ACL": private(bob)})
    expect.body(handed_over, {"updatedAt": a_date}, status=200)
    expect.error(alice.client.fetch(note, object_id), 101, status=404)
    expect.error(alice.client.update(note, object_id, {"text": "b"}), 101, status=404)
    found = bob.client.fetch(note, object_id)
    expect.contains(found, {"text": "a", "ACL": private(bob)}, status=200)
    expect.status(bob.client.update(note, object_id, {"text": "c"}), 200)


def test_operators_respect_the_acl(
    alice: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Increment and Add on an object that one may not write answer 101 and change nothing."""
    note = new_class("Note")
    acl = {**private(alice), "*": {"read": True}}
    fields = {"score": 1, "tags": ["a"], "ACL": acl}
    object_id = alice.client.create(note, fields)["objectId"]
    reply = parse.update(
        note,
        object_id,
        {
            "score": {"__op": "Increment", "amount": 1},
            "tags": {"__op": "Add", "objects": ["b"]},
        },
    )
    expect.error(reply, 101, status=404)
    expect.contains(parse.fetch(note, object_id), {"score": 1, "tags": ["a"]}, status=200)


def test_include_does_not_show_what_one_may_not_read(
    alice: User, parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """With include, GET leaves out what the reader may not read, and expands it for its owner."""
    note, box = new_class("Note"), new_class("Box")
    secret = alice.client.create(note, {"text": "secret", "ACL": private(alice)})
    link = {"__type": "Pointer", "className": note, "objectId": secret["objectId"]}
    object_id = alice.client.create(box, {"note": link})["objectId"]
    expect.contains(parse.fetch(box, object_id), {"note": link}, status=200)
    hidden = parse.fetch(box, object_id, include="note")
    expect.status(hidden, 200)
    expect.absent(hidden, "note")
    shown = alice.client.fetch(box, object_id, include="note")
    expect.equal(shown["note"].get("text"), "secret", at="$.note.text")


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize(
    "acl",
    [
        pytest.param("everyone", id="string"),
        pytest.param(["*"], id="array"),
        pytest.param({"*": "read"}, id="string-in-object"),
    ],
)
def test_invalid_acl_is_123(
    parse: ParseClient, expect: Expect, new_class: NewClass, acl: Any
) -> None:
    """An ACL that is not an object of permissions is refused with code 123."""
    expect.error(parse.create(new_class("Note"), {"text": "a", "ACL": acl}), 123)
