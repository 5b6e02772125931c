"""Queries over relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass, NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [
    pytest.mark.area("queries"),
    pytest.mark.spec("rest/queries#relational-queries", "rest/objects#relations"),
]


def related_to(class_name: str, object_id: str) -> dict[str, Any]:
    """Return the constraint for the members of the relation ``likes`` of an object."""
    pointer = {"__type": "Pointer", "className": class_name, "objectId": object_id}
    return {"$relatedTo": {"object": pointer, "key": "likes"}}


def relate(operation: str, *pointers: dict[str, Any]) -> dict[str, Any]:
    """Return the update that adds members to the relation ``likes``, or removes them."""
    return {"likes": {"__op": operation, "objects": list(pointers)}}


def test_related_to_finds_the_members(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_class: NewClass
) -> None:
    """The operator $relatedTo finds the members of one object's relation, not of another's."""
    fans = new_table("Fan", [{"n": n} for n in range(4)])
    post_class = new_class("Post")
    first = parse.create(post_class, relate("AddRelation", fans.pointer(0), fans.pointer(2)))
    second = parse.create(post_class, relate("AddRelation", fans.pointer(2), fans.pointer(3)))
    reply = parse.find(fans.name, related_to(post_class, first["objectId"]), order="n")
    expect.body(reply, fans.body(0, 2), status=200)
    reply = parse.find(fans.name, related_to(post_class, second["objectId"]), order="n")
    expect.body(reply, fans.body(2, 3), status=200)


def test_members_come_and_go(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_class: NewClass
) -> None:
    """AddRelation adds members to those that are there, RemoveRelation removes just the named."""
    fans = new_table("Fan", [{"n": n} for n in range(4)])
    post_class = new_class("Post")
    post = parse.create(post_class, relate("AddRelation", fans.pointer(0), fans.pointer(1)))
    where = related_to(post_class, post["objectId"])
    added = parse.update(
        post_class, post["objectId"], relate("AddRelation", fans.pointer(1), fans.pointer(2))
    )
    expect.body(added, {"updatedAt": a_date}, status=200)
    expect.body(parse.find(fans.name, where, order="n"), fans.body(0, 1, 2), status=200)
    removed = parse.update(
        post_class, post["objectId"], relate("RemoveRelation", fans.pointer(0), fans.pointer(3))
    )
    expect.body(removed, {"updatedAt": a_date}, status=200)
    expect.body(parse.find(fans.name, where, order="n"), fans.body(1, 2), status=200)


def test_members_are_constrained_ordered_paged_and_counted(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_class: NewClass
) -> None:
    """The parameters of a query work with $relatedTo as without it."""
    fans = new_table("Fan", [{"n": n} for n in range(6)])
    post_class = new_class("Post")
    members = [fans.pointer(n) for n in range(5)]
    post = parse.create(post_class, relate("AddRelation", *members))
    where = {**related_to(post_class, post["objectId"]), "n": {"$gt": 0}}
    reply = parse.find(fans.name, where, order="-n", limit=2, skip=1, count=1)
    expect.body(reply, {**fans.body(3, 2), "count": 4}, status=200)


def test_an_object_without_members_relates_to_nothing(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operator $relatedTo finds nothing for an object whose relation is empty."""
    fans = new_table("Fan", [{"n": 0}])
    posts = new_table("Post", [{"t": "a"}, {"t": "b"}])
    parse.update(posts.name, posts.rows[0]["objectId"], relate("AddRelation", fans.pointer(0)))
    where = related_to(posts.name, posts.rows[1]["objectId"])
    expect.body(parse.find(fans.name, where, count=1), {"results": [], "count": 0}, status=200)


@pytest.mark.spec("rest/objects#deleting-objects")
def test_a_deleted_member_is_no_longer_found(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_class: NewClass
) -> None:
    """A member that was deleted leaves the relation without an error."""
    fans = new_table("Fan", [{"n": 0}, {"n": 1}])
    post_class = new_class("Post")
    post = parse.create(post_class, relate("AddRelation", fans.pointer(0), fans.pointer(1)))
    parse.destroy(fans.name, fans.rows[0]["objectId"])
    reply = parse.find(fans.name, related_to(post_class, post["objectId"]), count=1)
    expect.body(reply, {**fans.body(1), "count": 1}, status=200)


@pytest.mark.spec("rest/security#object-level-access-control")
def test_members_that_a_user_may_not_read_are_hidden(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    new_class: NewClass,
    new_guest: NewGuest,
) -> None:
    """A relation shows only the members that whoever asks may read."""
    alice = new_guest("alice")
    fans = new_table("Fan", [{"n": 0}, {"n": 1, "ACL": {alice.id: {"read": True}}}])
    post_class = new_class("Post")
    post = parse.create(post_class, relate("AddRelation", fans.pointer(0), fans.pointer(1)))
    where = related_to(post_class, post["objectId"])
    expect.body(parse.find(fans.name, where, count=1), {**fans.body(0), "count": 1}, status=200)
    reply = alice.client.find(fans.name, where, order="n", count=1)
    expect.body(reply, {**fans.body(0, 1), "count": 2}, status=200)


def test_a_pointer_finds_the_objects_that_are_related_to_it(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A pointer as the value of a relation field finds the objects that have this member."""
    fans = new_table("Fan", [{"n": 0}, {"n": 1}])
    posts = new_table("Post", [{"t": "a"}, {"t": "b"}])
    parse.update(posts.name, posts.rows[0]["objectId"], relate("AddRelation", fans.pointer(0)))
    parse.update(posts.name, posts.rows[1]["objectId"], relate("AddRelation", fans.pointer(1)))
    reply = parse.find(posts.name, {"likes": fans.pointer(0)})
    expect.status(reply, 200)
    expect.ids(reply, posts.ids(0))


def test_a_relation_is_answered_by_its_class(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Every row of a class with a relation shows the relation with the class of its members."""
    fans = new_table("Fan", [{"n": 0}])
    posts = new_table("Post", [{"n": 0}, {"n": 1}])
    related = parse.update(
        posts.name, posts.rows[0]["objectId"], relate("AddRelation", fans.pointer(0))
    )
    relation = {"likes": {"__type": "Relation", "className": fans.name}}
    rows = [
        {**posts.rows[0], **relation, "updatedAt": related["updatedAt"]},
        {**posts.rows[1], **relation},
    ]
    expect.body(parse.find(posts.name, order="n"), {"results": rows}, status=200)


@pytest.mark.spec("rest/queries#query-constraints")
@pytest.mark.level("should")
def test_keys_leave_a_relation_out(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """A relation that keys does not name is not answered."""
    fans = new_table("Fan", [{"n": 0}])
    posts = new_table("Post", [{"title": "a"}])
    related = parse.update(
        posts.name, posts.rows[0]["objectId"], relate("AddRelation", fans.pointer(0))
    )
    row = {**posts.rows[0], "updatedAt": related["updatedAt"]}
    expect.body(parse.find(posts.name, keys="title"), {"results": [row]}, status=200)
