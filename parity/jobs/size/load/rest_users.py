"""Operations on users, sessions, files, functions and installations; and how each is checked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from parity.jobs.size.load.http import NoAnswer
from parity.jobs.size.load.pools import Account
from parity.jobs.size.load.rest_http import Wrong, encoded, object_of, string_of
from parity.profiles.profile import Ask, Operation

if TYPE_CHECKING:
    from parity.jobs.size.load.rest import RestClient, RestLoad

ACCOUNTS: Final = 10
"""Users that one process signs up before the load begins."""
_PASSWORD: Final = "parity load test"
_DEFAULT_FILE: Final = 10_000
_INVALID_SESSION: Final = 209

Do = Callable[[], str]


def sign_up(client: RestClient, _operation: Operation) -> Do:
    """Return what signs a new user up."""
    return lambda: _sign_up(client, client.ask) or str(Ask.SIGN_UP)


def log_in(client: RestClient, _operation: Operation) -> Do:
    """Return what logs one of the run's users in; without one it signs one up."""

    def do() -> str:
        account = client.pools.account()
        if account is None:
            return sign_up(client, _operation)()
        client.pools.sessions.append(_log_in(client, account))
        return str(Ask.LOG_IN)

    return do


def log_out(client: RestClient, operation: Operation) -> Do:
    """Return what ends a session; with none to end it begins one: it is a log-in then."""
    instead = log_in(client, operation)

    def do() -> str:
        if not client.pools.sessions:
            return instead()
        token = client.pools.sessions.popleft()
        object_of(client.ask(client.wire.request("POST", "logout", b"{}", token)), 200)
        if client.load.is_read_back("log-out"):
            answer = client.check(client.wire.get("users/me", None, token))
            if answer.status == 200:
                raise Wrong("the session still works afterwards")
        return str(Ask.LOG_OUT)

    return do


def upload(client: RestClient, operation: Operation) -> Do:
    """Return what uploads a file."""

    def do() -> str:
        _upload(client, operation.payload_bytes or _DEFAULT_FILE, client.ask)
        return str(Ask.UPLOAD)

    return do


def download(client: RestClient, operation: Operation) -> Do:
    """Return what downloads a file and compares every byte; without one it uploads one."""
    instead = upload(client, Operation(Ask.UPLOAD, 0.0, payload_bytes=operation.payload_bytes))

    def do() -> str:
        files = client.pools.files
        if not files:
            return instead()
        name, content = client.load.rng.choice(files)
        path = f"files/{client.wire.app_id}/{name}"
        answer = client.ask(client.wire.get(path))
        if answer.status != 200:
            raise Wrong(f"status {answer.status}")
        if answer.body != content:
            raise Wrong("the bytes are not those of the file")
        return str(Ask.DOWNLOAD)

    return do


def function(client: RestClient, operation: Operation) -> Do:
    """Return what calls a cloud function; any result is right, an error is not."""
    sent = {"parityPad": "x" * operation.payload_bytes}
    body = encoded(sent if operation.payload_bytes else {})
    path = f"functions/{operation.function}"

    def do() -> str:
        found = object_of(client.ask(client.wire.request("POST", path, body, client.token)), 200)
        if "result" not in found and found:
            raise Wrong("no result")
        return operation.name

    return do


def installation(client: RestClient, _operation: Operation) -> Do:
    """Return what registers a device."""

    def do() -> str:
        body: dict[str, Any] = {
            "deviceType": client.load.rng.choice(("ios", "android")),
            "installationId": str(uuid.UUID(int=client.load.rng.getrandbits(128), version=4)),
            "appIdentifier": client.load.prefix,
            "channels": [],
        }
        answer = client.ask(client.wire.request("POST", "installations", encoded(body)))
        string_of(object_of(answer, 200, 201), "objectId")
        return str(Ask.INSTALLATION)

    return do


MAKERS: Final = {
    Ask.SIGN_UP: sign_up,
    Ask.LOG_IN: log_in,
    Ask.LOG_OUT: log_out,
    Ask.UPLOAD: upload,
    Ask.DOWNLOAD: download,
    Ask.FUNCTION: function,
    Ask.INSTALLATION: installation,
}


def sign_up_some(load: RestLoad, of_users: Collection[Ask]) -> None:
    """Sign up users whose sessions the load works with, if the profile has users at all.

    Raises:
        HarnessError: The server does not take them, or no file although the profile has some.
    """
    from parity.model.errors import HarnessError  # noqa: PLC0415 - beside its only use

    asks = {each.ask for _, each in load.sent}
    client = load.client()
    try:
        for _ in range(ACCOUNTS if asks & set(of_users) else 0):
            _sign_up(client, client.check)
        load.pools.tokens = list(load.pools.sessions)
        load.pools.sessions.clear()
        client.token = load.pools.tokens[0] if load.pools.tokens else ""
        if Ask.DOWNLOAD in asks:
            _upload(client, _DEFAULT_FILE, client.check)
    except (Wrong, NoAnswer) as error:
        raise HarnessError(f"users and files to begin with were not taken: {error}") from None
    finally:
        client.close()


def _sign_up(client: RestClient, send: Callable[[bytes], Any]) -> str:
    load = client.load
    name = f"{load.prefix}_{load.worker}u{load.number()}".lower()
    body = encoded({"username": name, "password": _PASSWORD})
    made = object_of(send(client.wire.request("POST", "users", body)), 201)
    token = string_of(made, "sessionToken")
    client.pools.add(Account(name, _PASSWORD, string_of(made, "objectId")))
    client.pools.sessions.append(token)
    return ""


def _log_in(client: RestClient, account: Account) -> str:
    params = {"username": account.username, "password": account.password}
    found = object_of(client.ask(client.wire.get("login", params)), 200)
    if found.get("objectId") != account.object_id:
        raise Wrong("another user than the one who logged in")
    return string_of(found, "sessionToken")


def _upload(client: RestClient, size: int, send: Callable[[bytes], Any]) -> None:
    load = client.load
    content = load.rng.randbytes(size)
    name = f"{load.prefix.lower()}_{load.worker}f{load.number()}.bin"
    request = client.wire.request(
        "POST", f"files/{name}", content, client.token, "application/octet-stream"
    )
    made = object_of(send(request), 201)
    stored = string_of(made, "name")
    load.uploaded.append(stored)
    string_of(made, "url")
    client.pools.files.append((stored, content))
