from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, User
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/users#security")]

NewGuest = Callable[..., User]


def test_private_object_is_its_owners_alone(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """An object that only alice may read is not retrieved, found or counted by others."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    acl = {alice.id: {"read": True, "write": True}}
    created = alice.client.create(note, {"text": "x", "ACL": acl})
    row = {**created.json, "updatedAt": created["createdAt"], "text": "x", "ACL": acl}

    expect.body(alice.client.fetch(note, created["objectId"]), row, status=200)
    nothing = {"results": [], "count": 0}
    for client in (bob.client, parse):
        expect.error(client.fetch(note, created["objectId"]), 101, status=404)
        expect.body(client.find(note, count=1), nothing, status=200)


def test_readable_object_is_written_by_its_owner_alone(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """An object that everybody may read and alice may write is changed by alice alone."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    acl = {"*": {"read": True}, alice.id: {"read": True, "write": True}}
    object_id = alice.client.create(note, {"text": "x", "ACL": acl})["objectId"]

    for client in (bob.client, parse):
        expect.error(client.update(note, object_id, {"text": "y"}), 101, status=404)
        expect.error(client.destroy(note, object_id), 101, status=404)
        expect.contains(client.fetch(note, object_id), {"text": "x"}, status=200)
    expect.status(alice.client.update(note, object_id, {"text": "z"}), 200)
    expect.contains(parse.fetch(note, object_id), {"text": "z"}, status=200)


def test_write_without_read_stays_hidden(
    expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A user who may write an object but not read it does not find it."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    acl = {alice.id: {"read": True}, bob.id: {"write": True}}
    object_id = alice.client.create(note, {"text": "x", "ACL": acl})["objectId"]

    expect.ids(bob.client.find(note), [])
    expect.ids(alice.client.find(note), [object_id])
    expect.error(alice.client.update(note, object_id, {"text": "y"}), 101, status=404)


def test_list_holds_what_the_user_may_read(
    parse: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A query answers public objects and the user's own, in the order asked for."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    own = [
        each.client.create(note, {"n": n, "ACL": {each.id: {"read": True}}})["objectId"]
        for n, each in enumerate((alice, bob))
    ]
    public = parse.create(note, {"n": 2})["objectId"]

    expect.ids(alice.client.find(note, order="n"), [own[0], public])
    expect.ids(bob.client.find(note, order="-n"), [public, own[1]])
    expect.ids(parse.find(note), [public])


def test_master_key_ignores_acls(
    master: ParseClient, expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """The master key reads and writes an object that only alice may see."""
    note = new_class("Note")
    alice = new_guest("alice")
    acl = {alice.id: {"read": True}}
    object_id = alice.client.create(note, {"text": "x", "ACL": acl})["objectId"]

    expect.contains(master.fetch(note, object_id), {"text": "x"}, status=200)
    expect.status(master.update(note, object_id, {"text": "y"}), 200)
    expect.contains(alice.client.fetch(note, object_id), {"text": "y"}, status=200)


def test_owner_can_share_and_withdraw(
    expect: Expect, new_class: NewClass, new_guest: NewGuest
) -> None:
    """A change of the ACL lets another user in, and the next one shuts it out again."""
    note = new_class("Note")
    alice, bob = new_guest("alice"), new_guest("bob")
    private = {alice.id: {"read": True, "write": True}}
    object_id = alice.client.create(note, {"ACL": private})["objectId"]

    shared = {**private, bob.id: {"read": True}}
    expect.status(alice.client.update(note, object_id, {"ACL": shared}), 200)
    expect.contains(bob.client.fetch(note, object_id), {"ACL": shared}, status=200)
    expect.status(alice.client.update(note, object_id, {"ACL": private}), 200)
    expect.error(bob.client.fetch(note, object_id), 101, status=404)
