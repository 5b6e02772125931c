"""What the checks of sessions share."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from parity.plugin.fixtures import User
from parity.targets import Namespace, ParseClient

NewGuest = Callable[..., User]
LogInAgain = Callable[..., ParseClient]


@pytest.fixture
def new_guest(parse: ParseClient, namespace: Namespace) -> NewGuest:
    """Sign users up by anonymous authData, with fields if wanted: ``("alice", phone="1")``.

    No password is hashed for them, which makes them much faster to sign up than others; use them
    where a check is not about passwords. ``password`` of the result is the anonymous id.
    """

    def make(base: str = "guest", **fields: Any) -> User:
        username = namespace.user_name(base)
        anonymous_id = str(uuid.uuid4())
        body = {"username": username, "authData": {"anonymous": {"id": anonymous_id}}, **fields}
        reply = parse.using(revocable_session=True).post("users", body)
        assert reply.status == 201, f"a guest could not sign up: {reply.status} {reply.text}"
        token = reply["sessionToken"]
        return User(reply["objectId"], username, anonymous_id, token, parse.as_user(token))

    return make


@pytest.fixture
def log_in_again(parse: ParseClient) -> LogInAgain:
    """Log a guest in once more; ``again(alice)`` is a client with the new session."""

    def again(guest: User, **habits: Any) -> ParseClient:
        client = parse.using(revocable_session=True, **habits)
        reply = client.post("users", {"authData": {"anonymous": {"id": guest.password}}})
        assert reply.status == 200, f"a guest could not log in: {reply.status} {reply.text}"
        assert reply["objectId"] == guest.id, f"another user was logged in: {reply.text}"
        return parse.as_user(reply["sessionToken"])

    return again
