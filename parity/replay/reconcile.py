"""Finds out whether a write was done that a killed replay had announced and not entered.

The request may have reached the server or not. Sending it again could do it twice, so the server
is asked what is there; where that cannot tell, the exchange is an error of the run and is not
sent again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import orjson

from parity.model import Target
from parity.replay.bindings import Bindings
from parity.replay.journal import Entry
from parity.replay.judgement import Answer
from parity.replay.operation import Action
from parity.replay.order import Node
from parity.replay.rewrite import Rewriter, Rewritten
from parity.replay.send import Sender
from parity.wire.headers import APPLICATION_ID, KEY_HEADERS

UNKNOWN: Final = (
    "the earlier run was killed while this write was under way, and whether it was done cannot "
    "be told; it was not sent again"
)
_CLOCKS_APART = timedelta(minutes=5)


async def reconcile(
    node: Node,
    entry: Entry,
    rewriter: Rewriter,
    sender: Sender,
    bindings: Bindings,
    target: Target,
) -> Answer | str | None:
    """Ask the server about one announced write.

    Args:
        node: The exchange.
        entry: When it was announced.
        rewriter: Rewrites it as the earlier run did.
        sender: Sends the questions.
        bindings: What is known of the live objects.
        target: Its master key is used if it has one.

    Returns:
        The answer that the server will have given; ``None`` if the write was not done and has to
        be sent; a sentence if that cannot be told.
    """
    operation = node.operation
    if operation.action is Action.LOG_IN:
        return None  # another session is no second write to anything of the app
    asker = _Asker(rewriter, sender, target, node)
    since = datetime.fromtimestamp(entry.announced_at, UTC) - _CLOCKS_APART
    if operation.action is Action.CREATE:
        return await _created(node, asker, bindings, since)
    if operation.object_id and operation.action in (Action.UPDATE, Action.DELETE):
        row = await asker.fetch(operation.path)
        if operation.action is Action.DELETE:
            return None if row is not None else _answer(200, {})
        if row is None or not isinstance(operation.body, dict):
            return UNKNOWN
        if _holds(row, asker.rewritten_body()):
            return _answer(200, {"updatedAt": row.get("updatedAt")})
        return None if _plain_fields(operation.body) else UNKNOWN
    return UNKNOWN


async def _created(
    node: Node, asker: _Asker, bindings: Bindings, since: datetime
) -> Answer | str | None:
    wanted = asker.rewritten_body()
    if not isinstance(wanted, dict):
        return UNKNOWN
    stamp = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    where = {"createdAt": {"$gte": {"__type": "Date", "iso": stamp}}}
    rows = await asker.query(node.operation.path, where)
    if rows is None:
        return UNKNOWN
    fitting = [
        row
        for row in rows
        if isinstance(row, dict)
        and _holds(row, wanted)
        and bindings.recorded(str(row.get("objectId"))) is None
    ]
    if not fitting:
        return None
    row = fitting[0]
    body = {"objectId": row.get("objectId"), "createdAt": row.get("createdAt")}
    if node.operation.class_name == "_User":
        return UNKNOWN  # its session token was in the answer that nobody read
    live = asker.location(str(row.get("objectId")))
    return _answer(201, body, {"location": live})


class _Asker:
    """Asks the target about rows, with the master key if there is one."""

    def __init__(self, rewriter: Rewriter, sender: Sender, target: Target, node: Node) -> None:
        self._sender = sender
        self._target = target
        self._node = node
        self._sent = rewriter.rewrite(node.exchange.request, node.sent)
        self._rewriter = rewriter
        self._headers = dict(self._sent.headers)
        if target.keys.master_key is not None:
            self._headers = {
                APPLICATION_ID: target.app_id.value,
                KEY_HEADERS["master_key"]: target.keys.master_key.value,
            }

    def rewritten_body(self) -> Any:
        """Return the body of the write, as it was sent, without what is about the request."""
        try:
            body = orjson.loads(self._sent.body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(body, dict):
            return None
        return {key: value for key, value in body.items() if not key.startswith("_")}

    def location(self, object_id: str) -> str:
        """Return the URL of an object of the class that is written to."""
        return f"{self._target.url}{self._node.operation.path}/{object_id}"

    async def fetch(self, path: str) -> dict[str, Any] | None:
        """Return the object at a recorded path below the mount, or ``None``."""
        live = self._rewriter.path(path)
        answer = await self._get(f"{self._target.url}{live}")
        return answer if isinstance(answer, dict) and "objectId" in answer else None

    async def query(self, path: str, where: dict[str, Any]) -> list[Any] | None:
        """Return the newest rows of a class, or ``None`` if it cannot be asked."""
        text = quote(orjson.dumps(where).decode(), safe="")
        url = f"{self._target.url}{path}?where={text}&order=createdAt&limit=1000"
        answer = await self._get(url)
        return answer.get("results") if isinstance(answer, dict) else None

    async def _get(self, url: str) -> Any:
        answer = await self._sender.send("GET", Rewritten(url, self._headers, b""), again=True)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return None


def _holds(row: dict[str, Any], wanted: Any) -> bool:
    """Return whether a row has what a write put there; operators cannot be seen in a row."""
    return isinstance(wanted, dict) and all(
        row.get(name) == value for name, value in wanted.items() if not _is_operator(value)
    )


def _plain_fields(body: dict[str, Any]) -> bool:
    return not any(_is_operator(value) for value in body.values())


def _is_operator(value: Any) -> bool:
    return isinstance(value, dict) and "__op" in value


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    content = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return Answer(status, content, orjson.dumps(body), 0.0)
