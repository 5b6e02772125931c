"""Removes what a run wrote, and finds what killed runs left behind."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from parity.model import Exchange, HarnessError, Target
from parity.targets.client import ParseClient
from parity.targets.namespace import CLASS_PATTERN

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
        self._classes: set[str] = set()
        self._paths: list[str] = []

    def observe(self, exchange: Exchange) -> None:
        """Note what a successful request created, alone or in a batch."""
        response = exchange.response
        if (
            response is None
            or exchange.request.method != "POST"
            or not isinstance(response.json, dict | list)
        ):
            return
        path = urlsplit(exchange.request.url).path
        if path.endswith("/batch") and isinstance(response.json, list):
            self._note_batch(exchange.request.body, response.json)
        elif isinstance(response.json, dict):
            self._note(path, response.json)

    def sweep(self) -> list[str]:
        """Delete everything that was noted, users and rows first, then the classes.

        Returns:
            Paths that could not be removed, such as rows that only a user may delete when no
            master key is known.
        """
        if not self._paths and not self._classes:
            return []
        client = ParseClient(self.target)
        has_master = self.target.keys.master_key is not None
        client = client.as_master() if has_master else client
        left: list[str] = []
        try:
            # The newest first: a file or a row may belong to an older one.
            for path in reversed(self._paths):
                if has_master and self._in_swept_class(path):
                    continue
                reply = client.delete(path, raw=True)
                if not reply.ok and reply.status != 404:
                    left.append(path)
            for name in sorted(self._classes) if has_master else ():
                client.delete(f"purge/{name}", raw=True)
                if not client.delete(f"schemas/{name}", raw=True).ok:
                    left.append(f"schemas/{name}")
        except HarnessError as error:
            left.append(f"the rest, because {error}")
        finally:
            client.close()
        self._paths.clear()
        self._classes.clear()
        return left

    def _in_swept_class(self, path: str) -> bool:
        return path.split("/", maxsplit=1)[0] == "classes" and path.split("/")[1] in self._classes

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
        if match is None or not isinstance(name, str):
            return
        if match["kind"]:
            self._paths.append(f"{match['kind']}/{name}")
            return
        if CLASS_PATTERN.fullmatch(match["cls"]):
            # Others, such as the classes of the cloud fixture, belong to more than this run.
            self._classes.add(match["cls"])
        self._paths.append(f"classes/{match['cls']}/{name}")


def orphans(target: Target) -> list[str]:
    """Return the classes that killed runs left on a target.

    Args:
        target: Where to look; without a master key nothing can be found.

    Returns:
        Class names in alphabetical order.
    """
    if target.keys.master_key is None:
        return []
    client = ParseClient(target).as_master()
    try:
        reply = client.get("schemas")
    finally:
        client.close()
    if not reply.ok:
        return []
    names = [str(each.get("className", "")) for each in reply.results if isinstance(each, dict)]
    return sorted(name for name in names if CLASS_PATTERN.fullmatch(name))
