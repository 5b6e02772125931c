"""Sizes and times as people write them."""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_size(text: str, *, binary: bool = False) -> int:
    """Read a size: ``3GB``, ``800 MiB``, ``123456``.

    Args:
        text: A number with an optional unit; kB, MB, GB, TB are powers of 1000, KiB, … of 1024.
        binary: Whether MB are powers of 1024 as well, as in Parse Server's ``maxUploadSize``.

    Returns:
        Bytes.

    Raises:
        ValueError: It is no size, or nothing.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no size like 3GB or 800MiB")
    base = 1024 if found[3] or binary else 1000
    return int(float(found[1]) * base ** _POWERS[found[2].lower()])


def parse_duration(text: str) -> float:
    """Read a time like ``30s``, ``10m``, ``1h`` or ``2d``.

    Returns:
        Seconds.

    Raises:
        ValueError: It is no time, or nothing.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is not a time like 30s, 10m or 1h")
    return float(found[1]) * _SECONDS[found[2]]
