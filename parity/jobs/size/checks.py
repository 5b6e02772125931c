"""A sizing as evidence: a check for each part, and the numbers as tables with charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from parity.jobs.size.codes import PARTS, title_of
from parity.jobs.size.result import Result
from parity.jobs.size.series import Second
from parity.jobs.size.trial import Trial
from parity.jobs.size.usage import Usage
from parity.jobs.size.verdict import Fit, JudgedPart
from parity.model import Outcome
from parity.model.chart import Chart, Limit, Mark
from parity.model.evidence import CheckEvent, Finding, Severity, TableEvent
from parity.model.judged import Judged

OUTCOMES = {
    Fit.FITS: Outcome.PASS,
    Fit.TIGHT: Outcome.PASS,
    Fit.TOO_SMALL: Outcome.FAIL,
    Fit.COULD_NOT_JUDGE: Outcome.ERROR,
    Fit.NOT_VISIBLE: Outcome.UNSUPPORTED,
}
"""A tight server passes, with a warning: it holds the recorded peak."""

GUIDE = "Parse migration guide"


def checks_of(result: Result, target: str) -> Iterator[CheckEvent]:
    """Yield a check for each part."""
    for part in result.sizing.parts:
        yield check_of(part, target)


def check_of(part: JudgedPart, target: str) -> CheckEvent:
    """Return the check of one part.

    Args:
        part: What was judged.
        target: Name of the target.
    """
    seen = "" if part.fit is Fit.FITS else f"{part.fit}: {part.sentence}"
    result = Judged(part.id, title_of(part.id), OUTCOMES[part.fit], seen, _findings(part))
    spec = (GUIDE,) if part.id == "storage" else ()
    return replace(result.event("size", target, area="sizing"), spec=spec)


def _findings(part: JudgedPart) -> tuple[Finding, ...]:
    if part.fit in (Fit.FITS, Fit.NOT_VISIBLE):
        return ()
    is_small = part.fit is Fit.TOO_SMALL
    severity: Severity = "breaking" if is_small else "benign"
    found = PARTS[part.id].finding(remedy=part.remedy)
    return (replace(found, severity=severity, cause=part.sentence, fails=is_small),)


def tables_of(result: Result, rows: list[Second], files: tuple[str, ...]) -> Iterator[TableEvent]:
    """Yield the tables of a sizing.

    Args:
        result: The sizing.
        rows: Every second of it.
        files: Files beside the evidence: ``series.csv``.
    """
    yield _parts(result)
    yield from measured_tables(result, rows)
    yield _saturation(result)
    if result.lines:
        yield _recommendation(result)
    if result.looked.collections:
        yield _collections(result)
    if result.looked.advice is not None:
        yield _indexes(result)
    yield _probes(result)
    if files:
        yield files_table(files)


def files_table(files: tuple[str, ...]) -> TableEvent:
    """Return the table that links the files beside the report."""
    about = {
        "series.csv": "every second of the measurement",
        "size.json": "the whole result for machines",
    }
    rows = tuple((name, about.get(name, "Locust's own report")) for name in files)
    return TableEvent("files", "Files beside this page", ("file", "what is in it"), rows,
                      links=("file",))  # fmt: skip


def measured_tables(result: Result, rows: list[Second]) -> Iterator[TableEvent]:
    """Yield what was measured: the trials, and every second with its charts."""
    objective = result.measurement.objective
    yield trials_table(result.measurement.trials, objective.p95_ms, result.peak, _knee_rate(result))
    yield from series_tables(rows, objective.p95_ms)


def trials_table(
    trials: list[tuple[Trial, Usage]], p95_ms: float, peak: float, knee: float | None
) -> TableEvent:
    """Return the trials by rate, drawn as the knee curve."""
    columns = (
        "rate (1/s)", "phase", "done (1/s)", "p50 (ms)", "p95 (ms)", "p99 (ms)", "failed (%)",
        "Parse Server (cores)", "MongoDB (cores)", "judged as",
    )  # fmt: skip
    marks = [Mark(peak, "recorded peak")]
    if knee is not None and abs(knee - peak) > 0.001:
        marks.append(Mark(knee, "knee"))
    ordered = sorted(trials, key=lambda pair: pair[0].rate)
    return TableEvent(
        "knee",
        "Latency by rate",
        columns,
        tuple(_trial_row(trial, usage) for trial, usage in ordered),
        note="Latency counts from the moment at which a request was meant to be sent.",
        chart=Chart(
            "points",
            x="rate (1/s)",
            y=("p50 (ms)", "p95 (ms)", "p99 (ms)"),
            y_label="latency (ms)",
            y_log=True,
            marks=tuple(marks),
            limits=(Limit(p95_ms, "p95 objective"),),
        ),
    )


def _trial_row(trial: Trial, usage: Usage) -> tuple[object, ...]:
    judged = "meets the objective" if trial.meets else "; ".join(trial.misses)
    return (
        round(trial.rate, 2), str(trial.phase), round(trial.achieved, 2),
        _round(trial.ms(0.5)), _round(trial.ms(0.95)), _round(trial.ms(0.99)),
        round(trial.errors_percent, 3), _round(usage.parse_cpu, 3), _round(usage.mongod_cpu, 3),
        f"{judged} (does not count: {trial.void})" if trial.void else judged,
    )  # fmt: skip


def series_tables(rows: list[Second], p95_ms: float) -> Iterator[TableEvent]:
    """Yield the tables over time, whose charts stand below each other."""
    time = "time (s)"
    yield TableEvent(
        "series-load",
        "Throughput and latency over time",
        (time, "intended (1/s)", "done (1/s)", "p50 (ms)", "p95 (ms)", "failed"),
        tuple(
            (round(r.at_s, 1), round(r.intended_rate, 2), r.done, _round(r.p50_ms),
             _round(r.p95_ms), r.failed)
            for r in rows
        ),
        chart=Chart(
            "line", x=time, y=("intended (1/s)", "done (1/s)"), right=("p50 (ms)", "p95 (ms)"),
            y_label="requests/s", right_label="latency (ms)", right_log=True,
            limits=(Limit(p95_ms, "p95 objective", "right"),), group="time",
        ),
    )  # fmt: skip
    yield TableEvent(
        "series-mongo",
        "Cache and tickets over time",
        (time, "cache (%)", "dirty (%)", "tickets out (%)", "read into cache (MB/s)", "queued"),
        tuple(
            (round(r.at_s, 1), _round(r.cache_percent), _round(r.cache_dirty_percent),
             _round(r.tickets_percent), _round(r.cache_read_mb_s, 2), _round(r.queued))
            for r in rows
        ),
        chart=Chart(
            "line", x=time, y=("cache (%)", "dirty (%)", "tickets out (%)"),
            right=("read into cache (MB/s)",), y_label="%", right_label="MB/s", group="time",
        ),
    )  # fmt: skip
    yield TableEvent(
        "series-cpu",
        "CPU and connections over time",
        (time, "Parse Server (cores)", "MongoDB (cores)", "generator (cores)", "connections"),
        tuple(
            (round(r.at_s, 1), _round(r.parse_cpu, 3), _round(r.mongod_cpu, 3),
             _round(r.generator_cpu, 3), _round(r.connections))
            for r in rows
        ),
        chart=Chart(
            "line", x=time, y=("Parse Server (cores)", "MongoDB (cores)", "generator (cores)"),
            right=("connections",), y_label="cores", right_label="connections", group="time",
        ),
    )  # fmt: skip


def _knee_rate(result: Result) -> float | None:
    knee = result.measurement.knee
    return knee.rate if knee else None


def _parts(result: Result) -> TableEvent:
    sizing = result.sizing
    rows = [(part.id, str(part.fit), part.sentence, part.remedy) for part in sizing.parts]
    return TableEvent(
        "verdict",
        f"Verdict: {sizing.fit} (confidence {sizing.confidence})",
        ("part", "verdict", "why", "what to do"),
        tuple(rows),
        note=f"{result.sentence} Confidence {sizing.confidence}: {sizing.why}.",
    )


def _saturation(result: Result) -> TableEvent:
    found = result.saturation
    columns = ("part", "pressure", "score", "numbers")
    if found is None:
        return TableEvent("saturation", "What saturates first", columns, ())
    rows: list[tuple[object, ...]] = [
        (str(suspect.part), round(suspect.pressure, 3), round(suspect.score, 3), suspect.evidence)
        for suspect in found.suspects
    ]
    rows += [(str(part), None, None, "not visible") for part in found.not_visible]
    share = found.mongo_share
    where = "" if share is None else f" MongoDB says that {share:.0%} of a request's time was its."
    return TableEvent(
        "saturation",
        "What saturates first",
        columns,
        tuple(rows),
        note=f"Pressure 1 is at the limit; the score weighs it with the side on which the time is "
        f"lost.{where} Confidence {found.confidence}: {found.why}.",
        chart=Chart("bars", x="part", y=("score",), y_label="score") if rows else None,
    )


def _recommendation(result: Result) -> TableEvent:
    return TableEvent(
        "recommendation",
        "Recommended size",
        ("quantity", "value", "unit", "where it comes from", "formula"),
        tuple(
            (line.quantity, round(line.value, 3), line.unit, line.source, line.formula)
            for line in result.lines
        ),
        note="Each line uses only numbers that stand above it.",
    )


def _collections(result: Result) -> TableEvent:
    rows = []
    for facts in sorted(result.looked.collections, key=lambda facts: -facts.bytes):
        unused = [name for name, uses in (facts.index_uses or {}).items() if not uses]
        rows.append(
            (facts.name, facts.documents, _mb(facts.bytes), _mb(facts.storage_bytes),
             _mb(sum(facts.index_bytes.values())), _mb(facts.cached_bytes),
             ", ".join(sorted(set(unused) - {"_id_"})))
        )  # fmt: skip
    columns = (
        "collection", "documents", "documents (MB)", "on disk (MB)", "indexes (MB)",
        "in the cache (MB)", "indexes without a use since the server's start",
    )  # fmt: skip
    return TableEvent("collections", "Collections of the profile", columns, tuple(rows))


def _indexes(result: Result) -> TableEvent:
    advice = result.looked.advice
    assert advice is not None
    rows = tuple(
        (
            query.signature, str(query.use), ", ".join(map(str, query.codes)), round(query.rate, 3),
            round(query.cost.docs) if query.cost else None,
            round(query.cost.returned) if query.cost else None,
            round(query.cost.ms, 2) if query.cost else None,
            query.advice or "; ".join(
                p.shell for p in advice.proposals if query.signature in p.serves
            ),
        )
        for query in advice.judged
    )  # fmt: skip
    columns = (
        "query", "verdict", "codes", "at the peak (1/s)", "documents examined", "returned", "ms",
        "command",
    )  # fmt: skip
    return TableEvent("indexes", "Queries and their indexes", columns, rows,
                      note=" ".join(advice.notes))  # fmt: skip


def _probes(result: Result) -> TableEvent:
    looked, cost = result.looked, result.looked.cost
    rows: list[tuple[str, str]] = [
        ("cost on our side", f"{100 * cost.client_cores:.2f} % of a core"),
        ("cost on MongoDB's side", f"at most {100 * cost.server_cores:.2f} % of a core"),
        ("bytes from MongoDB", f"{cost.bytes_s / 1000:.0f} kB/s"),
        ("samples", str(cost.samples)),
    ]
    rows += [(part, f"not visible: {why}") for part, why in looked.hidden.items()]
    facts = looked.facts
    if facts is not None:
        rows.append(("MongoDB", facts.version))
        rows += [(name, f"not visible: {why}") for name, why in facts.not_visible.items()]
    generation = result.measurement.generation
    ceiling = generation.ceiling
    rows.append(("generator", f"{generation.workers} processes, {generation.cores:.2f} cores"))
    rows.append(
        ("generator's own ceiling",
         "not calibrated" if ceiling is None else f"{ceiling:,.0f} requests/s")
    )  # fmt: skip
    return TableEvent("probes", "How it was measured", ("what", "value"), tuple(rows))


def _mb(value: int | None) -> float | None:
    return None if value is None else round(value / 1e6, 2)


def _round(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
