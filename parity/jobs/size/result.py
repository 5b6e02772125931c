"""One sizing as a whole: what was measured, what that means, in values that are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from parity.indexes import Advice
from parity.jobs.size.measure import Measurement
from parity.jobs.size.probes import CollectionFacts, Cost, MongoFacts, Role
from parity.jobs.size.recommend import Line, recommendation
from parity.jobs.size.saturation import Saturation, saturation_of
from parity.jobs.size.storage import TIMES, Storage
from parity.jobs.size.trial import Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.verdict import (
    Fit,
    JudgedPart,
    Sizing,
    judge_cache,
    judge_connections,
    judge_errors,
    judge_generator,
    judge_growth,
    judge_knee,
    judge_storage,
    judge_tickets,
    overall,
    times_of,
)
from parity.jobs.size.working_set import WorkingSet, working_set
from parity.profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at beside the load.

    Attributes:
        facts: MongoDB; ``None`` if the target has no ``mongo``.
        collections: The collections that the profile touches.
        storage: The disk.
        cost: What the probes cost.
        hidden: Why processes, or the network, are not visible.
        advice: What was said of the indexes; ``None`` if they were not looked at.
        no_advice: Why not.
    """

    facts: MongoFacts | None
    collections: tuple[CollectionFacts, ...]
    storage: Storage
    cost: Cost
    hidden: Mapping[str, str]
    advice: Advice | None = None
    no_advice: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A sizing.

    Attributes:
        profile: What was asked.
        peak: The recorded peak, requests a second.
        need: Times the peak that has to fit.
        measurement: The trials.
        looked: What was seen beside them.
        sizing: The verdict.
        saturation: What saturates first; ``None`` if nothing is known.
        working: The working set; ``None`` if the cache is not visible.
        lines: The recommended size.
        sentence: The summary for people.
    """

    profile: Profile
    peak: float
    need: float
    measurement: Measurement
    looked: Looked
    sizing: Sizing
    saturation: Saturation | None
    working: WorkingSet | None
    lines: tuple[Line, ...]
    sentence: str


def result_of(
    profile: Profile, peak: float, need: float, measurement: Measurement, looked: Looked
) -> Result:
    """Judge a measurement whose search has ended.

    Args:
        profile: What was asked.
        peak: The recorded peak, requests a second.
        need: Times the peak that has to fit.
        measurement: The trials; ``knee`` is set.
        looked: What was seen beside them.
    """
    knee = measurement.knee
    assert knee is not None
    best = knee.best
    steady = best or _lowest(measurement)
    usage = measurement.usage(steady) if steady else Usage()
    saturation = _saturation(measurement)
    working = (
        working_set(usage, steady.rate, peak, looked.collections) if steady is not None else None
    )
    edge = measurement.usage(knee.missed) if knee.missed else usage
    errors = judge_errors(knee, measurement.objective, saturation)
    held = judge_knee(knee, saturation, peak, measurement.objective, need)
    if errors.fit is Fit.COULD_NOT_JUDGE:
        held = replace(errors, id="knee")  # load that is answered wrongly measures nothing
    parts = (
        held,
        judge_cache(working, saturation, knee, peak, need),
        judge_indexes(looked.advice, looked.no_advice),
        judge_connections(edge, saturation, knee, peak, need),
        judge_tickets(edge, saturation),
        judge_storage(looked.storage),
        judge_growth(looked.storage),
        errors,
        judge_generator(knee),
    )
    sizing = overall(parts, knee, peak, saturation)
    lines: tuple[Line, ...] = ()
    if best is not None:
        lines = recommendation(
            best,
            usage,
            peak=peak,
            need=need,
            working=working,
            storage=looked.storage,
            processes=_processes(measurement),
        )
    return Result(
        profile=profile,
        peak=peak,
        need=need,
        measurement=measurement,
        looked=looked,
        sizing=sizing,
        saturation=saturation,
        working=working,
        lines=lines,
        sentence=_sentence(sizing, working, looked),
    )


def judge_indexes(advice: Advice | None, why_not: str) -> JudgedPart:
    """Judge whether each query of the profile has an index."""
    if advice is None:
        return JudgedPart("indexes", Fit.NOT_VISIBLE, why_not or "The indexes were not looked at.")
    if not advice.judged:
        return JudgedPart("indexes", Fit.FITS, "The profile has no query.")
    if not advice.slow:
        left = len(advice.unjudged)
        if left == len(advice.judged):
            return JudgedPart(
                "indexes", Fit.NOT_VISIBLE, f"None of the {left} queries could be explained."
            )
        served = len(advice.judged) - left
        text = f"Each of the {served} queries has an index that serves it."
        if served == 1:
            text = "The query has an index that serves it."
        if left:
            text += f" {left} more could not be explained."
        return JudgedPart("indexes", Fit.FITS, text)
    names = "; ".join(query.signature for query in advice.slow[:5])
    commands = "; ".join(proposal.shell for proposal in advice.proposals[:5])
    count = len(advice.slow)
    text = f"{count} {'query has' if count == 1 else 'queries have'} no good index: {names}."
    # At the peak at least one core of MongoDB would do nothing but these.
    load = sum(query.load for query in advice.slow)
    text += f" At the peak MongoDB would be at work on {load:.2g} of them at any moment."
    fit = Fit.TOO_SMALL if load >= 1.0 else Fit.TIGHT
    remedy = commands or "; ".join(query.advice for query in advice.slow[:5])
    return JudgedPart("indexes", fit, text, remedy)


def _saturation(measurement: Measurement) -> Saturation | None:
    knee, capacity = measurement.knee, measurement.capacity
    assert knee is not None
    edge = knee.missed or knee.best
    if edge is None or capacity is None:
        return None
    below = None
    if knee.best is not None and knee.best is not edge:
        below = (knee.best, measurement.usage(knee.best))
    return saturation_of(edge, measurement.usage(edge), capacity, below)


def _lowest(measurement: Measurement) -> Trial | None:
    return min((trial for trial, _ in measurement.trials), key=lambda t: t.rate, default=None)


def _processes(measurement: Measurement) -> int | None:
    for moment in reversed(measurement.moments):
        if moment.sample is not None:
            found = moment.sample.processes.get(Role.PARSE_SERVER)
            return found.processes if found else None
    return None


def _sentence(sizing: Sizing, working: WorkingSet | None, looked: Looked) -> str:
    """Write the summary that stands on the page."""
    parts = [sizing.part("knee").sentence]
    if sizing.headroom is not None and sizing.fit is not Fit.COULD_NOT_JUDGE:
        more = "at least " if sizing.at_least else ""
        times = times_of(sizing.headroom)
        parts = [f"Holds {more}{times} your recorded peak within your latency objective."]
    limits = [NAMES[part.id] for part in sizing.because if part.id in NAMES]
    if limits and sizing.fit is not Fit.COULD_NOT_JUDGE:
        parts.append(f"{str(sizing.fit).capitalize()}: {', '.join(limits)}.")
    if working is not None:
        parts.append(f"The working set is {_bound(working)}{working.share:.0%} of the cache.")
    factor, months = looked.storage.room_factor, looked.storage.months_left
    if factor is not None:
        parts.append(
            f"Storage is {factor:,.1f} {TIMES} the hosted size; the guide asks for 10 {TIMES}."
        )
    if months is not None and months < 120:
        parts.append(f"At your growth it is full in {months:.0f} months.")
    if looked.advice is not None:
        parts.append(_indexes(looked.advice))
    return " ".join(sentence for sentence in parts if sentence)


NAMES = {
    "cache": "MongoDB's cache",
    "connections": "MongoDB's connections",
    "tickets": "MongoDB's tickets",
    "indexes": "indexes",
    "storage": "the disk",
    "growth": "the disk, soon",
}
"""What the summary calls the parts that are too small by themselves."""


def _bound(working: WorkingSet) -> str:
    return "" if working.bound == "about" else f"{working.bound} "


def _indexes(advice: Advice) -> str:
    count = len(advice.slow)
    if not count:
        return "Every query has an index." if len(advice.judged) > len(advice.unjudged) else ""
    number = {1: "One query has", 2: "Two queries have", 3: "Three queries have"}
    text = f"{number.get(count, f'{count} queries have')} no index"
    return f"{text}; these commands add them." if advice.proposals else f"{text} that helps."
