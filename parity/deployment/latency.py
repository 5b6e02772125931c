"""How far is the database from the server? Seen from outside, as a difference of pairs.

``/health`` touches no database; reading an object that does not exist makes one query. Sent one
after the other over one connection, they differ by that query: the network between client and
server is in both. The median of the differences is judged by an interval that holds the true one
with 99 % confidence (order statistics: no assumption on how times are distributed).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Any, Final

from parity.deployment.asking import Asker
from parity.deployment.codes import Check, Code
from parity.deployment.health import is_well
from parity.deployment.judged import Finding, Judged, doubtful, judged, untested
from parity.deployment.options import Options
from parity.model import Secret
from parity.targets import ParseClient, Reply

CONFIDENCE: Final = 0.99
ROUNDS: Final = 4
WARM_UP: Final = 3
PINGS: Final = 20
PING_PATIENCE_MS: Final = 3000
CLASSES: Final = ("_User", "_Role", "_Installation")
NOT_FOUND: Final = "Object not found."
"""What Parse Server says after it has asked the database; a refusal has another text.
Source: parse-server 9.10.0, ``src/Routers/ClassesRouter.js``."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and the interval that it lies in.

    Attributes:
        low: Lower bound, in milliseconds.
        middle: Median of the sample.
        high: Upper bound.
        pairs: Size of the sample.
    """

    low: float
    middle: float
    high: float
    pairs: int


def look_at_latency(
    asker: Asker, options: Options, progress: Callable[[int, int], None] | None = None
) -> Judged:
    """Judge the distance between server and database.

    Args:
        asker: Who asks.
        options: The limit, and how many pairs make a round.
        progress: Told (pairs done, pairs at most).

    Raises:
        HarnessError: No connection, or no answer in time.
    """
    client = asker.client()
    read_class = next((each for each in CLASSES if _reads(_get(client, each))), None)
    if read_class is None or not is_well(asker.send("GET", asker.at("health"))):
        what = (
            "/health is not well" if read_class else "no request of this key reaches the database"
        )
        return untested(
            Check.LATENCY,
            f"{what}, so there is nothing to compare",
            "Give the target a key that may read objects of _User or _Role by their id.",
        )
    limit = options.max_latency_ms
    differences: list[float] = []
    found = Interval(0.0, 0.0, 0.0, 0)
    for number in range(1, ROUNDS + 1):
        while len(differences) < options.samples * number:
            pair = _pair(asker, client, read_class, first=len(differences) % 2 == 0)
            if pair is None:
                return doubtful(Check.LATENCY, "the server changed its answers while it was timed")
            differences.append(pair)
            if progress is not None:
                progress(len(differences), options.samples * ROUNDS)
        found = interval(differences)
        if found.low > limit or found.high <= limit:
            break
    return _judge(found, limit, _ping(asker.target.mongo))


def interval(differences: list[float]) -> Interval:
    """Return the median of a sample, and an interval that holds the true one.

    Of ``n`` values, the true median lies between the ``k``-th smallest and the ``k``-th largest
    unless fewer than ``k`` fell on one side of it, which is binomial with one half.

    Args:
        differences: At least one value.
    """
    ordered = sorted(differences)
    count = len(ordered)
    below, tail = 0, 0.0
    while below < (count - 1) // 2:
        tail += comb(count, below) * 0.5**count
        if 2 * tail > 1 - CONFIDENCE:
            break
        below += 1
    # The first `below` values may be left out on each side.
    low = max(below - 1, 0)
    return Interval(ordered[low], median(ordered), ordered[count - 1 - low], count)


def _judge(found: Interval, limit: float, ping_ms: float | None) -> Judged:
    numbers: dict[str, Any] = {
        "median_ms": round(found.middle, 2),
        "low_ms": round(found.low, 2),
        "high_ms": round(found.high, 2),
        "pairs": found.pairs,
        "limit_ms": limit,
        "ping_from_here_ms": None if ping_ms is None else round(ping_ms, 2),
    }
    text = (
        f"one query costs {found.middle:.1f} ms ({found.low:.1f} to {found.high:.1f}, "
        f"{found.pairs} pairs, limit {limit:g})"
    )
    if ping_ms is not None:
        text += f"; a ping of MongoDB from here takes {ping_ms:.1f} ms"
    if found.low > limit:
        finding = Finding(Code.LATENCY_FAR, f"{found.middle:.1f} ms for one query")
        return judged(Check.LATENCY, text, [finding], numbers)
    if found.high > limit:
        return doubtful(
            Check.LATENCY,
            f"{text}: that cannot be told from the limit",
            "Run again while server and network are calm, or with more --samples.",
            numbers,
        )
    return judged(Check.LATENCY, text, (), numbers)


def _pair(asker: Asker, client: ParseClient, read_class: str, *, first: bool) -> float | None:
    """Send both requests and return the difference in milliseconds."""

    def health() -> Reply:
        return asker.send("GET", asker.at("health"))

    # The order changes, so that neither always finds the connection idle for longer.
    if first:
        without, reading = health(), _get(client, read_class)
    else:
        reading, without = _get(client, read_class), health()
    if not is_well(without) or not _reads(reading):
        return None
    return (reading.exchange.elapsed_s - without.exchange.elapsed_s) * 1000


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
    import time  # noqa: PLC0415 - for this reference alone

    from pymongo import MongoClient  # noqa: PLC0415 - heavy
    from pymongo.errors import ConfigurationError, PyMongoError  # noqa: PLC0415

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
    except (PyMongoError, ConfigurationError, ValueError):
        return None  # from outside, the database is out of reach, as it should be
    return median(times)
