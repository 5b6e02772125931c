"""Exchanges, operations and judgements that the tests of the replay share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parity.capture.recording import (
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
)
from parity.compare import Register
from parity.jobs.replay.bindings import Bindings, Times
from parity.jobs.replay.judge import Judge
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.noise import NO_NOISE, Noise
from parity.jobs.replay.order import Node
from parity.jobs.replay.pairing import Pairing
from parity.model import Difference, Keys, Kind, Secret, Style, Target, Writes
from parity.wire.operation import Operation, parse_operation

MOUNT = "/1"
APP = ("X-Parse-Application-Id", "recorded-app")
JSON_TYPE = ("Content-Type", "application/json; charset=utf-8")
AT = 1457543550.0
MADE = "2016-03-09T17:12:30.000Z"
LIVE = "2026-01-02T03:04:05.006Z"


def iso(number: int, year: int = 2016) -> str:
    """Return a time, later for a higher number."""
    return f"{year}-03-{1 + number // 86400:02}T00:{number // 60 % 60:02}:{number % 60:02}.000Z"


def dumped(value: Any) -> bytes:
    """Return JSON, or bytes as they are; nothing for ``None``."""
    if isinstance(value, bytes):
        return value
    return b"" if value is None else json.dumps(value).encode()


def exchange(
    method: str,
    url: str,
    body: Any = None,
    *,
    answer: Any = None,
    status: int = 200,
    number: int = 1,
    lane: str = "a",
    headers: Headers = (APP,),
    answer_headers: Headers = (JSON_TYPE,),
    has_response: bool = True,
    at: float | None = None,
    notes: tuple[str, ...] = (),
) -> RecordedExchange:
    """Return an exchange; ``url`` is below the mount."""
    return RecordedExchange(
        id=str(number),
        lane=lane,
        at=AT + number if at is None else at,
        elapsed_ms=5.0,
        request=RecordedRequest(method, MOUNT + url, headers, dumped(body)),
        response=RecordedResponse(status, answer_headers, dumped(answer)) if has_response else None,
        origin="tests",
        notes=notes,
    )


def operation(method: str, url: str, body: Any = None) -> Operation:
    """Return what a request below the mount asks for."""
    return parse_operation(method, MOUNT + url, dumped(body), MOUNT)


def operation_of(recorded: RecordedExchange) -> Operation:
    """Return what a recorded request asks for."""
    request = recorded.request
    return parse_operation(request.method, request.url, request.body, MOUNT)


def node_of(recorded: RecordedExchange, number: int = 0) -> Node:
    """Return an exchange as a replay plans it."""
    return Node(
        number,
        recorded,
        operation_of(recorded),
        None if recorded.response is None else parsed(recorded.response.body),
    )


def parsed(body: bytes) -> Any:
    """Return a body as JSON, or ``None``."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def target(
    url: str = "http://127.0.0.1:1337/parse", *, timeout_s: float = 15.0, **keys: str
) -> Target:
    """Return a target with keys."""
    return Target(
        name="selfhosted",
        style=Style.PARSE_SERVER,
        url=url,
        app_id=Secret("live-app"),
        keys=Keys(**{name: Secret(value) for name, value in keys.items()}),
        writes=Writes.DISPOSABLE,
        timeout_s=timeout_s,
    )


def pairing(
    folder: Path,
    *,
    bound: dict[str, str] | None = None,
    literal: bool = False,
    class_name: str = "",
    relations: frozenset[str] = frozenset(),
) -> Pairing:
    """Return an empty pairing, or one that knows some ids."""
    bindings = Bindings(folder / "bindings.sqlite")
    for recorded, live in (bound or {}).items():
        assert bindings.bind(recorded, live)
    return Pairing(
        bindings, Times(), 1, literal=literal, class_name=class_name, relations=relations
    )


class Judging:
    """A judge, and what it knows; judges exchange after exchange."""

    def __init__(
        self,
        folder: Path,
        *,
        register: Register | None = None,
        literal: bool = False,
        noise: Noise = NO_NOISE,
    ) -> None:
        self.bindings = Bindings(folder / "bindings.sqlite")
        self.times = Times()
        self._number = 0
        self._judge = Judge(
            bindings=self.bindings,
            times=self.times,
            register=register or Register(),
            mounts=(MOUNT, "/parse"),
            literal=literal,
            noise=noise,
        )

    def __call__(
        self,
        recorded: RecordedExchange,
        answer: Any,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Judgement:
        """Judge an answer, and remember what the exchange made."""
        assert recorded.response is not None
        self._number += 1
        node = node_of(recorded, self._number)
        got = Answer(
            recorded.response.status if status is None else status,
            {"content-type": "application/json"} if headers is None else headers,
            dumped(answer),
            4.0,
        )
        judgement = self._judge.judge(node, got)
        self._judge.note(node, judgement)
        return judgement

    def not_sent(self, recorded: RecordedExchange) -> None:
        """Take note of an exchange that was not sent."""
        self._judge.note(node_of(recorded), Judgement(Class.NOT_SENT))


def places(judgement: Judgement) -> list[tuple[str, Kind]]:
    """Return where a judgement says that answers differ."""
    return [(each.path, each.kind) for each, _ in judgement.differences]


def paths(found: list[Difference]) -> list[str]:
    """Return the paths of Differences."""
    return [each.path for each in found]


def created(number: int, name: str, *, lane: str = "a", **fields: Any) -> RecordedExchange:
    """Return an exchange that made an object of class Post with the id ``name``."""
    return exchange(
        "POST",
        "/classes/Post",
        fields or {"title": name},
        answer={"objectId": name, "createdAt": MADE},
        status=201,
        number=number,
        lane=lane,
    )
