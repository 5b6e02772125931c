"""Values that may exist once only, and which of them the recording itself made."""

from __future__ import annotations

from typing import Any, Final

from parity.wire.operation import Action, Operation

UNIQUE: Final = {
    "_User": ("username", "email"),
    "_Installation": ("deviceToken", "installationId"),
    "_Role": ("name",),
}
"""Fields that a server keeps unique. Source: REST guide "Users", "Roles" and "Push
Notifications" (an installation is found again by its ids)."""


class Names:
    """The unique values that requests of the recording made so far."""

    def __init__(self) -> None:
        self._made: set[int] = set()

    def has(self, operation: Operation) -> bool:
        """Return whether the recording made a unique value that the request gives."""
        return any(each in self._made for each in _values(operation))

    def has_user(self, sent: Any) -> bool:
        """Return whether the recording signed up the user who logs in.

        Args:
            sent: Parameters or body of the log-in.
        """
        names = sent if isinstance(sent, dict) else {}
        # A username may be an e-mail address, and an address may be sent as a username.
        given = [names[each] for each in ("username", "email") if isinstance(names.get(each), str)]
        return any(
            hash(("_User", name, value)) in self._made
            for value in given
            for name in UNIQUE["_User"]
        )

    def note(self, operation: Operation, status: int) -> None:
        """Remember what a recorded request made.

        Args:
            operation: The request.
            status: The recorded status.
        """
        for part in operation.parts or (operation,):
            if status < 400 and part.action in (Action.CREATE, Action.UPDATE):
                self._made.update(_values(part))


def _values(operation: Operation) -> list[int]:
    body: Any = operation.body
    if not isinstance(body, dict):
        return []
    return [
        hash((operation.class_name, name, body[name]))
        for name in UNIQUE.get(operation.class_name, ())
        if isinstance(body.get(name), str)
    ]
