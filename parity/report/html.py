"""The report: one HTML file that needs nothing else, not even a network or JavaScript."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from parity import html
from parity.html.tables import view
from parity.model import Outcome
from parity.model.evidence import ExchangeFact, read_evidence
from parity.report.files import write_text
from parity.report.page import Page, build
from parity.report.tally import Tally, plural

LONGEST_VALUE = 2_000
"""Characters of a differing value that the page shows; evidence has the rest."""

_NARROWEST_SLICE = 2.0
_OUTCOME_WORDS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.KNOWN_DIFFERENCE: "known difference",
    Outcome.UNSUPPORTED: "unsupported",
    Outcome.ERROR: "error",
}
_JSON_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|".*', re.DOTALL)
_OPENING = ("{", "[")
_CLOSING = ("}", "]")
_DEEPEST_INDENT = 20


def write_report(evidence: Path, out: Path) -> None:
    """Write the report of a run.

    Args:
        evidence: A complete evidence file.
        out: The HTML file; an older one is replaced.

    Raises:
        EvidenceError: If the evidence cannot be used, see :func:`read_evidence`.
        UserError: If ``out`` cannot be written.
    """
    write_text(out, render(build(read_evidence(evidence))))


def render(page: Page) -> str:
    """Return the page as HTML. Everything from evidence is escaped: it is hostile text."""
    return html.render(
        "parity.report",
        "report.html",
        filters={
            "plural": plural,
            "json_value": json_value,
            "request_text": request_text,
            "response_text": response_text,
            "seconds": seconds,
            "slices": slices,
            "view": view,
            "words": _OUTCOME_WORDS.__getitem__,
        },
        page=page,
        outcomes=tuple(Outcome),
    )


def json_value(value: Any) -> str:
    """Return a value as compact JSON, so that ``1`` and ``"1"`` differ, clipped."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[:LONGEST_VALUE]}… (+{len(text) - LONGEST_VALUE:,} characters)"


def request_text(exchange: ExchangeFact) -> str:
    """Return a request as it would look on the wire, its JSON indented."""
    first = f"{exchange.method} {exchange.url}"
    return _message(first, exchange.request_headers, exchange.request_body)


def response_text(exchange: ExchangeFact) -> str:
    """Return a response as it would look on the wire, its JSON indented."""
    if exchange.status is None:
        return "Nothing came back."
    first = f"HTTP {exchange.status}"
    return _message(first, exchange.response_headers, exchange.response_body)


def _message(first: str, headers: dict[str, str], body: str) -> str:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["", indented(body)]
    return "\n".join(lines)


def indented(body: str) -> str:
    """Return JSON with line breaks; numbers, strings and repeated keys stay as they were sent.

    Works on clipped JSON too. Other text is returned unchanged.
    """
    if not body.lstrip().startswith(("{", "[")):
        return body
    text, depth, before = "", 0, ""
    for token in _JSON_TOKENS.findall(body):
        closes, empty = token in _CLOSING, before in _OPENING and token in _CLOSING
        depth = max(0, depth - closes)
        if not empty and (before in _OPENING or before == "," or closes):
            text += "\n" + "  " * min(depth, _DEEPEST_INDENT)
        elif before == ":":
            text += " "
        text += token
        depth += token in _OPENING
        before = token
    return text


def seconds(value: float) -> str:
    """Return a duration for people: ``480 ms``, ``3.2 s``, ``2 min 5 s``, ``1 h 2 min``."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def slices(tally: Tally) -> list[tuple[Outcome, str, str]]:
    """Cut a bar of width 100 into a slice for each outcome that occurred.

    Every slice is wide enough to be seen: one failure in a thousand must not vanish.

    Returns:
        Outcome, left edge and width of each slice, as numbers for SVG.
    """
    counts = {outcome: number for outcome, number in tally.counts.items() if number}
    spare = 100 - _NARROWEST_SLICE * len(counts)
    left, cut = 0.0, []
    for outcome, number in counts.items():
        width = _NARROWEST_SLICE + spare * number / tally.total
        cut.append((outcome, f"{left:.2f}", f"{width:.2f}"))
        left += width
    return cut
