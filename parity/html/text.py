"""Text from evidence, made harmless: it may come from a server, a client or a database."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

from markupsafe import Markup

# Controls, marks that reverse or hide the text after them, line separators, halves of
# surrogate pairs: what a browser or a terminal would obey, hide or refuse.
_HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# A page shows line breaks; joiners are part of Persian words and of emoji.
_HARMLESS_ON_A_PAGE: Final = frozenset("\n\t\u200c\u200d")


def visible(value: Any) -> Any:
    r"""Return text as one line with its unseen characters spelt out; anything else unchanged.

    An escape that a terminal obeys shows as ``\u001b``, a right-to-left override as ``\u202e``.
    """
    return _spelt_out(value, frozenset())


def visible_lines(value: Any) -> Any:
    """Return text as :func:`visible`, but with its line breaks and tabs: for a page."""
    return _spelt_out(value, _HARMLESS_ON_A_PAGE)


def _spelt_out(value: Any, kept: frozenset[str]) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        json.dumps(each)[1:-1]
        if each not in kept and unicodedata.category(each) in _HIDING
        else each
        for each in value
    )
