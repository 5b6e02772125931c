"""Adds up what became of a replay: by signature, by client, by Difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from parity.jobs.replay.judgement import Class, Judgement, place
from parity.jobs.replay.latency import Latency
from parity.model import Difference

EXAMPLES = 3
"""Exchanges of a cluster that are kept to be shown."""
MOST_CLUSTERS = 2_000
"""Clusters that are told apart; what comes after is counted under one name."""

JUDGED = (Class.EQUAL, Class.KNOWN, Class.DIFFERENT)


@dataclass(slots=True)
class Cluster:
    """Differences of one kind at one place in one signature.

    Attributes:
        difference: The first that was seen.
        exchanges: Number of exchanges that show it.
        clients: The lanes that it hit.
        examples: Ids of the first exchanges.
        follows: How many of them follow from an earlier Difference, by the exchange of that.
    """

    difference: Difference
    exchanges: int = 0
    clients: set[str] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)
    follows: Counter[str] = field(default_factory=Counter)

    @property
    def is_consequence(self) -> bool:
        """Whether every one of them follows from another Difference."""
        return self.follows.total() == self.exchanges


@dataclass(slots=True)
class OfSignature:
    """What became of the exchanges of one signature.

    Attributes:
        outcomes: Number of exchanges by outcome.
        clients: Lanes that sent it and were hit by a Difference.
        reasons: Why some were not judged.
        clusters: Differences that nothing explains.
        known: Known differences: the entry's id, number of exchanges, an example.
        elapsed_ms: Sum of the live latencies.
    """

    outcomes: Counter[Class] = field(default_factory=Counter)
    clients: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    clusters: dict[tuple[str, str], Cluster] = field(default_factory=dict)
    known: dict[str, tuple[int, Difference]] = field(default_factory=dict)
    elapsed_ms: float = 0.0

    @property
    def total(self) -> int:
        """Number of exchanges."""
        return self.outcomes.total()


class Tally:
    """Adds up judgements. Its memory depends on signatures and clients, not on exchanges."""

    def __init__(self) -> None:
        self.signatures: dict[str, OfSignature] = {}
        self.outcomes: Counter[Class] = Counter()
        self.clients: dict[str, bool] = {}
        self.latency: dict[str, Latency] = {}

    def add(
        self,
        signature: str,
        action: str,
        lane: str,
        exchange_id: str,
        judgement: Judgement,
        *,
        recorded_ms: float | None,
        live_ms: float | None,
        follows: str = "",
    ) -> bool:
        """Add one exchange.

        Args:
            signature: Its signature.
            action: Kind of operation, for latencies.
            lane: Its client.
            exchange_id: Its id in the recording.
            judgement: What became of it.
            recorded_ms: How long it took when it was recorded.
            live_ms: How long it took now.
            follows: Id of the exchange whose Difference this one follows from.

        Returns:
            Whether it is one of the first of its cluster and worth being shown.
        """
        of = self.signatures.get(signature)
        if of is None:
            of = self.signatures[signature] = OfSignature()
        outcome = judgement.outcome
        of.outcomes[outcome] += 1
        self.outcomes[outcome] += 1
        if judgement.reason:
            of.reasons[judgement.reason] += 1
        if live_ms is not None:
            of.elapsed_ms += live_ms
            if recorded_ms is not None:
                self.latency.setdefault(action, Latency()).add(recorded_ms, live_ms)
        self.clients[lane] = self.clients.get(lane, True) and outcome is not Class.DIFFERENT
        if not judgement.differences:
            return outcome is Class.ERROR and of.outcomes[outcome] <= EXAMPLES
        if outcome is Class.DIFFERENT:
            of.clients.add(lane)
        return _differences(of, lane, exchange_id, judgement, follows)

    @property
    def total(self) -> int:
        """Number of exchanges."""
        return self.outcomes.total()

    @property
    def judged(self) -> int:
        """Number of exchanges whose behaviour was judged."""
        return sum(self.outcomes[each] for each in JUDGED)

    def same_requests(self) -> tuple[int, int]:
        """Return how many judged exchanges behave the same (known differences included)."""
        return self.judged - self.outcomes[Class.DIFFERENT], self.judged

    def same_signatures(self) -> tuple[int, int]:
        """Return how many judged signatures behave the same, of how many."""
        judged = [s for s in self.signatures.values() if any(s.outcomes[each] for each in JUDGED)]
        return sum(not each.outcomes[Class.DIFFERENT] for each in judged), len(judged)

    def same_clients(self) -> tuple[int, int]:
        """Return how many clients saw no Difference, of how many."""
        return sum(self.clients.values()), len(self.clients)

    def known(self) -> Counter[str]:
        """Return how many exchanges showed each known difference, by its id."""
        found: Counter[str] = Counter()
        for of in self.signatures.values():
            for entry, (count, _) in of.known.items():
                found[entry] += count
        return found


def _differences(
    of: OfSignature, lane: str, exchange_id: str, judgement: Judgement, follows: str
) -> bool:
    is_new = False
    for entry in {known for _, known in judgement.differences if known is not None}:
        count, example = of.known.get(entry, (0, _first(judgement, entry)))
        of.known[entry] = (count + 1, example)
    unknown = {
        (place(each), str(each.kind)): each
        for each, known in reversed(judgement.differences)
        if known is None
    }
    for key, each in _bounded(unknown.items(), of):
        cluster = of.clusters.get(key)
        if cluster is None:
            cluster = of.clusters[key] = Cluster(each)
        cluster.exchanges += 1
        cluster.clients.add(lane)
        if follows:
            cluster.follows[follows] += 1
        if len(cluster.examples) < EXAMPLES:
            cluster.examples.append(exchange_id)
            is_new = True
    return is_new


def _first(judgement: Judgement, entry: str) -> Difference:
    return next(each for each, known in judgement.differences if known == entry)


def _bounded(
    found: Iterable[tuple[tuple[str, str], Difference]], of: OfSignature
) -> Iterable[tuple[tuple[str, str], Difference]]:
    for key, each in found:
        full = len(of.clusters) >= MOST_CLUSTERS and key not in of.clusters
        yield (("$…", "other"), each) if full else (key, each)
