from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/objects#object-format", "rest/objects#data-types"),
]

INTEGERS = {
    "zero": 0,
    "minus_one": -1,
    "int32_max": 2**31 - 1,
    "int32_overflow": 2**31,
    "int32_min": -(2**31),
    "int32_underflow": -(2**31) - 1,
    "epoch_milliseconds": 1479859200123,
    "largest_safe": 2**53 - 1,
    "smallest_safe": -(2**53) + 1,
    "two_to_53": 2**53,
}
FLOATS = {
    "tenth": 0.1,
    "sum_of_tenths": 0.1 + 0.2,
    "third": 1 / 3,
    "seventeen_digits": 123456789.12345679,
    "price": -19.99,
    "largest": 1.7976931348623157e308,
    "smallest": 5e-324,
    "large_exponent": 1e21,
    "small_exponent": -1.5e-7,
}


def test_integers_are_returned_exactly(round_trip: Callable[..., None]) -> None:
    """Integers up to 53 bits are returned with every digit: in fields, objects and arrays."""
    round_trip({**INTEGERS, "inner": INTEGERS, "list": list(INTEGERS.values())})


def test_floats_are_returned_exactly(round_trip: Callable[..., None]) -> None:
    """Doubles are returned as the same doubles: in fields, objects and arrays."""
    round_trip({**FLOATS, "inner": FLOATS, "list": list(FLOATS.values())})


def test_random_doubles_are_returned_exactly(
    round_trip: Callable[..., None], rng: random.Random
) -> None:
    """A hundred doubles of all magnitudes are returned bit by bit."""
    # Between 2**53 and 1e21, JavaScript writes doubles with zeros for the digits it does not know.
    powers = [*range(-300, 16), *range(22, 300)]
    values = [rng.uniform(0.1, 1) * 10.0 ** rng.choice(powers) for _ in range(50)]
    round_trip({"values": [*values, *(-value for value in values)]})


def test_whole_float_is_a_number_without_a_fraction(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A float that is whole, such as -30.0, is written as -30 in the reply (recorded 2016)."""
    class_name = new_class("Value")
    created = parse.create(class_name, {"value": -30.0})
    found = parse.fetch(class_name, created["objectId"])
    expect.contains(found, {"value": -30}, status=200)
    written = re.findall(r'"value":\s*([^,}]+)', found.text)
    expect.equal(written, ["-30"], at="$.value as text")


def test_number_is_not_a_string_or_a_boolean(round_trip: Callable[..., None]) -> None:
    """Numbers, digits in strings and booleans keep their types side by side."""
    round_trip(
        {"list": [1, "1", True, 0, "0", False, "", None], "one": 1, "yes": True, "text": "1"}
    )


@pytest.mark.level("may")
@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        pytest.param(2**53 + 1, 2**53, id="two-to-53-plus-one"),
        pytest.param(2**63 - 1, 9223372036854776000, id="int64-max"),
        pytest.param(2**64, 18446744073709552000, id="two-to-64"),
    ],
)
def test_larger_integer_becomes_the_nearest_double(
    round_trip: Callable[..., None], sent: int, returned: int
) -> None:
    """An integer beyond 53 bits is stored as the nearest double, as JavaScript writes it."""
    round_trip({"value": sent}, {"value": returned})


@pytest.mark.level("may")
def test_negative_zero_is_zero(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """Negative zero is returned as 0, as JavaScript writes it."""
    class_name = new_class("Value")
    created = parse.create(class_name, {"value": -0.0})
    found = parse.fetch(class_name, created["objectId"])
    expect.contains(found, {"value": 0}, status=200)
    written = re.findall(r'"value":\s*([^,}]+)', found.text)
    expect.equal(written, ["0"], at="$.value as text")
