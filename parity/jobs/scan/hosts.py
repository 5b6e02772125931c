"""Hosts of the hosted service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

HOSTED: Final = re.compile(
    r"(?<![\w.-])(?P<host>api\.parse\.com|files\.parsetfss\.com|files\.parse\.com"
    r"|push\.parse\.com|(?:[\w-]+\.)+parseapp\.com|(?:www\.)?parsecdn\.com|www\.parsecdn\.com)"
    r"(?![\w-]|\.[a-z])",
    re.IGNORECASE,
)
"""The API, the files, push, websites (``<name>.parseapp.com``) and the SDK's CDN."""


def hosts_in(text: str) -> Iterator[tuple[str, int]]:
    """Yield each hosted host of a text with where it starts."""
    for match in HOSTED.finditer(text):
        yield match["host"].lower(), match.start()
