"""What the probes of one run share: clients, throw-away users, and what may be done."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from packaging.version import InvalidVersion, Version

from parity.jobs.settings.catalogue import Value
from parity.model import BadReply, Target, TargetTimeout, Writes
from parity.targets import Namespace, ParseClient, Reply
from parity.wire.errors import ErrorCode

MADE_UP = "made-up-by-parse-parity"
"""A token that no service has given out."""
MAIL_DOMAIN = "example.invalid"
"""Where no e-mail arrives. Source: RFC 2606, section 2."""
_NO_ANSWER = frozenset({401, 429, 502, 503, 504})


class NotSeen(Exception):
    """A probe could not find out; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe found out.

    Attributes:
        value: The server's setting.
        said: What the server did, in a few words.
        breach: Something that is wrong whatever the hosted app had; usually empty.
    """

    value: Value
    said: str
    breach: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A user of a probe.

    Attributes:
        id: Its object id.
        name: Its username.
        password: Its password.
        token: Its session token; empty if the sign-up gave none.
        reply: The whole answer to the sign-up.
    """

    id: str
    name: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    reply: Reply


class Probing:
    """One run of probes against one target.

    Args:
        client: Where to ask; its observer notes what is created.
        namespace: Names of the run.
        version: Parse Server's version, if known.
        user_fields: What each user is signed up with besides.
        allow_mail: Whether the server may send an e-mail (to nobody).
        attempts: How many failed log-ins are made at most.
    """

    def __init__(
        self,
        client: ParseClient,
        namespace: Namespace,
        *,
        version: str | None = None,
        user_fields: Mapping[str, Any] | None = None,
        allow_mail: bool = False,
        attempts: int = 10,
    ) -> None:
        self.nobody = client
        self.master = client.as_master()
        self.namespace = namespace
        self.version = version
        self.user_fields = dict(user_fields or {})
        self.allow_mail = allow_mail
        self.attempts = attempts

    @property
    def target(self) -> Target:
        """Return the target."""
        return self.nobody.target

    @cached_property
    def no_writes(self) -> str:
        """Return why nothing may be written; empty if it may.

        Without the master key what a probe writes could not be removed.
        """
        if self.target.writes is Writes.FORBIDDEN:
            return f'writes to {self.target.name} are forbidden; set writes = "namespaced"'
        if self.target.keys.master_key is None:
            return "no master_key is configured, so what a probe writes could not be removed"
        try:
            reply = self.master.get("schemas")
        except BadReply as error:
            return f"the master key could not be tried: {error}"
        return "" if reply.ok else f"the server refuses the master key: {told(reply)}"

    def at_least(self, version: str) -> bool:
        """Tell whether the server is known to be of a version or later."""
        try:
            return self.version is not None and Version(self.version) >= Version(version)
        except InvalidVersion:
            return False

    @cached_property
    def alice(self) -> User:
        """Return a user who stays as signed up.

        Raises:
            NotSeen: The server refuses the sign-up.
        """
        return self.sign_up("alice")

    @cached_property
    def bob(self) -> User:
        """Return another user; raises as :meth:`alice`."""
        return self.sign_up("bob")

    @cached_property
    def heidi(self) -> User:
        """Return a user with an address, whom everybody may read.

        Raises:
            NotSeen: The sign-up could make the server send an e-mail, or it is refused.
        """
        if self.sends_mail and not self.allow_mail:
            raise NotSeen(
                "the server might send an e-mail to the address of a made-up user; "
                "allow it with --allow-mail"
            )
        address = f"{self.namespace.user_name('heidi')}@{MAIL_DOMAIN}"
        return self.sign_up("heidi", email=address, ACL={"*": {"read": True}})

    def sign_up(self, base: str, **fields: Any) -> User:
        """Sign a user up whom no password policy refuses.

        Raises:
            NotSeen: The server refuses the sign-up.
        """
        name, password = self.namespace.user_name(base), strong_password()
        reply = self.nobody.sign_up(name, password, **{**self.user_fields, **fields})
        must_answer(reply)
        if reply.status != 201:
            raise NotSeen(f"no user can be signed up: {told(reply)}")
        token = reply.json.get("sessionToken")
        return User(reply["objectId"], name, password, token or "", reply)

    def log_in(self, user: User) -> str:
        """Log a user in and return the new session token.

        Where only verified addresses may log in, the master key calls this user's verified.

        Raises:
            NotSeen: The server refuses it.
        """
        reply = must_answer(self.nobody.log_in(user.name, user.password))
        if code_of(reply) == ErrorCode.EMAIL_NOT_FOUND:
            self.master.put(f"users/{user.id}", {"emailVerified": True})
            reply = must_answer(self.nobody.log_in(user.name, user.password))
        if not reply.ok:
            raise NotSeen(f"a new user cannot log in: {told(reply)}")
        return str(reply["sessionToken"])

    def token(self, user: User) -> str:
        """Return a session token of a user: that of the sign-up, else of a log-in."""
        return user.token or self.log_in(user)

    def as_user(self, user: User) -> ParseClient:
        """Return a client with a session of a user."""
        return self.nobody.as_user(self.token(user))

    @cached_property
    def anonymous(self) -> Reply:
        """Return the answer to the sign-up of an anonymous user (REST guide, Linking Users)."""
        return self.with_method("anonymous", {"id": secrets.token_hex(16)})

    @cached_property
    def facebook_limited(self) -> Reply:
        """Return the answer to a made-up token of Facebook's Limited Login."""
        return self.with_method("facebook", {"token": MADE_UP})

    @cached_property
    def facebook_classic(self) -> Reply:
        """Return the answer to a made-up access token of Facebook."""
        return self.with_method("facebook", {"access_token": MADE_UP})

    def with_method(self, provider: str, auth_data: Mapping[str, str]) -> Reply:
        """Try to sign up with a log-in method, as an account that nobody has there.

        Raises:
            NotSeen: No answer in time.
        """
        name = self.namespace.user_name(provider)
        auth = {provider: {"id": name, **auth_data}}
        body = {**self.user_fields, "username": name, "authData": auth}
        try:
            return must_answer(self.nobody.post("users", body))
        except TargetTimeout:
            raise NotSeen(
                f"no answer within {self.target.timeout_s:g} s to a log-in with {provider}: the "
                "server seems to ask that service, and not to reach it"
            ) from None

    @cached_property
    def reset(self) -> Reply:
        """Return the answer to a reset of the password of an address that nobody has."""
        email = f"{self.namespace.user_name('nobody')}@{MAIL_DOMAIN}"
        return must_answer(self.nobody.post("requestPasswordReset", {"email": email}))

    @property
    def sends_mail(self) -> bool:
        """Tell whether the server can send e-mail.

        Without adapter, name and public address a server neither resets passwords nor starts with
        verifyUserEmails. Source: parse-server ``src/Config.js`` ``validateEmailConfiguration``.
        """
        error = self.reset.error
        return not (error and error.code == ErrorCode.INTERNAL_SERVER_ERROR)


def strong_password() -> str:
    """Return a new password that every sensible policy accepts."""
    return f"Zq7!{secrets.token_hex(10)}Kd"


def told(reply: Reply) -> str:
    """Say in a few words what a server answered: status, code and text."""
    error = reply.error
    if error is None:
        return f"status {reply.status}"
    code = f" {error.code}" if error.code is not None else ""
    return f"{reply.status}{code} {error.message}".strip()[:200]


def must_answer(reply: Reply) -> Reply:
    """Return a reply that says something about the setting.

    Raises:
        NotSeen: A proxy or a rate limit answered, or the keys were refused.
    """
    if reply.status in _NO_ANSWER:
        raise NotSeen(f"the server does not let the probe in: {told(reply)}")
    return reply


def code_of(reply: Reply) -> int | None:
    """Return the Parse error code of a reply, if it has one."""
    return reply.error.code if reply.error is not None else None
