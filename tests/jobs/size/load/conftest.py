"""One real Parse Server with an app's rows in it, for all tests of load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from parity.jobs.size.load.order import LoadOrder
from parity.model import Target
from parity.profiles.profile import Ask, Operation, Profile
from parity.stack import selfhosted_member, start_stack, stop_stack
from parity.targets.client import ParseClient

ROWS = 60


@pytest.fixture(scope="session")
def server() -> Iterator[Target]:
    """A Parse Server with the class Post: 60 rows by 6 authors."""
    stack = start_stack([selfhosted_member()])
    try:
        target = stack.targets[0]
        client = ParseClient(target)
        for start in range(0, ROWS, 20):
            client.batch(
                [
                    {"method": "POST", "path": "classes/Post", "body": post(number)}
                    for number in range(start, start + 20)
                ]
            )
        client.close()
        yield target
    finally:
        stop_stack(stack)


def post(number: int) -> dict[str, Any]:
    """Return the fields of a row."""
    return {
        "author": f"author {number % 6}",
        "score": number,
        "tags": [f"t{number % 3}", "all"],
        "text": "x" * 200,
    }


OPERATIONS = (
    Operation(Ask.SIGN_UP, 1),
    Operation(Ask.LOG_IN, 1),
    Operation(Ask.LOG_OUT, 1),
    Operation(Ask.QUERY, 3, "Post", where={"author": "?"}, order="-score", limit=20),
    Operation(Ask.COUNT, 1, "Post", where={"author": "?"}),
    Operation(Ask.GET, 1, "Post"),
    Operation(Ask.CREATE, 2, "Post", payload_bytes=500),
    Operation(Ask.UPDATE, 1, "Post", payload_bytes=100),
    Operation(Ask.DELETE, 1, "Post"),
    Operation(Ask.BATCH, 1, "Post", parts=3, payload_bytes=200),
    Operation(Ask.UPLOAD, 1, payload_bytes=3000),
    Operation(Ask.DOWNLOAD, 1),
    Operation(Ask.INSTALLATION, 1),
)
"""Everything that a profile can ask for, but functions."""


def profile(*operations: Operation) -> Profile:
    """Return a profile of some operations, or of all."""
    return Profile("test", operations or OPERATIONS, 20.0, 10.0, think_s=(0.0, 0.01, 0.02))


def order(target: Target, *operations: Operation, **changes: Any) -> LoadOrder:
    """Return an order over REST."""
    return LoadOrder(
        **{"kind": "rest", "target": target, "profile": profile(*operations), **changes}
    )


def remains(target: Target, mark: str) -> list[str]:
    """Return whatever on a server carries the mark of a run."""
    master = ParseClient(target).as_master()
    try:
        found = [
            result["className"]
            for result in master.get("schemas").results
            if mark.lower() in result["className"].lower()
        ]
        wanted = {
            "_User": {"username": {"$regex": f"^parity{mark}"}},
            "_Installation": {"appIdentifier": {"$regex": mark}},
        }
        for name, where in wanted.items():
            found += [f"{name}/{row['objectId']}" for row in master.find(name, where).results]
        sessions = master.find("_Session", {}, limit=1000, include="user").results
        # Sessions of users that are gone; nobody else uses this server.
        found += [
            f"_Session/{row['objectId']}" for row in sessions if "username" not in row["user"]
        ]
        return found
    finally:
        master.close()
