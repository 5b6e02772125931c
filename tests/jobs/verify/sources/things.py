"""A small class of plain objects, on both sides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from parity.jobs.verify.result import CollectionResult, VerifyResult

Verify = Callable[..., VerifyResult]
COUNT = 330
OLD = "2015-01-01T00:00:00.000Z"


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"objectId": f"{number:010}", "n": number, "createdAt": OLD, "updatedAt": OLD, **fields}


def document(number: int, **fields: Any) -> dict[str, Any]:
    old = datetime(2015, 1, 1, tzinfo=UTC)
    return {"_id": f"{number:010}", "n": number, "_created_at": old, "_updated_at": old, **fields}


def thing(result: VerifyResult) -> CollectionResult:
    return next(collection for collection in result.collections if collection.name == "Thing")
