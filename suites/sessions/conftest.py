"""What the checks of sessions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parity.plugin.fixtures import User
from parity.targets import ParseClient

LogInAgain = Callable[..., ParseClient]


@pytest.fixture
def log_in_again(parse: ParseClient) -> LogInAgain:
    """Log a guest in once more; ``again(alice)`` is a client with the new session."""

    def again(guest: User, **habits: Any) -> ParseClient:
        client = parse.using(revocable_session=True, **habits)
        reply = client.post("users", {"authData": {"anonymous": {"id": guest.password}}})
        reply.needed("a second session of a guest", 200)
        assert reply["objectId"] == guest.id, f"another user was logged in: {reply.text}"
        return parse.as_user(reply["sessionToken"])

    return again
