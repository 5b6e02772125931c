"""What saturates first: each part of the system, how near it is to its limit, and the numbers.

A *pressure* is between 0 and 1: 1 is at the limit. It says nothing about causes: what waits for
something else looks busy too. So it is weighed with the side that the time is lost on: MongoDB
says itself how long its operations take, and what is left of a request's time was spent in
Parse Server or on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from parity.jobs.size.trial import Trial
from parity.jobs.size.usage import Capacity, Usage

FULL = 0.78
"""A cache so full is as full as it gets: WiredTiger starts to evict at 80 % (``eviction_target``).
Source: WiredTiger documentation, "Cache and eviction tuning"."""
TURNOVER_S = 300.0
"""A cache whose content is replaced in five minutes holds pages that are wanted again within that
time and are not there: the five-minute rule (Gray and Putzolu 1987, renewed by Graefe 2007)."""
DIRTY_TRIGGER = 0.20
"""From so many dirty bytes on operations have to evict pages (``eviction_dirty_trigger``)."""
CONNECTIONS_NEAR = 0.90
"""So many connections in use: the next deploy or a retry storm takes the rest."""
STRONG = 0.85
"""A queue in front of something that is used so much is several times as long as its work."""
CLOSE = 0.12
"""Two suspects whose scores are so near cannot be told apart by one measurement."""
HELD = 0.20
"""A part that was held back so often lost time to its limit, not to its work."""
IN_VAIN = 100.0
"""An index that serves its query examines about what it returns; a hundred times is none."""
WRONG_PERCENT = 0.5
"""A queue makes answers late, it does not make them wrong: a part that only queues is less likely
when so many answers are wrong."""
MACHINE_FULL = 0.93
"""Less than this is spare: on two cores it is a seventh of one."""

Confidence = Literal["high", "medium", "low"]


class Part(StrEnum):
    """What can be the limit."""

    PARSE_SERVER = "Parse Server's CPU"
    PARSE_WAIT = "Parse Server's waiting (its connection pool, or the network)"
    NETWORK = "the network between the load and Parse Server"
    QUERIES = "queries that read far more than they return"
    MONGOD_CPU = "MongoDB's CPU"
    CACHE = "MongoDB's cache"
    TICKETS = "MongoDB's tickets"
    CONNECTIONS = "MongoDB's connections"
    DISK = "the disk"
    MACHINE = "the machine's CPU, which they share"


MONGO_SIDE = frozenset({Part.QUERIES, Part.MONGOD_CPU, Part.CACHE, Part.TICKETS, Part.DISK})
PARSE_SIDE = frozenset({Part.PARSE_SERVER, Part.PARSE_WAIT, Part.NETWORK})


REMEDIES = {
    Part.PARSE_SERVER: "Run more Parse Server processes (one for each core), or give it more CPU.",
    Part.PARSE_WAIT: "Look at the network to MongoDB and at databaseOptions.maxPoolSize.",
    Part.NETWORK: "Answer with less (keys, limits, compression), or widen the network.",
    Part.QUERIES: "Add the indexes that are advised: a bigger server reads as much in vain.",
    Part.MONGOD_CPU: "Add the indexes that are advised; then give MongoDB more cores.",
    Part.CACHE: "Give MongoDB more memory, or read less: indexes, limits, keys.",
    Part.TICKETS: "Find out what makes operations slow: CPU, cache, disk.",
    Part.CONNECTIONS: "Allow more connections, or make Parse Server's pool smaller.",
    Part.DISK: "A faster disk, or more memory so that it is read less.",
    Part.MACHINE: "Give MongoDB and Parse Server machines of their own.",
}
"""What to do about each part when it is the limit."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One part of the system.

    Attributes:
        part: Which one.
        pressure: How near it is to its limit: 0 to 1.
        score: The pressure, weighed with the side that the time is lost on.
        evidence: The numbers.
    """

    part: Part
    pressure: float
    score: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Saturation:
    """What saturates first.

    Attributes:
        suspects: All that is visible, the likeliest first.
        confidence: How sure the first one is.
        mongo_share: Share of a request's time that MongoDB says it took; ``None`` if unknown.
        not_visible: Parts that could not be looked at.
        why: Why the confidence is what it is.
        is_limit: Whether anything was the limit: the trial missed the objective.
    """

    suspects: tuple[Suspect, ...]
    confidence: Confidence
    mongo_share: float | None
    not_visible: tuple[Part, ...]
    why: str
    is_limit: bool = True

    @property
    def named(self) -> tuple[Suspect, ...]:
        """The first one, with those that cannot be told apart from it; none without a limit."""
        if not self.suspects or not self.is_limit:
            return ()
        first = self.suspects[0].score
        return tuple(suspect for suspect in self.suspects if suspect.score >= first - CLOSE)[:2]


def saturation_of(
    trial: Trial, usage: Usage, capacity: Capacity, below: tuple[Trial, Usage] | None = None
) -> Saturation:
    """Say what was nearest to its limit in a trial.

    Args:
        trial: The lowest rate that missed the objective, or the highest that was tried.
        usage: What was used in it.
        capacity: What may be used.
        below: A trial that met the objective, with its usage, to compare with.
    """
    share = _mongo_share(trial, usage)
    seen = {
        Part.PARSE_SERVER: _parse(usage, capacity),
        Part.PARSE_WAIT: _parse_wait(trial, usage, capacity, share),
        Part.NETWORK: _network(usage, capacity),
        Part.QUERIES: _queries(usage, share),
        Part.MONGOD_CPU: _mongod(usage, capacity),
        Part.CACHE: _cache(usage),
        Part.TICKETS: _tickets(usage),
        Part.CONNECTIONS: _connections(usage),
        Part.DISK: _disk(usage),
        Part.MACHINE: _machine(usage, capacity),
    }
    suspects = [
        Suspect(part, found[0], found[0] * _weight(part, share, seen, trial), found[1])
        for part, found in seen.items()
        if found is not None
    ]
    suspects.sort(key=lambda suspect: -suspect.score)
    confidence, why = _confidence(trial, suspects, share, below)
    return Saturation(
        suspects=tuple(suspects),
        confidence=confidence,
        mongo_share=share,
        not_visible=tuple(part for part, found in seen.items() if found is None),
        why=why,
        is_limit=not trial.meets,
    )


_Found = tuple[float, str] | None


def _weight(part: Part, share: float | None, seen: Mapping[Part, _Found], trial: Trial) -> float:
    """Weigh a pressure: by the side on which the time is lost, and down what only follows."""
    weight = 1.0
    if share is not None and part in MONGO_SIDE:
        weight = 0.5 + 0.5 * min(1.0, 2 * share)
    if share is not None and part in PARSE_SIDE:
        weight = 0.5 + 0.5 * min(1.0, 2 * (1 - share))
    causes = {
        Part.TICKETS: (Part.CACHE, Part.DISK, Part.MONGOD_CPU),
        Part.DISK: (Part.CACHE,),
        Part.PARSE_WAIT: (Part.NETWORK,),
        Part.MONGOD_CPU: (Part.QUERIES,),
        Part.MACHINE: (Part.QUERIES,),
    }
    for cause in causes.get(part, ()):
        found = seen[cause]
        # These two make others wait long before they are full.
        enough = 0.5 if cause in (Part.QUERIES, Part.NETWORK) else STRONG
        if found is not None and found[0] >= enough:
            # Tickets are out because operations are slow; a disk is read because of misses.
            # Waiting for the network is the network's whole effect, and no second suspect.
            weight *= 0.7 if cause is Part.NETWORK else 0.85
            break
    if part is Part.MACHINE and _single_limit(seen):
        # One process that fills its core is the limit whatever else the machine does.
        weight *= 0.8
    if trial.errors_percent > WRONG_PERCENT and part is not Part.CONNECTIONS:
        weight *= 0.85
    return weight


def _single_limit(seen: Mapping[Part, _Found]) -> bool:
    return any(
        (found := seen[part]) is not None and found[0] >= 0.9
        for part in (Part.PARSE_SERVER, Part.CONNECTIONS, Part.MONGOD_CPU)
    )


def _mongo_share(trial: Trial, usage: Usage) -> float | None:
    mean = trial.service_mean_ms
    if mean is None or not mean or usage.mongo_ms is None:
        return None
    return min(1.0, usage.mongo_ms / mean)


def _parse(usage: Usage, capacity: Capacity) -> _Found:
    if usage.parse_cpu is None or not capacity.parse_cores:
        return None
    used = usage.parse_cpu / capacity.parse_cores
    held = usage.parse_held or 0.0
    # What it used and what a limit kept it from using: together, what it wanted.
    pressure = min(1.0, used + held) if held > HELD else min(1.0, used)
    text = f"used {usage.parse_cpu:.2f} of {capacity.parse_cores:.2f} cores"
    if capacity.parse_quota:
        text += " that its control group allows"
    if held > HELD:
        text += f", held back by a CPU limit {held:.0%} of the time"
    if usage.parse_wait is not None:
        text += f", waited for a CPU {usage.parse_wait:.0%} of the time"
    return pressure, text


def _parse_wait(trial: Trial, usage: Usage, capacity: Capacity, share: float | None) -> _Found:
    """Time that is neither MongoDB's nor Parse Server's CPU; the whole rest if it is remote."""
    mean = trial.service_mean_ms
    if share is None or mean is None:
        return None
    rest = 1 - share
    if usage.parse_cpu is None:
        return rest, (
            f"{rest:.0%} of a request's {mean:.0f} ms was not spent in MongoDB; "
            f"Parse Server is not visible"
        )
    cores = capacity.parse_cores or 1.0
    # A queue in front of a busy event loop is the CPU's doing, not a wait for something else.
    idle = max(0.0, 1 - usage.parse_cpu / cores - (usage.parse_held or 0) - (usage.parse_wait or 0))
    busy_ms = 1000 * usage.parse_cpu / max(trial.achieved, 0.001)
    waited = max(0.0, mean * rest - busy_ms) / mean
    return waited * min(1.0, 2 * idle), (
        f"{waited:.0%} of a request's {mean:.0f} ms was neither MongoDB's nor its CPU's, "
        f"which was idle {idle:.0%} of the time"
    )


def _network(usage: Usage, capacity: Capacity) -> _Found:
    if usage.network_s is None or not capacity.network_bytes_s:
        return None
    most = usage.network_most_s or usage.network_s
    # Long answers queue in the seconds in which many meet, though it is not full on average.
    used = min(1.0, usage.network_s / capacity.network_bytes_s)
    pressure = (used + min(1.0, most / capacity.network_bytes_s)) / 2
    return pressure, (
        f"{usage.network_s * 8e-6:,.1f} of {capacity.network_bytes_s * 8e-6:,.0f} Mbit/s, "
        f"{most * 8e-6:,.1f} in the busiest second"
    )


def _queries(usage: Usage, share: float | None) -> _Found:
    """Requests that are slow because MongoDB reads in vain for them, however idle it is else."""
    if usage.examined_s is None or usage.returned_s is None or share is None:
        return None
    vain = usage.examined_s / max(usage.returned_s, 1.0)
    text = f"{vain:,.0f} documents examined for each that was returned"
    return (share if vain >= IN_VAIN else 0.0), f"{text}, {share:.0%} of a request's time"


def _mongod(usage: Usage, capacity: Capacity) -> _Found:
    if usage.mongod_cpu is None or not capacity.mongod_cores:
        return None
    held = usage.mongod_held or 0.0
    pressure = usage.mongod_cpu / capacity.mongod_cores + (held if held > HELD else 0.0)
    text = f"used {usage.mongod_cpu:.2f} of {capacity.mongod_cores:.2f} cores"
    if held > HELD:
        text += f", held back by a CPU limit {held:.0%} of the time"
    busy = usage.machine_busy or 0.0
    if (
        capacity.mongod_here
        and usage.mongod_cpu > 0.5 * capacity.machine_cores
        and (busy >= MACHINE_FULL)
    ):
        # It got all that was left of a machine of which it takes more than everybody else.
        pressure = max(pressure, busy)
        text += f" of a machine that was {busy:.0%} busy"
    return min(1.0, pressure), text


def turnover_s(usage: Usage) -> float | None:
    """Return the seconds in which the cache's content is replaced; ``None`` if never or unseen."""
    if not usage.cache_read_s or usage.cache_bytes is None:
        return None
    return usage.cache_bytes / usage.cache_read_s


def is_full(usage: Usage) -> bool | None:
    """Tell whether the cache is as full as it gets; ``None`` if that is not visible."""
    if usage.cache_bytes is None or not usage.cache_max:
        return None
    return usage.cache_bytes >= FULL * usage.cache_max


def _cache(usage: Usage) -> _Found:
    full = is_full(usage)
    if full is None or usage.cache_max is None or usage.cache_bytes is None:
        return None
    read, share = usage.cache_read_s or 0.0, usage.cache_read_share
    text = f"{usage.cache_bytes / usage.cache_max:.0%} full, {read / 1e6:.1f} MB/s read into it"
    pressure = 0.0
    turnover = turnover_s(usage)
    if full and turnover is not None and turnover < TURNOVER_S:
        text += f": replaced in {turnover:.0f} s"
        # Half for missing pages that are wanted again, the rest for what they cost. Half of an
        # operation's time spent on reading pages makes it twice as slow.
        cost = 1.0 if share is None else min(1.0, 2 * share)
        pressure = 0.5 + 0.5 * cost
    if share is not None:
        text += f", {share:.0%} of the operations' time"
    if usage.evicted_by_app_s:
        text += f", {usage.evicted_by_app_s:.0f} pages/s evicted by operations themselves"
    dirty = (usage.cache_dirty or 0.0) / usage.cache_max
    if dirty >= 0.5 * DIRTY_TRIGGER:
        text += f", {dirty:.0%} dirty"
        pressure = max(pressure, min(1.0, dirty / DIRTY_TRIGGER))
    return pressure, text


def _tickets(usage: Usage) -> _Found:
    if usage.tickets_out is None and usage.queued is None:
        return None
    out, queued = usage.tickets_out or 0.0, usage.queued or 0.0
    # Full tickets alone are no fault (7.0 and later hand out few on purpose); a queue is.
    pressure = max(0.8 * out, usage.queued_share or 0.0) if queued >= 1 else 0.8 * out
    return min(1.0, pressure), f"at most {out:.0%} out, {queued:.1f} operations queued on average"


def _connections(usage: Usage) -> _Found:
    if usage.connections is None or not usage.connections_limit:
        return None
    used = usage.connections / usage.connections_limit
    # The one that a refusal is said over is counted as well.
    in_use = min(usage.connections, usage.connections_limit)
    text = f"{in_use:.0f} of {usage.connections_limit:.0f} in use"
    if usage.connections_refused:
        return 1.0, f"{text}, {usage.connections_refused:.0f} refused"
    if used >= CONNECTIONS_NEAR:
        return 1.0, text
    return used, text


def _disk(usage: Usage) -> _Found:
    if usage.disk_busy is None:
        return None
    text = f"busy {min(usage.disk_busy, 1):.0%} of the time"
    if usage.disk_read_ms is not None:
        text += f", {usage.disk_read_ms:.2f} ms for a read"
    return min(1.0, usage.disk_busy), text


def _machine(usage: Usage, capacity: Capacity) -> _Found:
    if usage.machine_busy is None or not (capacity.parse_here or capacity.mongod_here):
        return None
    text = f"{usage.machine_busy:.0%} of {capacity.machine_cores} cores busy"
    if usage.parse_wait is not None and usage.machine_busy < MACHINE_FULL:
        return usage.machine_busy * 0.8, text
    return usage.machine_busy * 0.97, text


def _confidence(
    trial: Trial,
    suspects: list[Suspect],
    share: float | None,
    below: tuple[Trial, Usage] | None,
) -> tuple[Confidence, str]:
    if trial.meets:
        return "low", "nothing was saturated: this is only what comes first"
    if not suspects or suspects[0].score < 0.5:
        return "low", "no part was near its limit; the reason lies where the probes cannot look"
    second = suspects[1].score if len(suspects) > 1 else 0.0
    if suspects[0].pressure >= STRONG and suspects[0].score - second > CLOSE:
        if share is None or below is None:
            return "medium", "clear, but there is nothing to compare it with"
        return "high", "at its limit, and no other part is near its own"
    if suspects[0].pressure >= STRONG:
        return "medium", f"{suspects[1].part} is near its limit as well"
    return "low" if suspects[0].pressure < 0.7 else "medium", "near its limit, not at it"
