"""Probes of sessions: legacy tokens, expiry, and what a change of the password ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from parity.jobs.settings.catalogue import in_words
from parity.jobs.settings.probing import NotSeen, Probing, Seen, code_of, must_answer, told
from parity.wire.errors import ErrorCode

LEGACY_TOKEN: Final = "aB3dE5fG7hI9jK1lM3nO5pQ7r"
"""25 letters and digits: the form of a token that cannot be revoked (recorded 2014, 2015)."""
_DAY_S: Final = 86_400


def revocable(p: Probing) -> Seen:
    """Send a made-up legacy token with a request that needs none.

    A server that takes legacy tokens treats an unknown one as nobody (REST guide, Sessions,
    Handling Invalid Session Token Error).
    """
    reply = must_answer(p.nobody.as_user(LEGACY_TOKEN).get("classes/_User", params={"limit": 0}))
    if code_of(reply) == ErrorCode.INVALID_SESSION_TOKEN:
        if p.no_writes or p.token(p.alice).startswith("r:"):
            return Seen(True, "an unknown legacy token is error 209")
        return Seen(False, "a sign-up gives a token that cannot be revoked")
    if reply.ok or code_of(reply) == ErrorCode.OPERATION_FORBIDDEN:
        return Seen(False, f"an unknown legacy token is ignored: {told(reply)}")
    raise NotSeen(f"a query with a legacy token answers {told(reply)}")


def expiry(p: Probing) -> Seen:
    """Look whether a new session has an end (REST guide, Sessions, expiresAt)."""
    session = _session(p)
    if "expiresAt" in session:
        return Seen(True, f"a session of today ends {_time(session, 'expiresAt'):%Y-%m-%d}")
    return Seen(False, "a new session has no expiresAt")


def length(p: Probing) -> Seen:
    """Measure the time from the beginning of a new session to its end."""
    session = _session(p)
    if "expiresAt" not in session:
        raise NotSeen("sessions never expire")
    lasts = _time(session, "expiresAt") - _time(session, "createdAt")
    days = round(lasts.total_seconds() / _DAY_S, 4)
    return Seen(days, f"a new session ends after {in_words(days)}")


def revoked_on_password_change(p: Probing) -> Seen:
    """Change a password in one session and look what becomes of another one.

    The other session has not been used before, so that no cache of the server knows it.
    """
    user = p.sign_up("carol")
    other = p.log_in(user)
    change = {"password": f"{user.password}2"}
    reply = must_answer(p.as_user(user).put(f"users/{user.id}", change))
    if not reply.ok:
        raise NotSeen(f"a user cannot change the password: {told(reply)}")
    me = must_answer(p.nobody.as_user(other).me())
    if me.ok:
        return Seen(False, "another session goes on after a change of the password")
    if code_of(me) == ErrorCode.INVALID_SESSION_TOKEN:
        return Seen(True, "another session is error 209 after a change of the password")
    raise NotSeen(f"another session answers {told(me)} after a change of the password")


def _session(p: Probing) -> dict[str, Any]:
    reply = must_answer(p.as_user(p.alice).get("sessions/me"))
    if not reply.ok or not isinstance(reply.json, dict):
        raise NotSeen(f"a user cannot see the own session: {told(reply)}")
    return reply.json


def _time(session: dict[str, Any], key: str) -> datetime:
    """Return a time of a session: a Date value, or text as createdAt is sent."""
    value = session.get(key)
    text = value.get("iso") if isinstance(value, dict) else value
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise NotSeen(f"{key} of a session is no time: {str(text)[:60]!r}") from None
