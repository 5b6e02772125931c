"""Whether a recorded response depends on data that was there before the recording began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from parity.capture.recording import RecordedRequest
from parity.jobs.replay.pairing import Pairing
from parity.wire.headers import read_auth
from parity.wire.operation import Action, Operation, parse_json

TAKEN: Final = frozenset({137, 202, 203})
"""Codes of a value that somebody has already. Source: REST guide "Error Codes"."""
SCHEMA_OR_PERMISSION: Final = frozenset({111, 119})
"""Codes that follow from a schema or permissions that may have been made before."""
OLD_OBJECT = "it concerns an object that no request of the recording created"
OLD_SESSION = "its session was opened before the recording began"
OLD_USER = "it logs in a user who signed up before the recording began"
OLD_NAME = "a name or address was taken before the recording began"
OLD_DEVICE = "an installation with its ids was there before the recording began"
REMOVED = "what it makes had been made before, and something that was not recorded removed it"
OLD_SCHEMA = "a schema or permissions from before the recording decided it"
IF_DIFFERENT = frozenset({OLD_NAME, OLD_SCHEMA, REMOVED})
"""Reasons that count only where the target answers otherwise: the recording may have made the
name or the schema itself."""
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


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the state that the recording itself made.

    Attributes:
        pairing: Knows which ids and tokens it minted so far.
        names: Knows which unique values it made.
        request: The request, for the session that it was sent with.
        started_at: When the recording began, ISO 8601.
    """

    pairing: Pairing
    names: Names
    request: RecordedRequest
    started_at: str


def needs_prior_state(operation: Operation, status: int, recorded: Any, known: Known) -> str:
    """Return why a response cannot be judged by its body on an empty target; ``""`` if it can.

    Only a recorded *success* on something unknown shows that it was there: a recorded "not found"
    is what an empty target answers as well.

    Args:
        operation: The request.
        status: The recorded status.
        recorded: The recorded body.
        known: What the recording made.
    """
    if operation.parts and isinstance(recorded, list):
        return _of_parts(operation, recorded, known)
    if status >= 400 or (isinstance(recorded, dict) and set(recorded) == {"code", "error"}):
        return _of_error(operation, recorded, known)
    if operation.action in (Action.GET, Action.UPDATE, Action.DELETE):
        if operation.object_id and known.pairing.is_foreign(operation.object_id):
            return OLD_OBJECT
    elif operation.action is Action.LOG_IN:
        made = known.names.has_user(operation.params) or known.names.has_user(operation.body)
        if known.pairing.is_foreign(_id(recorded)) and not made:
            return OLD_USER
    elif operation.action is Action.ME:
        if _is_old_session(known):
            return OLD_SESSION
    elif operation.action is Action.CREATE:
        return _of_creation(operation, recorded, known)
    return ""


def _of_creation(operation: Operation, recorded: Any, known: Known) -> str:
    made = known.names.has(operation)
    if operation.class_name == "_Installation":
        # One with the same ids is found again and updated; the answer has its "updatedAt".
        again = isinstance(recorded, dict) and "updatedAt" in recorded
        if again and (not made or _is_older(recorded, known.started_at)):
            return OLD_DEVICE
        return REMOVED if made and not again else ""
    if _is_older(recorded, known.started_at):
        return OLD_OBJECT
    return REMOVED if made else ""


def _of_parts(operation: Operation, recorded: list[Any], known: Known) -> str:
    for part, answer in zip(operation.parts, recorded, strict=False):
        if not isinstance(answer, dict):
            continue
        failed = "error" in answer
        body = answer.get("error" if failed else "success")
        why = needs_prior_state(part, 400 if failed else 200, body, known)
        if why:
            return why
    return ""


def _of_error(operation: Operation, recorded: Any, known: Known) -> str:
    code = recorded.get("code") if isinstance(recorded, dict) else None
    if code in TAKEN and operation.action in (Action.CREATE, Action.UPDATE):
        return "" if known.names.has(operation) else OLD_NAME
    if code in SCHEMA_OR_PERMISSION and operation.class_name:
        return OLD_SCHEMA
    return ""


def _is_old_session(known: Known) -> bool:
    sent = read_auth(dict(known.request.headers), parse_json(known.request.body))
    token = sent.session_token if sent is not None else None
    return token is None or known.pairing.is_foreign(token)


def _is_older(recorded: Any, started_at: str) -> bool:
    created = recorded.get("createdAt") if isinstance(recorded, dict) else None
    return isinstance(created, str) and bool(started_at) and created < started_at


def _id(recorded: Any) -> str:
    value = recorded.get("objectId") if isinstance(recorded, dict) else None
    return value if isinstance(value, str) else ""


def _values(operation: Operation) -> list[int]:
    body: Any = operation.body
    if not isinstance(body, dict):
        return []
    return [
        hash((operation.class_name, name, body[name]))
        for name in UNIQUE.get(operation.class_name, ())
        if isinstance(body.get(name), str)
    ]
