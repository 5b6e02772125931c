"""What MongoDB does for a query: ``explain`` with ``executionStats``, read for any server version.

Sources: MongoDB manual, "Explain Results"; output of mongod 6.0.5. Plans of the slot-based engine
(``explainVersion`` 2) have the names of the stages under ``queryPlan``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import OperationFailure

from parity.indexes.sample import OUT_OF_SORT_MEMORY, TIME_LIMIT_EXCEEDED
from parity.indexes.sent import Sent

NO_GEO_INDEX: Final = frozenset({291, 17007})
NO_TEXT_INDEX: Final = 27
"""Errors of a query that cannot be answered without its index (mongod 6.0.5, 2.6)."""
PLAN_TIME_MS: Final = 10_000
"""Most that MongoDB may work on a plan that it does not execute."""

_CHILDREN: Final = (
    *("inputStage", "inputStages", "outerStage", "innerStage", "thenStage", "elseStage"),
    *("shards", "executionStages", "winningPlan", "queryPlan"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What MongoDB did for one query.

    Attributes:
        docs: Documents examined.
        keys: Index keys examined.
        matched: Rows that the filter let through, before sorting, counting and limiting.
        returned: Rows returned; for a count the rows counted.
        ms: Milliseconds.
        scans: Whether the whole collection is read, as far as the limit allows.
        sorts: Whether rows are sorted in memory.
        index: Names of the indexes used.
        missing: ``2d`` or ``text`` if there is no answer without such an index.
        cut: Why MongoDB did not end it, as a clause; numbers are then those of the plan.
    """

    docs: int
    keys: int
    matched: int
    returned: int
    ms: float
    scans: bool
    sorts: bool
    index: tuple[str, ...] = ()
    missing: str = ""
    cut: str = ""

    @property
    def examined(self) -> int:
        """Documents or keys, whichever are more."""
        return max(self.docs, self.keys)


def command_of(sent: Sent) -> dict[str, Any]:
    """Return the command that does what Parse Server asks.

    A count is written as ``count`` for every version: newer servers count with an aggregation of
    the same filter, and its plan is the same, because ``_rperm`` has to be fetched in both.
    """
    if sent.count:
        return {"count": sent.collection, "query": dict(sent.filter)}
    command: dict[str, Any] = {"find": sent.collection, "filter": dict(sent.filter)}
    if sent.sort:
        command["sort"] = dict(sent.sort)
    if sent.skip:
        command["skip"] = sent.skip
    if sent.limit:
        command["limit"] = sent.limit
    return command


def explain(database: Database[dict[str, Any]], sent: Sent, *, max_time_ms: int, rows: int) -> Seen:
    """Ask MongoDB what it does for a query; the query is run for it.

    Args:
        database: Where.
        sent: The query.
        max_time_ms: Most that MongoDB may work on it; then only the plan is asked for.
        rows: Rows of the collection: what a scan examines that did not end in time.

    Raises:
        OperationFailure: MongoDB refuses the query.
    """
    command = command_of(sent)
    try:
        reply = _ask(database, command, "executionStats", max_time_ms)
    except OperationFailure as error:
        if error.code in NO_GEO_INDEX:
            return Seen(rows, 0, 0, 0, 0.0, scans=True, sorts=False, missing="2d")
        if error.code == NO_TEXT_INDEX:
            return Seen(rows, 0, 0, 0, 0.0, scans=True, sorts=False, missing="text")
        if error.code != TIME_LIMIT_EXCEEDED:
            raise
        reply = _ask(database, command, "queryPlanner", PLAN_TIME_MS)
        return _planned(reply, rows, max_time_ms, _too_slow(max_time_ms))
    stats = reply["executionStats"]
    if not stats.get("executionSuccess", True):
        # No error of the command: what was examined until then is no measurement.
        reason = _too_slow(max_time_ms)
        if stats.get("errorCode") != TIME_LIMIT_EXCEEDED:
            reason = f"MongoDB gave it up (error {stats.get('errorCode')})"
            if stats.get("errorCode") == OUT_OF_SORT_MEMORY:
                reason = "MongoDB gave it up: the sort does not fit into its memory (error 292)"
        return _planned(reply, rows, float(stats.get("executionTimeMillis", 0)), reason)
    return read(reply, skip=sent.skip)


def read(reply: Mapping[str, Any], *, skip: int = 0) -> Seen:
    """Read the reply to an ``explain`` with ``executionStats``.

    Args:
        reply: As MongoDB sent it.
        skip: Rows that the query passes over; they match and are not returned.
    """
    stats = reply["executionStats"]
    plan = list(_stages(reply["queryPlanner"]))
    done = list(_stages(stats))
    returned = int(stats.get("nReturned", 0))
    counted = [int(stage["nCounted"]) for stage in done if "nCounted" in stage]
    returned = sum(counted) if counted else returned
    sorted_rows = _sorted_rows(done)
    names = {str(stage.get("stage", "")) for stage in plan}
    return Seen(
        docs=int(stats.get("totalDocsExamined", 0)),
        keys=int(stats.get("totalKeysExamined", 0)),
        matched=returned + skip if sorted_rows is None else sorted_rows,
        returned=returned,
        ms=float(stats.get("executionTimeMillis", 0)),
        scans="COLLSCAN" in names,
        sorts="SORT" in names,
        index=_indexes(plan),
    )


def _too_slow(max_time_ms: int) -> str:
    return f"it did not end within {max_time_ms / 1000:g} s"


def _planned(reply: Mapping[str, Any], rows: int, took_ms: float, reason: str) -> Seen:
    plan = list(_stages(reply["queryPlanner"]))
    names = {str(stage.get("stage", "")) for stage in plan}
    scans = "COLLSCAN" in names
    return Seen(
        docs=rows if scans else 0,
        keys=0 if scans else rows,
        matched=0,
        returned=0,
        ms=took_ms,
        scans=scans,
        sorts="SORT" in names,
        index=_indexes(plan),
        cut=reason,
    )


def _ask(
    database: Database[dict[str, Any]], command: dict[str, Any], verbosity: str, max_time_ms: int
) -> dict[str, Any]:
    return database.command(
        {"explain": command, "verbosity": verbosity, "maxTimeMS": max_time_ms},
        read_preference=database.read_preference,
    )


def named(error: OperationFailure) -> str:
    """Return the name of an error of MongoDB; its text may quote values of users."""
    return str((error.details or {}).get("codeName") or f"error {error.code}")


def _indexes(plan: list[Mapping[str, Any]]) -> tuple[str, ...]:
    names = [str(stage["indexName"]) for stage in plan if "indexName" in stage]
    if any(
        stage.get("stage") in ("IDHACK", "EXPRESS_IXSCAN", "CLUSTERED_IXSCAN") for stage in plan
    ):
        names.append("_id_")
    return tuple(dict.fromkeys(names))


def _sorted_rows(stages: list[Mapping[str, Any]]) -> int | None:
    """Return how many rows went into sorts; ``None`` without one."""
    sorts = [stage for stage in stages if str(stage.get("stage", "")).upper() == "SORT"]
    if not sorts:
        return None
    inputs = (stage.get("inputStage") for stage in sorts)
    return sum(int(stage.get("nReturned", 0)) for stage in inputs if isinstance(stage, Mapping))


def _stages(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for child in node:
            yield from _stages(child)
    elif isinstance(node, Mapping):
        if "stage" in node:
            yield node
        for name in _CHILDREN:
            if name in node:
                yield from _stages(node[name])
