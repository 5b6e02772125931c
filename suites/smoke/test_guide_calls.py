"""The migration guide's own two calls, with every key of its step 2."""

from __future__ import annotations

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("smoke"),
    pytest.mark.spec("migration-guide#2-set-up-a-local-parse-server"),
]

KEYS = ("rest_key", "client_key", "javascript_key", "dotnet_key", "master_key")
SCORE = {"score": 1337, "playerName": "Sean Plott", "cheatMode": False}


@pytest.fixture(params=KEYS)
def keyed(request: pytest.FixtureRequest, parse: ParseClient) -> ParseClient:
    """A client that sends one of the keys."""
    if getattr(parse.target.keys, request.param) is None:
        pytest.skip(f"no {request.param} is configured")
    return parse.using(key=request.param)


def test_post_then_get_with_each_key(
    keyed: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """POST classes/GameScore creates a row that GET classes/GameScore returns."""
    game_score = new_class("GameScore")

    created = keyed.create(game_score, SCORE)
    expect.body(created, {"objectId": an_object_id, "createdAt": a_date}, status=201)

    found = keyed.find(game_score)
    row = {**SCORE, **created.json, "updatedAt": created["createdAt"]}
    expect.body(found, {"results": [row]}, status=200)
