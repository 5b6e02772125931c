"""Text from evidence, made harmless: names in it may come from a server or a database."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final

from markupsafe import Markup

_HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]|~#!])")


def visible(value: Any) -> Any:
    r"""Return text with its unseen characters spelt out; anything else unchanged.

    An escape that a terminal obeys shows as ``\u001b``, a right-to-left override as ``\u202e``.
    """
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    if value.isprintable():
        return value
    return "".join(
        json.dumps(each)[1:-1] if unicodedata.category(each) in _HIDING else each for each in value
    )


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
