"""A source that lists by pages, and misbehaves on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.fake_parse import Answer, FakeParse

Rows = list[dict[str, Any]]
Fault = Callable[[str, dict[str, Any], Rows], "Rows | Answer | None"]
"""Gets class, parameters and the right rows; returns other rows, a whole answer, or ``None``."""


class PagedParse(FakeParse):
    """Answers queries by objectId.

    Attributes:
        classes: Objects by class and id.
        fault: What goes wrong with a list.
        lists: How many lists it answered.
        max_limit: The server's own limit of a page.
        with_schemas: Whether there is ``/schemas``.
    """

    def __init__(self) -> None:
        super().__init__()
        # Otherwise each answer waits 40 ms for an acknowledgement that comes late.
        handler: Any = self._server.RequestHandlerClass
        handler.disable_nagle_algorithm = True
        self.classes: dict[str, dict[str, dict[str, Any]]] = {}
        self.fault: Fault = lambda name, params, rows: None
        self.lists = 0
        self.counts = 0
        self.max_limit = 1000
        self.with_schemas = True
        self.count_lies = 0

    def put(self, name: str, *rows: dict[str, Any]) -> None:
        """Store objects."""
        self.classes.setdefault(name, {}).update((row["objectId"], row) for row in rows)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        head, _, rest = path.partition("/")
        if head == "schemas":
            if not self.with_schemas:
                return answer(404, {"error": "invalid endpoint"})
            return answer(200, {"results": [{"className": n, "fields": {}} for n in self.classes]})
        if head != "classes" or method != "GET":
            return super().answer(method, path, query, body)
        name, _, object_id = rest.partition("/")
        objects = self.classes.get(name, {})
        if object_id:
            found = objects.get(object_id)
            return answer(200, found) if found else answer(404, {"code": 101, "error": "gone"})
        params = {key: _json(value) for key, value in query.items()}
        rows = _matching(objects, params.get("where", {}))
        if params.get("count"):
            self.counts += 1
            return answer(200, {"results": [], "count": len(rows) + self.count_lies})
        self.lists += 1
        rows = rows[: min(int(params.get("limit", 100)), self.max_limit)]
        wrong = self.fault(name, params, rows)
        if isinstance(wrong, tuple):
            return wrong
        return answer(200, {"results": rows if wrong is None else wrong})


def _matching(objects: dict[str, dict[str, Any]], where: dict[str, Any]) -> Rows:
    limits = where.get("objectId", {})
    return [
        objects[key]
        for key in sorted(objects)
        if key > limits.get("$gt", "")
        and ("$lte" not in limits or key <= limits["$lte"])
        and ("$in" not in limits or key in limits["$in"])
    ]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def answer(status: int, value: Any) -> Answer:
    """Return an answer in JSON."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return status, headers, json.dumps(value).encode()
