"""How many examples of hypothesis a property gets, in proportion to the profile in use."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100
"""What a property gets that says nothing: the number of the profile of the CI."""
FEWEST = 5


def examples(usual: int) -> int:
    """Return how many examples a property gets that is slower or more telling than others.

    Args:
        usual: How many it gets in the CI; elsewhere fewer or more, see ``tests/conftest.py``.
    """
    return max(min(usual, FEWEST), usual * settings().max_examples // USUAL)
