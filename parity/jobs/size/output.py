"""A sizing for machines: ``size.json`` and ``--json``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from parity import __version__
from parity.indexes import Advice, IndexUse
from parity.jobs.size.codes import PartId
from parity.jobs.size.knee import Ended
from parity.jobs.size.recommend import Line
from parity.jobs.size.result import Result
from parity.jobs.size.saturation import Confidence, Saturation
from parity.jobs.size.storage import Storage
from parity.jobs.size.trial import Objective, Phase, Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.verdict import Fit, JudgedPart, Sizing
from parity.jobs.size.working_set import WorkingSet

VERSION: Final = 2
_Facts = TypeVar("_Facts", bound=Any)


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What was asked."""

    name: str
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class KneeFacts:
    """The highest rate that met the objective; ``headroom`` is a multiple of the peak."""

    ended: Ended
    rate: float | None
    missed_rate: float | None
    headroom: float | None
    at_least: bool
    why: str


@dataclass(frozen=True, slots=True)
class SuspectFacts:
    """A part of the system, and how near it was to its limit."""

    part: str
    pressure: float
    score: float
    evidence: str


@dataclass(frozen=True, slots=True)
class SaturationFacts:
    """What saturates first."""

    confidence: Confidence
    mongo_share: float | None
    named: tuple[str, ...]
    suspects: tuple[SuspectFacts, ...]
    not_visible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkingSetFacts:
    """What is wanted again and again, against the cache."""

    bytes: int
    bound: str
    cache_bytes: int
    share: float
    turnover_s: float | None


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """The disk; null where something is not visible."""

    data_bytes: int | None
    stored_bytes: int | None
    index_bytes: int | None
    disk_bytes: int | None
    used_bytes: int | None
    hosted_bytes: int | None
    room_factor: float | None
    growth_factor: float | None
    growth_bytes_month: float | None
    months_left: float | None


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """One query of the profile."""

    query: str
    verdict: IndexUse
    codes: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ProposedFacts:
    """An index that would help."""

    collection: str
    command: str
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TriedFacts:
    """An index that was tried on a copy."""

    query: str
    command: str
    before_ms: float
    after_ms: float
    speedup: float
    used: bool
    same_rows: bool


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """A rate that was held for some seconds; null where something is not visible."""

    phase: Phase
    rate: float
    seconds: float
    done_rate: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    errors_percent: float
    failed: Mapping[str, int]
    generator_cpu: float
    generator_lag_ms: float
    parse_cpu: float | None
    mongod_cpu: float | None
    mongo_ms: float | None
    cache_read_bytes_s: float | None
    connections: float | None
    meets: bool
    misses: tuple[str, ...]
    void: str


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """What looking cost, and what could not be seen."""

    client_cores: float
    server_cores: float
    bytes_s: float
    samples: int
    not_visible: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SizeResult:
    """A whole sizing; ``fit`` and ``answer`` say what came out of it."""

    suite_version: str
    fit: Fit
    answer: str
    confidence: Confidence
    because: tuple[PartId, ...]
    profile: ProfileFacts
    peak_rate: float
    need: float
    objective: Objective
    knee: KneeFacts
    parts: tuple[JudgedPart, ...]
    saturation: SaturationFacts | None
    working_set: WorkingSetFacts | None
    storage: StorageFacts
    recommendation: tuple[Line, ...]
    indexes: tuple[QueryFacts, ...]
    proposed_indexes: tuple[ProposedFacts, ...]
    tried_indexes: tuple[TriedFacts, ...]
    trials: tuple[TrialFacts, ...]
    probes: ProbeFacts


def size_result(result: Result) -> SizeResult:
    """Return a sizing as it is written for machines."""
    measurement, sizing, profile = result.measurement, result.sizing, result.profile
    cost, advice = result.looked.cost, result.looked.advice or Advice((), ())
    return SizeResult(
        suite_version=__version__,
        fit=sizing.fit,
        answer=result.sentence,
        confidence=sizing.confidence,
        because=tuple(part.id for part in sizing.because),
        profile=ProfileFacts(profile.name, profile.source, profile.digest),
        peak_rate=result.peak,
        need=result.need,
        objective=measurement.objective,
        knee=_knee(result, sizing),
        parts=sizing.parts,
        saturation=_saturation(result.saturation),
        working_set=_working_set(result.working),
        storage=_storage(result.looked.storage),
        recommendation=tuple(map(_finite, result.lines)),
        indexes=tuple(
            QueryFacts(query.signature, query.use, tuple(map(str, query.codes)), query.reason)
            for query in advice.judged
        ),
        proposed_indexes=tuple(
            ProposedFacts(proposal.collection, proposal.shell, proposal.serves)
            for proposal in advice.proposals
        ),
        tried_indexes=tuple(_tried(advice)),
        trials=tuple(_trial(trial, usage) for trial, usage in measurement.trials),
        probes=_finite(
            ProbeFacts(
                cost.client_cores, cost.server_cores, cost.bytes_s, cost.samples,
                result.looked.hidden,
            )
        ),
    )  # fmt: skip


def _finite(facts: _Facts) -> _Facts:
    """Return facts with their numbers rounded for readers; JSON knows no infinity."""
    numbers = {
        field.name: round(value, 6) if math.isfinite(value) else None
        for field in fields(facts)
        if isinstance(value := getattr(facts, field.name), float)
    }
    return replace(facts, **numbers)


def _knee(result: Result, sizing: Sizing) -> KneeFacts:
    knee = result.measurement.knee
    assert knee is not None
    missed = knee.missed.rate if knee.missed else None
    return _finite(
        KneeFacts(knee.ended, knee.rate, missed, sizing.headroom, sizing.at_least, knee.why)
    )


def _saturation(found: Saturation | None) -> SaturationFacts | None:
    if found is None:
        return None
    suspects = (
        _finite(SuspectFacts(suspect.part.name, suspect.pressure, suspect.score, suspect.evidence))
        for suspect in found.suspects
    )
    return _finite(
        SaturationFacts(
            found.confidence,
            found.mongo_share,
            tuple(suspect.part.name for suspect in found.named),
            tuple(suspects),
            tuple(part.name for part in found.not_visible),
        )
    )


def _working_set(found: WorkingSet | None) -> WorkingSetFacts | None:
    if found is None:
        return None
    return _finite(
        WorkingSetFacts(found.bytes, found.bound, found.cache_bytes, found.share, found.turnover_s)
    )


def _storage(storage: Storage) -> StorageFacts:
    return _finite(
        StorageFacts(
            storage.data_bytes,
            storage.stored_bytes,
            storage.index_bytes,
            storage.disk_bytes,
            storage.used_bytes,
            storage.hosted_bytes,
            storage.room_factor,
            storage.growth_factor,
            storage.growth.bytes_month if storage.growth else None,
            storage.months_left,
        )
    )


def _tried(advice: Advice) -> list[TriedFacts]:
    return [
        _finite(
            TriedFacts(
                tried.signature, proposal.shell, tried.before_ms, tried.after_ms, tried.speedup,
                tried.used, tried.same_rows,
            )
        )
        for proposal in advice.proposals
        for tried in proposal.tried
    ]  # fmt: skip


def _trial(trial: Trial, usage: Usage) -> TrialFacts:
    return _finite(
        TrialFacts(
            phase=trial.phase,
            rate=trial.rate,
            seconds=trial.ended - trial.begun,
            done_rate=trial.achieved,
            p50_ms=trial.ms(0.5),
            p95_ms=trial.ms(0.95),
            p99_ms=trial.ms(0.99),
            errors_percent=trial.errors_percent,
            failed=trial.failed,
            generator_cpu=trial.generator_cpu,
            generator_lag_ms=trial.lag_ms,
            parse_cpu=usage.parse_cpu,
            mongod_cpu=usage.mongod_cpu,
            mongo_ms=usage.mongo_ms,
            cache_read_bytes_s=usage.cache_read_s,
            connections=usage.connections,
            meets=trial.meets,
            misses=trial.misses,
            void=trial.void,
        )
    )
