"""A replay in numbers: shares, clusters of differences, latencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from parity.jobs.replay.evidence import MOST_SHOWN, Subject
from parity.jobs.replay.judgement import Class
from parity.jobs.replay.survey import Survey
from parity.jobs.replay.tally import Cluster, Tally
from parity.model.evidence import TableEvent

_EXPLAINED: Final = {
    Class.EQUAL: "behaves as recorded",
    Class.KNOWN: "differs only in what is registered and explained",
    Class.DIFFERENT: "differs, and nothing explains it",
    Class.PRIOR_STATE: "depends on rows, users or sessions from before the recording",
    Class.UNDECIDABLE: "a function and a write of another client were under way together",
    Class.UNSUPPORTED: "could not be judged here",
    Class.NOT_SENT: "was not sent, for safety",
    Class.ERROR: "got no answer: the network or the harness",
}


def headline(tally: Tally, subject: Subject) -> str:
    """Return the replay in one or two sentences."""
    (same, judged), (same_signatures, signatures) = tally.same_requests(), tally.same_signatures()
    same_clients, clients = tally.same_clients()
    if not judged:
        return f"None of {tally.total:,} requests could be judged on {subject.target}."
    text = (
        f"{_percent(same, judged)} of {judged:,} judged requests behave the same on "
        f"{subject.target} as in {subject.expected}"
    )
    if known := tally.outcomes[Class.KNOWN]:
        text += f" ({known:,} of them but for registered differences)"
    if same_signatures == signatures:
        text += f"; all {signatures:,} signatures and {clients:,} clients do."
    else:
        text += (
            f"; {signatures - same_signatures:,} of {signatures:,} signatures differ, which hits "
            f"{clients - same_clients:,} of {clients:,} clients."
        )
    return text


def tables(tally: Tally, subject: Subject, survey: Survey) -> Iterator[TableEvent]:
    """Yield the numbers of a replay.

    Args:
        tally: Of the whole replay.
        subject: What was replayed.
        survey: What the recording holds.
    """
    yield _shares(tally, subject)
    yield TableEvent(
        "exchanges",
        f"What became of the requests on {subject.target}",
        ("outcome", "requests", "what it means"),
        tuple(
            (outcome.value, tally.outcomes[outcome], _EXPLAINED[outcome])
            for outcome in Class
            if tally.outcomes[outcome]
        ),
        f"The recording holds {survey.exchanges:,} requests of {survey.lanes:,} clients"
        f"{_span(survey)}.",
    )
    if clusters := _ranked(tally):
        yield _clusters(clusters, subject)
    if reasons := _reasons(tally):
        yield TableEvent(
            "reasons",
            f"Not judged, or in part only, on {subject.target}",
            ("why", "requests"),
            tuple(reasons.most_common(MOST_SHOWN)),
        )
    if tally.latency:
        yield _latency(tally, subject)


@dataclass(frozen=True, slots=True)
class Part:
    """How many of some are the same."""

    same: int
    judged: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Exchanges that differ at one place, as ``--json`` prints them.

    Attributes:
        signature: The request, without values.
        path: JSON path.
        kind: How it differs.
        requests: How many.
        clients: How many clients are hit.
        follows: The exchange of the earlier difference that all of them follow from.
        examples: The first exchanges.
    """

    signature: str
    path: str
    kind: str
    requests: int
    clients: int
    follows: str | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What ``parity replay --json`` prints beside the verdict."""

    recording: str
    target: str
    compared_with: str
    headline: str
    outcomes: dict[str, int]
    requests: Part
    signatures: Part
    clients: Part
    differences: tuple[Difference, ...]
    known_differences: dict[str, int]
    reasons: dict[str, int]


def result(tally: Tally, subject: Subject) -> Result:
    """Return the replay as numbers for machines.

    Args:
        tally: Of the whole replay.
        subject: What was replayed.
    """
    return Result(
        subject.recording,
        subject.target,
        subject.expected,
        headline(tally, subject),
        {outcome.value: count for outcome, count in tally.outcomes.most_common()},
        Part(*tally.same_requests()),
        Part(*tally.same_signatures()),
        Part(*tally.same_clients()),
        tuple(
            Difference(
                name,
                cluster.difference.path,
                str(cluster.difference.kind),
                cluster.exchanges,
                len(cluster.clients),
                _root_of(cluster),
                tuple(cluster.examples),
            )
            for name, cluster in _ranked(tally)
        ),
        dict(tally.known()),
        dict(_reasons(tally)),
    )


def _ranked(tally: Tally) -> list[tuple[str, Cluster]]:
    return sorted(
        (
            (name, cluster)
            for name, of in tally.signatures.items()
            for cluster in of.clusters.values()
        ),
        key=lambda item: (item[1].is_consequence, -len(item[1].clients), -item[1].exchanges),
    )


def _reasons(tally: Tally) -> Counter[str]:
    return sum((of.reasons for of in tally.signatures.values()), Counter[str]())


def _root_of(cluster: Cluster) -> str | None:
    return cluster.follows.most_common(1)[0][0] if cluster.is_consequence else None


def _shares(tally: Tally, subject: Subject) -> TableEvent:
    rows = []
    for name, (same, total) in (
        ("requests", tally.same_requests()),
        ("signatures", tally.same_signatures()),
        ("clients", tally.same_clients()),
    ):
        rows.append((name, same, total, _percent(same, total)))
    return TableEvent(
        "verdict",
        f"How much of the traffic behaves the same on {subject.target}",
        ("of", "the same", "judged", "share"),
        tuple(rows),
        "Known differences count as the same; what could not be judged counts as neither.",
    )


def _clusters(clusters: list[tuple[str, Cluster]], subject: Subject) -> TableEvent:
    note = "Ranked by clients hit; what follows from an earlier difference comes last."
    if len(clusters) > MOST_SHOWN:
        note += f" {len(clusters) - MOST_SHOWN:,} more are in the evidence of each signature."
    return TableEvent(
        "differences",
        f"Differences on {subject.target}",
        ("signature", "place", "requests", "clients", "follows from", "example"),
        tuple(
            (
                name,
                f"{cluster.difference.path} ({cluster.difference.kind})",
                cluster.exchanges,
                len(cluster.clients),
                _root_of(cluster),
                cluster.examples[0],
            )
            for name, cluster in clusters[:MOST_SHOWN]
        ),
        note,
    )


def _latency(tally: Tally, subject: Subject) -> TableEvent:
    rows = []
    for action, latency in sorted(tally.latency.items(), key=lambda item: -item[1].pairs):
        (old_median, new_median), (old_p95, new_p95) = map(latency.quantiles, (0.5, 0.95))
        ratio = latency.ratio
        rows.append(
            (
                action,
                latency.pairs,
                f"{old_median:.1f} → {new_median:.1f}",
                f"{old_p95:.1f} → {new_p95:.1f}",
                None if ratio is None else f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})",
            )
        )
    return TableEvent(
        "latency",
        f"Latency on {subject.target}, in milliseconds",
        ("operation", "pairs", "median", "95th percentile", "ratio (95 % interval)"),
        tuple(rows),
        f"From {subject.expected} to now, request by request; below 1 is faster. The networks "
        "differ, so read it as a trend.",
    )


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "-"
    # Never "100 %" while one is different.
    share = part / whole * 100
    text = f"{share:.2f}" if share < 99.995 or part == whole else "99.99"
    return f"{text.rstrip('0').rstrip('.')} %"


def _span(survey: Survey) -> str:
    if not survey.started_at:
        return ""
    first, last = (
        datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")
        for moment in (survey.started_at, survey.ended_at)
    )
    return f", {first} to {last} UTC"
