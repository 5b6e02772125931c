"""Cuts a YAML cassette into its interactions, so that one broken interaction costs only itself.

VCR and vcrpy write one list of interactions, each beginning with ``- request:`` at the same
indentation. A cassette of another shape is one piece.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

CUT: Final = f"parity-cut-{secrets.token_hex(16)}"
"""Stands for a body that was too long; random, so that no file can contain it."""

_LIST = re.compile(r"^(?:http_interactions|interactions)\s*:[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent> *)-[ \t]+(?:request|response|recorded_at)\s*:", re.MULTILINE)
_BODY = re.compile(
    r"^(?P<head>[ \t]+(?:string|base64_string|body)\s*:[ \t]*)(?P<text>\S.*)$", re.MULTILINE
)
_KEY = re.compile(
    r"^[ \t]*(?:- )?(?:adapter_metadata|base64_string|body|code|encoding|headers|http_version|"
    r"message|method|protocol|recorded_at|request|response|status|string|uri|url|version)\s*:",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """The YAML of one interaction, or of a whole cassette.

    Attributes:
        text: A list of one interaction (``"- request: …"``), or a document.
        line: The number of its first line in the file.
        whole: Whether it is the whole document.
    """

    text: str
    line: int
    whole: bool


def pieces(text: str, longest: int) -> Iterator[Piece]:
    """Give the interactions of a cassette.

    Args:
        text: The whole file.
        longest: Characters of a body; in a piece that is longer, long bodies become :data:`CUT`.
    """
    start = _LIST.search(text)
    first = _ITEM.search(text, start.end()) if start else None
    if start is None or first is None or text[start.end() : first.start()].strip():
        yield Piece(_without_long_bodies(text, longest), 1, whole=True)
        return
    indent = first["indent"]
    begins = [
        match.start() for match in _ITEM.finditer(text, first.start()) if match["indent"] == indent
    ]
    # Everything behind the list (`recorded_with: VCR 3.0.1`) belongs to the document.
    last = _last_end(text, begins[-1])
    line, position = 1, 0
    for begin, end in zip(begins, [*begins[1:], last], strict=True):
        line += text.count("\n", position, begin)
        position = begin
        yield Piece(_without_long_bodies(text[begin:end], longest), line, whole=False)


def _last_end(text: str, begin: int) -> int:
    # A quoted body may go on in column 0, so only what is known to follow the list ends it.
    match = re.compile(r"^(?:recorded_with|version)\s*:", re.MULTILINE).search(text, begin)
    return match.start() if match else len(text)


def _without_long_bodies(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    parts, position = [], 0
    for match in _BODY.finditer(text):
        if match.start() < position:
            continue
        following = _KEY.search(text, match.end())
        end = following.start() if following else len(text)
        if end - match.start("text") > longest:
            parts += [text[position : match.start("text")], CUT, "\n"]
            position = end
    return "".join([*parts, text[position:]])
