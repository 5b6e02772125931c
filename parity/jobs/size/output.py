"""A sizing for machines: ``size.json`` and ``--json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from parity import __version__
from parity.indexes import Advice, IndexUse
from parity.jobs.size.codes import PartId
from parity.jobs.size.knee import Ended
from parity.jobs.size.recommend import Line
from parity.jobs.size.result import Result
from parity.jobs.size.saturation import Confidence, Saturation
from parity.jobs.size.trial import Objective, Phase, Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.verdict import Fit, JudgedPart
from parity.model.plain import picked

VERSION: Final = 2


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
    measurement, sizing, looked = result.measurement, result.sizing, result.looked
    knee, advice = measurement.knee, looked.advice or Advice((), ())
    assert knee is not None
    missed = knee.missed.rate if knee.missed else None
    growth = looked.storage.growth.bytes_month if looked.storage.growth else None
    return SizeResult(
        suite_version=__version__,
        fit=sizing.fit,
        answer=result.sentence,
        confidence=sizing.confidence,
        because=tuple(part.id for part in sizing.because),
        profile=picked(ProfileFacts, result.profile),
        peak_rate=result.peak,
        need=result.need,
        objective=measurement.objective,
        knee=picked(KneeFacts, knee, sizing, missed_rate=missed, why=knee.why),
        parts=sizing.parts,
        saturation=_saturation(result.saturation) if result.saturation else None,
        working_set=picked(WorkingSetFacts, result.working) if result.working else None,
        storage=picked(StorageFacts, looked.storage, growth_bytes_month=growth),
        recommendation=tuple(picked(Line, line) for line in result.lines),
        indexes=tuple(
            QueryFacts(query.signature, query.use, tuple(map(str, query.codes)), query.reason)
            for query in advice.judged
        ),
        proposed_indexes=tuple(
            ProposedFacts(proposal.collection, proposal.shell, proposal.serves)
            for proposal in advice.proposals
        ),
        tried_indexes=tuple(
            picked(TriedFacts, tried, command=proposal.shell)
            for proposal in advice.proposals
            for tried in proposal.tried
        ),
        trials=tuple(_trial(trial, usage) for trial, usage in measurement.trials),
        probes=picked(ProbeFacts, looked.cost, not_visible=looked.hidden),
    )


def _saturation(found: Saturation) -> SaturationFacts:
    return picked(
        SaturationFacts,
        found,
        named=tuple(suspect.part.name for suspect in found.named),
        suspects=tuple(
            picked(SuspectFacts, suspect, part=suspect.part.name) for suspect in found.suspects
        ),
        not_visible=tuple(part.name for part in found.not_visible),
    )


def _trial(trial: Trial, usage: Usage) -> TrialFacts:
    return picked(
        TrialFacts,
        trial,
        usage,
        seconds=trial.ended - trial.begun,
        done_rate=trial.achieved,
        p50_ms=trial.ms(0.5),
        p95_ms=trial.ms(0.95),
        p99_ms=trial.ms(0.99),
        generator_lag_ms=trial.lag_ms,
        cache_read_bytes_s=usage.cache_read_s,
    )
