from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.html.ticks import LARGEST, amount, decimals_of, number, ticks

values = st.floats(-LARGEST, LARGEST).map(lambda each: number(each) or 0.0)
positive = st.floats(1 / LARGEST, LARGEST)
abouts = st.integers(2, 12)


@given(values, values, abouts)
def test_ticks_cover_the_range_and_are_few(a: float, b: float, about: int) -> None:
    low, high = min(a, b), max(a, b)

    found = ticks(low, high, about=about)

    assert found.low <= low <= high <= found.high
    assert 2 <= len(found.values) <= about + 3
    assert list(found.values) == sorted(set(found.values))
    assert all(map(math.isfinite, found.values))


@given(positive, positive, abouts)
def test_ticks_of_magnitudes_cover_the_range_and_are_few(a: float, b: float, about: int) -> None:
    low, high = min(a, b), max(a, b)

    found = ticks(low, high, about=about, log=True)

    assert 0 < found.low <= low <= high <= found.high
    assert 2 <= len(found.values) <= about * 2 + 2
    assert list(found.values) == sorted(set(found.values))


@given(values, values, abouts)
def test_no_two_places_are_called_the_same(a: float, b: float, about: int) -> None:
    linear = ticks(min(a, b), max(a, b), about=about)
    a, b = max(abs(a), 1e-50), max(abs(b), 1e-50)
    magnitudes = ticks(min(a, b), max(a, b), about=about, log=True)

    for found in (linear, magnitudes):
        assert len(set(found.labels)) == len(found.values) == len(found.labels)


@given(st.floats(-1e4, 1e4), st.floats(0.01, 1e6))
def test_places_are_round(low: float, extent: float) -> None:
    found = ticks(low, low + extent)
    steps = {round(b - a, 12) for a, b in pairwise(found.values)}

    mantissa = float(f"{min(steps):.6e}".split("e")[0])
    assert any(mantissa == pytest.approx(each, rel=1e-4) for each in (1, 2, 5, 10))
    assert max(steps) == pytest.approx(min(steps))


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (0, 1200, False, "0 500 1,000 1,500"),
        (0, 0.5, False, "0 0.1 0.2 0.3 0.4 0.5"),
        (0, 2.5e8, False, "0 50 M|100 M|150 M|200 M|250 M"),
        (-3, 3, False, "-4 -2 0 2 4"),
        (5, 5, False, "2 3 4 5 6 7 8"),
        (0, 0, False, "0 0.2 0.4 0.6 0.8 1.0"),
        (0, 0.1, False, "0 0.02 0.04 0.06 0.08 0.10"),
        (0, 1e-9, False, "0 2e-10 4e-10 6e-10 8e-10 1e-9"),
        (1, 1000, True, "1 10 100 1,000"),
        (3, 40, True, "2 5 10 20 50"),
        (1e-3, 1e9, True, "0.001 1 1,000 1 M|1 G"),
    ],
)
def test_places_read_as_people_write_them(
    low: float, high: float, *, log: bool, labels: str
) -> None:
    text = labels.replace(" M|", "_M ").replace(" G", "_G").replace(" M", "_M")

    assert " ".join(label.replace(" ", "_") for label in ticks(low, high, log=log).labels) == text


@pytest.mark.parametrize(
    "cell", [None, "7", True, False, [1], {"a": 1}, math.nan, math.inf, -math.inf, 1e101, 10**400]
)
def test_what_is_no_measurement_is_no_number(cell: object) -> None:
    assert number(cell) is None


def test_a_logarithmic_axis_has_no_place_for_zero() -> None:
    assert (number(0), number(0, log=True), number(-1, log=True)) == (0.0, None, None)
    assert number(3, log=True) == 3.0


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.1 + 0.2, "0.3"), (1234567.891, "1,234,568"), (12.3456, "12.35"), (7.0, "7"),
     (-0.0001236, "-0.0001236"), (2e-9, "2e-09"), (3.2e18, "3.2e+18")],
)  # fmt: skip
def test_amounts_are_for_people(value: float, shown: str) -> None:
    assert amount(value) == shown


@given(st.floats(1e-5, 1e14))
def test_an_amount_keeps_four_digits(value: float) -> None:
    assert float(amount(value).replace(",", "")) == pytest.approx(value, rel=1e-3)
    assert 0 <= decimals_of(value) <= 9
