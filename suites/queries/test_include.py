"""Whole objects in place of pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewGuest
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable, Table

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#relational-queries")]


@pytest.fixture
def authors(new_table: NewTable) -> Table:
    """Two authors."""
    return new_table("Author", [{"name": "a"}, {"name": "b"}])


@pytest.fixture
def posts(new_table: NewTable, authors: Table) -> Table:
    """Two posts, each by one author."""
    return new_table("Post", [{"title": f"t{n}", "author": authors.pointer(n)} for n in range(2)])


@pytest.fixture
def comments(new_table: NewTable, authors: Table, posts: Table) -> Table:
    """Two comments on different posts, both by the second author; one without either."""
    by = authors.pointer(1)
    rows: list[dict[str, Any]] = [{"n": n, "post": posts.pointer(n), "by": by} for n in range(2)]
    return new_table("Comment", [*rows, {"n": 2}])


def test_a_pointer_stays_a_pointer_without_include(
    parse: ParseClient, expect: Expect, comments: Table
) -> None:
    """Without include a pointer is answered as a pointer."""
    expect.body(parse.find(comments.name, order="n"), comments.body(0, 1, 2), status=200)


def test_include_expands_a_pointer(
    parse: ParseClient, expect: Expect, posts: Table, comments: Table
) -> None:
    """An included pointer is the whole object, of type Object; its own pointers stay pointers."""
    rows = [{**comments.rows[n], "post": posts.included(n)} for n in range(2)]
    reply = parse.find(comments.name, order="n", include="post")
    expect.body(reply, {"results": [*rows, comments.rows[2]]}, status=200)


def test_include_expands_several_fields(
    parse: ParseClient, expect: Expect, authors: Table, posts: Table, comments: Table
) -> None:
    """A comma-separated list of keys includes each of them."""
    reply = parse.find(comments.name, {"n": 0}, include="post,by")
    row = {**comments.rows[0], "post": posts.included(0), "by": authors.included(1)}
    expect.body(reply, {"results": [row]}, status=200)


def test_include_goes_several_levels_deep(
    parse: ParseClient, expect: Expect, authors: Table, posts: Table, comments: Table
) -> None:
    """A key with a dot includes the pointer and the pointer of the object behind it."""
    reply = parse.find(comments.name, {"n": 1}, include="post.author")
    post = {**posts.included(1), "author": authors.included(1)}
    expect.body(reply, {"results": [{**comments.rows[1], "post": post}]}, status=200)


def test_include_expands_one_object_in_many_places(
    parse: ParseClient, expect: Expect, authors: Table, comments: Table
) -> None:
    """An object that several rows point to is included in each of them."""
    reply = parse.find(comments.name, {"n": {"$lt": 2}}, order="n", include="by")
    rows = [{**comments.rows[n], "by": authors.included(1)} for n in range(2)]
    expect.body(reply, {"results": rows}, status=200)


@pytest.mark.spec("rest/objects#retrieving-objects")
def test_include_works_for_one_object(
    parse: ParseClient, expect: Expect, posts: Table, comments: Table
) -> None:
    """A GET of one object takes include as a query does."""
    row = {**comments.rows[0], "post": posts.included(0)}
    reply = parse.fetch(comments.name, comments.rows[0]["objectId"], include="post")
    expect.body(reply, row, status=200)


def test_include_expands_an_array_of_pointers(
    parse: ParseClient, expect: Expect, new_table: NewTable, authors: Table
) -> None:
    """Each pointer of an included array is expanded, in its place."""
    both = [authors.pointer(1), authors.pointer(0)]
    books = new_table("Book", [{"authors": both}])
    row = {**books.rows[0], "authors": [authors.included(1), authors.included(0)]}
    expect.body(parse.find(books.name, include="authors"), {"results": [row]}, status=200)


def test_include_shows_the_object_as_it_is_now(
    parse: ParseClient, expect: Expect, authors: Table, posts: Table
) -> None:
    """An included object shows its latest values."""
    updated = parse.update(authors.name, authors.rows[0]["objectId"], {"name": "new"})
    author = {**authors.included(0), "name": "new", "updatedAt": updated["updatedAt"]}
    reply = parse.find(posts.name, {"title": "t0"}, include="author")
    expect.body(reply, {"results": [{**posts.rows[0], "author": author}]}, status=200)


@pytest.mark.level("should")
@pytest.mark.parametrize("name", ["nosuch", "title", "title.x", "createdAt"])
def test_include_ignores_what_is_no_pointer(
    parse: ParseClient, expect: Expect, posts: Table, name: str
) -> None:
    """A key in include that is unknown or no pointer changes nothing."""
    reply = parse.find(posts.name, order="title", include=name)
    expect.body(reply, posts.body(0, 1), status=200)


@pytest.mark.level("should")
def test_an_included_pointer_to_nothing_is_left_out(
    parse: ParseClient, expect: Expect, authors: Table, posts: Table
) -> None:
    """A pointer to a deleted object is left out when it is included, and others are expanded."""
    parse.destroy(authors.name, authors.rows[0]["objectId"])
    orphan = {key: value for key, value in posts.rows[0].items() if key != "author"}
    other = {**posts.rows[1], "author": authors.included(1)}
    reply = parse.find(posts.name, order="title", include="author")
    expect.body(reply, {"results": [orphan, other]}, status=200)
    expect.body(parse.find(posts.name, order="title"), posts.body(0, 1), status=200)


@pytest.mark.level("should")
def test_an_array_loses_its_pointers_to_nothing(
    parse: ParseClient, expect: Expect, new_table: NewTable, authors: Table
) -> None:
    """A pointer to a deleted object is left out of an included array, without a null."""
    books = new_table("Book", [{"authors": [authors.pointer(0), authors.pointer(1)]}])
    parse.destroy(authors.name, authors.rows[0]["objectId"])
    row = {**books.rows[0], "authors": [authors.included(1)]}
    expect.body(parse.find(books.name, include="authors"), {"results": [row]}, status=200)


@pytest.mark.spec("rest/security#object-level-access-control")
def test_include_does_not_show_what_a_user_may_not_read(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_guest: NewGuest
) -> None:
    """An included object shows only to those who may read it."""
    alice = new_guest("alice")
    acl = {alice.id: {"read": True}}
    secrets = new_table("Diary", [{"text": "secret", "ACL": acl}])
    pages = new_table("Page", [{"n": 0, "diary": secrets.pointer(0)}])
    hidden = {key: value for key, value in pages.rows[0].items() if key != "diary"}
    expect.body(parse.find(pages.name, include="diary"), {"results": [hidden]}, status=200)
    shown = {**pages.rows[0], "diary": secrets.included(0)}
    reply = alice.client.find(pages.name, include="diary")
    expect.body(reply, {"results": [shown]}, status=200)
