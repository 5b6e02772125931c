"""Reading a whole class through REST, from a server that makes it hard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parity.jobs.verify.sources.index import SourceIndex
from parity.jobs.verify.sources.options import SourceOptions
from parity.jobs.verify.sources.pace import Pace, wait_after
from parity.jobs.verify.sources.rest import RestReader
from parity.model import HarnessError, Keys, UserError
from tests.fake_parse import html
from tests.jobs.verify.sources.paged import PagedParse, Rows, answer

COUNT = 730


@pytest.fixture
def server() -> Iterator[PagedParse]:
    with PagedParse() as running:
        running.put("Thing", *({"objectId": f"{n:010}", "n": n} for n in range(COUNT)))
        yield running


@pytest.fixture
def index(tmp_path: Path) -> SourceIndex:
    return SourceIndex(tmp_path / "i.sqlite", "s", resume=False)


class Waits(list[float]):
    """Pauses that nobody waits for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def reader(server: PagedParse, tmp_path: Path, waits: Waits) -> Iterator[RestReader]:
    made = RestReader(server.target(), SourceOptions(tmp_path, pause=waits))
    yield made
    made.close()


def read(reader: RestReader, index: SourceIndex) -> list[Any]:
    reader.read_class("Thing", index, lambda name, rows: None)
    return [entry.value()["n"] for entry in index.entries("Thing")]


def problem(index: SourceIndex) -> str:
    state = index.state("Thing")
    assert state is not None
    return state.problem


def every(times: int, wrong: Callable[[dict[str, Any], Rows], Any]) -> Any:
    """Return a fault that strikes every so many lists."""
    seen = 0

    def fault(name: str, params: dict[str, Any], rows: Rows) -> Any:
        nonlocal seen
        seen += 1
        return wrong(params, rows) if seen % times == 0 else None

    return fault


def test_every_object_is_read_once(reader: RestReader, index: SourceIndex) -> None:
    assert read(reader, index) == list(range(COUNT))
    assert problem(index) == ""


def test_a_server_with_smaller_pages_is_read_to_its_end(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    server.max_limit = 41
    assert read(reader, index) == list(range(COUNT))


@pytest.mark.parametrize(
    "wrong",
    [
        answer(500, {"code": 1, "error": "Internal server error."}),
        answer(429, {"error": "slow down"}),
        answer(400, {"code": 155, "error": "This application has exceeded its request limit."}),
        (200, {"Content-Type": "application/json"}, b'{"results": [{"objectId": "0000000'),
        html(502),
        html(200),
        (200, {}, b""),
        answer(200, {"results": "none"}),
        answer(200, {"results": [{"objectId": "1"}, 5]}),
    ],
    ids=["500", "429", "155", "cut", "html 502", "html 200", "empty", "text", "no object"],
)
def test_an_answer_that_fails_now_and_then_is_asked_for_again(
    server: PagedParse, reader: RestReader, index: SourceIndex, wrong: Any, waits: Waits
) -> None:
    server.fault = every(3, lambda params, rows: wrong)
    assert read(reader, index) == list(range(COUNT))
    assert problem(index) == ""
    assert waits


@pytest.mark.parametrize(
    "wrong",
    [
        lambda params, rows: list(reversed(rows)),
        lambda params, rows: rows + rows[-1:],
        lambda params, rows: [{"objectId": "0000000000"}, *rows] if "where" in params else None,
    ],
    ids=["reversed", "repeated", "again from the start"],
)
def test_a_list_out_of_order_is_never_read_on(
    server: PagedParse, reader: RestReader, index: SourceIndex, wrong: Any
) -> None:
    server.fault = every(2, wrong)
    with pytest.raises(HarnessError, match="out of order"):
        read(reader, index)
    state = index.state("Thing")
    assert state is not None
    assert not state.done


def test_what_a_list_left_out_once_is_found_by_counting(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    struck = False

    def fault(name: str, params: dict[str, Any], rows: Rows) -> Any:
        nonlocal struck
        if struck or len(rows) < 50:
            return None
        struck = True
        return rows[:10] + rows[12:]

    server.fault = fault
    assert read(reader, index) == list(range(COUNT))
    assert problem(index) == ""


def test_what_a_list_always_leaves_out_is_a_problem(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    hidden = f"{400:010}"
    server.fault = lambda name, params, rows: [r for r in rows if r["objectId"] != hidden]
    assert 400 not in read(reader, index)
    assert "counts" in problem(index)


def test_an_empty_list_of_a_class_that_counts_objects_is_a_problem(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    server.fault = lambda name, params, rows: []
    assert read(reader, index) == []
    assert problem(index) == f"the source lists no object and counts {COUNT}"


def test_a_total_that_is_only_approximate_is_no_problem(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    true_answer = server.answer

    def approximate(method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        if query.get("count") and "$lte" not in query["where"]:
            return answer(200, {"results": [], "count": COUNT + 3})
        return true_answer(method, path, query, body)

    server.answer = approximate  # type: ignore[method-assign]
    assert read(reader, index) == list(range(COUNT))
    assert problem(index) == ""


def test_a_server_that_stays_down_is_given_up(
    server: PagedParse, reader: RestReader, index: SourceIndex, waits: Waits
) -> None:
    server.fault = every(1, lambda params, rows: answer(503, {"error": "busy"}))
    with pytest.raises(HarnessError, match="in 8 tries; at last: status 503"):
        read(reader, index)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30]


def test_a_refused_key_is_not_tried_again(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    server.fault = every(1, lambda params, rows: answer(403, {"error": "unauthorized"}))
    with pytest.raises(HarnessError, match="check master_key"):
        read(reader, index)
    assert server.lists == 1


def test_a_run_that_was_stopped_goes_on_where_it_was(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    server.fault = every(4, lambda params, rows: answer(403, {"error": "unauthorized"}))
    with pytest.raises(HarnessError):
        read(reader, index)
    state = index.state("Thing")
    assert state is not None
    assert 0 < state.rows < COUNT
    asked: list[Any] = []

    def note(name: str, params: dict[str, Any], rows: Rows) -> None:
        asked.append(params.get("where"))

    server.fault = note
    assert read(reader, index) == list(range(COUNT))
    assert state.last is not None
    assert asked[0] == {"objectId": {"$gt": state.last.decode()}}


def test_objects_are_fetched_again_by_id(server: PagedParse, reader: RestReader) -> None:
    keys = [b"0000000003", b"0000000700", b"no such id", b"\xed\xa0\x80"]
    found = reader.fetch("Thing", keys)
    assert sorted(found) == [b"0000000003", b"0000000700"]


def test_an_object_is_gone_only_if_the_server_says_so_when_asked_for_it(
    server: PagedParse, reader: RestReader
) -> None:
    server.fault = lambda name, params, rows: []
    keys = [b"0000000003", b"0000000004", b"gone"]
    assert sorted(reader.fetch("Thing", keys, {b"0000000003", b"gone"})) == [b"0000000003"]


def test_small_answers_make_larger_pages_and_large_ones_smaller(
    server: PagedParse, reader: RestReader, index: SourceIndex
) -> None:
    limits: list[int] = []

    def note(name: str, params: dict[str, Any], rows: Rows) -> None:
        limits.append(params["limit"])

    server.fault = note
    server.put("Thing", *({"objectId": f"b{n:03}", "n": n, "x": "y" * 90_000} for n in range(80)))
    reader.read_class("Thing", index, lambda name, rows: None)
    assert max(limits) > 300
    assert limits[-1] < 100


def test_without_a_master_key_nothing_is_read(server: PagedParse, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        RestReader(server.target(keys=Keys()), SourceOptions(tmp_path))
    assert caught.value.code == "source-master-key"


def test_a_source_without_schemas_says_so_at_once(server: PagedParse, reader: RestReader) -> None:
    server.with_schemas = False
    assert reader.schemas() is None


class Clock:
    """Time that goes on only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("rps", "mb_s", "seconds"), [(10, None, 9.9), (None, 2, 4.95), (10, 1, 9.9), (10, 0.5, 19.8)]
)
def test_requests_keep_under_both_rates(
    rps: float | None, mb_s: float | None, seconds: float
) -> None:
    clock = Clock()
    pace = Pace(rps, mb_s, clock.pause, clock)
    for _ in range(100):
        pace.before_request()
        pace.after_answer(100_000)
    assert clock.now == pytest.approx(seconds, rel=0.02)


def test_a_server_that_says_when_to_come_back_is_believed() -> None:
    assert wait_after(1, "7") == 7
    assert wait_after(1, "1000000") == 60
    assert wait_after(4, "soon") == 4
