"""Which rows a query gave, and in which order."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.replay.judgement import Class, Judgement
from parity.jobs.replay.rows import order_of
from parity.model import Kind
from tests.jobs.replay.recorded import Judging, created, exchange, iso, operation, places

NAMES = [f"recorded{n:02}" for n in range(8)]
MINTED = [f"minted{n:04}" for n in range(8)]
ROWS = {old: new for old, new in zip(NAMES, MINTED, strict=True)}  # noqa: C416 - a dict of str


def asked(
    tmp_path: Path,
    query: str,
    recorded: list[dict[str, Any]],
    live: list[dict[str, Any]],
    *,
    known: int = 8,
    **more: Any,
) -> Judgement:
    """Judge a query after the recording made ``known`` rows."""
    judge = Judging(tmp_path)
    for number in range(known):
        made = {"objectId": MINTED[number], "createdAt": iso(number, 2026)}
        judge(created(number, NAMES[number]), made)
    answer = {"results": recorded} | {k: v[0] for k, v in more.items()}
    now = {"results": live} | {k: v[1] for k, v in more.items()}
    return judge(exchange("GET", f"/classes/Post{query}", answer=answer, number=99), now)


def old(*numbers: int, **fields: Any) -> list[dict[str, Any]]:
    """Return recorded rows; a list gives each its own value of a field."""
    return _rows(NAMES, numbers, fields)


def new(*numbers: int, **fields: Any) -> list[dict[str, Any]]:
    """Return live rows."""
    return _rows(MINTED, numbers, fields)


def _rows(
    names: list[str], numbers: tuple[int, ...], fields: dict[str, Any]
) -> list[dict[str, Any]]:
    return [
        {"objectId": names[number]} | {key: values[place] for key, values in fields.items()}
        for place, number in enumerate(numbers)
    ]


def test_rows_may_come_in_any_order_if_none_was_asked_for(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 1, 2), new(2, 0, 1))
    assert found.outcome is Class.EQUAL


def test_rows_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    found = asked(tmp_path, "?order=n", old(0, 1, 2, n=[1, 2, 3]), new(0, 2, 1, n=[1, 3, 2]))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_rows_that_are_equal_in_what_orders_them_may_change_places(tmp_path: Path) -> None:
    found = asked(tmp_path, "?order=n", old(0, 1, 2, n=[1, 1, 3]), new(1, 0, 2, n=[1, 1, 3]))
    assert found.outcome is Class.EQUAL


def test_a_second_field_orders_what_is_equal_in_the_first(tmp_path: Path) -> None:
    found = asked(
        tmp_path, "?order=n,-m", old(0, 1, n=[1, 1], m=[2, 1]), new(1, 0, n=[1, 1], m=[1, 2])
    )
    assert places(found) == [("$.results", Kind.ORDER)]


def test_a_member_of_an_object_orders_rows(tmp_path: Path) -> None:
    one, two = {"city": "A"}, {"city": "B"}
    found = asked(tmp_path, "?order=at.city", old(0, 1, at=[one, two]), new(1, 0, at=[two, one]))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_the_nearest_come_first_even_if_nothing_else_was_asked_for(tmp_path: Path) -> None:
    where = quote('{"at":{"$nearSphere":{"__type":"GeoPoint","latitude":1,"longitude":2}}}')
    found = asked(tmp_path, f"?where={where}", old(0, 1), new(1, 0))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_the_order_of_minted_ids_is_that_of_the_live_ids(tmp_path: Path) -> None:
    assert asked(tmp_path, "?order=objectId", old(0, 1), new(0, 1)).outcome is Class.EQUAL
    found = asked(tmp_path, "?order=objectId", old(0, 1), new(1, 0))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_ids_that_were_minted_in_another_order_are_in_their_own(tmp_path: Path) -> None:
    # NAMES[1] is bound to MINTED[1]: recorded in descending order, live as well, by its own ids.
    found = asked(tmp_path, "?order=-objectId", old(1, 0), new(1, 0))
    assert found.outcome is Class.EQUAL
    found = asked(tmp_path, "?order=-objectId", old(1, 0), new(0, 1))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_minted_times_are_in_their_own_order(tmp_path: Path) -> None:
    recorded = old(1, 0, createdAt=["2016-03-09T17:12:30.000Z"] * 2)
    right = new(1, 0, createdAt=[iso(1, 2026), iso(0, 2026)])
    wrong = list(reversed(right))
    assert asked(tmp_path, "?order=-createdAt", recorded, right).outcome is Class.EQUAL
    found = asked(tmp_path, "?order=-createdAt", recorded, wrong)
    assert places(found) == [("$.results", Kind.ORDER)]


def test_what_comes_before_a_minted_field_orders_as_recorded(tmp_path: Path) -> None:
    recorded = old(0, 1, n=[1, 2])
    found = asked(tmp_path, "?order=n,objectId", recorded, new(1, 0, n=[2, 1]))
    assert places(found) == [("$.results", Kind.ORDER)]


def test_a_row_that_does_not_come_is_missing(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 1, 2), new(0, 2))
    assert places(found) == [("$.results[1]", Kind.MISSING)]


def test_a_row_that_was_not_recorded_is_one_too_many(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0), new(0, 3))
    assert places(found) == [("$.results[1]", Kind.EXTRA)]


def test_a_row_that_comes_twice_is_one_too_many(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0), new(0, 0))
    assert [kind for _, kind in places(found)] == [Kind.EXTRA]


def test_what_is_wrong_in_a_row_is_reported_where_it_was_recorded(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 1, n=[1, 2]), new(1, 0, n=[3, 1]))
    assert places(found) == [("$.results[1].n", Kind.VALUE)]


def test_rows_from_before_the_recording_are_not_judged(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 7), new(0), known=1)
    assert found.outcome is Class.PRIOR_STATE
    assert places(found) == []


def test_a_row_of_the_recording_is_missed_beside_rows_from_before_it(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 1, 7), new(0), known=2)
    assert (found.outcome, places(found)) == (Class.DIFFERENT, [("$.results[1]", Kind.MISSING)])


def test_a_row_of_the_recording_is_compared_beside_rows_from_before_it(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(0, 7, n=[1, 1]), new(0, n=[2]), known=1)
    assert (found.outcome, places(found)) == (Class.DIFFERENT, [("$.results[0].n", Kind.VALUE)])


def test_rows_that_nobody_recorded_making_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(5, 6, n=[1, 2]), new(6, 5, n=[2, 1]), known=0)
    assert found.outcome is Class.EQUAL
    assert set(found.learned) == {(NAMES[5], MINTED[5]), (NAMES[6], MINTED[6])}


def test_a_limit_without_an_order_lets_the_server_choose(tmp_path: Path) -> None:
    found = asked(tmp_path, "?limit=2", old(0, 1), new(2, 3))
    assert (found.outcome, places(found)) == (Class.UNSUPPORTED, [])


def test_a_limit_without_an_order_lets_no_row_disappear(tmp_path: Path) -> None:
    found = asked(tmp_path, "?limit=2", old(0, 1), new(2))
    assert found.outcome is Class.DIFFERENT


def test_a_limit_that_is_ignored_is_reported(tmp_path: Path) -> None:
    assert asked(tmp_path, "?limit=2", old(0, 1), new(0, 1, 2)).outcome is Class.DIFFERENT
    found = asked(tmp_path, "?limit=2", old(0, 7), new(0, 1, 2), known=3)
    assert found.outcome is Class.DIFFERENT


def test_a_limit_with_an_order_leaves_no_choice(tmp_path: Path) -> None:
    found = asked(tmp_path, "?limit=2&order=n", old(0, 1, n=[1, 2]), new(0, 2, n=[1, 3]))
    assert [kind for _, kind in places(found)] == [Kind.MISSING, Kind.EXTRA]


def test_a_limit_that_was_not_reached_leaves_no_choice(tmp_path: Path) -> None:
    found = asked(tmp_path, "?limit=3", old(0, 1), new(0, 2))
    assert [kind for _, kind in places(found)] == [Kind.MISSING, Kind.EXTRA]


@pytest.mark.parametrize("limit", ["²", "x", "-1", "", "%5B1%5D"])
def test_a_limit_that_is_no_number_is_none(tmp_path: Path, limit: str) -> None:
    assert asked(tmp_path, f"?limit={limit}", old(0), new(0)).outcome is Class.EQUAL


def test_the_count_is_compared(tmp_path: Path) -> None:
    found = asked(tmp_path, "?count=1", old(0), new(0), count=(5, 6))
    assert places(found) == [("$.count", Kind.VALUE)]


def test_the_count_of_rows_from_before_is_not(tmp_path: Path) -> None:
    found = asked(tmp_path, "?count=1", old(7), new(), known=0, count=(5, 6))
    assert (found.outcome, places(found)) == (Class.PRIOR_STATE, [])


def test_another_member_beside_the_rows_is_reported(tmp_path: Path) -> None:
    judge = Judging(tmp_path)
    found = judge(exchange("GET", "/classes/P", answer={"results": []}), {"results": [], "x": 1})
    assert places(found) == [("$.x", Kind.EXTRA)]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("?order=a,-b", [("a", False), ("b", True)]),
        ("?order=%20a%20,%20-b", [("a", False), ("b", True)]),
        ("?order=%2Ba", [("a", False)]),
        ("?order=", None),
        ("", None),
        ("?where=%7B%22a%22:%7B%22$near%22:1%7D%7D", []),
    ],
)
def test_the_order_of_a_query_is_read(query: str, order: list[tuple[str, bool]] | None) -> None:
    assert order_of(operation("GET", "/classes/Post" + query)) == order


@given(st.permutations(range(5)), st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_an_order_is_wrong_exactly_if_a_row_comes_before_a_smaller_one(
    shuffled: list[int], scores: list[int]
) -> None:
    scores = sorted(scores)
    with tempfile.TemporaryDirectory() as folder:
        live_scores = [scores[number] for number in shuffled]
        found = asked(
            Path(folder), "?order=n", old(*range(5), n=scores), new(*shuffled, n=live_scores)
        )
    expected = [] if live_scores == scores else [("$.results", Kind.ORDER)]
    assert places(found) == expected


@pytest.mark.parametrize(
    ("query", "limit", "outcome"),
    [
        ('{"objectId":{"$in":["a","b"]}}', 2, Class.DIFFERENT),
        ('{"objectId":{"$in":["a","b","c"]}}', 2, Class.UNSUPPORTED),
        ('{"objectId":"a"}', 2, Class.DIFFERENT),
    ],
    ids=["all", "some", "one"],
)
def test_a_limit_leaves_no_choice_among_rows_that_are_named(
    tmp_path: Path, query: str, limit: int, outcome: Class
) -> None:
    found = asked(tmp_path, f"?where={quote(query)}&limit={limit}", old(0, 1), new(2, 3))
    assert found.outcome is outcome


def test_rows_with_the_same_content_are_as_many_as_were_recorded(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(5, 6, n=[1, 1]), new(5, 6, n=[1, 1]), known=0)
    assert found.outcome is Class.EQUAL
    assert len(set(found.learned)) == 2


def test_a_row_of_the_recording_is_not_taken_for_one_from_before_it(tmp_path: Path) -> None:
    found = asked(tmp_path, "", old(7, n=[1]), new(0, n=[1]), known=1)
    assert (found.outcome, found.learned) == (Class.DIFFERENT, [])


def test_an_order_that_the_answer_does_not_show_is_not_judged(tmp_path: Path) -> None:
    found = asked(tmp_path, "?order=score&keys=n", old(0, 1, n=[1, 2]), new(1, 0, n=[2, 1]))
    assert (found.outcome, places(found)) == (Class.UNSUPPORTED, [])
    assert "ordered by" in found.reason


def test_rows_in_recorded_order_are_equal_though_nothing_shows_their_order(tmp_path: Path) -> None:
    found = asked(tmp_path, "?order=score&keys=n", old(0, 1, n=[1, 2]), new(0, 1, n=[1, 2]))
    assert found.outcome is Class.EQUAL
