"""A function under way together with another client's write: no order of both is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.capture.recording import RecordedExchange
from parity.jobs.replay.judgement import Answer, Class, Judgement
from parity.jobs.replay.order import Node
from parity.jobs.replay.together import UNDECIDABLE, Together, undecided
from tests.jobs.replay.recorded import exchange, node_of

FUNCTION = exchange("POST", "/functions/f", {}, answer={"result": 1}, at=100.0, lane="a")
WRITE = exchange("POST", "/classes/P", {}, answer={}, at=100.0, lane="b")
READ = exchange("GET", "/classes/P", answer={"results": []}, at=100.0, lane="b")


def marked(*exchanges: RecordedExchange) -> list[bool]:
    together, nodes = Together(), [node_of(one) for one in exchanges]
    for node in nodes:
        together.add(node)
    return [node.is_undecidable for node in nodes]


def lasting(recorded: RecordedExchange, at: float, seconds: float | None) -> RecordedExchange:
    return replace(recorded, at=at, elapsed_ms=None if seconds is None else seconds * 1000)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (lasting(FUNCTION, 100, 2), lasting(WRITE, 101, 2), True),
        (lasting(WRITE, 100, 2), lasting(FUNCTION, 101, 2), True),
        (lasting(FUNCTION, 100, 2), replace(lasting(FUNCTION, 101, 2), lane="b"), True),
        (lasting(FUNCTION, 101, 2), lasting(WRITE, 100, 2), True),
        (lasting(FUNCTION, 100, 1), lasting(WRITE, 101, 1), False),
        (lasting(FUNCTION, 100, 2), replace(lasting(WRITE, 101, 2), lane="a"), False),
        (lasting(FUNCTION, 100, 2), lasting(READ, 101, 2), False),
        (lasting(WRITE, 100, 2), replace(lasting(WRITE, 101, 2), lane="c"), False),
        # Whole seconds of a file that does not say how long anything took show nothing.
        (lasting(FUNCTION, 100, None), lasting(WRITE, 100, None), False),
    ],
)
def test_a_function_and_a_write_of_another_client_that_were_under_way_together(
    one: RecordedExchange, other: RecordedExchange, *, together: bool
) -> None:
    assert marked(one, other) == [together, together]


def test_what_comes_between_hides_neither() -> None:
    reads = [replace(lasting(READ, 100.5, 0.1), lane=f"r{number}") for number in range(40)]
    found = marked(lasting(FUNCTION, 100, 2), *reads, lasting(WRITE, 101, 1))
    assert (found[0], found[-1], any(found[1:-1])) == (True, True, False)


def node(*, undecidable: bool) -> Node:
    found = node_of(FUNCTION)
    found.is_undecidable = undecidable
    return found


@pytest.mark.parametrize("outcome", list(Class))
@pytest.mark.parametrize("undecidable", [True, False])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_only_what_would_differ_is_undecidable_and_no_failure_of_the_server(
    outcome: Class, status: int, *, undecidable: bool
) -> None:
    judgement = Judgement(outcome, learned=[("a", "b")])
    found = undecided(node(undecidable=undecidable), Answer(status, {}, b"", 1.0), judgement)
    if undecidable and outcome is Class.DIFFERENT and status < 500:
        assert (found.outcome, found.reason) == (Class.UNDECIDABLE, UNDECIDABLE)
        assert found.learned == [("a", "b")]
    else:
        assert found is judgement
