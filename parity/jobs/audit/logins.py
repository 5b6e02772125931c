"""Sampled logins: accounts whose owners agreed show that users can go on as before.

The accounts file is JSON; secrets in it are references, never values::

    [{"username": "ann", "password": "env:ANN_PASSWORD"},
     {"username": "bob", "legacy_session": "file:bob.token"}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from parity.jobs.audit import codes
from parity.model import HarnessError, Outcome, Secret, Target, UserError, Writes
from parity.model.finding import Code
from parity.targets import ParseClient
from parity.targets.secrets import read_secret
from parity.wire import TokenFormat, token_format

ACCOUNTS_AT_MOST: Final = 100
_MOST_BYTES = 1_000_000
_KEYS = frozenset({"username", "password", "legacy_session"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may be logged in to.

    Attributes:
        username: Its name.
        password: The password of the time before the migration, if it is to be tried.
        legacy_session: A session token of the old kind, if it is to be upgraded. The upgrade ends
            it: the device that holds it has to log in again.
    """

    username: str
    password: Secret | None = None
    legacy_session: Secret | None = None


@dataclass(frozen=True, slots=True)
class LoginResult:
    """What became of one account; neither its name nor a secret is in it.

    Attributes:
        code: What was tried.
        number: Place of the account in the file, from 1.
        outcome: ``pass``, ``fail``, ``unsupported`` or ``error``.
        reason: Why.
    """

    code: Code
    number: int
    outcome: Outcome
    reason: str


def read_accounts(file: Path, environ: Mapping[str, str]) -> tuple[Account, ...]:
    """Read an accounts file and the secrets that it refers to.

    Args:
        file: The file; ``file:`` references are relative to its folder.
        environ: Where ``env:`` references are looked up.

    Raises:
        UserError: It cannot be read, holds a secret instead of a reference, or refers to nothing.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        rows = json.loads(data) if len(data) <= _MOST_BYTES else None
    except OSError as error:
        raise _bad(file, error.strerror or str(error)) from None
    except (ValueError, RecursionError):
        # The parser's message would quote the file.
        raise _bad(file, "it is not JSON") from None
    if not isinstance(rows, list) or not 0 < len(rows) <= ACCOUNTS_AT_MOST:
        raise _bad(file, f"it is not a list of 1 to {ACCOUNTS_AT_MOST} accounts")
    return tuple(_account(file, number, row, environ) for number, row in enumerate(rows, 1))


def try_accounts(target: Target, accounts: tuple[Account, ...]) -> list[LoginResult]:
    """Log in to each account, and upgrade its legacy session; sessions that this makes are ended.

    Args:
        target: Where, over REST.
        accounts: Whose owners agreed.
    """
    # The owners agreed, so ending these sessions is no write of a suite; a target whose writes are
    # forbidden keeps its sessions as they are.
    allowed = target.writes is not Writes.FORBIDDEN
    client = ParseClient(replace(target, writes=Writes.DISPOSABLE) if allowed else target)
    results = []
    try:
        for number, account in enumerate(accounts, 1):
            if account.password is not None:
                outcome = _log_in(client, account.username, account.password, end=allowed)
                results.append(LoginResult(codes.LOGIN_PASSWORD, number, *outcome))
            if account.legacy_session is not None:
                outcome = _upgrade(client, account, allowed=allowed)
                results.append(LoginResult(codes.LOGIN_SESSION, number, *outcome))
    finally:
        client.close()
    return results


def _log_in(
    client: ParseClient, username: str, password: Secret, *, end: bool
) -> tuple[Outcome, str]:
    try:
        reply = client.using(revocable_session=True).log_in(username, password.value)
        token = reply.json.get("sessionToken") if isinstance(reply.json, dict) else None
        if reply.status != 200 or not isinstance(token, str):
            code = f", error {reply.error.code}" if reply.error else ""
            return Outcome.FAIL, f"the old password is refused: status {reply.status}{code}"
        if reply.json.get("username") != username:
            return Outcome.FAIL, "somebody else is logged in"
        if end:
            client.as_user(token).log_out()
    except HarnessError as error:
        # Its message may quote the URL, and the password is a part of that.
        return Outcome.ERROR, f"no answer that is Parse ({type(error).__name__})"
    return Outcome.PASS, "the old password works"


def _upgrade(client: ParseClient, account: Account, *, allowed: bool) -> tuple[Outcome, str]:
    assert account.legacy_session is not None
    if not allowed:
        return Outcome.UNSUPPORTED, "the target's writes are forbidden, and an upgrade is a write"
    try:
        old = client.as_user(account.legacy_session.value)
        reply = old.post("upgradeToRevocableSession")
        token = reply.json.get("sessionToken") if isinstance(reply.json, dict) else None
        if not reply.ok or not isinstance(token, str):
            code = f", error {reply.error.code}" if reply.error else ""
            return Outcome.FAIL, f"the old session is refused: status {reply.status}{code}"
        new = client.as_user(token)
        me = new.me()
        works = me.status == 200 and me.json.get("username") == account.username
        new.log_out()
    except HarnessError as error:
        return Outcome.ERROR, f"no answer that is Parse ({type(error).__name__})"
    if not works or token_format(token) is TokenFormat.LEGACY:
        return Outcome.FAIL, "the upgraded session does not belong to the user, or is no new one"
    return Outcome.PASS, "the old session was upgraded, and the new one works"


def _account(file: Path, number: int, row: Any, environ: Mapping[str, str]) -> Account:
    if not isinstance(row, dict) or not isinstance(row.get("username"), str):
        raise _bad(file, f"account {number} has no username")
    if set(row) - _KEYS or len(row) == 1:
        raise _bad(file, f"account {number} has other keys than {', '.join(sorted(_KEYS))}")
    secrets = {
        key: read_secret(value, file.parent, environ, f"{key} of account {number} in {file}")
        for key, value in row.items()
        if key != "username"
    }
    return Account(row["username"], secrets.get("password"), secrets.get("legacy_session"))


def _bad(file: Path, why: str) -> UserError:
    return UserError(
        f"{file} is no list of accounts: {why}",
        'Write JSON such as [{"username": "ann", "password": "env:ANN_PASSWORD"}].',
        code="accounts",
    )
