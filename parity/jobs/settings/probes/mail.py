"""Probes of e-mail: whether the server can send it, wants it verified, and shows addresses.

No e-mail is sent unless it was allowed; then it goes to an address that does not exist.
"""

from __future__ import annotations

from typing import Final

from parity.jobs.settings.probing import NotSeen, Probing, Seen, code_of, must_answer, told
from parity.wire.errors import ErrorCode

_NOBODY_HAS_IT: Final = (ErrorCode.EMAIL_NOT_FOUND, ErrorCode.OBJECT_NOT_FOUND)
"""2.8.4 answers 205; 9.10.0, where it is asked to tell, 101 (observed)."""


def password_reset(p: Probing) -> Seen:
    """Ask for a new password for an address that nobody has, so that nothing is sent."""
    reply = p.reset
    if reply.ok or code_of(reply) in _NOBODY_HAS_IT:
        return Seen(True, f"a reset for an address that nobody has answers {told(reply)}")
    if not p.sends_mail:
        return Seen(False, f"a reset for an address that nobody has answers {told(reply)}")
    raise NotSeen(f"a reset for an address that nobody has answers {told(reply)}")


def reset_unknown(p: Probing) -> Seen:
    """Look whether that answer tells that nobody has the address."""
    seen = password_reset(p)
    if not seen.value:
        raise NotSeen("the server cannot send e-mail")
    return Seen(code_of(p.reset) in _NOBODY_HAS_IT, seen.said)


def verification(p: Probing) -> Seen:
    """Sign up with an address and look for emailVerified, which stands for an open verification.

    Source: parse-server ``src/Controllers/UserController.js`` ``setEmailVerifyToken``.
    """
    user = p.heidi
    reply = must_answer(p.master.get(f"users/{user.id}"))
    if not reply.ok:
        raise NotSeen(f"a new user cannot be read with the master key: {told(reply)}")
    if "emailVerified" in reply.json:
        return Seen(True, "a new user with an address has emailVerified")
    return Seen(False, "a new user with an address has no emailVerified")


def unverified_login(p: Probing) -> Seen:
    """Log in as a user whose address nobody has verified."""
    user = p.heidi
    reply = must_answer(p.nobody.log_in(user.name, user.password))
    if reply.ok:
        return Seen(True, "a user whose address is not verified logs in")
    if code_of(reply) == ErrorCode.EMAIL_NOT_FOUND:
        return Seen(False, f"a log-in without a verified address answers {told(reply)}")
    raise NotSeen(f"a log-in without a verified address answers {told(reply)}")


def public_emails(p: Probing) -> Seen:
    """Read as another user a user whom everybody may read and who has an address."""
    user = p.heidi
    reader = p.as_user(p.bob)
    reply = must_answer(reader.get(f"users/{user.id}"))
    if not reply.ok:
        raise NotSeen(f"a user whom everybody may read cannot be read: {told(reply)}")
    if "email" in reply.json:
        return Seen(True, "another user sees the address")
    return Seen(False, "another user does not see the address")
