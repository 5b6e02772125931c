"""Probes of log-in methods of other services, with tokens that are made up.

Nobody can log in with them, so the server's way of refusing them tells whether it would have
looked at a real one.

What is sent, and where a server sends it on, was read in ``src/Adapters/Auth`` of parse-server
2.8.4, 3.10.0, 4.10.20, 5.6.0, 6.5.11, 7.5.4, 8.6.94 and 9.10.0: a made-up token that should be a
JWT is refused on the spot by Google's adapter from 4.x on and by Facebook's from 5.x on; older
ones ask the service, which refuses it.
"""

from __future__ import annotations

import re
from typing import Final

from parity.app_settings.probing import NotSeen, Probing, Seen, code_of, told
from parity.targets import Reply
from parity.wire.errors import ErrorCode

MADE_UP: Final = "made-up-by-parse-parity"
_NOT_SET_UP: Final = re.compile(
    r"not configured|configuration missing|Cannot (destructure|read propert)"
    r"|appIds must be an array|enableInsecureAuth"
)
"""How an adapter answers that the app did not set up. Source: as of the module."""
_NO_JWT: Final = "does not decode as JWT"
_CHECKS_AUDIENCE: Final = "9.10.0"
"""From this version on the built-in adapters refuse every token until an app id is set up.

Source: read in 9.10.0 and 8.6.94; CHANGELOG 8.6.10 (GHSA-x6fw-778m-wr9v).
"""
_CHECKS_AUDIENCE_8: Final = "8.6.10"


def facebook_login(p: Probing) -> Seen:
    """Sign up with Facebook (REST guide, Users, Linking Users)."""
    return _method(p, "facebook", "Facebook log-in")


def facebook_app(p: Probing) -> Seen:
    """Look whether the Facebook adapter has app ids, where its answer depends on them."""
    login = facebook_login(p)
    if login.breach:
        return Seen(False, login.said)
    if not login.value:
        raise NotSeen("Facebook log-in is off")
    if _NO_JWT in login.said and _checks_audience(p):
        return Seen(True, "Facebook tokens are looked at, which needs auth.facebook.appIds")
    raise NotSeen(
        "it takes a valid token of another Facebook app to see it; before 8.6.10 a Limited Login "
        "token of any app counts unless auth.facebook.clientId is set (GHSA-x6fw-778m-wr9v)"
    )


def new_methods(p: Probing) -> Seen:
    """Sign up with Google, which comes with every Parse Server and which few apps set up."""
    seen = _method(p, "google", "Google log-in")
    if seen.value and not seen.breach and _checks_audience(p):
        raise NotSeen(
            "Google log-in is set up, so it does not show what happens to methods that are not"
        )
    return seen


def _method(p: Probing, provider: str, what: str) -> Seen:
    tokens = dict.fromkeys(("access_token", "token", "id_token"), MADE_UP)
    reply = p.with_method(provider, {"id": p.namespace.user_name(MADE_UP), **tokens})
    said = f"{what} with a made-up token answers {told(reply)}"
    if reply.ok:
        breach = f"{what} accepts a made-up token: anybody can log in as anybody"
        return Seen(True, f"{what} with a made-up token is accepted", breach)
    return Seen(not _is_off(reply), said)


def _is_off(reply: Reply) -> bool:
    if code_of(reply) in (ErrorCode.UNSUPPORTED_SERVICE, ErrorCode.OPERATION_FORBIDDEN):
        return True
    return reply.error is not None and bool(_NOT_SET_UP.search(reply.error.message))


def _checks_audience(p: Probing) -> bool:
    in_8 = p.at_least(_CHECKS_AUDIENCE_8) and not p.at_least("9.0.0a0")
    return in_8 or p.at_least(_CHECKS_AUDIENCE)
