"""Removes what a run wrote, and finds what killed runs left behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from parity.model import Exchange, HarnessError, Target
from parity.targets.client import ParseClient
from parity.targets.namespace import CLASS_PATTERN, Namespace
from parity.targets.reply import Reply

_T = TypeVar("_T")
BATCH = 50
"""Requests in one batch: the most that the hosted service took (REST guide, "Objects")."""
_CREATED = re.compile(
    r"/(?:classes/(?P<cls>\w+)|(?P<kind>users|roles|installations|files)(?:/[^/]+)?)$"
)


class Sweeper:
    """Remembers what was created on one target, from the exchanges that created it.

    Args:
        target: The target that the exchanges went to.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._paths: list[str] = []

    def observe(self, exchange: Exchange) -> None:
        """Note what a successful request created, alone or in a batch."""
        response = exchange.response
        if response is None or exchange.request.method != "POST":
            return
        path = urlsplit(exchange.request.url).path
        if path.endswith("/batch") and isinstance(response.json, list):
            self._note_batch(exchange.request.body, response.json)
        elif isinstance(response.json, dict):
            self._note(path, response.json)

    def sweep(self) -> list[str]:
        """Delete what was noted, the newest first.

        With a master key, rows of the run's own classes are left to :func:`sweep_classes`, which
        is one request for all of a class, and sessions of users go with them.

        Returns:
            Paths that could not be removed, such as rows that only a user may delete when no
            master key is known.
        """
        paths, self._paths = self._paths, []
        if not paths:
            return []
        client = _strongest(self.target)
        has_master = self.target.keys.master_key is not None
        if has_master:
            paths = [path for path in paths if not _is_in_own_class(path)]
        left: list[str] = []
        try:
            if has_master:
                users = [p.split("/")[1] for p in paths if p.startswith("users/")]
                _twice(lambda: _end_sessions(client, users))
            for path in reversed(dict.fromkeys(paths)):
                reply = _twice(partial(client.delete, path, raw=True))
                if not (reply.ok or _is_gone(reply)):
                    left.append(path)
        except HarnessError as error:
            left.append(f"the rest, because {error}")
        finally:
            client.close()
        return left

    def _note_batch(self, body: bytes, answers: list[object]) -> None:
        try:
            sent = json.loads(body).get("requests", [])
        except (ValueError, AttributeError):
            return
        for request, answer in zip(sent, answers, strict=False):
            made = answer.get("success") if isinstance(answer, dict) else None
            if isinstance(made, dict) and str(request.get("method", "")).upper() == "POST":
                self._note(str(request.get("path", "")), made)

    def _note(self, path: str, made: dict[str, object]) -> None:
        match = _CREATED.search(path)
        name = made.get("name") if match and match["kind"] == "files" else made.get("objectId")
        if match is not None and isinstance(name, str):
            self._paths.append(f"{match['kind'] or 'classes/' + match['cls']}/{name}")


def _twice(ask: Callable[[], _T]) -> _T:
    """Ask once more after no answer: a busy server must not keep what a run made."""
    try:
        return ask()
    except HarnessError:
        return ask()


def sweep_classes(target: Target, namespace: Namespace) -> list[str]:
    """Delete the classes of a run, whoever of its processes made them and by whatever request.

    Args:
        target: Where to look; without a master key nothing can be found or deleted.
        namespace: Names of the run.

    Returns:
        What could not be removed.
    """
    client = _strongest(target)
    left: list[str] = []
    try:
        for name in _own_classes(client):
            if namespace.owns(name):
                client.delete(f"purge/{name}", raw=True)
                if not client.delete(f"schemas/{name}", raw=True).ok:
                    left.append(f"schemas/{name}")
    except HarnessError as error:
        left.append(f"the classes, because {error}")
    finally:
        client.close()
    return left


def orphans(target: Target, namespace: Namespace) -> list[str]:
    """Return the classes that killed runs left on a target.

    Args:
        target: Where to look; without a master key nothing can be found.
        namespace: Names of this run, which are no orphans.

    Returns:
        Class names in alphabetical order.
    """
    client = _strongest(target)
    try:
        return sorted(name for name in _own_classes(client) if not namespace.owns(name))
    finally:
        client.close()


def _own_classes(client: ParseClient) -> Iterator[str]:
    """Yield the classes that some run of ours made; none without a master key."""
    if client.habits.key != "master_key":
        return
    reply = client.get("schemas")
    for each in reply.results if reply.ok else []:
        name = str(each.get("className", "")) if isinstance(each, dict) else ""
        if CLASS_PATTERN.fullmatch(name):
            yield name


def _strongest(target: Target) -> ParseClient:
    client = ParseClient(target)
    return client.as_master() if target.keys.master_key is not None else client


def _is_gone(reply: Reply) -> bool:
    """Return whether there was nothing to delete any more.

    101 is a missing row, 153 a missing file; 2.8.4 answers 206 for a missing user (observed).
    """
    return reply.status == 404 or (reply.error is not None and reply.error.code in (101, 153, 206))


def _is_in_own_class(path: str) -> bool:
    head, _, rest = path.partition("/")
    return head == "classes" and CLASS_PATTERN.fullmatch(rest.partition("/")[0]) is not None


def _end_sessions(client: ParseClient, users: list[str]) -> None:
    """Delete the sessions of users, which Parse Server leaves when it deletes a user (observed)."""
    for start in range(0, len(users), BATCH):
        pointers = [
            {"__type": "Pointer", "className": "_User", "objectId": user}
            for user in users[start : start + BATCH]
        ]
        found = client.find("_Session", {"user": {"$in": pointers}}, limit=1000, keys="objectId")
        sessions = [str(row["objectId"]) for row in (found.results if found.ok else [])]
        for first in range(0, len(sessions), BATCH):
            client.batch(
                [
                    {"method": "DELETE", "path": f"classes/_Session/{session}", "body": {}}
                    for session in sessions[first : first + BATCH]
                ]
            )
