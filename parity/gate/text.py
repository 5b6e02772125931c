"""Text from evidence, made harmless: names in it may come from a server or a database."""

from __future__ import annotations

import re
from typing import Final

from parity.html import visible

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]|~#!])")


def markdown(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, no HTML, nobody mentioned."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", text.replace("@", "(at)"))


def sentence(text: str) -> str:
    """Return text with a capital at its start and a full stop at its end."""
    text = text.strip()
    if text[:1].isalpha() and not re.match(r"\S*[\d/_:]", text):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
