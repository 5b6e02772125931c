"""Files of other tools that the tests of the importers write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parity.capture.importers import READERS, Imported, Problem, kind_of

MAX_BODY = 1024 * 1024


def har_entry(
    url: str = "https://api.parse.com/1/classes/Post",
    *,
    method: str = "GET",
    status: int = 200,
    content: dict[str, Any] | None = None,
    post: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    answer_headers: dict[str, str] | None = None,
    at: str = "2016-03-09T17:12:30.250Z",
    **more: Any,
) -> dict[str, Any]:
    """Return an entry as Chromium writes it, as far as importers look at it."""
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "headers": [{"name": k, "value": v} for k, v in (headers or {}).items()],
    }
    if post is not None:
        request["postData"] = post
    response = {
        "status": status,
        "headers": [{"name": k, "value": v} for k, v in (answer_headers or {}).items()],
        "content": content if content is not None else {"size": 2, "text": "{}"},
    }
    return {"startedDateTime": at, "time": 12.5, "request": request, "response": response, **more}


def har(path: Path, *entries: dict[str, Any]) -> Path:
    """Write a HAR file."""
    log = {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": list(entries)}
    path.write_text(json.dumps({"log": log}, indent=1))
    return path


def read(path: Path, max_body: int = MAX_BODY) -> list[Imported | Problem]:
    """Import one file of any kind."""
    return list(READERS[kind_of(path)](path, max_body))


def exchanges(path: Path, max_body: int = MAX_BODY) -> list[Imported]:
    """Import one file of any kind in which nothing is wrong."""
    found = read(path, max_body)
    assert [each for each in found if isinstance(each, Problem)] == []
    return [each for each in found if isinstance(each, Imported)]


def problems(path: Path, max_body: int = MAX_BODY) -> list[Problem]:
    """Return what is wrong in a file."""
    return [each for each in read(path, max_body) if isinstance(each, Problem)]
