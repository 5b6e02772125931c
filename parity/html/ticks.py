"""Round places on an axis, and numbers for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

LARGEST: Final = 1e100
"""No axis goes further; a number beyond it is no measurement."""

_STEPS: Final = (Decimal(1), Decimal(2), Decimal(5))
_FLAT: Final = 1e-9
_UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_PLAIN_UP_TO: Final = 1e5
_SCIENTIFIC_FROM: Final = 1e15
_FINEST: Final = 6
_SIGNIFICANT: Final = 4


@dataclass(frozen=True, slots=True)
class Ticks:
    """Places on an axis, ascending: the first is at or below the range, the last at or above it.

    Attributes:
        values: The places.
        labels: What is written at each; no two are the same.
    """

    values: tuple[float, ...]
    labels: tuple[str, ...]

    @property
    def low(self) -> float:
        """Where the axis starts."""
        return self.values[0]

    @property
    def high(self) -> float:
        """Where it ends; above :attr:`low`."""
        return self.values[-1]


def number(cell: Any, *, log: bool = False) -> float | None:
    """Return a cell as a number that an axis can show, or ``None`` if it is none.

    Args:
        cell: Anything that evidence may hold.
        log: Whether the axis is logarithmic: it has no place for zero and below.
    """
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        value = float(cell)
    except OverflowError:
        return None
    if abs(value) < 1 / LARGEST:
        value = 0.0
    shown = abs(value) <= LARGEST and (value > 0 or not log)
    return value if shown else None


def ticks(low: float, high: float, *, about: int = 6, log: bool = False) -> Ticks:
    """Return round places that cover a range.

    Args:
        low: Lower end; a number that :func:`number` gave, so that it is neither huge nor tiny.
        high: Upper end, not below ``low``.
        about: How many there should be; at least 2.
        log: Whether the axis is logarithmic; then both ends are above zero.
    """
    return _decades(low, high, about) if log else _linear(*_widened(low, high), about)


def _widened(low: float, high: float) -> tuple[float, float]:
    """Give a range without extent some, so that a constant is a line in the middle."""
    largest = max(abs(low), abs(high))
    if high - low > largest * _FLAT:
        return low, high
    if largest == 0:
        return 0.0, 1.0
    return low - largest / 2, high + largest / 2


def _linear(low: float, high: float, about: int) -> Ticks:
    # Decimals, because 0.1 * 3 is not 0.3, and a label would show it.
    start, end = Decimal(repr(float(low))), Decimal(repr(float(high)))
    least = (end - start) / max(about - 1, 1)
    magnitude = Decimal(1).scaleb(least.adjusted())
    step = next(each * magnitude for each in (*_STEPS, Decimal(10)) if each * magnitude >= least)
    first = (start / step).to_integral_value("ROUND_FLOOR")
    last = (end / step).to_integral_value("ROUND_CEILING")
    # Dividing rounds to the context's digits, and the next float may round once more.
    while float(first * step) > low:
        first -= 1
    while float(last * step) < high:
        last += 1
    places = [step * (first + count) for count in range(int(last - first) + 1)]
    largest = max(abs(float(places[0])), abs(float(places[-1])))
    return Ticks(
        tuple(float(place) for place in places),
        tuple(_label(place, step, largest) for place in places),
    )


def _decades(low: float, high: float, about: int) -> Ticks:
    first = math.floor(math.log10(low))
    while Decimal(1).scaleb(first) > Decimal(repr(float(low))):
        first -= 1
    last = math.ceil(math.log10(high)) + 1
    fine = [step.scaleb(exponent) for exponent in range(first, last + 1) for step in _STEPS]
    places = _covering(fine, low, high)
    if len(places) > about + about // 2:
        stride = math.ceil((last - first) / (about - 1))
        coarse = [Decimal(1).scaleb(each) for each in range(first, last + stride + 1, stride)]
        places = _covering(coarse, low, high)
    values = tuple(float(place) for place in places)
    return Ticks(values, tuple(_label(place, place, abs(float(place))) for place in places))


def _covering(places: list[Decimal], low: float, high: float) -> list[Decimal]:
    start = max(n for n, each in enumerate(places) if float(each) <= low)
    end = min(n for n, each in enumerate(places) if float(each) >= high)
    return places[start : max(end, start + 1) + 1]


def _label(value: Decimal, step: Decimal, largest: float) -> str:
    """Write a place as exactly as the step between places needs."""
    if value == 0:
        return "0"
    if largest >= _SCIENTIFIC_FROM or step.adjusted() < -_FINEST:
        return f"{value.normalize():e}".replace("e+", "e")
    unit, suffix = Decimal(1), ""
    if largest >= _PLAIN_UP_TO:
        size, suffix = next(each for each in _UNITS if each[0] <= largest)
        unit = Decimal(size)
    shown = value / unit
    text = f"{shown:,.{_decimals(step / unit)}f}"
    return f"{text} {suffix}" if suffix else text


def amount(value: float) -> str:
    """Return a measured number for people: four significant digits, thousands apart."""
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < _SCIENTIFIC_FROM:
        return f"{value:.3g}"
    return f"{value:,.{decimals_of(value)}f}"


def decimals_of(value: float, significant: int = _SIGNIFICANT) -> int:
    """Return how many decimals show a number with some significant digits, and no idle zeros."""
    return _decimals(Decimal(f"{value:.{significant - 1}e}"))


def _decimals(value: Decimal) -> int:
    """Return how many decimals a number has: 0.50 one, 100 none."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
