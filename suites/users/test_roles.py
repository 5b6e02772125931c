from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import Matching, a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, User
from parity.targets import Namespace, ParseClient, Reply

pytestmark = [pytest.mark.area("users"), pytest.mark.spec("rest/roles#creating-roles")]

NewGuest = Callable[..., User]
NewRole = Callable[..., "Role"]
PUBLIC = {"*": {"read": True}}


class Role:
    """A role that was created for one check."""

    def __init__(self, name: str, reply: Reply) -> None:
        self.name = name
        self.reply = reply
        self.id: str = reply["objectId"]
        self.path = f"roles/{self.id}"


def relation(operation: str, class_name: str, *ids: str) -> dict[str, Any]:
    """Return an operation on a relation of a role."""
    pointers = [{"__type": "Pointer", "className": class_name, "objectId": id_} for id_ in ids]
    return {"__op": operation, "objects": pointers}


@pytest.fixture
def new_role(namespace: Namespace) -> NewRole:
    """Make roles: ``new_role(alice)`` makes one that alice may write, with her as member."""

    def make(owner: User, *, members: tuple[User, ...] = (), **fields: Any) -> Role:
        name = namespace.class_name("Role")
        acl = {**PUBLIC, owner.id: {"read": True, "write": True}}
        users = relation("AddRelation", "_User", owner.id, *(member.id for member in members))
        return Role(
            name, owner.client.post("roles", {"name": name, "ACL": acl, "users": users, **fields})
        )

    return make


def test_new_role_is_answered(expect: Expect, new_guest: NewGuest, new_role: NewRole) -> None:
    """Creating a role answers 201 with objectId and createdAt, and its URL below roles."""
    role = new_role(new_guest("alice"))

    expect.body(role.reply, {"objectId": an_object_id, "createdAt": a_date}, status=201)
    location = Matching(rf"https?://[^/]+/\w+/roles/{role.id}", "the URL of the role")
    expect.header(role.reply, "Location", location)


@pytest.mark.spec("rest/roles#retrieving-roles")
def test_role_is_retrieved(
    parse: ParseClient, expect: Expect, new_guest: NewGuest, new_role: NewRole
) -> None:
    """A role answers its name, its ACL and, as recorded, its relations."""
    alice = new_guest("alice")
    role = new_role(alice)

    body = {
        "objectId": role.id,
        "createdAt": role.reply["createdAt"],
        "updatedAt": a_date,
        "name": role.name,
        "ACL": {**PUBLIC, alice.id: {"read": True, "write": True}},
        "users": {"__type": "Relation", "className": "_User"},
        "roles": {"__type": "Relation", "className": "_Role"},
    }
    expect.body(parse.get(role.path), body, status=200)
    expect.body(parse.get("roles", params={"where": {"name": role.name}}), {"results": [body]})


@pytest.mark.spec("rest/errors#api-issues")
def test_role_names_are_unique(
    parse: ParseClient, expect: Expect, new_guest: NewGuest, new_role: NewRole
) -> None:
    """A second role of the same name is error 137."""
    role = new_role(new_guest("alice"))

    expect.error(parse.post("roles", {"name": role.name, "ACL": PUBLIC}), 137)
    expect.ids(parse.get("roles", params={"where": {"name": role.name}}), [role.id])


@pytest.mark.level("may")
@pytest.mark.parametrize("missing", ["ACL", "name"])
def test_role_needs_name_and_acl(
    parse: ParseClient, expect: Expect, namespace: Namespace, missing: str
) -> None:
    """A role without a name or without an ACL is error 111."""
    body = {"name": namespace.class_name("Role"), "ACL": PUBLIC}
    del body[missing]

    expect.error(parse.post("roles", body), 111)


@pytest.mark.spec("rest/roles#roles")
@pytest.mark.level("should")
def test_role_name_has_few_characters(
    parse: ParseClient, expect: Expect, namespace: Namespace
) -> None:
    """A role name with other characters than letters, digits, space, - and _ is refused."""
    name = f"{namespace.class_name('Role')}!"

    expect.status(parse.post("roles", {"name": name, "ACL": PUBLIC}), 400)


@pytest.mark.spec("rest/roles#updating-roles")
@pytest.mark.level("should")
def test_role_cannot_be_renamed(
    parse: ParseClient, expect: Expect, new_guest: NewGuest, new_role: NewRole
) -> None:
    """The name of a role can be set only once."""
    alice = new_guest("alice")
    role = new_role(alice)

    expect.status(alice.client.put(role.path, {"name": f"{role.name}x"}), 400)
    expect.equal(parse.get(role.path)["name"], role.name, at="$.name")


@pytest.mark.spec("rest/roles#security")
def test_role_lets_its_members_in(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, new_role: NewRole
) -> None:
    """An object that a role may read and write is open to its members, not to others."""
    page = new_class("Page")
    alice, bob, eve = new_guest("alice"), new_guest("bob"), new_guest("eve")
    role = new_role(alice, members=(bob,))
    acl = {f"role:{role.name}": {"read": True, "write": True}}
    object_id = alice.client.create(page, {"text": "x", "ACL": acl})["objectId"]

    expect.contains(bob.client.fetch(page, object_id), {"text": "x", "ACL": acl}, status=200)
    expect.status(bob.client.update(page, object_id, {"text": "y"}), 200)
    expect.ids(bob.client.find(page), [object_id])
    expect.error(eve.client.fetch(page, object_id), 101, status=404)
    expect.error(eve.client.update(page, object_id, {"text": "z"}), 101, status=404)
    expect.ids(eve.client.find(page), [])


@pytest.mark.spec("rest/roles#security")
def test_role_may_read_without_writing(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, new_role: NewRole
) -> None:
    """A role that may only read does not let its members write."""
    page = new_class("Page")
    alice = new_guest("alice")
    role = new_role(alice)
    acl = {f"role:{role.name}": {"read": True}}
    object_id = alice.client.create(page, {"text": "x", "ACL": acl})["objectId"]

    expect.error(alice.client.update(page, object_id, {"text": "y"}), 101, status=404)
    expect.contains(alice.client.fetch(page, object_id), {"text": "x"}, status=200)


@pytest.mark.spec("rest/roles#role-hierarchy")
def test_child_role_inherits(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, new_role: NewRole
) -> None:
    """Members of a child role may do what the parent role may, and not the other way round."""
    page = new_class("Page")
    alice, bob = new_guest("alice"), new_guest("bob")
    administrators = new_role(bob)
    moderators = new_role(alice, roles=relation("AddRelation", "_Role", administrators.id))
    acls = [{f"role:{each.name}": {"read": True}} for each in (moderators, administrators)]
    of_parent, of_child = (alice.client.create(page, {"ACL": a})["objectId"] for a in acls)

    expect.ids(bob.client.find(page), [of_parent, of_child], ordered=False)
    expect.ids(alice.client.find(page), [of_parent])


@pytest.mark.spec("rest/roles#updating-roles")
def test_members_are_added_and_removed(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, new_role: NewRole
) -> None:
    """Who is added to a role is let in, and shut out again when removed."""
    page = new_class("Page")
    alice, bob = new_guest("alice"), new_guest("bob")
    role = new_role(alice)
    acl = {f"role:{role.name}": {"read": True}}
    object_id = alice.client.create(page, {"ACL": acl})["objectId"]

    added = alice.client.put(role.path, {"users": relation("AddRelation", "_User", bob.id)})
    expect.body(added, {"updatedAt": a_date}, status=200)
    expect.ids(bob.client.find(page), [object_id])
    removed = {"users": relation("RemoveRelation", "_User", bob.id)}
    expect.status(alice.client.put(role.path, removed), 200)
    expect.ids(bob.client.find(page), [])


@pytest.mark.spec("rest/roles#retrieving-roles", "rest/queries#relational-queries")
def test_members_are_listed(
    master: ParseClient, expect: Expect, new_guest: NewGuest, new_role: NewRole
) -> None:
    """The members of a role are found with $relatedTo."""
    alice, bob = new_guest("alice"), new_guest("bob")
    new_guest("eve")
    role = new_role(alice, members=(bob,))
    to_role = {"__type": "Pointer", "className": "_Role", "objectId": role.id}
    where = {"$relatedTo": {"object": to_role, "key": "users"}}

    expect.ids(master.find("_User", where), [alice.id, bob.id], ordered=False)


@pytest.mark.spec("rest/roles#security")
def test_nobody_joins_a_role_uninvited(
    expect: Expect, new_class: NewClass, new_guest: NewGuest, new_role: NewRole
) -> None:
    """A user who may not write a role can neither join nor delete it."""
    page = new_class("Page")
    alice, eve = new_guest("alice"), new_guest("eve")
    role = new_role(alice)
    acl = {f"role:{role.name}": {"read": True}}
    object_id = alice.client.create(page, {"ACL": acl})["objectId"]

    joined = eve.client.put(role.path, {"users": relation("AddRelation", "_User", eve.id)})
    expect.error(joined, 101, status=404)
    expect.error(eve.client.delete(role.path), 101, status=404)
    expect.ids(eve.client.find(page), [])
    expect.ids(alice.client.find(page), [object_id])


@pytest.mark.spec("rest/roles#deleting-roles")
def test_deleted_role_lets_nobody_in(
    parse: ParseClient,
    expect: Expect,
    new_class: NewClass,
    new_guest: NewGuest,
    new_role: NewRole,
) -> None:
    """A user with write access deletes a role; what it granted its members is gone."""
    page = new_class("Page")
    alice, bob = new_guest("alice"), new_guest("bob")
    role = new_role(alice, members=(bob,))
    acl = {f"role:{role.name}": {"read": True}}
    alice.client.create(page, {"ACL": acl})

    expect.body(alice.client.delete(role.path), {}, status=200)
    expect.error(parse.get(role.path), 101, status=404)
    # Not alice: a server may remember her roles for some seconds.
    expect.ids(bob.client.find(page), [])
