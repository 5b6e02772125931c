"""A query that holds "now": what is before and after it stays before and after it."""

from __future__ import annotations

import json
import operator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.capture.recording import RecordedRequest
from parity.jobs.replay.bindings import Times
from parity.jobs.replay.rewrite import Rewriter
from tests.jobs.replay.recorded import dumped, target

RECORDED = datetime(2016, 3, 9, tzinfo=UTC)
LIVE = datetime(2026, 12, 1, tzinfo=UTC)
COMPARE = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def iso(start: datetime, ms: int) -> str:
    at = start + timedelta(milliseconds=ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def times(pairs: list[tuple[int, int]]) -> Times:
    known = Times()
    for number, (old, new) in enumerate(pairs):
        assert known.fits(f"row{number}", iso(RECORDED, old), iso(LIVE, new), number)
    return known


def rewritten(known: Times, where: Any, *, tunnelled: bool = False, literal: bool = False) -> Any:
    def moment(recorded: str, is_first: bool) -> str | None:  # noqa: FBT001
        return known.moment(recorded, is_first=is_first)

    made = Rewriter(target(), "/1", known.live, None if literal else moment)
    if tunnelled:
        body = {"_method": "GET", "where": where}
        found = made.rewrite(RecordedRequest("POST", "/1/classes/P", (), dumped(body)), body)
        return json.loads(found.body)["where"]
    url = "/1/classes/P?where=" + quote(json.dumps(where))
    found = made.rewrite(RecordedRequest("GET", url, (), b""), None)
    return json.loads(parse_qs(urlsplit(found.url).query)["where"][0])


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 50)), min_size=1, max_size=20),
    st.integers(-5000, 10_000),
    st.sampled_from(list(COMPARE)),
    st.integers(-(10**9), 10**9),
)
def test_the_same_rows_are_found_whatever_the_clocks_say(
    gaps: list[tuple[int, int]], asked: int, word: str, offset: int
) -> None:
    old = new = 0
    rows = []
    for old_gap, new_gap in gaps:
        old, new = old + old_gap + 1, new + new_gap
        rows.append((old, new + offset))
    where = {"createdAt": {word: {"__type": "Date", "iso": iso(RECORDED, asked)}}}
    found = rewritten(times(rows), where)["createdAt"][word]["iso"]
    compare = COMPARE[word]
    was = [compare(iso(RECORDED, old), iso(RECORDED, asked)) for old, _ in rows]
    assert [compare(iso(LIVE, new), found) for _, new in rows] == was


NOW = iso(RECORDED, 5000)
KNOWN = [(0, 0), (1000, 10)]


@pytest.mark.parametrize("tunnelled", [True, False])
@pytest.mark.parametrize(
    "where",
    [
        {"updatedAt": {"$lte": NOW}},
        {"$or": [{"a": 1}, {"createdAt": {"$lt": {"__type": "Date", "iso": NOW}}}]},
        {"a": {"$inQuery": {"className": "P", "where": {"createdAt": {"$gt": NOW}}}}},
    ],
)
def test_it_is_found_wherever_a_query_compares_with_a_minted_time(
    where: Any, *, tunnelled: bool
) -> None:
    found = json.dumps(rewritten(times(KNOWN), where, tunnelled=tunnelled))
    assert NOW not in found
    assert iso(LIVE, 4010) in found


@pytest.mark.parametrize(
    "where",
    [
        {"at": {"$lt": {"__type": "Date", "iso": NOW}}},
        {"createdAt": {"$ne": NOW}},
        {"createdAt": {"$lt": "2016-02-30T00:00:00.000Z"}},
        {"createdAt": {"$lt": 5}},
    ],
)
def test_what_an_app_stored_itself_and_what_is_no_time_stays(where: Any) -> None:
    assert rewritten(times(KNOWN), where) == where


def test_a_time_that_was_minted_is_the_live_one() -> None:
    where = {"createdAt": {"$gte": iso(RECORDED, 1000)}}
    assert rewritten(times(KNOWN), where) == {"createdAt": {"$gte": iso(LIVE, 10)}}


def test_nothing_is_shifted_where_the_target_has_the_recorded_times_or_none_is_known() -> None:
    where = {"createdAt": {"$lt": NOW}}
    assert rewritten(times(KNOWN), where, literal=True) == where
    assert rewritten(Times(), where) == where


def test_times_that_were_forgotten_are_forgotten_in_their_order_too() -> None:
    known = Times(in_memory=2)
    for number in range(5):
        assert known.fits(f"r{number}", iso(RECORDED, number * 10), iso(LIVE, number), number)
    assert known.moment(iso(RECORDED, 35), is_first=True) == iso(LIVE, 4)
    assert known.moment(iso(RECORDED, 5), is_first=False) == iso(LIVE, -22)
