"""What a request is answered when it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parity.compare.asked import Asked, fits

_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
MINTED: Final = {"objectId": r"[A-Za-z0-9]{1,40}", "createdAt": _DATE, "updatedAt": _DATE}
"""What a server mints, in the form that it has. Source: REST guide "Objects"."""


def is_usual(asked: Asked, status: int | None, body: Any) -> bool:
    """Return whether an answer is what any such request is answered that is carried out.

    Source: REST guide "Objects" (201 with ``objectId`` and ``createdAt``; 200 with ``updatedAt``,
    and what an operator made of a field), "Queries", "Batch Operations".

    Args:
        asked: A create, an update, a query or a batch; of others nothing is known.
        status: Its status; ``None`` for a part of a batch.
        body: Its body as JSON.
    """
    method, _, path = asked.request.partition(" ")
    if path == "/batch":
        return (
            status == 200
            and isinstance(body, list)
            and len(body) == len(asked.parts)
            and all(
                _is_usual_part(part, answer) for part, answer in zip(asked.parts, body, strict=True)
            )
        )
    if not isinstance(body, Mapping):
        return False
    is_one = len(path.split("/")) > (3 if path.startswith("/classes/") else 2)
    if method == "POST" and not is_one:
        return status in (201, None) and _is_minted(body, ("objectId", "createdAt"), asked)
    if method == "PUT" and is_one:
        return status in (200, None) and _is_minted(body, ("updatedAt",), asked)
    return method == "GET" and not is_one and status in (200, None) and _is_result(body, asked)


def _is_usual_part(asked: Asked, answer: Any) -> bool:
    if not isinstance(answer, Mapping) or len(answer) != 1:
        return False
    if "error" in answer:
        error = answer["error"]
        return isinstance(error, Mapping) and error.keys() == {"code", "error"}
    done = answer.get("success")
    if asked.request.startswith("DELETE "):
        return done == {}
    return is_usual(asked, None, done)


def _is_result(body: Mapping[str, Any], asked: Asked) -> bool:
    counted = {"count"} if "count" in asked.sent else set()
    if body.keys() != {"results"} | counted or not isinstance(body["results"], list):
        return False
    count = body.get("count", 0)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return False
    # With "keys" a row has no other member than these; without, it has each.
    return all(
        isinstance(row, Mapping) and all(is_mint(name, row.get(name)) for name in MINTED)
        for row in body["results"]
    )


def _is_minted(body: Mapping[str, Any], names: tuple[str, ...], asked: Asked) -> bool:
    operators = {
        name for name, value in asked.sent.items() if isinstance(value, Mapping) and "__op" in value
    }
    return body.keys() - operators == set(names) and all(
        is_mint(name, body[name]) for name in names
    )


def is_mint(name: str, value: Any) -> bool:
    """Return whether a member that a server mints has its form."""
    return isinstance(value, str) and fits(MINTED[name], value)
