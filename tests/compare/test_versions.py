"""Ranges of versions: several lines of releases, each with its edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier

from parity.compare.versions import Versions

numbers = st.tuples(*(st.integers(0, 12) for _ in range(3)))


@pytest.mark.parametrize(
    ("version", "is_one"),
    [("8.6.20", True), ("8.6.21", False), ("8.6.94", False), ("9.0.0", True), ("9.6.0", False)],
)
def test_each_line_of_releases_has_its_own_edge(version: str, *, is_one: bool) -> None:
    assert (version in Versions("<8.6.21 || >=9.0,<9.6")) is is_one


@given(numbers, numbers, numbers)
def test_a_version_is_in_a_union_if_it_is_in_one_of_its_ranges(
    one: tuple[int, int, int], other: tuple[int, int, int], version: tuple[int, int, int]
) -> None:
    ranges = f"<{'.'.join(map(str, one))} || =={'.'.join(map(str, other))}"

    assert (".".join(map(str, version)) in Versions(ranges)) is (version < one or version == other)


def test_what_is_no_range_is_refused() -> None:
    with pytest.raises(InvalidSpecifier):
        Versions("<8 | >9")
