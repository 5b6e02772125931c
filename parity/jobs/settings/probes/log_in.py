"""Probes of signing up and logging in with a name and a password, and as nobody in particular."""

from __future__ import annotations

from typing import Final

from parity.jobs.settings.probing import (
    NotSeen,
    Probing,
    Seen,
    code_of,
    must_answer,
    strong_password,
    told,
)
from parity.targets import Reply
from parity.wire.errors import ErrorCode

_CLOSED: Final = (ErrorCode.OPERATION_FORBIDDEN, ErrorCode.UNSUPPORTED_SERVICE)
_LOCKED: Final = "account is locked"
"""Text of the error. Source: parse-server ``src/AccountLockout.js``, 2.8.4 and 9.10.0."""


def username_sign_up(p: Probing) -> Seen:
    """Sign up with username and password (REST guide, Users, Signing Up)."""
    name, password = p.namespace.user_name("dave"), strong_password()
    reply = must_answer(p.nobody.sign_up(name, password, **p.user_fields))
    if reply.status == 201:
        return Seen(True, "a sign-up with username and password is accepted")
    if code_of(reply) in _CLOSED:
        return Seen(False, f"a sign-up with username and password answers {told(reply)}")
    # Cloud code may want fields that the probe does not know.
    raise NotSeen(
        f"a sign-up with username and password answers {told(reply)}; if it needs other fields, "
        "name them under [probe_user] of the settings file"
    )


def anonymous_users(p: Probing) -> Seen:
    """Sign up as an anonymous user (REST guide, Users, Linking Users)."""
    reply = p.anonymous
    if reply.ok:
        return Seen(True, "an anonymous sign-up is accepted")
    if code_of(reply) in _CLOSED:
        return Seen(False, f"an anonymous sign-up answers {told(reply)}")
    raise NotSeen(f"an anonymous sign-up answers {told(reply)}")


def lockout(p: Probing) -> Seen:
    """Log in with wrong passwords until the account is locked, as often as is allowed."""
    user = p.sign_up("erin")
    for failed in range(p.attempts):
        if _is_locked(p.nobody.log_in(user.name, f"{user.password}-wrong")):
            return Seen(failed, f"the account is locked after {failed} wrong passwords")
    reply = must_answer(p.nobody.log_in(user.name, user.password))
    # An address is looked at after the lock (UsersRouter._authenticateUserFromRequest).
    if reply.ok or code_of(reply) == ErrorCode.EMAIL_NOT_FOUND:
        return Seen(0, f"the account is not locked after {p.attempts} wrong passwords")
    if _is_locked(reply):
        return Seen(p.attempts, f"the account is locked after {p.attempts} wrong passwords")
    raise NotSeen(f"a log-in after {p.attempts} wrong passwords answers {told(reply)}")


def weak_passwords(p: Probing) -> Seen:
    """Sign up with a password of one letter, then with one that is the username."""
    for base, password, what in (("frank", "a", "of one letter"), ("grace", "", "like the name")):
        name = p.namespace.user_name(base)
        reply = must_answer(p.nobody.sign_up(name, password or name, **p.user_fields))
        if code_of(reply) == ErrorCode.VALIDATION_ERROR:
            _ = p.alice  # else it is not the password that is refused
            return Seen(False, f"a password {what} is refused: {told(reply)}")
        if reply.status != 201:
            raise NotSeen(f"a sign-up with a password {what} answers {told(reply)}")
    return Seen(True, "a password of one letter, and one that is the username, are accepted")


def _is_locked(reply: Reply) -> bool:
    must_answer(reply)
    return reply.error is not None and _LOCKED in reply.error.message
