"""Restricting the fields that a query answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]

ROW = {"score": 1337, "playerName": "Sean Plott", "cheatMode": False, "skills": ["pwnage"]}
BUILT_IN = {"objectId", "createdAt", "updatedAt"}


def only(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return a row with some fields and the built-in ones."""
    return {key: value for key, value in row.items() if key in keys or key in BUILT_IN}


@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        pytest.param("score", ("score",), id="one"),
        pytest.param("score,playerName", ("score", "playerName"), id="two"),
        pytest.param("skills,cheatMode", ("skills", "cheatMode"), id="array and false"),
        pytest.param("nosuch", (), id="unknown"),
        pytest.param("nosuch,score", ("score",), id="known and unknown"),
        pytest.param("objectId", (), id="built in"),
    ],
)
def test_keys_restrict_the_fields(
    parse: ParseClient, expect: Expect, new_table: NewTable, keys: str, kept: tuple[str, ...]
) -> None:
    """The parameter keys restricts rows to these fields, the id and the times."""
    table = new_table("GameScore", [ROW])
    expect.body(
        parse.find(table.name, keys=keys), {"results": [only(table.rows[0], *kept)]}, status=200
    )


def test_keys_do_not_restrict_constraints_and_order(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A query can constrain and order by a field that it does not answer."""
    table = new_table("GameScore", [{"score": n, "name": f"p{n}"} for n in range(3)])
    reply = parse.find(table.name, {"score": {"$gt": 0}}, order="-score", keys="name")
    rows = [only(table.rows[n], "name") for n in (2, 1)]
    expect.body(reply, {"results": rows}, status=200)


def test_keys_keep_a_pointer_a_pointer(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A pointer that keys names is answered as a pointer."""
    posts = new_table("Post", [{"title": "a"}])
    table = new_table("Comment", [{"post": posts.pointer(0), "text": "x"}])
    reply = parse.find(table.name, keys="post")
    expect.body(reply, {"results": [only(table.rows[0], "post")]}, status=200)


@pytest.mark.level("should")
def test_a_dotted_key_restricts_an_included_object(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A key with a dot restricts the fields of an included object."""
    posts = new_table("Post", [{"title": "a", "text": "long"}])
    table = new_table("Comment", [{"post": posts.pointer(0), "text": "x"}])
    reply = parse.find(table.name, include="post", keys="post.title")
    included = only(posts.included(0), "title", "__type", "className")
    row = {**only(table.rows[0]), "post": included}
    expect.body(reply, {"results": [row]}, status=200)
