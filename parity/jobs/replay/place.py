"""The place of a Difference, without the index that it happened to have."""

from __future__ import annotations

import re

from parity.model import Difference

_INDEX = re.compile(r"\[\d+\]")


def place(difference: Difference) -> str:
    """Return the path of a Difference with ``[*]`` for every index."""
    return _INDEX.sub("[*]", difference.path)
