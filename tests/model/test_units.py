"""Sizes and times as people write them."""

from __future__ import annotations

import pytest

from parity.model.units import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("3GB", 3 * 10**9), ("1.5 GiB", 3 * 2**29), ("800mb", 8 * 10**8), ("12", 12), ("1K", 1000)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "3 pounds", "0", "-3GB", "GB", "1e9"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        parse_size(text)


def test_megabytes_of_a_server_are_powers_of_two() -> None:
    assert parse_size("20mb", binary=True) == 20 * 2**20


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("1.5h", 5400)])
def test_times(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "0s", "-1s", "10 minutes"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        parse_duration(text)
