"""The Parse Server of an app as a store: requests of a client as bytes, answers as values."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

import orjson

from parity.jobs.size.load.http import Answer, Connection, NoAnswer
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.rows import NUMBER, OWN, PAD
from parity.jobs.size.load.store import (
    Find,
    Row,
    Store,
    StoreConnection,
    Wrong,
)
from parity.model import Keys, Target, Writes
from parity.model.errors import HarnessError
from parity.profiles.profile import Ask, Operation
from parity.targets.client import ParseClient
from parity.targets.interlocks import WriteRefused, refuse_write
from parity.wire import Auth, auth_headers
from parity.wire.headers import REVOCABLE_SESSION, SESSION_TOKEN

PAGE: Final = 1000
"""Rows of one request: the most that the hosted service gave (REST guide, "Queries")."""
_CHARACTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PUBLIC: Final = {
    operation: {"*": True}
    for operation in ("find", "count", "get", "create", "update", "delete", "addField")
}
JSON: Final = "application/json"
BINARY: Final = "application/octet-stream"
_AGENT: Final = "parse-parity load test"


class Wire:
    """What requests to one target have in common, made once for a process."""

    def __init__(self, target: Target) -> None:
        parts = urlsplit(target.url)
        self.mount = parts.path
        self.url = target.url
        self.app_id = target.app_id.value
        self.timeout_s = target.timeout_s
        key = client_key(target)
        keys = Keys(**{key: getattr(target.keys, key)}) if key else Keys()
        headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "User-Agent": _AGENT,
            **auth_headers(Auth(app_id=target.app_id, keys=keys)),
            REVOCABLE_SESSION: "1",
        }
        self.head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def get(self, path: str, params: Mapping[str, str] | None = None, token: str = "") -> bytes:
        """Return a GET.

        Args:
            path: Path below the mount: ``classes/Post``.
            params: Query parameters, not yet encoded.
            token: Session token; empty for none.
        """
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in (params or {}).items()
        )
        return self.request("GET", f"{path}?{query}" if query else path, None, token)

    def request(
        self, method: str, path: str, body: bytes | None, token: str = "", content: str = JSON
    ) -> bytes:
        """Return any request; ``path`` may have a query, percent-encoded."""
        session = f"{SESSION_TOKEN}: {token}\r\n" if token else ""
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        length = f"Content-Type: {content}\r\n{length}" if body else length
        head = f"{method} {self.mount}/{path} HTTP/1.1\r\n{self.head}{session}{length}\r\n"
        return head.encode("latin-1") + (body or b"")

    def connection(self) -> Connection:
        """Return a new connection to the target."""
        return Connection(self.url, self.timeout_s)


def encoded(value: Any) -> bytes:
    """Return a body as JSON."""
    return orjson.dumps(value)


def text_of(value: Any) -> str:
    """Return a parameter as JSON text."""
    return orjson.dumps(value).decode()


def json_of(answer: Answer, *statuses: int) -> Any:
    """Return the JSON of an answer.

    Args:
        answer: What came.
        *statuses: Statuses that are right.

    Raises:
        Wrong: Another status, or no JSON.
    """
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        if answer.status in statuses:
            raise Wrong("the body is not JSON") from None
        raise Wrong(f"status {answer.status}") from None
    if answer.status not in statuses:
        code = value.get("code") if isinstance(value, dict) else None
        raise Wrong(f"status {answer.status}" + (f", code {code}" if code is not None else ""))
    return value


def object_of(answer: Answer, *statuses: int) -> dict[str, Any]:
    """Return the JSON object of an answer; see :func:`json_of`."""
    value = json_of(answer, *statuses)
    if not isinstance(value, dict):
        raise Wrong("the body is no JSON object")
    return value


def string_of(value: Mapping[str, Any], name: str) -> str:
    """Return a text that an answer must have.

    Raises:
        Wrong: It has none.
    """
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise Wrong(f"no {name}")
    return found


class RestStore(Store):
    """What the users of one process share of a Parse Server."""

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (NoAnswer,)
    UNTOUCHED: ClassVar[frozenset[str]] = frozenset({"_User", "_Installation", "_Session", "_Role"})
    # Sign-ups and installations write these.

    def __init__(self, order: LoadOrder) -> None:
        self.target = order.target
        self.wire = Wire(order.target)
        # The key of the app's clients, so that only what they may see is found.
        self.client = ParseClient(order.target).using(key=client_key(order.target))
        self.rng = random.Random(order.seed)  # noqa: S311 - protects nothing

    def connect(self) -> RestConnection:
        """Return the connection of a new user."""
        return RestConnection(self.wire)

    def sample(self, class_name: str, fields: Iterable[str], most: int) -> list[Row]:
        """Return rows that are spread over a class: what is read decides what has to be cached.

        Ids are random, so rows from a random id on are a random choice, and the index on the id
        finds them in a class of any size.
        """
        keys = ",".join(sorted({*fields, "objectId"})) if fields else None
        first = self._page(class_name, keys, None)
        if len(first) < PAGE:
            return first
        found: dict[str, Row] = {}
        for _ in range(most // PAGE):
            start = "".join(self.rng.choices(_CHARACTERS, k=3))
            for row in self._page(class_name, keys, {"objectId": {"$gte": start}}):
                found[str(row.get("objectId"))] = row
        return list(found.values()) or first

    def _page(self, class_name: str, keys: str | None, where: Row | None) -> list[Row]:
        params: dict[str, Any] = {"limit": PAGE, "keys": keys}
        if where is not None:
            params |= {"where": where, "order": "objectId"}
        return self._rows(class_name, params)

    def templates(self, class_name: str, most: int) -> list[Row]:
        """Return some whole rows of a class, to copy for new ones."""
        return self._rows(class_name, {"limit": most})

    def _rows(self, class_name: str, params: dict[str, Any]) -> list[Row]:
        params = {name: value for name, value in params.items() if value is not None}
        reply = self.client.get(f"classes/{class_name}", params=params)
        rows = reply.results if reply.ok else []
        return [row for row in rows if isinstance(row, dict) and row.get("objectId")]

    def refusal(self, operation: Operation, where: Row) -> str:  # noqa: ARG002
        """Return why an operation cannot be sent: a function where not everything may be written.

        Nobody knows what a function of the app writes.
        """
        if operation.ask is Ask.FUNCTION:
            path = f"functions/{operation.function}"
            try:
                refuse_write(self.target, "POST", path, {})
            except WriteRefused:
                return (
                    f'{path}: writes = "{Writes.NAMESPACED}" keeps functions of the app from being '
                    "called, because nobody knows what they write"
                )
        return ""

    def stand_in(self, name: str, class_name: str, fields: Mapping[str, str]) -> None:
        """Make the class that is written in place of another.

        Raises:
            HarnessError: The server refuses.
        """
        master = self.client.as_master()
        real = master.get(f"schemas/{class_name}")
        schema: dict[str, Any] = real.json if real.ok and isinstance(real.json, dict) else {}
        columns = {
            key: {k: v for k, v in column.items() if k != "required"}
            for key, column in (schema.get("fields") or {}).items()
            if key not in OWN and isinstance(column, dict)
        }
        columns = columns or {key: {"type": type_} for key, type_ in fields.items()}
        columns |= {PAD: {"type": "String"}, NUMBER: {"type": "Number"}}
        body = {"className": name, "fields": columns, "classLevelPermissions": _PUBLIC}
        indexes = _indexes(schema.get("indexes"), columns)
        reply = master.post(f"schemas/{name}", body | ({"indexes": indexes} if indexes else {}))
        if not reply.ok and indexes:  # a server that does not know them, or cannot make one
            reply = master.post(f"schemas/{name}", body)
        if not reply.ok:
            raise HarnessError(f"{name} cannot be made: status {reply.status} {reply.text.strip()}")

    def sort_key(self, operation: Operation) -> tuple[str, int] | None:
        """Return the first key of ``order``."""
        key = operation.order.partition(",")[0]
        return (key.lstrip("-"), -1 if key.startswith("-") else 1) if key else None

    def failure(self, error: Exception) -> str:
        """Return what became of an answer that did not come."""
        return str(error)

    def cannot_use(self, error: Exception) -> HarnessError:
        """Return what to say when it happens before the load begins."""
        return HarnessError(
            f"{self.target.name} did not take the rows, users and files that the load begins "
            f"with: {error}"
        )

    def close(self) -> None:
        """Close the client that sampled."""
        self.client.close()


class RestConnection(StoreConnection):
    """One user's HTTP connection."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.http = wire.connection()

    def ask(self, request: bytes, *, timed: bool = True) -> Answer:
        """Send a request; times of the operation count from the first to the last timed one."""
        if not timed:
            return self.http.send(request)
        if not self.sent:
            self.sent = monotonic()
        try:
            answer = self.http.send(request)
        except NoAnswer:
            self.ended = monotonic()
            raise
        self.ended = answer.ended
        self.received += len(answer.body)
        return answer

    def finder(self, operation: Operation) -> Find:
        """Return what asks a query of a shape."""
        limit = None if operation.limit is None else str(operation.limit)
        params = {"order": operation.order, "limit": limit, **_shown(operation)}
        params |= {"skip": str(operation.skip) if operation.skip else None}
        fixed = {name: value for name, value in params.items() if value}
        path = f"classes/{operation.class_name}"

        def find(where: Row, _: Row | None) -> tuple[list[Row], Row]:
            params = {"where": text_of(where), **fixed} if where else fixed
            found = object_of(self.ask(self.wire.get(path, params, self.token)), 200)
            rows = found.get("results")
            if not isinstance(rows, list):
                raise Wrong("no results")
            return rows, where

        return find

    def counter(self, operation: Operation) -> Callable[[Row, Row | None], int]:
        """Return what counts the rows of a shape."""
        path = f"classes/{operation.class_name}"

        def count(where: Row, _: Row | None) -> int:
            params = {"where": text_of(where)} if where else {}
            params |= {"count": "1", "limit": "0"}
            found = object_of(self.ask(self.wire.get(path, params, self.token)), 200)
            number = found.get("count")
            if type(number) is not int or number < 0:
                raise Wrong("no count")
            if found.get("results") not in ([], None):
                raise Wrong("more rows than the limit: limit is 0")
            return number

        return count

    def getter(self, operation: Operation) -> Callable[[str], Row | None]:
        """Return what gets a row by its id."""
        path, params = f"classes/{operation.class_name}/", _shown(operation)

        def get(object_id: str) -> Row:
            return object_of(self.ask(self.wire.get(path + object_id, params, self.token)), 200)

        return get

    def fetch(self, class_name: str, object_id: str, *, timed: bool = False) -> Row | None:
        """Return all of a row; ``None`` if there is none."""
        request = self.wire.get(f"classes/{class_name}/{object_id}", None, self.token)
        answer = self.ask(request, timed=timed)
        return None if answer.status == 404 else object_of(answer, 200)

    def create(self, class_name: str, fields: Row) -> str:
        """Create a row; return its id."""
        return string_of(self._send("POST", f"classes/{class_name}", fields, 201), "objectId")

    def create_many(self, class_name: str, rows: list[dict[str, Any]]) -> list[str]:
        """Create several rows in one request; return their ids."""
        path = f"{self.wire.mount}/classes/{class_name}"
        body = {"requests": [{"method": "POST", "path": path, "body": row} for row in rows]}
        answer = self.ask(self.wire.request("POST", "batch", encoded(body), self.token))
        answers = json_of(answer, 200)
        if not isinstance(answers, list) or len(answers) != len(rows):
            raise Wrong("not as many answers as requests in the batch")
        ids = []
        for part in answers:
            made = part.get("success") if isinstance(part, dict) else None
            if not isinstance(made, dict):
                code = part.get("error", {}).get("code") if isinstance(part, dict) else None
                raise Wrong(f"a request of the batch failed, code {code}")
            ids.append(string_of(made, "objectId"))
        return ids

    def update(self, class_name: str, object_id: str, fields: Row) -> None:
        """Change some fields of a row."""
        string_of(self._send("PUT", f"classes/{class_name}/{object_id}", fields), "updatedAt")

    def delete(self, class_name: str, object_id: str) -> None:
        """Delete a row."""
        self._send("DELETE", f"classes/{class_name}/{object_id}", None)

    def sign_up(self, name: str, password: str) -> tuple[str, str]:
        """Make a user; return the id and a session token."""
        body = encoded({"username": name, "password": password})
        made = object_of(self.ask(self.wire.request("POST", "users", body)), 201)
        return string_of(made, "objectId"), string_of(made, "sessionToken")

    def log_in(self, name: str, password: str) -> tuple[str, str]:
        """Begin a session; return the id of the user and the token."""
        request = self.wire.get("login", {"username": name, "password": password})
        found = object_of(self.ask(request), 200)
        return str(found.get("objectId")), string_of(found, "sessionToken")

    def log_out(self, token: str) -> None:
        """End a session."""
        object_of(self.ask(self.wire.request("POST", "logout", b"{}", token)), 200)

    def is_logged_in(self, token: str) -> bool:
        """Tell whether a session works; not timed."""
        return self.ask(self.wire.get("users/me", None, token), timed=False).status == 200

    def register(self, fields: Row) -> None:
        """Register a device."""
        answer = self.ask(self.wire.request("POST", "installations", encoded(fields)))
        string_of(object_of(answer, 200, 201), "objectId")

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file; return the name that it got."""
        made = object_of(
            self.ask(self.wire.request("POST", f"files/{name}", content, self.token, BINARY)), 201
        )
        string_of(made, "url")
        return string_of(made, "name")

    def download(self, name: str) -> bytes:
        """Return the content of a file."""
        answer = self.ask(self.wire.get(f"files/{self.wire.app_id}/{name}"))
        if answer.status != 200:
            raise Wrong(f"status {answer.status}")
        return answer.body

    def call(self, function: str, parameters: Row) -> None:
        """Call a cloud function; any result is right, an error is not."""
        found = self._send("POST", f"functions/{function}", parameters)
        if "result" not in found and found:
            raise Wrong("no result")

    def close(self) -> None:
        """Close the connection."""
        self.http.close()

    def _send(self, method: str, path: str, body: Row | None, status: int = 200) -> dict[str, Any]:
        data = None if body is None else encoded(body)
        return object_of(self.ask(self.wire.request(method, path, data, self.token)), status)


def client_key(target: Target) -> Any:
    """Return the name of the key that the app's clients send; ``None`` if there is none."""
    names = [name for name, _ in target.keys.items()]
    wanted = ("rest_key", "client_key", "javascript_key", "dotnet_key")
    return next((name for name in wanted if name in names), None)


def _shown(operation: Operation) -> dict[str, str]:
    shown = {"keys": ",".join(operation.keys), "include": ",".join(operation.include)}
    return {name: value for name, value in shown.items() if value}


def _indexes(indexes: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(indexes, dict):
        return {}
    return {
        name: keys
        for name, keys in indexes.items()
        if isinstance(keys, dict)
        and all(key.removeprefix("_p_") in columns for key in keys)
        and all(direction in (1, -1) for direction in keys.values())
    }
