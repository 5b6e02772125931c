"""A recording that any Parse Server answers in the same way: rows that are made, changed, read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
)

HEADERS = (
    ("X-Parse-Application-Id", "recorded-app"),
    ("X-Parse-REST-API-Key", "recorded-key"),
    ("Content-Type", "application/json"),
)
STARTED_AT = 1_457_543_400.0  # 17:10:00, before every recorded time
CLASS = "Traffic"


class Script:
    """Collects exchanges, one after the other.

    Args:
        spacing_s: Seconds between two of them.
    """

    def __init__(self, spacing_s: float = 0.01) -> None:
        self.exchanges: list[RecordedExchange] = []
        self._spacing_s = spacing_s
        self._clock = 0

    def time(self) -> str:
        """Return the next recorded time."""
        self._clock += 1
        minutes, milliseconds = divmod(self._clock, 60_000)
        return (
            f"2016-03-09T17:{12 + minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}Z"
        )

    def add(
        self, lane: str, method: str, url: str, body: Any, status: int, answer: Any
    ) -> RecordedExchange:
        """Add an exchange; bodies are JSON values, ``None`` for no body."""
        number = len(self.exchanges) + 1
        exchange = RecordedExchange(
            id=str(number),
            lane=lane,
            at=STARTED_AT + number * self._spacing_s,
            elapsed_ms=5.0,
            request=RecordedRequest(method, url, HEADERS, _dumped(body)),
            response=RecordedResponse(
                status, (("Content-Type", "application/json; charset=utf-8"),), _dumped(answer)
            ),
            origin="script",
        )
        self.exchanges.append(exchange)
        return exchange

    def change(self, exchange_id: str, name: str, value: Any) -> None:
        """Change a member of a recorded answer, as if the server had been another."""
        number = next(i for i, each in enumerate(self.exchanges) if each.id == exchange_id)
        old = self.exchanges[number]
        assert old.response is not None
        body = {**json.loads(old.response.body), name: value}
        self.exchanges[number] = replace(
            old, response=replace(old.response, body=json.dumps(body).encode())
        )

    def write(self, path: Path) -> Path:
        """Write the recording; an older one is replaced."""
        header = RecordingHeader(
            "https://api.parse.com/1", "2016-03-09T17:12:30.000Z", "script", False, "tests"
        )
        with RecordingWriter(path, header, redactor=None, overwrite=True) as writer:
            for exchange in self.exchanges:
                writer.write(exchange)
        return path


def changing_rows(
    script: Script, clients: int, rounds: int, class_name: str = CLASS
) -> dict[str, int]:
    """Let clients make rows, change them, count in them and read them.

    Returns:
        How often each kind of write is in it.
    """
    counts = {"create": 0, "increment": 0, "delete": 0}
    for turn in range(rounds):
        for client in range(clients):
            lane, number = f"client-{client}", turn * clients + client
            object_id, created = f"R{number:09d}", script.time()
            row = {"number": number, "name": f"row {number}", "n": 0}
            path = f"/1/classes/{class_name}"
            made = {"objectId": object_id, "createdAt": created}
            script.add(lane, "POST", path, row, 201, made)
            counts["create"] += 1
            for count in (1, 2):
                updated = script.time()
                script.add(
                    lane,
                    "PUT",
                    f"{path}/{object_id}",
                    {"n": {"__op": "Increment", "amount": 1}},
                    200,
                    {"n": count, "updatedAt": updated},
                )
                counts["increment"] += 1
            shown = {**row, "n": 2, **made, "updatedAt": updated}
            script.add(lane, "GET", f"{path}/{object_id}", None, 200, shown)
            if number % 5 == 4:
                script.add(lane, "DELETE", f"{path}/{object_id}", None, 200, {})
                counts["delete"] += 1
    return counts


def _dumped(value: Any) -> bytes:
    return b"" if value is None else json.dumps(value).encode()
