"""How a request says who sends it: ``X-Parse-*`` headers, keys in the body, HTTP Basic.

Sources: REST guide "Quick Reference" (request format, Basic authentication); parse-server 6.x
``src/middlewares.js`` (``handleParseHeaders``, ``httpAuth``, ``allowMethodOverride``) and
``src/ClientSDK.js``; Parse JavaScript SDK 1.6.14 ``src/RESTController.js`` (keys in the body).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parity.model import Keys, Secret

APPLICATION_ID: Final = "X-Parse-Application-Id"
REST_API_KEY: Final = "X-Parse-REST-API-Key"
CLIENT_KEY: Final = "X-Parse-Client-Key"
JAVASCRIPT_KEY: Final = "X-Parse-Javascript-Key"
WINDOWS_KEY: Final = "X-Parse-Windows-Key"
MASTER_KEY: Final = "X-Parse-Master-Key"
SESSION_TOKEN: Final = "X-Parse-Session-Token"
INSTALLATION_ID: Final = "X-Parse-Installation-Id"
CLIENT_VERSION: Final = "X-Parse-Client-Version"
REVOCABLE_SESSION: Final = "X-Parse-Revocable-Session"
REQUEST_ID: Final = "X-Parse-Request-Id"
APP_BUILD_VERSION: Final = "X-Parse-App-Build-Version"
APP_DISPLAY_VERSION: Final = "X-Parse-App-Display-Version"
OS_VERSION: Final = "X-Parse-OS-Version"
JOB_STATUS_ID: Final = "X-Parse-Job-Status-Id"
PUSH_STATUS_ID: Final = "X-Parse-Push-Status-Id"

KEY_HEADERS: Final[Mapping[str, str]] = {
    "rest_key": REST_API_KEY,
    "client_key": CLIENT_KEY,
    "javascript_key": JAVASCRIPT_KEY,
    "dotnet_key": WINDOWS_KEY,
    "master_key": MASTER_KEY,
}
"""The header of each key of :class:`parity.model.Keys`; the file key is never sent."""

KEY_BODY_FIELDS: Final[Mapping[str, str]] = {
    "javascript_key": "_JavaScriptKey",
    "master_key": "_MasterKey",
}
"""The body field of each key that may travel in the body."""

METHOD_FIELD: Final = "_method"
"""Body field of a POST that stands for another method; honoured whatever the headers say."""
BODY_FIELDS: Final = frozenset(
    {
        "_ApplicationId",
        "_ClientVersion",
        "_ContentType",
        "_InstallationId",
        "_JavaScriptKey",
        "_MasterKey",
        "_RevocableSession",
        "_SessionToken",
        "_context",
        "_method",
        "_noBody",
    }
)
"""Body fields that are about the request and never become part of an object."""

_SENDER_HEADERS = (SESSION_TOKEN, INSTALLATION_ID, CLIENT_VERSION, REVOCABLE_SESSION)
_SENDER_FIELDS = ("_SessionToken", "_InstallationId", "_ClientVersion", "_RevocableSession")
_BASIC_JAVASCRIPT = "javascript-key="
_CLIENT_VERSION = re.compile(
    r"(?P<sdk>[a-z][a-z0-9-]*?)-?(?P<version>\d+(?:\.\d+)+(?:-[a-z0-9.]+)?)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Who sends a request. Every key that is set is sent, so pass just the ones that are meant.

    Attributes:
        app_id: The application id.
        keys: The keys to send; ``file_key`` is never sent.
        session_token: The logged-in user's token.
        installation_id: The device's id, a lower-case UUID.
        client_version: As an SDK sends it: ``js1.6.14``.
        revocable_session: Ask for a revocable session at sign-up and log-in.
    """

    app_id: Secret
    keys: Keys = field(default_factory=Keys)
    session_token: str | None = field(default=None, repr=False)
    installation_id: str | None = None
    client_version: str | None = None
    revocable_session: bool = False


def auth_headers(auth: Auth) -> dict[str, str]:
    """Return the headers that carry ``auth``, as REST, iOS, Android, .NET and PHP clients do."""
    headers = {APPLICATION_ID: auth.app_id.value}
    for name, key in auth.keys.items():
        if name in KEY_HEADERS:
            headers[KEY_HEADERS[name]] = key.value
    return headers | _sender(auth, _SENDER_HEADERS)


def auth_body(auth: Auth, method: str = "POST") -> dict[str, str]:
    """Return the body fields that carry ``auth``, as the JavaScript SDK does.

    A server reads them only when no header names an app that it serves.

    Args:
        auth: Who sends the request.
        method: The method that is meant; any other than POST is tunnelled by ``_method``.

    Raises:
        ValueError: A key is set that cannot travel in the body.
    """
    body = {} if method == "POST" else {METHOD_FIELD: method}
    body["_ApplicationId"] = auth.app_id.value
    for name, key in auth.keys.items():
        if name not in KEY_BODY_FIELDS:
            raise ValueError(
                f"{name} cannot be sent in the body; only {', '.join(KEY_BODY_FIELDS)}"
            )
        body[KEY_BODY_FIELDS[name]] = key.value
    return body | _sender(auth, _SENDER_FIELDS)


def _sender(auth: Auth, names: tuple[str, str, str, str]) -> dict[str, str]:
    revocable = "1" if auth.revocable_session else None
    values = (auth.session_token, auth.installation_id, auth.client_version, revocable)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def basic_auth(auth: Auth) -> str:
    """Return the value of an ``Authorization`` header: app id and master or JavaScript key.

    Raises:
        ValueError: Neither of the two keys is set.
    """
    if auth.keys.master_key is not None:
        key = auth.keys.master_key.value
    elif auth.keys.javascript_key is not None:
        key = _BASIC_JAVASCRIPT + auth.keys.javascript_key.value
    else:
        raise ValueError("HTTP Basic carries a master key or a JavaScript key; neither is set")
    pair = f"{auth.app_id.value}:{key}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def read_auth(headers: Mapping[str, str], body: Any = None) -> Auth | None:
    """Read who sent a request, the way a server does.

    A key in HTTP Basic goes before the same key in a header, and the body counts only when
    neither names an app.

    Args:
        headers: Request headers; case does not matter.
        body: The parsed JSON body, if there is one.

    Returns:
        What was sent, or ``None`` when nothing names an app.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    basic_app_id, basic_keys = _read_basic(lower.get("authorization", ""))
    app_id = basic_app_id or lower.get(APPLICATION_ID.lower())
    if app_id:
        keys = {name: lower.get(header.lower()) for name, header in KEY_HEADERS.items()}
        return _auth(app_id, keys | basic_keys, [lower.get(h.lower()) for h in _SENDER_HEADERS])
    if isinstance(body, dict) and isinstance(body.get("_ApplicationId"), str):
        keys = {name: body.get(body_field) for name, body_field in KEY_BODY_FIELDS.items()}
        return _auth(body["_ApplicationId"], keys, [body.get(name) for name in _SENDER_FIELDS])
    return None


def _auth(app_id: str, keys: Mapping[str, Any], sender: list[Any]) -> Auth:
    # What is not a string was not sent by an SDK; a server would not accept it either.
    token, installation_id, version = (
        each if isinstance(each, str) and each else None for each in sender[:3]
    )
    sent = {name: Secret(key) for name, key in keys.items() if isinstance(key, str) and key}
    return Auth(
        app_id=Secret(app_id),
        keys=Keys(**sent),
        session_token=token,
        installation_id=installation_id,
        client_version=version,
        revocable_session=sender[3] in ("1", "true", True),
    )


def _read_basic(authorization: str) -> tuple[str, dict[str, str]]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", {}
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", {}
    app_id, colon, key = pair.partition(":")
    if not colon or ":" in key:
        return "", {}
    if key.startswith(_BASIC_JAVASCRIPT):
        return app_id, {"javascript_key": key.removeprefix(_BASIC_JAVASCRIPT)}
    return app_id, {"master_key": key} if key else {}


@dataclass(frozen=True, slots=True)
class ClientVersion:
    """Which SDK sent a request.

    Attributes:
        sdk: ``i``, ``a``, ``js``, ``net-portable``, ``php``, ``c-ti-cc3200-rtos``, … in lower case.
        version: ``1.6.14``, ``1.7.0.0``, ``6.1.0-alpha.2``.
    """

    sdk: str
    version: str


def parse_client_version(text: str) -> ClientVersion | None:
    """Split the value of ``X-Parse-Client-Version`` or ``_ClientVersion``.

    The version is the dotted number at the end. A server looks for the first digits instead
    (parse-server ``src/ClientSDK.js``), and so takes ``c-ti-cc3200-rtos-1.0.0`` for version 3200.

    Returns:
        The two parts, or ``None`` for a value that no known SDK sends.
    """
    match = _CLIENT_VERSION.fullmatch(text.strip())
    return ClientVersion(match["sdk"].lower(), match["version"].lower()) if match else None
