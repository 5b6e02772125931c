"""Adding up what became of a replay."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.judgement import Class, Judgement
from parity.jobs.replay.tally import EXAMPLES, JUDGED, MOST_CLUSTERS, Tally
from parity.model import Difference, Kind

HERE = Difference("$.results[3].n", Kind.VALUE, 1, 2)
THERE = Difference("$.results[7].n", Kind.VALUE, 5, 6)
TYPE = Difference("$.results[7].n", Kind.TYPE, 5, "5")


def add(
    tally: Tally,
    judgement: Judgement | Class,
    *,
    signature: str = "GET /classes/P",
    lane: str = "a",
    number: int = 1,
    follows: str = "",
    recorded_ms: float | None = 5.0,
    live_ms: float | None = 4.0,
) -> bool:
    """Add one exchange."""
    judged = judgement if isinstance(judgement, Judgement) else Judgement(judgement)
    return tally.add(
        signature,
        "query",
        lane,
        str(number),
        judged,
        recorded_ms=recorded_ms,
        live_ms=live_ms,
        follows=follows,
    )


def different(*found: Difference) -> Judgement:
    """Return a judgement with Differences that nothing explains."""
    return Judgement(Class.DIFFERENT, [(each, None) for each in found])


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Class)), st.sampled_from("abc"), st.sampled_from("xyz")),
        max_size=40,
    )
)
def test_shares_are_what_counting_says(added: list[tuple[Class, str, str]]) -> None:
    tally = Tally()
    for number, (outcome, lane, signature) in enumerate(added):
        judgement = different(HERE) if outcome is Class.DIFFERENT else Judgement(outcome)
        add(tally, judgement, lane=lane, signature=signature, number=number)
    judged = [each for each in added if each[0] in JUDGED]
    wrong = [each for each in added if each[0] is Class.DIFFERENT]
    assert tally.total == len(added)
    assert tally.outcomes == Counter(outcome for outcome, _, _ in added)
    assert tally.same_requests() == (len(judged) - len(wrong), len(judged))
    names = {name for _, _, name in judged}
    assert tally.same_signatures() == (len(names - {n for _, _, n in wrong}), len(names))
    lanes = {lane for _, lane, _ in added}
    assert tally.same_clients() == (len(lanes - {lane for _, lane, _ in wrong}), len(lanes))


def test_what_was_not_judged_is_neither_the_same_nor_different() -> None:
    tally = Tally()
    for each in (Class.PRIOR_STATE, Class.UNSUPPORTED, Class.NOT_SENT, Class.ERROR):
        add(tally, each)
    assert (tally.judged, tally.same_requests(), tally.same_signatures()) == (0, (0, 0), (0, 0))


def test_one_place_is_one_cluster_whatever_the_row() -> None:
    tally = Tally()
    add(tally, different(HERE), number=1, lane="a")
    add(tally, different(THERE), number=2, lane="b")
    add(tally, different(TYPE), number=3, lane="b")
    clusters = tally.signatures["GET /classes/P"].clusters
    assert {key: each.exchanges for key, each in clusters.items()} == {
        ("$.results[*].n", "value"): 2,
        ("$.results[*].n", "type"): 1,
    }
    first = clusters["$.results[*].n", "value"]
    assert (first.clients, first.examples, first.difference) == ({"a", "b"}, ["1", "2"], HERE)


def test_an_exchange_counts_once_in_a_cluster() -> None:
    tally = Tally()
    add(tally, different(HERE, THERE))
    (cluster,) = tally.signatures["GET /classes/P"].clusters.values()
    assert (cluster.exchanges, cluster.difference) == (1, HERE)


def test_the_first_examples_of_a_cluster_are_worth_showing() -> None:
    tally = Tally()
    shown = [add(tally, different(HERE), number=n) for n in range(EXAMPLES + 2)]
    assert shown == [True] * EXAMPLES + [False] * 2
    assert add(tally, different(TYPE), number=99)
    errors = [add(tally, Class.ERROR, number=n, signature="s") for n in range(EXAMPLES + 1)]
    assert errors == [True] * EXAMPLES + [False]
    assert not add(tally, Class.EQUAL)


def test_a_cluster_is_a_consequence_only_if_all_of_it_follows() -> None:
    tally = Tally()
    add(tally, different(HERE), follows="7")
    (cluster,) = tally.signatures["GET /classes/P"].clusters.values()
    assert cluster.is_consequence
    add(tally, different(HERE))
    assert not cluster.is_consequence


def test_known_differences_are_counted_by_entry() -> None:
    tally = Tally()
    one = Judgement(Class.KNOWN, [(HERE, "KD-1"), (THERE, "KD-1"), (TYPE, "KD-2")])
    add(tally, one)
    add(tally, Judgement(Class.DIFFERENT, [(HERE, "KD-1"), (TYPE, None)]), signature="other")
    assert tally.known() == {"KD-1": 2, "KD-2": 1}
    assert len(tally.signatures["other"].clusters) == 1


def test_a_client_that_saw_a_difference_once_was_hit() -> None:
    tally = Tally()
    add(tally, different(HERE))
    add(tally, Class.EQUAL)
    assert tally.same_clients() == (0, 1)
    assert tally.signatures["GET /classes/P"].clients == {"a"}


def test_the_number_of_clusters_is_bounded() -> None:
    tally = Tally()
    for number in range(MOST_CLUSTERS + 50):
        add(tally, different(Difference(f"$.f{number}", Kind.VALUE, 1, 2)), number=number)
    clusters = tally.signatures["GET /classes/P"].clusters
    assert len(clusters) == MOST_CLUSTERS + 1
    assert sum(cluster.exchanges for cluster in clusters.values()) == MOST_CLUSTERS + 50


def test_reasons_and_times_are_added_up() -> None:
    tally = Tally()
    add(tally, Judgement(Class.PRIOR_STATE, reason="r"), live_ms=2.0)
    add(tally, Judgement(Class.PRIOR_STATE, reason="r"), live_ms=None)
    add(tally, Class.EQUAL, live_ms=3.0, recorded_ms=None)
    of = tally.signatures["GET /classes/P"]
    assert (of.reasons, of.elapsed_ms, of.total) == ({"r": 2}, 5.0, 3)
    assert tally.latency["query"].pairs == 1
