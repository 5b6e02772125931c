"""Exchanges that the tests of recordings share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import zstandard

from parity.capture.recording import (
    Headers,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordingHeader,
    RecordingWriter,
    open_recording,
)
from parity.wire import Redactor

KEY = b"a key of the tests"
JSON_TYPE = ("Content-Type", "application/json")
HEADER = RecordingHeader(
    base_url="https://api.parse.com/1",
    created_at="2016-03-09T17:12:30.000Z",
    source="tests",
    redacted=False,
    tool="parse-parity 0.0.0",
    facts={"app": "blog"},
)


def exchange(
    number: int | str = 1,
    *,
    method: str = "POST",
    url: str = "/1/classes/Post",
    headers: Headers = (JSON_TYPE,),
    body: bytes = b'{"title":"one"}',
    status: int = 201,
    answer: bytes | None = b'{"objectId":"aaaaaaaaaa","createdAt":"2016-03-09T17:12:30.000Z"}',
    answer_headers: Headers = (JSON_TYPE,),
    lane: str = "connection-1",
    notes: tuple[str, ...] = (),
) -> RecordedExchange:
    """Return an exchange; ``answer=None`` for one without a response."""
    return RecordedExchange(
        id=str(number),
        lane=lane,
        at=1457543550.25,
        elapsed_ms=12.5,
        request=RecordedRequest(method, url, headers, body),
        response=None if answer is None else RecordedResponse(status, answer_headers, answer),
        origin="tests",
        notes=notes,
    )


def write(
    path: Path, exchanges: Iterable[RecordedExchange], *, redactor: Redactor | None = None
) -> Path:
    """Write a whole recording."""
    with RecordingWriter(path, HEADER, redactor=redactor) as writer:
        for each in exchanges:
            writer.write(each)
    return path


def read(path: Path, *, allow_truncated: bool = False) -> list[RecordedExchange]:
    """Read all exchanges of a recording."""
    with open_recording(path, allow_truncated=allow_truncated) as reader:
        return list(reader)


def content(path: Path) -> bytes:
    """Return what is in a recording, decompressed."""
    data = path.read_bytes()
    if path.suffix != ".zst":
        return data
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def sequence() -> list[RecordedExchange]:
    """Sign-up, log-in, requests with the session in every place, and what must stay equal."""
    token, email = "r:0123456789abcdef0123456789abcdef", "ann@mail.example"
    session = ("X-Parse-Session-Token", token)
    user = {"username": email, "email": email, "password": "hunter2"}
    return [
        exchange(
            1,
            url="/1/users",
            body=json.dumps(user).encode(),
            answer=json.dumps({"objectId": "uuuuuuuuuu", "sessionToken": token}).encode(),
        ),
        exchange(
            2,
            method="GET",
            url="/1/login?username=ann%40mail.example&password=hunter2",
            body=b"",
            status=200,
            answer=json.dumps({"objectId": "uuuuuuuuuu", "sessionToken": token}).encode(),
        ),
        exchange(3, headers=(JSON_TYPE, session), body=b'{"title":"mine"}'),
        exchange(
            4,
            url="/1/batch",
            headers=(JSON_TYPE, session),
            body=json.dumps(
                {
                    "requests": [
                        {"method": "POST", "path": "/1/classes/Post", "body": {"email": email}},
                        {"method": "GET", "path": f'/1/users?where={{"email":"{email}"}}'},
                    ]
                }
            ).encode(),
        ),
        exchange(
            5,
            headers=(("Content-Type", "text/plain"),),
            body=json.dumps(
                {
                    "_method": "GET",
                    "where": json.dumps({"email": email}),
                    "_SessionToken": token,
                    "_ApplicationId": "app-id-of-the-app",
                    "_JavaScriptKey": "key-of-the-app",
                }
            ).encode(),
        ),
        exchange(
            6,
            method="GET",
            url="/1/users?where=%7B%22email%22%3A%22ann%40mail.example%22%7D",
            headers=(session,),
            body=b"",
        ),
    ]
