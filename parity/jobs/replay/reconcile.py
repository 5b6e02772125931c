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

from parity.jobs.replay.bindings import Bindings, Times
from parity.jobs.replay.judgement import Answer
from parity.jobs.replay.order import Node
from parity.jobs.replay.rewrite import Rewriter, Rewritten
from parity.jobs.replay.send import Sender
from parity.model import Target
from parity.wire.headers import APPLICATION_ID, KEY_HEADERS
from parity.wire.operation import Action, Operation

UNKNOWN: Final = (
    "the earlier run was killed while this write was under way, and whether it was done cannot "
    "be told; it was not sent again"
)
_CLOCKS_APART = timedelta(minutes=5)


class Unknown(Exception):
    """Whether a write was done cannot be told."""


class Reconciler:
    """Asks one target about announced writes.

    Args:
        target: Who is asked; its master key is used if it has one.
        rewriter: Rewrites requests as the earlier run did.
        sender: Sends the questions.
        bindings: What is known of live ids.
        times: What is known of live times.
    """

    def __init__(
        self,
        target: Target,
        rewriter: Rewriter,
        sender: Sender,
        bindings: Bindings,
        times: Times,
    ) -> None:
        self._target = target
        self._rewriter = rewriter
        self._sender = sender
        self._bindings = bindings
        self._times = times

    async def answer(self, node: Node, announced_at: float) -> Answer | str | None:
        """Ask about one announced write.

        Args:
            node: The exchange.
            announced_at: When the earlier run announced it, seconds since the epoch.

        Returns:
            The answer that the server will have given; ``None`` if the write was not done and has
            to be sent; a sentence if that cannot be told.
        """
        sent = self._rewriter.rewrite(node.exchange.request, node.operation.sent)
        since = datetime.fromtimestamp(announced_at, UTC) - _CLOCKS_APART
        try:
            if node.operation.action is Action.BATCH:
                return await self._batch(node, sent, since)
            body = _content(orjson.loads(sent.body or b"null"))
            found = await self._one(node.operation, body, node.response, sent, since)
        except (Unknown, orjson.JSONDecodeError):
            return UNKNOWN
        if found is None:
            return None
        status = 201 if node.operation.action is Action.CREATE else 200
        location = f"{self._target.url}{node.operation.path}/{found.get('objectId')}"
        return _answer(status, found, {"location": location} if status == 201 else {})

    async def _batch(self, node: Node, sent: Rewritten, since: datetime) -> Answer | None:
        requests = orjson.loads(sent.body).get("requests")
        recorded = node.response if isinstance(node.response, list) else []
        answers: list[dict[str, Any] | None] = []
        for number, part in enumerate(node.operation.parts):
            old = recorded[number].get("success") if number < len(recorded) else None
            if old is None and number < len(recorded):
                raise Unknown  # it had failed when it was recorded
            body = _content(requests[number].get("body"))
            answers.append(await self._one(part, body, old, sent, since))
        if all(answer is None for answer in answers):
            return None
        if any(answer is None for answer in answers):
            raise Unknown
        return _answer(200, [{"success": answer} for answer in answers], {})

    async def _one(
        self, operation: Operation, body: Any, recorded: Any, sent: Rewritten, since: datetime
    ) -> dict[str, Any] | None:
        """Return the body of the answer to a write that was done; ``None`` if it was not."""
        action = operation.action
        if action is Action.LOG_IN:
            return None  # another session is no second write to anything of the app
        if action is Action.LOG_OUT:
            me = await self._get("/users/me", sent.headers)
            return None if isinstance(me, dict) and "objectId" in me else {}
        if action is Action.CREATE and isinstance(body, dict):
            return await self._created(operation, body, sent, since)
        if operation.object_id and action in (Action.UPDATE, Action.DELETE):
            row = await self._get(self._below(operation.path), self._headers(sent))
            there = isinstance(row, dict) and "objectId" in row
            if action is Action.DELETE:
                return None if there else {}
            if there:
                return self._updated(operation, row, recorded)
        raise Unknown

    async def _created(
        self, operation: Operation, body: dict[str, Any], sent: Rewritten, since: datetime
    ) -> dict[str, Any] | None:
        stamp = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        where: dict[str, Any] = {"createdAt": {"$gte": {"__type": "Date", "iso": stamp}}}
        if operation.class_name == "_User":
            where = {"username": body.get("username")}
        query = quote(orjson.dumps(where).decode(), safe="")
        found = await self._get(
            f"{operation.path}?where={query}&order=createdAt&limit=1000", self._headers(sent)
        )
        rows = found.get("results") if isinstance(found, dict) else None
        if rows is None:
            raise Unknown
        fitting = [row for row in rows if self._is_new(row) and _holds(row, body)]
        if not fitting:
            return None
        answer = {name: fitting[0].get(name) for name in ("objectId", "createdAt")}
        if operation.class_name == "_User":
            answer["sessionToken"] = await self._token(body, sent)
        return answer

    def _updated(self, operation: Operation, row: Any, recorded: Any) -> dict[str, Any] | None:
        known = self._times.live_times(operation.object_id)
        if not known:
            raise Unknown
        if row.get("updatedAt") in known:
            return None
        names = recorded if isinstance(recorded, dict) else {"updatedAt": ""}
        return {name: row[name] for name in names if name in row}

    async def _token(self, body: dict[str, Any], sent: Rewritten) -> Any:
        """Log in to get a session like the one that nobody read."""
        user, password = body.get("username"), body.get("password")
        query = f"username={quote(str(user), safe='')}&password={quote(str(password), safe='')}"
        found = await self._get(f"/login?{query}", sent.headers)
        if not isinstance(found, dict) or "sessionToken" not in found:
            raise Unknown
        return found["sessionToken"]

    def _is_new(self, row: Any) -> bool:
        return isinstance(row, dict) and (self._bindings.recorded(str(row.get("objectId"))) is None)

    def _below(self, path: str) -> str:
        live = self._rewriter.path(f"{self._rewriter.mount}{path}")
        return live[len(self._rewriter.live_mount) :]

    def _headers(self, sent: Rewritten) -> dict[str, str]:
        master = self._target.keys.master_key
        if master is None:
            return sent.headers
        return {
            APPLICATION_ID: self._target.app_id.value,
            KEY_HEADERS["master_key"]: master.value,
        }

    async def _get(self, path: str, headers: dict[str, str]) -> Any:
        request = Rewritten(self._target.url + path, headers, b"")
        answer = await self._sender.send("GET", request, again=True)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return None


def _content(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {key: value for key, value in body.items() if not key.startswith("_")}


def _holds(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Return whether a row has what a write put there; some fields are never shown."""
    return all(
        row.get(name) == value
        for name, value in wanted.items()
        if name not in ("password", "authData", "ACL", "email")
        and not (isinstance(value, dict) and ("__op" in value or "__type" in value))
    )


def _answer(status: int, body: Any, headers: dict[str, str]) -> Answer:
    content = {"content-type": "application/json; charset=utf-8", **headers}
    return Answer(status, content, orjson.dumps(body), 0.0)
