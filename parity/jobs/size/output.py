"""A sizing for machines: ``size.json``; ``schemas/size.schema.json`` describes it."""

from __future__ import annotations

import math
from typing import Any, Final

from parity import __version__
from parity.jobs.size.result import Result
from parity.jobs.size.trial import Trial
from parity.jobs.size.usage import Usage

FORMAT: Final = "parity-size"
VERSION: Final = 1


def json_of(result: Result) -> dict[str, Any]:
    """Return a sizing as JSON."""
    measurement, sizing, storage = result.measurement, result.sizing, result.looked.storage
    knee, saturation, working = measurement.knee, result.saturation, result.working
    assert knee is not None
    cost, advice = result.looked.cost, result.looked.advice
    return {
        "format": FORMAT,
        "version": VERSION,
        "suite_version": __version__,
        "verdict": str(sizing.fit),
        "confidence": sizing.confidence,
        "because": [each.id for each in sizing.because],
        "sentence": result.sentence,
        "profile": {
            "name": result.profile.name,
            "source": result.profile.source,
            "digest": result.profile.digest,
        },
        "peak_rate": result.peak,
        "need": result.need,
        "objective": {
            "p95_ms": measurement.objective.p95_ms,
            "p99_ms": measurement.objective.p99_ms,
            "errors_percent": measurement.objective.errors_percent,
            "source": measurement.objective.source,
        },
        "knee": {
            "ended": str(knee.ended),
            "rate": knee.rate,
            "missed_rate": knee.missed.rate if knee.missed else None,
            "headroom": _number(sizing.headroom),
            "at_least": sizing.at_least,
            "why": knee.why,
        },
        "parts": [
            {"id": e.id, "verdict": str(e.fit), "why": e.sentence, "remedy": e.remedy}
            for e in sizing.parts
        ],
        "saturation": None
        if saturation is None
        else {
            "confidence": saturation.confidence,
            "mongo_share": _number(saturation.mongo_share),
            "named": [each.part.name for each in saturation.named],
            "suspects": [
                {
                    "part": each.part.name,
                    "pressure": _number(each.pressure),
                    "score": _number(each.score),
                    "evidence": each.evidence,
                }
                for each in saturation.suspects
            ],
            "not_visible": [part.name for part in saturation.not_visible],
        },
        "working_set": None
        if working is None
        else {
            "bytes": working.bytes,
            "bound": working.bound,
            "cache_bytes": working.cache_bytes,
            "share": _number(working.share),
            "turnover_s": _number(working.turnover_s),
        },
        "storage": {
            "data_bytes": storage.data_bytes,
            "stored_bytes": storage.stored_bytes,
            "index_bytes": storage.index_bytes,
            "disk_bytes": storage.disk_bytes,
            "used_bytes": storage.used_bytes,
            "hosted_bytes": storage.hosted_bytes,
            "room_factor": _number(storage.room_factor),
            "growth_factor": _number(storage.growth_factor),
            "growth_bytes_month": _number(storage.growth.bytes_month if storage.growth else None),
            "months_left": _number(storage.months_left),
        },
        "recommendation": [
            {
                "quantity": each.quantity,
                "value": _number(each.value),
                "unit": each.unit,
                "source": each.source,
                "formula": each.formula,
            }
            for each in result.lines
        ],
        "indexes": [
            {
                "query": e.signature,
                "verdict": str(e.use),
                "codes": [str(c) for c in e.codes],
                "why": e.reason,
            }
            for e in (advice.judged if advice else ())
        ],
        "proposed_indexes": [
            {"collection": e.collection, "command": e.shell, "serves": list(e.serves)}
            for e in (advice.proposals if advice else ())
        ],
        "tried_indexes": [
            {
                "query": t.signature,
                "command": e.shell,
                "before_ms": _number(t.before_ms),
                "after_ms": _number(t.after_ms),
                "speedup": _number(t.speedup),
                "used": t.used,
                "same_rows": t.same_rows,
            }
            for e in (advice.proposals if advice else ())
            for t in e.tried
        ],
        "trials": [_trial(trial, usage) for trial, usage in measurement.trials],
        "probes": {
            "client_cores": _number(cost.client_cores),
            "server_cores": _number(cost.server_cores),
            "bytes_s": _number(cost.bytes_s),
            "samples": cost.samples,
            "not_visible": dict(result.looked.hidden),
        },
    }


def _trial(trial: Trial, usage: Usage) -> dict[str, Any]:
    return {
        "phase": str(trial.phase),
        "rate": trial.rate,
        "seconds": _number(trial.ended - trial.begun),
        "done_rate": _number(trial.achieved),
        "p50_ms": _number(trial.ms(0.5)),
        "p95_ms": _number(trial.ms(0.95)),
        "p99_ms": _number(trial.ms(0.99)),
        "errors_percent": _number(trial.errors_percent),
        "failed": dict(trial.failed),
        "generator_cpu": _number(trial.generator_cpu),
        "generator_lag_ms": _number(trial.lag_ms),
        "parse_cpu": _number(usage.parse_cpu),
        "mongod_cpu": _number(usage.mongod_cpu),
        "mongo_ms": _number(usage.mongo_ms),
        "cache_read_bytes_s": _number(usage.cache_read_s),
        "connections": _number(usage.connections),
        "meets": trial.meets,
        "misses": list(trial.misses),
        "void": trial.void,
    }


def _number(value: float | None) -> float | None:
    """Round for readers; JSON knows no infinity."""
    return None if value is None or not math.isfinite(value) else round(value, 6)
