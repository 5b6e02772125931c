"""A thin client that speaks Parse over ``requests``, with errors as values."""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import requests

from parity.model import (
    BadReply,
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    Keys,
    Target,
    TargetDown,
    TargetTimeout,
)
from parity.targets.interlocks import refuse_write
from parity.wire import Auth, ParseError, auth_body, auth_headers, parse_error
from parity.wire.headers import METHOD_FIELD

Observer = Callable[[Exchange], None]
KeyName = Literal["rest_key", "client_key", "javascript_key", "dotnet_key", "master_key"]
SHOWN_BYTES = 300
"""How much of a reply that is not Parse an error message shows."""


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """A response as a Parse client sees it.

    Attributes:
        status: HTTP status.
        headers: Response headers, looked up without regard to case.
        json: The parsed body; ``None`` for a body that is not JSON.
        body: The raw bytes.
        exchange: The whole exchange, as evidence.
    """

    status: int
    headers: Mapping[str, str]
    json: Any
    body: bytes
    exchange: Exchange

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def error(self) -> ParseError | None:
        """The Parse error in this reply, or ``None`` when there is none."""
        return parse_error(self.status, self.json)

    @property
    def results(self) -> list[Any]:
        """The rows of a query.

        Raises:
            AssertionError: The reply is not the answer to a query; it shows what came instead.
        """
        rows = self.json.get("results") if isinstance(self.json, dict) else None
        assert isinstance(rows, list), f"expected results, got {self.status} {self.text}"
        return rows

    @property
    def text(self) -> str:
        """The body as text, for messages."""
        return self.body[:2000].decode("utf-8", "replace")

    def __repr__(self) -> str:
        # Bodies and headers hold secrets, and tracebacks print this.
        request = self.exchange.request
        return f"<Reply {self.status} to {request.method} {request.url.partition('?')[0]}>"

    def __getitem__(self, key: str) -> Any:
        """Return a member of the body.

        Raises:
            AssertionError: It is missing; the message shows the reply.
        """
        present = isinstance(self.json, dict) and key in self.json
        assert present, f"expected {key!r} in the reply, got {self.status} {self.text}"
        return self.json[key]


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
        http: Connection pool to share.
    """

    def __init__(
        self,
        target: Target,
        habits: Habits | None = None,
        *,
        observer: Observer | None = None,
        http: requests.Session | None = None,
    ) -> None:
        self.target = target
        self.habits = habits or Habits()
        self._observer = observer
        self._http = http or _http_session()

    def using(self, **changes: Any) -> ParseClient:
        """Return a copy with other credentials or habits.

        Args:
            **changes: Any attribute of :class:`Habits`.
        """
        return ParseClient(
            self.target,
            replace(self.habits, **changes),
            observer=self._observer,
            http=self._http,
        )

    def as_user(self, session_token: str) -> ParseClient:
        """Return a copy that sends this session token."""
        return self.using(session_token=session_token)

    def as_master(self) -> ParseClient:
        """Return a copy that sends the master key and no session."""
        return self.using(key="master_key", session_token=None)

    def close(self) -> None:
        """Close the connection pool that this client and its copies share."""
        self._http.close()

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
        started = time.time()
        clock = time.perf_counter()
        limit = timeout_s or self.target.timeout_s
        with self._errors(prepared, started, clock, limit):
            response = self._http.send(prepared, timeout=limit, allow_redirects=False)
        exchange = Exchange(
            target=self.target.name,
            request=_sent(prepared),
            response=_received(response),
            elapsed_s=time.perf_counter() - clock,
            started_at=started,
        )
        self._observe(exchange)
        if response.status_code >= 500:
            # Parse Server 2.8.4 drops the connection after an uncaught error (observed); the next
            # request on it would look as if the server were down.
            self._http.close()
        reply = Reply(
            response.status_code,
            response.headers,
            exchange.response.json if exchange.response else None,
            response.content,
            exchange,
        )
        if not raw:
            self._must_be_parse(reply)
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
        return "/" + self.target.url.split("://", 1)[1].partition("/")[2]

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
        query = encode_params(params or {})
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
        return self._http.prepare_request(
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

    @contextmanager
    def _errors(
        self, prepared: requests.PreparedRequest, started: float, clock: float, limit: float
    ) -> Iterator[None]:
        """Turn the network's exceptions into ours, with the target's name."""
        what = f"{prepared.method} {str(prepared.url).partition('?')[0]}"
        name = self.target.name
        try:
            yield
        except requests.Timeout as error:
            self._observe_failure(prepared, started, clock)
            raise TargetTimeout(
                f"target {name!r} did not answer {what} within {limit:g} s"
            ) from error
        except requests.ConnectionError as error:
            self._observe_failure(prepared, started, clock)
            raise TargetDown(
                f"target {name!r} is not reachable: {what}: {_cause(error)}"
            ) from error
        except requests.RequestException as error:
            self._observe_failure(prepared, started, clock)
            raise BadReply(
                f"target {name!r} broke the response to {what}: {_cause(error)}"
            ) from error

    def _observe(self, exchange: Exchange) -> None:
        if self._observer is not None:
            self._observer(exchange)

    def _observe_failure(
        self, prepared: requests.PreparedRequest, started: float, clock: float
    ) -> None:
        elapsed = time.perf_counter() - clock
        self._observe(Exchange(self.target.name, _sent(prepared), None, elapsed, started))

    def _must_be_parse(self, reply: Reply) -> None:
        if isinstance(reply.json, dict | list):
            return
        request = reply.exchange.request
        shown = reply.body[:SHOWN_BYTES]
        more = len(reply.body) - len(shown)
        raise BadReply(
            f"target {self.target.name!r} answered {request.method} "
            f"{request.url.partition('?')[0]} with something that is not Parse: status "
            f"{reply.status}, {reply.headers.get('Content-Type', 'no content type')}, "
            f"{len(reply.body)} bytes: {shown!r}" + (f" and {more} more" if more > 0 else "")
        )


def encode_params(params: Mapping[str, Any]) -> dict[str, str]:
    """Return query parameters as text; other values than text are written as compact JSON."""
    return {
        name: value
        if isinstance(value, str)
        else jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in params.items()
    }


def _http_session() -> requests.Session:
    session = requests.Session()
    # Otherwise requests would look for proxies and .netrc on every call, and might send
    # credentials that nobody configured here.
    session.trust_env = False
    session.headers["User-Agent"] = "parse-parity"
    return session


def _sent(prepared: requests.PreparedRequest) -> ExchangeRequest:
    body = prepared.body or b""
    return ExchangeRequest(
        str(prepared.method),
        str(prepared.url),
        {str(name): str(value) for name, value in prepared.headers.items()},
        body.encode() if isinstance(body, str) else bytes(body),
    )


def _received(response: requests.Response) -> ExchangeResponse:
    try:
        parsed = jsonlib.loads(response.content)
    except ValueError:
        parsed = None
    return ExchangeResponse(response.status_code, dict(response.headers), response.content, parsed)


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of network errors, which is the readable one."""
    reason: BaseException = error
    inner: object = error
    while isinstance(inner, BaseException):
        reason = inner
        inner = getattr(reason, "reason", None) or (reason.args[-1] if reason.args else None)
    return str(reason).rpartition(": ")[2] or type(reason).__name__
