"""What holds for every recording."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from parity.capture.recording import (
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    SeenIds,
)
from parity.wire import Redactor
from tests.capture.recorded import KEY, read, sequence, write
from tests.examples import examples

TEXT = st.text(max_size=30)
HEADERS = st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple)
BODY = st.binary(max_size=60) | TEXT.map(str.encode)
URL = TEXT.map(lambda text: f"/{text}")
FINITE = st.floats(allow_nan=False, allow_infinity=False)
REQUESTS = st.builds(RecordedRequest, TEXT, URL, HEADERS, BODY)
RESPONSES = st.none() | st.builds(RecordedResponse, st.integers(100, 999), HEADERS, BODY)
EXCHANGES = st.lists(
    st.builds(
        RecordedExchange,
        id=TEXT | st.integers(0, 20).map(str) | st.integers(0, 9).map("a#{}".format),
        lane=TEXT,
        at=FINITE,
        elapsed_ms=st.none() | FINITE,
        request=REQUESTS,
        response=RESPONSES,
        origin=TEXT,
        notes=st.lists(TEXT, max_size=3).map(tuple),
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@given(EXCHANGES, st.sampled_from(["r.jsonl", "r.jsonl.zst"]))
def test_what_is_written_is_read(sent: list[RecordedExchange], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read(write(Path(folder) / name, sent)) == sent


@given(EXCHANGES)
@settings(max_examples=examples(50))
def test_redacting_twice_is_redacting_once(sent: list[RecordedExchange]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        once = read(write(Path(folder) / "1.jsonl", sent, redactor=Redactor({}, KEY)))
        twice = read(write(Path(folder) / "2.jsonl", once, redactor=Redactor({}, KEY)))
        assert once == twice


@given(st.binary(min_size=16, max_size=40))
@settings(max_examples=examples(20))
def test_redacting_real_traffic_twice_is_redacting_it_once(key: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        once = read(write(Path(folder) / "1.jsonl", sequence(), redactor=Redactor({}, key)))
        assert once != sequence()
        twice = read(write(Path(folder) / "2.jsonl", once, redactor=Redactor({}, key)))
        assert once == twice


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a#", "b#", "#"]), st.integers(0, 15)).map(
            lambda pair: f"{pair[0]}{pair[1]}"
        )
        | st.sampled_from(["a#01", "x", "a#-1", "a#", "a#\u0661", "9" * 30])
    )
)
def test_an_id_is_new_exactly_once(ids: list[str]) -> None:
    seen, new = set[str](), SeenIds()
    for id_ in ids:
        assert new.add(id_) is (id_ not in seen)
        seen.add(id_)


def test_ids_that_count_up_take_no_memory() -> None:
    seen = SeenIds()
    assert all(seen.add(f"app#{number}") for number in range(1, 10_001))
    starts, ends = seen._runs["app#"]
    assert (list(starts), list(ends)) == ([1], [10_000])
    assert not seen._others
    assert not seen.add("app#5000")
