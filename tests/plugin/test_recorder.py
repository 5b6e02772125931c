from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model import Exchange, ExchangeRequest
from parity.plugin.recorder import waited_s

REQUEST = ExchangeRequest("GET", "http://h/parse/config", {}, b"")


def exchange(start: float, elapsed: float) -> Exchange:
    return Exchange("x", REQUEST, None, elapsed, start)


@pytest.mark.parametrize(
    ("spans", "waited"),
    [
        ([], 0),
        ([(10, 1), (12, 2)], 3),
        ([(10, 4), (11, 1)], 4),
        ([(10, 2), (11, 2)], 3),
        ([(11, 2), (10, 2)], 3),
        ([(10, 1), (10, 1), (10, 1)], 1),
    ],
)
def test_concurrent_requests_are_waited_for_once(
    spans: list[tuple[float, float]], waited: float
) -> None:
    assert waited_s([exchange(*span) for span in spans]) == waited


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 20)), min_size=1))
def test_the_wait_is_between_the_longest_and_the_sum(spans: list[tuple[int, int]]) -> None:
    waited = waited_s([exchange(*span) for span in spans])

    assert max(length for _, length in spans) <= waited <= sum(length for _, length in spans)
