"""A thin client that speaks Parse over ``requests``, with errors as values."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import requests

from parity.model import Keys, Target
from parity.targets.interlocks import refuse_write
from parity.targets.reply import Reply
from parity.targets.transport import Observer, Transport
from parity.wire import Auth, auth_body, auth_headers, compact_json
from parity.wire.headers import METHOD_FIELD

KeyName = Literal["rest_key", "client_key", "javascript_key", "dotnet_key", "master_key"]

CLIENT_KEYS: Final[tuple[KeyName, ...]] = (
    "rest_key",
    "client_key",
    "javascript_key",
    "dotnet_key",
)


def client_key_of(target: Target) -> KeyName | None:
    """Return the first client key that is configured; ``None`` if there is none."""
    return next((name for name in CLIENT_KEYS if getattr(target.keys, name) is not None), None)


@dataclass(frozen=True, slots=True)
class Habits:
    """How one kind of client sends its requests.

    Attributes:
        key: Which key to send; ``None`` sends the application id alone.
        session_token: Session of a user.
        installation_id: Installation that the requests come from.
        client_version: SDK version string to send, such as ``js1.6.14``.
        revocable_session: Whether to ask for revocable sessions.
        in_body: Whether credentials go into the JSON body, as the JavaScript SDK sends them.
        tunnel: Whether GET, PUT and DELETE are sent as POST with ``_method``.
    """

    key: KeyName | None = "rest_key"
    session_token: str | None = field(default=None, repr=False)
    installation_id: str | None = None
    client_version: str | None = None
    revocable_session: bool = False
    in_body: bool = False
    tunnel: bool = False


class ParseClient:
    """Sends requests to one target as one kind of client.

    Clients are cheap: :meth:`using`, :meth:`as_user` and :meth:`as_master` return changed copies
    that share the connection pool.

    Args:
        target: Where to send.
        habits: How to send.
        observer: Called with every exchange, also with those that failed.
        transport: Connection pool to share; without one a new one is made.
    """

    def __init__(
        self,
        target: Target,
        habits: Habits | None = None,
        *,
        observer: Observer | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.target = target
        self.habits = habits or Habits()
        self._transport = transport or Transport(target, observer)

    def using(self, **changes: Any) -> ParseClient:
        """Return a copy with other credentials or habits.

        Args:
            **changes: Any attribute of :class:`Habits`.
        """
        return ParseClient(self.target, replace(self.habits, **changes), transport=self._transport)

    def as_user(self, session_token: str) -> ParseClient:
        """Return a copy that sends this session token."""
        return self.using(session_token=session_token)

    def as_master(self) -> ParseClient:
        """Return a copy that sends the master key and no session."""
        return self.using(key="master_key", session_token=None)

    def close(self) -> None:
        """Close the connection pool that this client and its copies share."""
        self._transport.close()

    # Requests

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        raw: bool = False,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send one request and read its response.

        Args:
            method: HTTP method.
            path: Path below the mount, without a leading slash: ``classes/GameScore``.
            body: JSON body; ``None`` sends none.
            params: Query parameters; values that are not text are sent as JSON.
            headers: Headers beside (or instead of) those of the credentials; an empty value
                removes one.
            data: Raw body instead of ``body``.
            raw: Accept a response that is not JSON.
            timeout_s: Seconds to wait, if not the target's.

        Returns:
            The reply, whatever its status.

        Raises:
            TargetDown: No connection.
            TargetTimeout: No response in time.
            BadReply: The response is not Parse (and ``raw`` was not asked for).
            WriteRefused: The target's settings forbid this write.
        """
        refuse_write(self.target, method, path, body)
        prepared = self._prepare(method, path, body, params, headers, data)
        response, exchange = self._transport.send(prepared, timeout_s or self.target.timeout_s)
        reply = Reply(
            response.status_code,
            response.headers,
            exchange.response.json if exchange.response else None,
            response.content,
            exchange,
        )
        if not raw:
            reply.must_be_parse()
        return reply

    def get(self, path: str, **options: Any) -> Reply:
        """Send a GET; see :meth:`request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        """Send a POST; see :meth:`request`."""
        return self.request("POST", path, {} if body is None else body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Reply:
        """Send a PUT; see :meth:`request`."""
        return self.request("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        """Send a DELETE; see :meth:`request`."""
        return self.request("DELETE", path, **options)

    # Objects and queries (REST guide, "Objects", "Queries")

    def create(self, class_name: str, fields: Mapping[str, Any] | None = None) -> Reply:
        """Create an object: ``POST classes/<class>``."""
        return self.post(f"classes/{class_name}", dict(fields or {}))

    def fetch(self, class_name: str, object_id: str, **params: Any) -> Reply:
        """Retrieve an object: ``GET classes/<class>/<id>``."""
        return self.get(f"classes/{class_name}/{object_id}", params=params)

    def update(self, class_name: str, object_id: str, fields: Mapping[str, Any]) -> Reply:
        """Update an object: ``PUT classes/<class>/<id>``."""
        return self.put(f"classes/{class_name}/{object_id}", dict(fields))

    def destroy(self, class_name: str, object_id: str) -> Reply:
        """Delete an object: ``DELETE classes/<class>/<id>``."""
        return self.delete(f"classes/{class_name}/{object_id}")

    def find(self, class_name: str, where: Any = None, **params: Any) -> Reply:
        """Query a class: ``GET classes/<class>?where=…``."""
        if where is not None:
            params["where"] = where
        return self.get(f"classes/{class_name}", params=params)

    def batch(self, requests_: list[dict[str, Any]]) -> Reply:
        """Send a batch.

        Args:
            requests_: Each with ``method``, ``path`` below the mount (the mount is put before
                it) and ``body``.
        """
        mount = self.mount
        return self.post(
            "batch",
            {
                "requests": [
                    {**each, "path": f"{mount}/{each['path'].lstrip('/')}"} for each in requests_
                ]
            },
        )

    @property
    def mount(self) -> str:
        """Path of the mount: ``/1``, ``/parse``."""
        return urlsplit(self.target.url).path

    # Users, sessions, functions, files (REST guide, sections of these names)

    def sign_up(self, username: str, password: str, **fields: Any) -> Reply:
        """Sign up: ``POST users``."""
        return self.post("users", {"username": username, "password": password, **fields})

    def log_in(self, username: str, password: str) -> Reply:
        """Log in: ``GET login``."""
        return self.get("login", params={"username": username, "password": password})

    def log_out(self) -> Reply:
        """Log out: ``POST logout``."""
        return self.post("logout")

    def me(self) -> Reply:
        """Validate the session token: ``GET users/me``."""
        return self.get("users/me")

    def call(self, function: str, parameters: Mapping[str, Any] | None = None) -> Reply:
        """Call a cloud function: ``POST functions/<name>``."""
        return self.post(f"functions/{function}", dict(parameters or {}))

    def upload(self, name: str, content: bytes, content_type: str) -> Reply:
        """Upload a file: ``POST files/<name>``."""
        return self.request(
            "POST", f"files/{name}", data=content, headers={"Content-Type": content_type}
        )

    def download(self, url: str) -> Reply:
        """Fetch the contents of a file by its full URL, without credentials."""
        return self.request(
            "GET", url, headers=dict.fromkeys(auth_headers(self._auth()), ""), raw=True
        )

    # Inside

    def _prepare(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        data: bytes | None,
    ) -> requests.PreparedRequest:
        url = path if "://" in path else f"{self.target.url}/{path}"
        in_body = self.habits.in_body and data is None
        sent_headers = {} if in_body else auth_headers(self._auth())
        query = {
            name: value if isinstance(value, str) else compact_json(value)
            for name, value in (params or {}).items()
        }
        if in_body or (self.habits.tunnel and method in ("GET", "PUT", "DELETE")):
            # A tunnelled GET carries its parameters as members of the body, not as JSON text.
            body = {**(body or {}), **(params or {} if method == "GET" else {})}
            if in_body:
                body.update(auth_body(self._auth(), method))
            elif method != "POST":
                body[METHOD_FIELD] = method
            method, query = "POST", {} if method == "GET" else query
        content = data
        if content is None and body is not None:
            content = jsonlib.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
            sent_headers["Content-Type"] = "text/plain" if in_body else "application/json"
        for name, value in (headers or {}).items():
            sent_headers.pop(name, None)
            if value:
                sent_headers[name] = value
        return self._transport.prepare(
            requests.Request(method, url, headers=sent_headers, params=query, data=content)
        )

    def _auth(self) -> Auth:
        habits, keys = self.habits, Keys()
        if habits.key is not None:
            keys = Keys(**{habits.key: getattr(self.target.keys, habits.key)})
        return Auth(
            app_id=self.target.app_id,
            keys=keys,
            session_token=habits.session_token,
            installation_id=habits.installation_id,
            client_version=habits.client_version,
            revocable_session=habits.revocable_session,
        )
