"""Probes of log-in methods of other services, with tokens that are made up.

Nobody can log in with them, so the server's way of refusing them tells whether it would have
looked at a real one.

What is sent, and where a server sends it on, was read in ``src/Adapters/Auth`` of parse-server
2.8.4, 3.10.0, 4.10.20, 5.6.0, 6.5.11, 7.5.4, 8.6.94 and 9.10.0: a made-up token that should be a
JWT (Google's from 4.x on, Facebook's Limited Login from 5.x on) is refused on the spot; an access
token for Facebook is looked up there, unless the adapter is off or, from 9.x on, has no app ids.
"""

from __future__ import annotations

import re
from typing import Final

from parity.jobs.settings.probing import MADE_UP, NotSeen, Probing, Seen, code_of, told
from parity.targets import Reply
from parity.wire.errors import ErrorCode

_NO_OPTIONS: Final = re.compile(r"Cannot (destructure|read propert)")
"""How an adapter fails whose options are missing as a whole. Source: as of the module."""
_NOT_SET_UP: Final = re.compile(r"not configured|configuration missing|enableInsecureAuth")
"""How an adapter answers whose options are not complete. Source: as of the module."""
_NO_JWT: Final = "does not decode as JWT"
_CHECKS_AUDIENCE: Final = (("8.6.10", "9.0.0a0"), ("9.10.0", "9999"))
"""Versions in which the built-in adapters want an app id before they look at a JWT.

Source: read in 8.6.94 and 9.10.0; CHANGELOG 8.6.10 (GHSA-x6fw-778m-wr9v). 9.0 to 9.9 were not read.
"""


def facebook_login(p: Probing) -> Seen:
    """Sign up with Facebook (REST guide, Users, Linking Users): Limited Login, else classic."""
    limited = p.facebook_limited
    if limited.ok or _says(limited, _NO_JWT) or _is_switched_off(limited):
        return _seen("Facebook log-in", limited)
    return _seen("Facebook log-in", p.facebook_classic)


def facebook_app(p: Probing) -> Seen:
    """Look whether the Facebook adapter has app ids, where its answer depends on them."""
    login = facebook_login(p)
    if login.breach:
        return Seen(False, login.said)
    if not login.value:
        raise NotSeen("Facebook log-in is off")
    limited = p.facebook_limited
    if _says(limited, _NO_JWT):
        if _checks_audience(p):
            return Seen(True, "a Limited Login token is looked at, which needs appIds")
        raise NotSeen(
            "it takes a valid token of another Facebook app to see it; before 8.6.10 a Limited "
            "Login token of any app counts unless clientId is set (GHSA-x6fw-778m-wr9v)"
        )
    if _matches(limited, _NO_OPTIONS) or (_checks_audience(p) and _matches(limited, _NOT_SET_UP)):
        return Seen(False, "Facebook log-in is on, and no app ids are set up")
    raise NotSeen("it takes a valid token of another Facebook app to see it")


def new_methods(p: Probing) -> Seen:
    """Sign up with Google, which comes with every Parse Server and which few apps set up."""
    reply = p.with_method("google", {"id_token": MADE_UP, "access_token": MADE_UP})
    seen = _seen("Google log-in", reply)
    if seen.value and not seen.breach and _checks_audience(p):
        raise NotSeen("Google log-in is set up, so it shows nothing of methods that are not")
    return seen


def _seen(what: str, reply: Reply) -> Seen:
    if reply.ok:
        breach = f"{what} accepts a made-up token: anybody can log in as anybody"
        return Seen(True, f"{what} with a made-up token is accepted", breach)
    off = _is_switched_off(reply) or _matches(reply, _NO_OPTIONS) or _matches(reply, _NOT_SET_UP)
    return Seen(not off, f"{what} with a made-up token answers {told(reply)}")


def _is_switched_off(reply: Reply) -> bool:
    return code_of(reply) in (ErrorCode.UNSUPPORTED_SERVICE, ErrorCode.OPERATION_FORBIDDEN)


def _says(reply: Reply, text: str) -> bool:
    return reply.error is not None and text in reply.error.message


def _matches(reply: Reply, pattern: re.Pattern[str]) -> bool:
    return reply.error is not None and bool(pattern.search(reply.error.message))


def _checks_audience(p: Probing) -> bool:
    return any(p.at_least(low) and not p.at_least(high) for low, high in _CHECKS_AUDIENCE)
