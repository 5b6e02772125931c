"""Every second of a sizing as one row: for ``series.csv``, for charts, and for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from parity.jobs.size.measure import Moment
from parity.jobs.size.probes import Role, Sample
from parity.model.evidence import TableEvent
from parity.model.latency import quantile_ms


@dataclass(frozen=True, slots=True)
class Second:
    """One second; ``None`` where something is not visible. The names are those of the CSV."""

    at_s: float
    phase: str
    judged: bool
    intended_rate: float
    sent: int
    done: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    service_p95_ms: float | None
    waiting: int
    generator_cpu: float
    generator_lag_ms: float
    parse_cpu: float | None
    mongod_cpu: float | None
    cache_percent: float | None
    cache_dirty_percent: float | None
    cache_read_mb_s: float | None
    tickets_percent: float | None
    queued: float | None
    connections: float | None


def seconds_of(moments: Sequence[Moment]) -> Iterator[Second]:
    """Yield a row for each second, in order; times count from the first."""
    before: Sample | None = None
    start = moments[0].window.at if moments else 0.0
    for moment in moments:
        yield _second(moment, before, start)
        before = moment.sample


def csv_of(rows: Sequence[Second]) -> str:
    """Write rows as CSV with a header; what is not visible is an empty cell."""
    names = [field.name for field in fields(Second)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return out.getvalue()


def _second(moment: Moment, before: Sample | None, start: float) -> Second:
    window, sample = moment.window, moment.sample
    values = sample.mongo.values if sample is not None and sample.mongo is not None else {}
    limit = values.get("cache_max")
    return Second(
        at_s=window.at - start,
        phase=str(moment.phase),
        judged=moment.judged,
        intended_rate=moment.rate,
        sent=window.sent,
        done=window.done,
        failed=sum(window.failed.values()),
        p50_ms=quantile_ms(window.latency, 0.50),
        p95_ms=quantile_ms(window.latency, 0.95),
        p99_ms=quantile_ms(window.latency, 0.99),
        service_p95_ms=quantile_ms(window.service, 0.95),
        waiting=window.waiting,
        generator_cpu=window.generator_cpu,
        generator_lag_ms=window.generator_lag_ms,
        parse_cpu=_process(sample, before, Role.PARSE_SERVER),
        mongod_cpu=_grown(sample, before, 1e6, "user_us", "system_us"),
        cache_percent=_percent(values.get("cache_bytes"), limit),
        cache_dirty_percent=_percent(values.get("cache_dirty"), limit),
        cache_read_mb_s=_grown(sample, before, 1e6, "cache_read_bytes"),
        tickets_percent=_percent(values.get("read_out"), values.get("read_tickets")),
        queued=values.get("queued"),
        connections=values.get("connections"),
    )


def _percent(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else 100 * part / whole


def _grown(sample: Sample | None, before: Sample | None, unit: float, *names: str) -> float | None:
    """Return how much some counters grew a second, between two samples."""
    if sample is None or before is None or sample.mongo is None or before.mongo is None:
        return None
    seconds = sample.mongo.at - before.mongo.at
    pairs = [(sample.mongo.get(name), before.mongo.get(name)) for name in names]
    if seconds <= 0 or any(None in pair for pair in pairs):
        return None
    return sum((after or 0) - (earlier or 0) for after, earlier in pairs) / unit / seconds


def _process(sample: Sample | None, before: Sample | None, role: Role) -> float | None:
    if sample is None or before is None or sample.at <= before.at:
        return None
    after, earlier = sample.processes.get(role), before.processes.get(role)
    if after is None or earlier is None:
        return None
    return (after.cpu_s - earlier.cpu_s) / (sample.at - before.at)


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.3f}" if isinstance(value, float) else value


def plain_line(second: Second, left_s: float) -> str:
    """Return one second as a line for a log.

    Args:
        second: The newest second.
        left_s: Seconds that are left at most.
    """
    shown = "  ".join(f"{name} {text}" for name, text in _shown(second, left_s).items())
    return f"{second.phase:>8}  {shown}"


def panel_of(second: Second, left_s: float) -> TableEvent:
    """Return one second as a table for a terminal."""
    shown = _shown(second, left_s)
    return TableEvent("now", f"parity size: {second.phase}", tuple(shown), (tuple(shown.values()),))


def _shown(second: Second, left_s: float) -> dict[str, str]:
    percent = 100 * second.failed / second.done if second.done else 0.0
    return {
        "rate": f"{second.intended_rate:,.0f}/s",
        "done": f"{second.done}/s",
        "p95": _text(second.p95_ms, " ms"),
        "errors": f"{percent:.1f} %",
        "cache": _text(second.cache_percent, " %"),
        "Parse": _text(second.parse_cpu, " cores", 2),
        "MongoDB": _text(second.mongod_cpu, " cores", 2),
        "left": f"{left_s:.0f} s at most",
    }


def _text(value: float | None, unit: str, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"
