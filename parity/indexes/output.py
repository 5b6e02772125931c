"""Advice as JSON, for machines; ``schemas/indexes.schema.json`` describes it."""

from __future__ import annotations

from typing import Any, Final

from parity.indexes.checks import remedy_of
from parity.indexes.model import Advice, Judged, Proposal, Tried
from parity.model.plain import plain

FORMAT: Final = "parity-indexes"
VERSION: Final = 1


def advice_json(advice: Advice) -> dict[str, Any]:
    """Return advice as JSON."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "mongo_version": advice.mongo_version,
        "index_bytes": advice.index_bytes,
        "proposed_bytes": advice.proposed_bytes,
        "cache_bytes": advice.cache_bytes,
        "queries": [_query(each, advice) for each in advice.judged],
        "proposals": [_proposal(each) for each in advice.proposals],
        "notes": list(advice.notes),
    }


def _query(each: Judged, advice: Advice) -> dict[str, Any]:
    cost = each.cost
    return {
        "signature": each.signature,
        "class": each.class_name,
        "collection": each.collection,
        "verdict": str(each.word),
        "codes": [str(code) for code in each.codes],
        "reason": each.reason,
        "rate": each.rate,
        "load": each.load,
        "filter": plain(dict(each.filter)),
        "sort": [list(key) for key in each.sort],
        "remedy": remedy_of(each, advice),
        "cost": None
        if cost is None
        else {
            "docs": cost.docs,
            "keys": cost.keys,
            "returned": cost.returned,
            "ms": cost.ms,
            "worst_ms": cost.worst_ms,
            "scans": cost.scans,
            "sorts": cost.sorts,
            "index": list(cost.index),
        },
    }


def _proposal(each: Proposal) -> dict[str, Any]:
    return {
        "collection": each.collection,
        "keys": [list(key) for key in each.keys],
        "serves": list(each.serves),
        "saves": each.saves,
        "bytes": each.bytes,
        "writes": each.writes,
        "shell": each.shell,
        "command": plain(dict(each.command)),
        "codes": [str(code) for code in each.codes],
        "notes": list(each.notes),
        "replaces": each.replaces,
        "tried": [_tried(one) for one in each.tried],
    }


def _tried(each: Tried) -> dict[str, Any]:
    return {
        "signature": each.signature,
        "rows": each.rows,
        "of_rows": each.of_rows,
        "before_ms": each.before_ms,
        "after_ms": each.after_ms,
        "speedup": each.speedup,
        "low": each.low,
        "high": each.high,
        "used": each.used,
        "same_rows": each.same_rows,
    }
