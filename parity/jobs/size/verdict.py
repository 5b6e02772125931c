"""Is it big enough? Each part judged by itself, and all of them together, with reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from parity.jobs.size.codes import PartId
from parity.jobs.size.knee import Ended, Knee
from parity.jobs.size.saturation import (
    CONNECTIONS_NEAR,
    REMEDIES,
    Confidence,
    Part,
    Saturation,
)
from parity.jobs.size.storage import GUIDE_FACTOR, TIMES, Storage
from parity.jobs.size.trial import Objective, Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.working_set import WorkingSet

NEED = 2.0
"""Times the recorded peak that fits: the peak is the mean of a minute and holds seconds that are
half as busy again (Poisson bursts, people who come back after a push), and growth of a third in a
year is usual; together twice."""
REPLACED_TIMES = 2.0
"""A working set over twice the cache does not fit into the memory of a server with the default
cache (half of the memory) either, so that the file system's cache cannot help."""
DISK_FULL = 0.9
DISK_TIGHT = 0.8
"""From 80 % on a disk is watched, from 90 % on it is too late for an index build or a resync."""
MONTHS_TOO_SMALL = 1.0
MONTHS_TIGHT = 6.0
"""Half a year is what ordering, moving and testing a bigger server takes in a small team."""


class Fit(StrEnum):
    """What a sizing says."""

    FITS = "fits"
    TIGHT = "tight"
    TOO_SMALL = "too small"
    COULD_NOT_JUDGE = "could not judge"
    NOT_VISIBLE = "not visible"
    """Of a part alone: it could not be looked at, or does not apply."""


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """One part.

    Attributes:
        id: Its name: the check is ``size/<id>``.
        fit: What is said of it.
        sentence: Why, in one or two sentences, with the numbers.
        remedy: What to do; empty if nothing.
    """

    id: PartId
    fit: Fit
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The verdict.

    Attributes:
        fit: What is said of the whole; never "not visible".
        confidence: How sure that is.
        parts: All parts that were judged.
        headroom: The held rate as a multiple of the recorded peak; ``None`` if nothing was held.
        at_least: Whether the search ended before it found the knee.
        why: Why the confidence is what it is.
    """

    fit: Fit
    confidence: Confidence
    parts: tuple[JudgedPart, ...]
    headroom: float | None
    at_least: bool
    why: str

    @property
    def because(self) -> tuple[JudgedPart, ...]:
        """The parts that the verdict comes from; none if it fits."""
        if self.fit is Fit.FITS:
            return ()
        return tuple(part for part in self.parts if part.fit is self.fit)

    def part(self, name: PartId) -> JudgedPart:
        """Return one part."""
        return next(part for part in self.parts if part.id == name)


def judge_knee(
    knee: Knee, saturation: Saturation | None, peak: float, objective: Objective, need: float
) -> JudgedPart:
    """Judge the rate that was held, against the recorded peak.

    Args:
        knee: What the search found.
        saturation: What was nearest to its limit.
        peak: The recorded peak, requests a second.
        objective: What had to be met.
        need: Times the peak that fits.
    """
    held = knee.rate or 0.0
    missed = knee.missed
    times = held / peak
    text = _holds(knee, peak, objective)
    if held >= need * peak * 0.999 and knee.is_held:
        return JudgedPart("knee", Fit.FITS, text)
    if knee.ended is not Ended.FOUND and (missed is None or missed.rate > need * peak):
        # Between what was held and what was asked for, nothing is known.
        return JudgedPart("knee", Fit.COULD_NOT_JUDGE, f"{text} {_unknown(knee)}", _try(knee))
    named = _named(saturation)
    reason = f"{text} {_missing(missed)}{named}" if missed is not None else text
    remedy = _remedy(saturation)
    if times >= 1:
        return JudgedPart("knee", Fit.TIGHT, f"{reason} {need:g} times the peak would fit.", remedy)
    if missed is not None and missed.rate <= peak * 1.001:
        return JudgedPart("knee", Fit.TOO_SMALL, reason, remedy)
    if missed is not None and knee.ended in (Ended.FOUND, Ended.BELOW):
        # The bracket holds the peak itself: it is a few percent away.
        return JudgedPart("knee", Fit.TOO_SMALL, reason, remedy)
    return JudgedPart("knee", Fit.COULD_NOT_JUDGE, f"{text} {_unknown(knee)}", _try(knee))


def judge_cache(
    found: WorkingSet | None, saturation: Saturation | None, knee: Knee, peak: float, need: float
) -> JudgedPart:
    """Judge the working set against the cache."""
    if found is None:
        return JudgedPart("cache", Fit.NOT_VISIBLE, "serverStatus shows no cache to this user.")
    text = (
        f"The working set is {found.bound} {found.share:.0%} of the cache "
        f"({found.bytes / 1e6:,.0f} of {found.cache_bytes / 1e6:,.0f} MB): {found.how}."
    )
    named = saturation is not None and any(
        suspect.part is Part.CACHE for suspect in saturation.named
    )
    short = knee.missed is not None and knee.missed.rate <= need * peak
    remedy = (
        f"Give MongoDB a cache of {found.bytes / 0.8 / 1e9:.2g} GB "
        f"(--wiredTigerCacheSizeGB) and twice that memory, or read less: indexes, limits, keys."
    )
    if not found.is_replaced:
        return JudgedPart("cache", Fit.FITS, text)
    text += f" Its content is replaced in {found.turnover_s:.0f} s at the peak."
    if found.share > REPLACED_TIMES or (named and short):
        return JudgedPart("cache", Fit.TOO_SMALL, text, remedy)
    return JudgedPart("cache", Fit.TIGHT, text, remedy)


def judge_connections(usage: Usage, saturation: Saturation | None, knee: Knee, peak: float,
                      need: float) -> JudgedPart:  # fmt: skip
    """Judge the connections that are left."""
    if usage.connections is None or not usage.connections_limit:
        return JudgedPart("connections", Fit.NOT_VISIBLE, "serverStatus shows no connections.")
    in_use = min(usage.connections, usage.connections_limit)
    used = in_use / usage.connections_limit
    text = f"{in_use:.0f} of {usage.connections_limit:.0f} connections were in use."
    remedy = (
        "Allow more connections (net.maxIncomingConnections, a bigger plan), or give each "
        "Parse Server a smaller pool (databaseOptions.maxPoolSize)."
    )
    if used < CONNECTIONS_NEAR and not usage.connections_refused:
        return JudgedPart("connections", Fit.FITS, text)
    short = knee.missed is not None and knee.missed.rate <= need * peak
    first = saturation is not None and any(
        suspect.part is Part.CONNECTIONS for suspect in saturation.named
    )
    fit = Fit.TOO_SMALL if short and first else Fit.TIGHT
    return JudgedPart("connections", fit, text, remedy)


def judge_tickets(usage: Usage, saturation: Saturation | None) -> JudgedPart:
    """Judge MongoDB's tickets: how many operations it works on at once."""
    if usage.tickets_out is None and usage.queued is None:
        return JudgedPart("tickets", Fit.NOT_VISIBLE, "serverStatus shows no tickets to this user.")
    text = (
        f"At most {usage.tickets_out or 0:.0%} of the tickets were out, "
        f"{usage.queued or 0:.1f} operations were queued on average."
    )
    queues = (usage.queued or 0) >= 1 and (usage.queued_share or 0) >= 0.5
    if not queues:
        return JudgedPart("tickets", Fit.FITS, text)
    first = saturation.suspects[0].part if saturation and saturation.suspects else Part.TICKETS
    return JudgedPart(
        "tickets", Fit.TIGHT, f"{text} Operations wait for each other.",
        f"Look at {first} first: tickets are out because operations are slow.",
    )  # fmt: skip


def judge_storage(storage: Storage) -> JudgedPart:
    """Judge the disk: how full it is, and whether it has the guide's ten times."""
    factor, disk, used = storage.room_factor, storage.disk_bytes, storage.used_bytes
    if disk is None or used is None:
        return JudgedPart(
            "storage", Fit.NOT_VISIBLE, "The size of MongoDB's disk is not visible.",
            "Give it with --disk 100GB.",
        )  # fmt: skip
    taken = storage.taken_bytes
    text = f"{used / 1e9:,.2f} of {disk / 1e9:,.2f} GB of the disk are used"
    text += "." if taken is None else f", {taken / 1e9:,.3f} GB by this database."
    if factor is not None:
        text = (
            f"Storage is {factor:,.1f} {TIMES} the hosted size; the guide asks for "
            f"{GUIDE_FACTOR:g} {TIMES}. {text}"
        )
    if storage.growth_factor is not None:
        text += (
            f" The data takes {storage.growth_factor:,.1f} {TIMES} what the hosted service counted."
        )
    full = used / disk
    if full >= DISK_FULL:
        return JudgedPart("storage", Fit.TOO_SMALL, text, "Make the disk bigger now.")
    if full >= DISK_TIGHT or (factor is not None and factor < GUIDE_FACTOR):
        return JudgedPart("storage", Fit.TIGHT, text, "Plan for a bigger disk.")
    return JudgedPart("storage", Fit.FITS, text)


def judge_growth(storage: Storage) -> JudgedPart:
    """Judge when the disk is full."""
    months = storage.months_left
    if months is None or storage.growth is None:
        return JudgedPart(
            "growth", Fit.NOT_VISIBLE, "How fast the data grows is not known.",
            "Give it with --growth-per-month 2GB or 5%.",
        )  # fmt: skip
    per = f"{storage.growth.bytes_month / 1e6:,.1f} MB a month ({storage.growth.how})"
    if math.isinf(months):
        return JudgedPart("growth", Fit.FITS, f"The data does not grow ({storage.growth.how}).")
    when = f"{months:.0f} months" if months < 120 else "more than ten years"
    text = f"At your growth it is full in {when}: {per}."
    if months < MONTHS_TOO_SMALL:
        return JudgedPart("growth", Fit.TOO_SMALL, text, "Make the disk bigger now.")
    if months < MONTHS_TIGHT:
        return JudgedPart("growth", Fit.TIGHT, text, "Order a bigger disk.")
    return JudgedPart("growth", Fit.FITS, text)


def judge_errors(knee: Knee, objective: Objective, saturation: Saturation | None) -> JudgedPart:
    """Judge the answers themselves: load that is answered wrongly measures nothing."""
    best = knee.best
    if best is not None:
        text = f"{best.errors_percent:.2g} % of the answers at the knee were wrong."
        return JudgedPart("errors", Fit.FITS, text)
    lowest = min(knee.trials, key=lambda trial: trial.rate, default=None)
    if lowest is None or not lowest.failed:
        return JudgedPart("errors", Fit.FITS, "No answer was wrong.")
    worst = max(lowest.failed, key=lowest.failed.__getitem__)
    text = (
        f"At {lowest.rate:g} requests/s {lowest.errors_percent:.0f} % of the answers were wrong, "
        f"most of them: {worst}."
    )
    if lowest.errors_percent <= objective.errors_percent:
        return JudgedPart("errors", Fit.FITS, text)
    first = saturation.suspects[0] if saturation and saturation.suspects else None
    if first is not None and first.part is Part.CONNECTIONS and first.pressure >= CONNECTIONS_NEAR:
        return JudgedPart(
            "errors",
            Fit.TOO_SMALL,
            f"{text} MongoDB had no connection left ({first.evidence}).",
            REMEDIES[Part.CONNECTIONS],
        )
    return JudgedPart(
        "errors", Fit.COULD_NOT_JUDGE, text,
        "Wrong answers at the lowest rate are no question of size: see parity doctor and suites.",
    )  # fmt: skip


def judge_generator(knee: Knee) -> JudgedPart:
    """Judge whether the generator was the limit."""
    if knee.ended is Ended.GENERATOR:
        return JudgedPart(
            "generator", Fit.COULD_NOT_JUDGE, f"The generator was the limit: {knee.why}.",
            "Run it on a machine of its own, with more workers (--workers).",
        )  # fmt: skip
    return JudgedPart("generator", Fit.FITS, "The generator was not the limit.")


def overall(
    parts: Sequence[JudgedPart], knee: Knee, peak: float, saturation: Saturation | None
) -> Sizing:
    """Put the parts together: the worst of them; what could not be judged hides no "too small"."""
    words = [part.fit for part in parts]
    enough = any(part.id == "knee" and part.fit is Fit.FITS for part in parts)
    unsure = [
        part.fit
        for part in parts
        # A generator that is the limit above what was asked for takes nothing away.
        if part.fit is Fit.COULD_NOT_JUDGE and not (part.id == "generator" and enough)
    ]
    if Fit.TOO_SMALL in words:
        fit = Fit.TOO_SMALL
    elif unsure:
        fit = Fit.COULD_NOT_JUDGE
    else:
        fit = Fit.TIGHT if Fit.TIGHT in words else Fit.FITS
    confidence, why = _confidence(fit, parts, knee, saturation)
    return Sizing(
        fit=fit,
        confidence=confidence,
        parts=tuple(parts),
        headroom=knee.rate / peak if knee.rate else None,
        at_least=knee.ended is not Ended.FOUND,
        why=why,
    )


def _confidence(
    fit: Fit, parts: Sequence[JudgedPart], knee: Knee, saturation: Saturation | None
) -> tuple[Confidence, str]:
    if fit is Fit.COULD_NOT_JUDGE:
        return "low", knee.why or "the measurement was not good enough"
    if fit is Fit.FITS and knee.best is not None:
        return "high", f"{knee.best.rate:,.0f} requests/s were held for {_seconds(knee.best):.0f} s"
    because = [part.id for part in parts if part.fit is fit]
    if "knee" not in because and "errors" not in because:
        return "high", f"{', '.join(because)}: measured directly"
    if saturation is None:
        return "low", "nothing is known of what was saturated"
    return saturation.confidence, saturation.why


def _seconds(trial: Trial) -> float:
    return trial.ended - trial.begun


def _holds(knee: Knee, peak: float, objective: Objective) -> str:
    if knee.rate is None:
        lowest = min((trial.rate for trial in knee.trials), default=0.0)
        if knee.missed is None:
            return f"At {lowest:,.1f} requests/s nothing could be measured ({objective})."
        return f"Not even {lowest:,.1f} requests/s meet the latency objective ({objective})."
    more = "at least " if knee.ended is not Ended.FOUND else ""
    times = times_of(knee.rate / peak)
    verb = "Holds" if knee.is_held else "For some seconds, and no longer, it meets"
    return (
        f"{verb} {more}{times} your recorded peak within your latency objective "
        f"({knee.rate:,.1f} requests/s, recorded {peak:,.1f}; {objective})."
    )


def times_of(value: float) -> str:
    """Write a multiple of the peak: "3.4 times", with the sign."""
    return f"{value:.1f} {TIMES}" if value >= 0.1 else f"{value:.2g} {TIMES}"


def _missing(missed: Trial) -> str:
    return f"At {missed.rate:,.1f} requests/s {'; '.join(missed.misses)}."


def _named(saturation: Saturation | None) -> str:
    if saturation is None or not saturation.named:
        return ""
    first, *rest = saturation.named
    text = f" What saturates first: {first.part} ({first.evidence})"
    return text + "".join(f", then {suspect.part} ({suspect.evidence})" for suspect in rest) + "."


def _unknown(knee: Knee) -> str:
    reasons = {
        Ended.GENERATOR: f"The generator was the limit: {knee.why}.",
        Ended.DISTURBED: f"Something else disturbed the measurement: {knee.why}.",
        Ended.TIME: "There was no time to look further.",
        Ended.MAX_RATE: "--max-rate allowed no more.",
    }
    return reasons.get(knee.ended, "More was not tried.")


def _try(knee: Knee) -> str:
    remedies = {
        Ended.GENERATOR: "Run the generator on a machine of its own, with more workers.",
        Ended.DISTURBED: "Run it again when nothing else runs on the machine.",
        Ended.TIME: "Give it more time: --max-minutes.",
        Ended.MAX_RATE: "Allow a higher --max-rate.",
    }
    return remedies.get(knee.ended, "Try again with a higher --headroom.")


def _remedy(saturation: Saturation | None) -> str:
    named = saturation.named if saturation else ()
    return REMEDIES[named[0].part] if named else "The probes saw nothing at its limit."
