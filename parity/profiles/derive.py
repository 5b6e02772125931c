"""Derives a load profile from a recording, in one pass and with bounded memory."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from parity.capture.exchanges import NO_TIME, RecordedExchange
from parity.capture.recording import open_recording
from parity.model.digest import digest_of_file
from parity.model.latency import EDGES_MS, bucket_of
from parity.profiles.profile import READS, Ask, Operation, Profile
from parity.profiles.shapes import NotInProfile, operation_of
from parity.wire.operation import parse_operation

SHAPES: Final = 100
"""Operations of a profile; the rarest beyond that are merged into others."""
_HELD: Final = 4000
"""Shapes that are told apart while a recording is read."""
_SAMPLE: Final = 200
"""Sizes that are kept of each shape."""
_GAPS: Final = 20_000
_FEWEST_GAPS: Final = 20
_LANES: Final = 200_000
_PAUSE_S: Final = 1800.0
"""A longer pause is no thinking: the app was closed."""
_DAY_S: Final = 86_400.0
_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Derived:
    """A profile and how it came about.

    Attributes:
        profile: The profile.
        exchanges: Requests of the recording.
        reads: Requests in the profile that read.
        writes: Those that write; a log-in writes a session.
        left_out: Requests that no operation stands for, by what they are.
        merged: Requests whose shape was rare and that count as another one.
        notes: What cannot be said, and what was assumed instead.
    """

    profile: Profile
    exchanges: int
    reads: int
    writes: int
    left_out: Mapping[str, int]
    merged: int
    notes: tuple[str, ...]


def derive_profile(
    path: Path,
    name: str,
    *,
    shapes: int = SHAPES,
    allow_truncated: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Derived:
    """Read a recording and return the load that it is.

    Args:
        path: The recording.
        name: Name of the profile.
        shapes: Operations at most.
        allow_truncated: Use a recording whose end is missing.
        progress: Told now and then how many exchanges were read.

    Raises:
        RecordingError: The recording cannot be read.
        ValueError: There is no request in it that a profile can hold.
    """
    with open_recording(path, allow_truncated=allow_truncated) as reader:
        mount = urlsplit(reader.header.base_url).path.rstrip("/")
        found = _Traffic(mount)
        for exchange in reader:
            found.see(exchange)
            if found.exchanges % 1000 == 0:
                progress(found.exchanges)
    return found.derived(name, f"recording {path.name}", digest_of_file(path), shapes)


@dataclass(slots=True)
class _Seen:
    """What was seen of one shape."""

    operation: Operation
    count: int = 0
    sizes: list[int] = field(default_factory=list)
    skips: list[int] = field(default_factory=list)


class _Traffic:
    """Adds up a recording."""

    def __init__(self, mount: str) -> None:
        self.mount = mount
        self.exchanges = 0
        self.merged = 0
        self.left_out: Counter[str] = Counter()
        self.shapes: dict[bytes, _Seen] = {}
        self.latencies: dict[Ask, Counter[int]] = {}
        self.clock = _Clock()
        self.rng = random.Random(0)  # noqa: S311 - chooses what is kept, protects nothing

    def see(self, exchange: RecordedExchange) -> None:
        """Take one exchange in."""
        self.exchanges += 1
        request = exchange.request
        recorded = parse_operation(request.method, request.url, request.body, self.mount)
        if NO_TIME not in exchange.notes:
            self.clock.see(exchange.at, exchange.elapsed_ms or 0.0, exchange.lane)
        try:
            operation = operation_of(recorded)
        except NotInProfile as error:
            self.left_out[str(error)] += 1
            return
        size = len(request.body)
        if operation.ask is Ask.BATCH:
            size //= max(1, operation.parts)
        self._count(operation, size)
        if exchange.elapsed_ms is not None and exchange.response is not None:
            bucket = bucket_of(exchange.elapsed_ms)
            self.latencies.setdefault(operation.ask, Counter())[bucket] += 1

    def derived(self, name: str, source: str, digest: str, shapes: int) -> Derived:
        """Return the profile."""
        if not self.shapes:
            raise ValueError("no request that a profile can hold")
        self._merge(shapes)
        total = sum(shape.count for shape in self.shapes.values())
        ranked = sorted(
            self.shapes.values(), key=lambda shape: (-shape.count, shape.operation.name)
        )
        operations = tuple(_typical(shape, total) for shape in ranked)
        reads = sum(shape.count for shape in ranked if shape.operation.ask in READS)
        think, notes = self.clock.think(), self.clock.notes()
        profile = Profile(
            name=name,
            operations=operations,
            peak_rate=self.clock.peak(),
            typical_rate=self.clock.typical(),
            hours=self.clock.hours(),
            think_s=think or (1.0, 3.0, 10.0),
            clients=self.clock.clients(),
            latency_ms=self._p95(),
            source=source,
            digest=digest,
        )
        if think is None:
            notes.append("too few requests of one client in a row: thinking times are assumed")
        if not profile.latency_ms:
            notes.append("no durations in the recording: no latency is known")
        return Derived(
            profile,
            self.exchanges,
            reads,
            total - reads,
            dict(self.left_out.most_common()),
            self.merged,
            tuple(notes),
        )

    def _count(self, operation: Operation, size: int) -> None:
        key = _key(operation)
        seen = self.shapes.get(key)
        if seen is None:
            if len(self.shapes) >= _HELD:
                self._merge(_HELD // 2)
            seen = self.shapes[key] = _Seen(operation)
        seen.count += 1
        self._keep(seen.sizes, size, seen.count)
        self._keep(seen.skips, operation.skip, seen.count)

    def _keep(self, sample: list[int], value: int, count: int) -> None:
        if len(sample) < _SAMPLE:
            sample.append(value)
        elif (place := self.rng.randrange(count)) < _SAMPLE:
            sample[place] = value

    def _merge(self, most: int) -> None:
        """Count the rarest shapes as the most frequent one of the same kind."""
        if len(self.shapes) <= most:
            return
        ranked = sorted(self.shapes.items(), key=lambda item: -item[1].count)
        kept = dict(ranked[:most])
        for _, rare in ranked[most:]:
            wanted = rare.operation
            near = max(
                kept.values(),
                key=lambda other: (
                    other.operation.ask is wanted.ask,
                    other.operation.class_name == wanted.class_name,
                    other.count,
                ),
            )
            near.count += rare.count
            self.merged += rare.count
        self.shapes = kept

    def _p95(self) -> dict[Ask, float]:
        found = {}
        for ask, buckets in sorted(self.latencies.items()):
            wanted, seen = 0.95 * buckets.total(), 0
            for bucket in sorted(buckets):
                seen += buckets[bucket]
                if seen >= wanted:
                    found[ask] = round(EDGES_MS[bucket], 1)
                    break
        return found


class _Clock:
    """When requests came, and how long clients thought between them."""

    def __init__(self) -> None:
        self.minutes: Counter[int] = Counter()
        self.first, self.last = float("inf"), float("-inf")
        self._ends: OrderedDict[str, float] = OrderedDict()
        self._gaps: list[float] = []
        self._seen_gaps = 0
        self._lanes: OrderedDict[int, set[str]] = OrderedDict()
        self._clients: dict[int, int] = {}
        self._rng = random.Random(0)  # noqa: S311 - chooses what is kept, protects nothing

    def see(self, at: float, elapsed_ms: float, lane: str) -> None:
        minute = int(at // _MINUTE_S)
        self.minutes[minute] += 1
        self.first, self.last = min(self.first, at), max(self.last, at)
        self._gap(at, at + elapsed_ms / 1000, lane)
        lanes = self._lanes.setdefault(minute, set())
        lanes.add(lane)
        if len(self._lanes) > 10:  # exchanges of several clients may be a little out of order
            done, old = self._lanes.popitem(last=False)
            self._clients[done] = max(len(old), self._clients.get(done, 0))

    def _gap(self, at: float, end: float, lane: str) -> None:
        before = self._ends.pop(lane, None)
        self._ends[lane] = end
        if len(self._ends) > _LANES:
            self._ends.popitem(last=False)
        if before is None or at - before > _PAUSE_S:
            return
        gap = max(0.0, at - before)
        self._seen_gaps += 1
        if len(self._gaps) < _GAPS:
            self._gaps.append(gap)
        elif (place := self._rng.randrange(self._seen_gaps)) < _GAPS:
            self._gaps[place] = gap

    @property
    def span_s(self) -> float:
        return self.last - self.first if self.minutes else 0.0

    def peak(self) -> float:
        if not self.minutes:
            return 1.0
        return round(max(self.minutes.values()) / self._minute_s(), 3)

    def typical(self) -> float:
        if not self.minutes:
            return 1.0
        return round(float(median(self.minutes.values())) / self._minute_s(), 3)

    def _minute_s(self) -> float:
        # A recording of ten seconds has no minute; its rate is over what there is.
        return min(_MINUTE_S, max(1.0, self.span_s)) if len(self.minutes) == 1 else _MINUTE_S

    def clients(self) -> int:
        if not self.minutes:
            return 1
        busiest = max(self.minutes, key=lambda minute: self.minutes[minute])
        lanes = self._lanes.get(busiest, ())
        return max(1, len(lanes), self._clients.get(busiest, 0))

    def hours(self) -> tuple[float, ...]:
        if self.span_s < _DAY_S:
            return ()
        counts, slots = [0] * 24, [0] * 24
        for minute, count in self.minutes.items():
            counts[minute // 60 % 24] += count
        for hour in range(int(self.first // 3600), int(self.last // 3600) + 1):
            slots[hour % 24] += 1
        return tuple(round(n / (3600 * max(1, s)), 3) for n, s in zip(counts, slots, strict=True))

    def think(self) -> tuple[float, float, float] | None:
        if len(self._gaps) < _FEWEST_GAPS:
            return None
        ordered = sorted(self._gaps)
        low, middle, high = (ordered[int(q * (len(ordered) - 1))] for q in (0.25, 0.5, 0.75))
        return (round(low, 3), round(middle, 3), round(high, 3))

    def notes(self) -> list[str]:
        if not self.minutes:
            return ["no times in the recording: the rates are 1 request a second until you say"]
        found = []
        if len(self.minutes) == 1:
            found.append("the recording is shorter than a minute: its peak may be chance")
        if self.span_s < _DAY_S:
            found.append("the recording is shorter than a day: nothing is known by hour")
        return found


def _key(operation: Operation) -> bytes:
    # How far a query skips is no shape of its own; whether it does is one.
    plain: dict[str, Any] = {
        "ask": operation.ask,
        "class": operation.class_name,
        "where": operation.where,
        "order": operation.order,
        "limit": operation.limit,
        "skips": operation.skip > 0,
        "keys": operation.keys,
        "include": operation.include,
        "function": operation.function,
        "parts": operation.parts if operation.parts < 5 else operation.parts // 5 * 5,
    }
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def _typical(seen: _Seen, total: int) -> Operation:
    return replace(
        seen.operation,
        weight=round(100 * seen.count / total, 4) or 0.0001,
        payload_bytes=_median(seen.sizes),
        skip=_median(seen.skips),
    )


def _median(values: Iterable[int]) -> int:
    return int(median(values))
