"""Replies without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from requests.structures import CaseInsensitiveDict

from parity.jobs.replay.scenario import Expectation, Stage
from parity.targets import ParseClient, Reply


def reply(
    status: int = 200, body: Any = None, headers: dict[str, str] | None = None, text: str = ""
) -> Reply:
    raw = (text or json.dumps({} if body is None else body)).encode()
    parsed = None if text else ({} if body is None else body)
    return Reply(status, CaseInsensitiveDict(headers or {}), parsed, raw, cast("Any", Asked()))


class Asked:
    """Stands for the exchange of a reply."""

    class request:  # noqa: N801 - looks like an attribute
        method = "GET"
        url = "http://server/parse/classes/A"


class Script:
    """A client that answers what a script says, and notes what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self._replies: Iterator[Reply] = iter(replies)
        self.mount = "/parse"
        self.target = type("Target", (), {"url": "http://server/parse"})

    def request(self, method: str, path: str, body: Any, **options: Any) -> Reply:
        self.asked.append((method, path, body if options["data"] is None else options["data"]))
        return next(self._replies)


def stage(script: Script, judge: Any, version: str | None = "9.10.0") -> Stage:
    client = cast("ParseClient", script)
    alice = {"objectId": "aliceAlice", "username": "alice", "sessionToken": "r:" + "0" * 32}
    return Stage(
        client=lambda actor: client,
        new_user=lambda name: (client, {**alice, "username": name}),
        new_class=lambda base: f"Parity_{base}1",
        new_name=lambda base: f"parity_{base}1",
        judge=judge,
        version=version,
    )


def strict(actual: Reply, expectation: Expectation) -> None:
    """A judge that knows no difference."""
    found = expectation.compare(actual, "$")
    assert not found, "\n".join(map(str, found))
