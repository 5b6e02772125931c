"""How a server answers a key: does it know it, and does it let it in?

A server that knows the master key and does not like the address may answer otherwise than to a key
that it has never heard of (measured: Parse Server 9.10.0 says ``unauthorized`` to the first and
``Permission denied`` to the second). So every answer is compared with those to keys that were made
up. A client key goes along: without one, a server that demands one says ``unauthorized`` to all.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from parity.jobs.deployment.http import HttpSession
from parity.model import HarnessError, Keys, Secret
from parity.targets import Reply
from parity.wire import Auth, auth_body, auth_headers, basic_auth, compact_json

PROBE = "serverInfo"
"""A route that needs the master key and only reads.
Source: parse-server 9.10.0, ``src/Routers/FeaturesRouter.js``."""
TOO_MANY = 429


class KeyAnswer(StrEnum):
    """What became of a key."""

    ACCEPTED = "accepted"
    RECOGNISED = "recognised, and refused"
    REFUSED = "refused like any other"


class SentAs(StrEnum):
    """How a master key is sent."""

    HEADER = "X-Parse-Master-Key"
    BASIC = "HTTP Basic"
    BODY = "_MasterKey in the body"


@dataclass(frozen=True, slots=True)
class KeyProbe:
    """Tries keys on one way to a server, and knows what it answers to keys that were made up.

    Attributes:
        http: Who asks.
        made_up_answer: What a made-up key is answered; ``None`` if not always the same, so
            that nothing can be compared.
        accepts_any: Whether a made-up key is accepted, or none at all is needed.
    """

    http: HttpSession
    made_up_answer: tuple[int, str] | None
    accepts_any: bool

    @classmethod
    def of(cls, http: HttpSession) -> KeyProbe:
        """Try keys that were made up.

        Raises:
            HarnessError: No connection, no answer in time, or the server asks to wait.
        """
        keys = [Secret(secrets.token_hex(size)) for size in (16, 20)]
        replies = [send_key(http, key) for key in keys]
        answers = {_answer(reply) for reply in replies}
        made_up = answers.pop() if len(answers) == 1 else None
        return cls(http, made_up, accepts_any=any(map(_lets_in, replies)))

    def answer_to(
        self,
        key: Secret,
        *,
        app_id: Secret | None = None,
        way: SentAs = SentAs.HEADER,
        extra: Mapping[str, str] | None = None,
    ) -> KeyAnswer:
        """Send a key and see what becomes of it.

        Args:
            key: As master key.
            app_id: Another application id than the target's.
            way: How it is sent.
            extra: More headers.

        Raises:
            HarnessError: No connection, no answer in time, or the server asks to wait.
        """
        reply = send_key(self.http, key, app_id=app_id, way=way, extra=extra)
        if _lets_in(reply):
            return KeyAnswer.ACCEPTED
        same_question = app_id is None and way is SentAs.HEADER and not extra
        if (
            same_question
            and self.made_up_answer is not None
            and _answer(reply) != self.made_up_answer
        ):
            return KeyAnswer.RECOGNISED
        return KeyAnswer.REFUSED


def send_key(
    http: HttpSession,
    key: Secret,
    *,
    app_id: Secret | None = None,
    way: SentAs = SentAs.HEADER,
    extra: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request with a master key; it reads.

    Raises:
        HarnessError: No connection, no answer in time, or the server asks to wait.
    """
    auth = Auth(app_id=app_id or http.target.app_id, keys=Keys(master_key=key))
    headers, url = dict(extra or {}), http.at(PROBE)
    client_keys = http.client_keys() if app_id is None else Keys()
    if way is SentAs.BODY:
        headers["Content-Type"] = "text/plain"
        body = compact_json(auth_body(auth, "GET")).encode()
        reply = http.send("POST", url, headers=headers, data=body)
    elif way is SentAs.BASIC:
        reply = http.send("GET", url, headers={**headers, "Authorization": basic_auth(auth)})
    else:
        both = replace(auth, keys=replace(client_keys, master_key=key))
        reply = http.send("GET", url, headers={**headers, **auth_headers(both)})
    if reply.status == TOO_MANY:
        raise HarnessError(
            f"target {http.target.name!r} limits how often this address may ask (status 429)"
        )
    return reply


def _lets_in(reply: Reply) -> bool:
    return reply.ok and isinstance(reply.json, dict) and "features" in reply.json


def _answer(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.text.strip()
