"""How far is the database from the server? Seen from outside, by two kinds of requests in turn.

``/health`` touches no database; reading an object that does not exist makes one query. Sent one
after the other over one connection, they differ by that query: the network between client and
server is in both. A server or a machine that is busy makes both wait, and the longer one for
longer, but waiting is not distance: so the quick answers are compared, by their lower quartiles.
Each quartile lies in an interval by order statistics, without an assumption on how times are
distributed, and so does their difference; the intervals hold together with 99 % confidence.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb
from statistics import median
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from parity.jobs.deployment import codes
from parity.jobs.deployment.checks import Check, DeploymentOptions
from parity.jobs.deployment.health import is_well
from parity.jobs.deployment.http import HttpSession
from parity.model import Secret
from parity.model.judged import Judged
from parity.targets import ParseClient, Reply

CONFIDENCE: Final = 0.99
QUARTER: Final = 0.25
ROUNDS: Final = 4
PINGS: Final = 20
PING_PATIENCE_MS: Final = 3000
CLASSES: Final = ("_User", "_Role", "_Installation")
NOT_FOUND: Final = "Object not found."
"""What Parse Server says after it has asked the database; a refusal has another text.
Source: parse-server 9.10.0, ``src/Routers/ClassesRouter.js``."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the interval that it lies in, in milliseconds.

    Attributes:
        low: Lower bound.
        middle: Best guess.
        high: Upper bound.
    """

    low: float
    middle: float
    high: float


@dataclass(slots=True)
class Times:
    """Milliseconds of both kinds of requests, in the order in which they were sent.

    Attributes:
        without: Requests that touch no database.
        reading: Requests that make one query.
    """

    without: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)

    def query(self) -> Interval:
        """Return what one query costs when nothing has to wait."""
        less, more = lower_quartile(self.without), lower_quartile(self.reading)
        return Interval(more.low - less.high, more.middle - less.middle, more.high - less.low)


def check_latency(
    http: HttpSession,
    options: DeploymentOptions,
    progress: Callable[[int, int], None] | None = None,
) -> Judged:
    """Judge the distance between server and database.

    Args:
        http: Who asks.
        options: The limit, and how many pairs make a round.
        progress: Told (pairs done, pairs at most).

    Raises:
        HarnessError: No connection, or no answer in time.
    """
    client = http.parse_client()
    read_class = next((name for name in CLASSES if _reads(_get(client, name))), None)
    if read_class is None or not is_well(http.send("GET", http.at("health"))):
        what = (
            "/health is not well" if read_class else "no request of this key reaches the database"
        )
        return Check.LATENCY.untested(
            f"{what}, so there is nothing to compare",
            "Give the target a key that may read objects of _User or _Role by their id.",
        )
    limit = options.max_latency_ms
    times = Times()
    found = Interval(0.0, 0.0, 0.0)
    for number in range(1, ROUNDS + 1):
        while len(times.reading) < options.samples * number:
            if not _pair(http, client, read_class, times):
                return Check.LATENCY.doubtful("the server changed its answers while it was timed")
            if progress is not None:
                progress(len(times.reading), options.samples * ROUNDS)
        found = times.query()
        if found.low > limit or found.high <= limit:
            break
    return _judge(found, times, limit, _ping(http.target.mongo))


def lower_quartile(values: list[float]) -> Interval:
    """Return the lower quartile of a sample of times, and an interval that holds the true one.

    How many of ``n`` values are below the true quartile is binomial with one quarter: it lies
    above the ``k``-th smallest value unless fewer than ``k`` are.

    Args:
        values: At least one; none is negative.
    """
    ordered, count = sorted(values), len(values)
    chances = [comb(count, k) * QUARTER**k * (1 - QUARTER) ** (count - k) for k in range(count + 1)]
    tail = (1 - CONFIDENCE) / 4  # two quartiles, each with two ends
    below, chance = 0, chances[0]
    while chance <= tail:
        below += 1
        chance += chances[below]
    above, chance = count, chances[count]
    while chance <= tail:
        above -= 1
        chance += chances[above]
    # Where the sample is too small for a bound: a time is at least 0, and the longest is a guess.
    low = ordered[below - 1] if below else 0.0
    return Interval(low, ordered[(count - 1) // 4], ordered[min(above, count - 1)])


def _judge(found: Interval, times: Times, limit: float, ping_ms: float | None) -> Judged:
    pairs = len(times.reading)
    numbers: dict[str, Any] = {
        "query_ms": round(found.middle, 2),
        "low_ms": round(found.low, 2),
        "high_ms": round(found.high, 2),
        "pairs": pairs,
        "limit_ms": limit,
        "median_without_ms": round(median(times.without), 2),
        "median_reading_ms": round(median(times.reading), 2),
        "ping_from_here_ms": None if ping_ms is None else round(ping_ms, 2),
    }
    text = (
        f"one query costs {found.middle:.1f} ms ({found.low:.1f} to {found.high:.1f}, "
        f"{pairs} pairs, limit {limit:g})"
    )
    if ping_ms is not None:
        text += f"; a ping of MongoDB from here takes {ping_ms:.1f} ms"
    if found.low > limit:
        finding = codes.LATENCY_FAR.finding(f"{found.middle:.1f} ms for one query")
        return Check.LATENCY.judged(text, [finding], numbers)
    if found.high > limit:
        return Check.LATENCY.doubtful(
            f"{text}: that cannot be told from the limit",
            "Run again while server and network are calm, or with more --samples.",
            numbers,
        )
    return Check.LATENCY.judged(text, (), numbers)


def _pair(http: HttpSession, client: ParseClient, read_class: str, times: Times) -> bool:
    """Send one request of each kind; return whether both were answered as they should be."""

    def health() -> Reply:
        return http.send("GET", http.at("health"))

    # The order changes, so that neither always finds the connection idle for longer.
    if len(times.reading) % 2:
        without, reading = health(), _get(client, read_class)
    else:
        reading, without = _get(client, read_class), health()
    if not is_well(without) or not _reads(reading):
        return False
    times.without.append(without.exchange.elapsed_s * 1000)
    times.reading.append(reading.exchange.elapsed_s * 1000)
    return True


def _get(client: ParseClient, class_name: str) -> Reply:
    # A new id each time: no cache on the way has seen it.
    return client.get(f"classes/{class_name}/{secrets.token_hex(5)}", raw=True)


def _reads(reply: Reply) -> bool:
    error = reply.error
    return error is not None and error.code == 101 and error.message == NOT_FOUND


def _ping(uri: Secret | None) -> float | None:
    """Return the median ping of the target's MongoDB from this machine, for comparison."""
    if uri is None:
        return None
    try:
        with MongoClient[dict[str, Any]](
            uri.value, serverSelectionTimeoutMS=PING_PATIENCE_MS
        ) as client:
            client.admin.command("ping")
            times = []
            for _ in range(PINGS):
                started = time.perf_counter()
                client.admin.command("ping")
                times.append((time.perf_counter() - started) * 1000)
    except (PyMongoError, ValueError):
        return None  # from outside, the database is out of reach, as it should be
    return median(times)
