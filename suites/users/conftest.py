"""What the checks of users share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from parity.compare import a_date
from parity.plugin.expect import Expect
from parity.plugin.fixtures import User
from parity.targets import ParseClient

Row = Callable[..., dict[str, Any]]
ExpectFree = Callable[[str], None]


@pytest.fixture
def row() -> Row:
    """The documented JSON of a user: ``row(alice, phone="1")``."""

    def make(user: User, **fields: Any) -> dict[str, Any]:
        return {
            "objectId": user.id,
            "username": user.username,
            "createdAt": a_date,
            "updatedAt": a_date,
            **fields,
        }

    return make


@pytest.fixture
def expect_free(parse: ParseClient, expect: Expect) -> ExpectFree:
    """Expect that nobody has a username, by signing up with it (and without a password)."""

    def check(username: str) -> None:
        auth_data = {"anonymous": {"id": str(uuid.uuid4())}}
        reply = parse.post("users", {"username": username, "authData": auth_data})
        expect.status(reply, 201)

    return check
