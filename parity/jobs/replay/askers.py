"""Whose session a request was sent with, as far as the recording says it."""

from __future__ import annotations

from typing import Any

from parity.wire.ids import token_format
from parity.wire.operation import Operation

_HOLDERS = frozenset({"_User", "_Session"})


class Askers:
    """Remembers which user each session of a recording is of.

    A server answers both together after a sign-up and a log-in, and when a user or a session is
    read by its own (REST guide "Signing Up", "Logging In", "Validating Session Tokens", "Pairing
    with Installation"; of a user by id, parse-server ``src/Routers/ClassesRouter.js`` handleGet).
    """

    def __init__(self) -> None:
        self._users: dict[int, str] = {}

    def user_of(self, token: str | None) -> str:
        """Return the recorded id of the user of a session; ``""`` if nothing recorded says it."""
        return self._users.get(hash(token), "") if token is not None else ""

    def note(self, operation: Operation, recorded: Any) -> None:
        """Learn from a recorded answer.

        Args:
            operation: The request.
            recorded: The body that it was answered.
        """
        if operation.parts and isinstance(recorded, list):
            for part, answer in zip(operation.parts, recorded, strict=False):
                self.note(part, answer.get("success") if isinstance(answer, dict) else None)
        elif operation.class_name in _HOLDERS and isinstance(recorded, dict):
            is_session = operation.class_name == "_Session" or "createdWith" in recorded
            holder = recorded.get("user") if is_session else recorded
            user = holder.get("objectId") if isinstance(holder, dict) else None
            token = recorded.get("sessionToken")
            # What stands for a token that was masked may stand for those of several users.
            if isinstance(user, str) and isinstance(token, str) and token_format(token):
                self._users[hash(token)] = user
