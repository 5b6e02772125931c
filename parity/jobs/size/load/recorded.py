"""A recording as load: each lane is a client whose requests come when they came, or faster.

Ids are not bound: a request is sent with the ids that were recorded, which is right for data that
was migrated. Proving that answers are equal is the job of ``parity replay``; here an answer is
judged by its status, and by its body only where nothing in the recorded one was minted by a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlsplit

import gevent
import orjson
from gevent.queue import Queue

from parity.capture.exchanges import NO_TIME, RecordedExchange, lacks_body
from parity.capture.recording import open_recording
from parity.jobs.size.load.http import NoAnswer
from parity.jobs.size.load.order import LoadOrder
from parity.jobs.size.load.rest_store import Wire
from parity.jobs.size.load.store import Outcome
from parity.model import UserError, Writes
from parity.wire.operation import Operation, parse_operation
from parity.wire.signature import signature

MINTED: Final = frozenset({"objectId", "createdAt", "updatedAt", "sessionToken", "url", "name"})
_AHEAD: Final = 5.0
"""Seconds that a recording is read ahead of the time at which a request is sent."""
_LONGEST_QUEUE: Final = 1000


@dataclass(frozen=True, slots=True)
class Due:
    """A request and when it is meant to be sent.

    Attributes:
        at: On the monotonic clock.
        name: Its signature.
        request: Its bytes.
        status: The recorded status.
        body: The recorded body, if the live one has to be equal.
    """

    at: float
    name: str
    request: bytes
    status: int
    body: Any


def check_recording(order: LoadOrder) -> None:
    """Refuse a replay of nothing, and say where it goes wrong.

    Raises:
        UserError: No recording is named.
        RecordingError: It cannot be read.
    """
    if order.recording is None:
        raise UserError(
            "which recording? Neither --recording nor PARITY_RECORDING is given",
            "Give a recording: --recording app.jsonl.",
        )
    if not order.speed > 0:
        raise UserError(f"--speed {order.speed:g} is not above 0", "2 is twice as fast.")
    open_recording(order.recording).close()


def due_requests(
    order: LoadOrder, wire: Wire, start: float, worker: int, workers: int
) -> Iterator[tuple[int, Due]]:
    """Yield the requests of the lanes that belong to one worker, in the order of the recording.

    Args:
        order: What is replayed, and how fast.
        wire: Makes requests.
        start: When the first one is sent, on the monotonic clock.
        worker: Number of this worker: it has the lanes whose number modulo ``workers`` it is.
        workers: How many there are.

    Yields:
        Number of the lane, and the request.
    """
    assert order.recording is not None
    # Only a server that is thrown away may get writes to the app's own classes.
    writes = order.target.writes is Writes.DISPOSABLE and not order.read_only
    with open_recording(order.recording) as reader:
        mount = urlsplit(reader.header.base_url).path.rstrip("/")
        lanes: dict[str, int] = {}
        first: float | None = None
        for exchange in reader:
            lane = lanes.setdefault(exchange.lane, len(lanes))
            first = exchange.at if first is None else first
            if lane % workers != worker:
                continue
            found = _due(exchange, mount, wire, writes=writes)
            if found is None:
                continue
            after = 0.0 if NO_TIME in exchange.notes else max(0.0, exchange.at - first)
            yield lane, Due(start + after / order.speed, *found)


def _due(
    exchange: RecordedExchange, mount: str, wire: Wire, *, writes: bool
) -> tuple[str, bytes, int, Any] | None:
    request, response = exchange.request, exchange.response
    if response is None or lacks_body(exchange, "request"):
        return None
    asked = parse_operation(request.method, request.url, request.body, mount)
    if not request.url.startswith(mount + "/") or asked.outbound or "login" in asked.segments:
        return None  # passwords are not in a recording
    if asked.method == "GET":
        data = wire.get(asked.path.lstrip("/"), {k: _text(v) for k, v in asked.params.items()})
    elif writes and isinstance(asked.body, dict | list):
        path = _moved(asked)
        data = wire.request(asked.method, path, orjson.dumps(_below(asked.body, mount, wire.mount)))
    else:
        return None
    body = None if lacks_body(exchange, "response") else _comparable(response.body)
    return signature(asked), data, response.status, body


def _moved(asked: Operation) -> str:
    return quote(asked.path.lstrip("/"), safe="/%")


def _below(body: Any, mount: str, other: str) -> Any:
    """Return a batch with the paths of another mount; any other body as it is."""
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list):
        return body
    moved = [
        {**request, "path": other + str(request.get("path", "")).removeprefix(mount)}
        for request in requests
        if isinstance(request, dict)
    ]
    return {**body, "requests": moved}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _comparable(body: bytes) -> Any:
    """Return a recorded body that a live one has to equal; ``None`` if it holds minted values."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return None if _has_minted(value) else value


def _has_minted(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(key in MINTED or _has_minted(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_has_minted, value))


class Feeder:
    """Reads the recording of one process and hands its requests to users, each lane to one user."""

    def __init__(self, order: LoadOrder, worker: int, workers: int, users: int) -> None:
        self.wire = Wire(order.target)
        self._order, self._worker, self._workers = order, worker, workers
        self._queues: list[Queue] = [Queue(_LONGEST_QUEUE) for _ in range(max(1, users))]
        self._next = 0
        self.sent = 0
        self.ended = False

    def queue(self) -> Queue:
        """Return the queue of a new user."""
        self._next += 1
        return self._queues[(self._next - 1) % len(self._queues)]

    def run(self, start: float) -> None:
        """Feed the users until the recording ends."""
        found = due_requests(self._order, self.wire, start, self._worker, self._workers)
        for lane, due in found:
            wait = due.at - _AHEAD - monotonic()
            if wait > 0:
                gevent.sleep(wait)
            elif self.sent % 100 == 0:
                gevent.sleep(0)
            self._queues[lane // self._workers % len(self._queues)].put(due)
            self.sent += 1
        self.ended = True

    @property
    def waiting(self) -> int:
        """Return how many requests were read and not sent."""
        return sum(queue.qsize() for queue in self._queues)


def send_due(due: Due, connection: Any) -> Outcome:
    """Wait until a request is due, send it and judge the answer; time counts from when it was due.

    Args:
        due: The request.
        connection: The user's connection.
    """
    wait = due.at - monotonic()
    if wait > 0:
        gevent.sleep(wait)
    try:
        answer = connection.send(due.request)
    except NoAnswer as error:
        return Outcome(due.name, due.at, monotonic(), str(error))
    failure = ""
    if answer.status != due.status:
        failure = f"status {answer.status}, recorded {due.status}"
    elif due.body is not None and _parsed(answer.body) != due.body:
        failure = "another body than was recorded"
    return Outcome(due.name, due.at, answer.ended, failure, len(answer.body))


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
