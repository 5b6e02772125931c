"""beforeFind and afterFind, which only Parse Server has."""

from __future__ import annotations

import uuid

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("cloud"),
    pytest.mark.spec("cloudcode/cloud-code#beforefind-triggers"),
    pytest.mark.requires("cloud_fixture"),
    pytest.mark.level("may"),
]


@pytest.fixture
def group(parse: ParseClient, triggers: None) -> str:
    """A group of three rows in the class ParityFound: two are visible, one is not."""
    group = uuid.uuid4().hex
    for visible in (True, False, True):
        parse.create("ParityFound", {"group": group, "visible": visible}).needed("a row", 201)
    return group


def test_before_find_adds_a_constraint(parse: ParseClient, expect: Expect, group: str) -> None:
    """A constraint that beforeFind adds holds beside those of the client."""
    rows = parse.find("ParityFound", {"group": group}).results

    expect.equal([row["visible"] for row in rows], [True, True], at="$.visible")


def test_before_find_constrains_counts(parse: ParseClient, expect: Expect, group: str) -> None:
    """A count sees the constraint that beforeFind adds."""
    reply = parse.find("ParityFound", {"group": group}, count=1, limit=0)

    expect.body(reply, {"results": [], "count": 2}, status=200)


def test_before_find_constrains_gets(parse: ParseClient, expect: Expect, group: str) -> None:
    """An object that beforeFind leaves out cannot be got by its id either."""
    hidden = parse.create("ParityFound", {"group": group, "visible": False})

    expect.error(parse.fetch("ParityFound", hidden["objectId"]), 101, status=404)


def test_after_find_changes_the_reply(parse: ParseClient, expect: Expect, group: str) -> None:
    """A field that afterFind sets is in the reply and not in the store."""
    reply = parse.find("ParityFound", {"group": group}, limit=1)

    row = {
        "objectId": an_object_id,
        "createdAt": a_date,
        "updatedAt": a_date,
        "group": group,
        "visible": True,
        "found": True,
    }
    expect.body(reply, {"results": [row]}, status=200)
    stored = parse.find("ParityFound", {"group": group, "found": True})
    expect.body(stored, {"results": []}, status=200)
