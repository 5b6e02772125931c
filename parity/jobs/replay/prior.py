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
EXPLAINED_CODES: Final[dict[str, frozenset[int]]] = {
    OLD_OBJECT: frozenset({101, 206, 209}),
    OLD_USER: frozenset({101}),
    OLD_SESSION: frozenset({101, 209}),
    OLD_NAME: frozenset(),
    OLD_SCHEMA: frozenset(),
    REMOVED: TAKEN,
}
"""The errors that follow from each reason: not found, no session, a value that is taken. Another
one is the target's own. Source: REST guide "Error Codes"."""
UNIQUE: Final = {
    "_User": ("username", "email"),
    "_Installation": ("deviceToken", "installationId"),
    "_Role": ("name",),
}
"""Fields that a server keeps unique. Source: REST guide "Users", "Roles" and "Push
Notifications" (an installation is found again by its ids)."""


class Made:
    """What the requests of the recording made so far, as far as the recording itself shows it.

    No clock is asked: the recording's time is the client's, ``createdAt`` the server's.

    Attributes:
        refused: Minted values (ids, tokens, file names) that the target refused to make: they are
            of the recording all the same, and what follows is judged.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self._made: set[int] = set()

    def has(self, operation: Operation) -> bool:
        """Return whether the recording made a unique value that the request gives."""
        return any(value in self._made for value in _values(operation))

    def has_user(self, sent: Any) -> bool:
        """Return whether the recording signed up the user who logs in.

        Args:
            sent: Parameters or body of the log-in.
        """
        names = sent if isinstance(sent, dict) else {}
        # A username may be an e-mail address, and an address may be sent as a username.
        given = [names[name] for name in ("username", "email") if isinstance(names.get(name), str)]
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
        made: Knows which unique values it made.
        request: The request, for the session that it was sent with.
    """

    pairing: Pairing
    made: Made
    request: RecordedRequest


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
    if status >= 400 or (isinstance(recorded, dict) and set(recorded) == {"code", "error"}):
        return _of_error(operation, recorded, known)
    if operation.action in (Action.GET, Action.UPDATE, Action.DELETE):
        if operation.object_id and known.pairing.is_foreign(operation.object_id):
            return OLD_OBJECT
    elif operation.action is Action.LOG_IN:
        made = known.made.has_user(operation.params) or known.made.has_user(operation.body)
        if known.pairing.is_foreign(_id(recorded)) and not made:
            return OLD_USER
    elif operation.action is Action.ME:
        if _is_old_session(known):
            return OLD_SESSION
    elif operation.action is Action.CREATE:
        return _of_creation(operation, status, recorded, known)
    return ""


def _of_creation(operation: Operation, status: int, recorded: Any, known: Known) -> str:
    made = known.made.has(operation)
    if operation.class_name == "_Installation":
        # One with the same ids is found again and updated; the answer has its "updatedAt".
        again = isinstance(recorded, dict) and "updatedAt" in recorded
        if again and (not made or known.pairing.is_foreign(_id(recorded))):
            return OLD_DEVICE
        return REMOVED if made and not again else ""
    if operation.class_name == "_User" and status == 200 and not made and _has_identity(operation):
        # "Linking Users": 200 says that somebody with this identity was there, 201 that not.
        return OLD_USER
    return REMOVED if made and not _has_identity(operation) else ""


def _has_identity(operation: Operation) -> bool:
    return isinstance(operation.body, dict) and isinstance(operation.body.get("authData"), dict)


def parts_of_prior_state(operation: Operation, recorded: list[Any], known: Known) -> dict[int, str]:
    """Return which parts of a batch cannot be judged by their body, and why; each by itself.

    Args:
        operation: The batch.
        recorded: What its parts were answered.
        known: What the recording made.
    """
    found = {}
    for number, (part, answer) in enumerate(zip(operation.parts, recorded, strict=False)):
        if not isinstance(answer, dict):
            continue
        failed = "error" in answer
        body = answer.get("error" if failed else "success")
        # A part has no status of its own, so a creation is taken for one.
        status = 400 if failed else 201 if part.action is Action.CREATE else 200
        if why := needs_prior_state(part, status, body, known):
            found[number] = why
    return found


def _of_error(operation: Operation, recorded: Any, known: Known) -> str:
    code = recorded.get("code") if isinstance(recorded, dict) else None
    if code in TAKEN and operation.action in (Action.CREATE, Action.UPDATE):
        return "" if known.made.has(operation) else OLD_NAME
    if code in SCHEMA_OR_PERMISSION and operation.class_name:
        return OLD_SCHEMA
    return ""


def _is_old_session(known: Known) -> bool:
    token = token_of(known.request)
    return token is None or known.pairing.is_foreign(token)


def token_of(request: RecordedRequest) -> str | None:
    """Return the session token that a request was sent with, or ``None``."""
    sent = read_auth(dict(request.headers), parse_json(request.body))
    return sent.session_token if sent is not None else None


def _id(recorded: Any) -> str:
    value = recorded.get("objectId") if isinstance(recorded, dict) else None
    return value if isinstance(value, str) else ""


def _values(operation: Operation) -> list[int]:
    body: Any = operation.body
    if not isinstance(body, dict):
        return []
    found = [
        hash((operation.class_name, name, body[name]))
        for name in UNIQUE.get(operation.class_name, ())
        if isinstance(body.get(name), str)
    ]
    identities = body.get("authData") if operation.class_name == "_User" else None
    for provider, identity in identities.items() if isinstance(identities, dict) else ():
        if isinstance(identity, dict) and isinstance(identity.get("id"), str):
            found.append(hash(("_User", f"authData.{provider}", identity["id"])))
    return found
