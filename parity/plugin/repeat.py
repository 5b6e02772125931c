"""Exchanges for people: one line that repeats a request, and the request with its response."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from parity.model import Exchange
from parity.model.evidence import ExchangeFact, body_text
from parity.wire import Redactor
from parity.wire.headers import SESSION_TOKEN

SHOWN_EXCHANGES = 6
"""How many exchanges of a failing check the terminal shows; the report has all of them."""
SHOWN_BODY = 1200
_NOISE = frozenset(
    {"user-agent", "accept-encoding", "accept", "connection", "content-length", "date"}
)


def fact(exchange: Exchange, redactor: Redactor) -> ExchangeFact:
    """Return an exchange for the evidence: redacted and clipped.

    Args:
        exchange: What was sent and received.
        redactor: Knows the run's secrets.
    """
    request, response = exchange.request, exchange.response
    return ExchangeFact(
        method=request.method,
        url=redactor.url(request.url),
        request_headers=redactor.headers(request.headers),
        request_body=body_text(_body(request.body, redactor)),
        status=response.status if response else None,
        response_headers=redactor.headers(response.headers) if response else {},
        response_body=body_text(_body(response.body, redactor)) if response else "",
        elapsed_ms=round(exchange.elapsed_s * 1000, 3),
        repeat=curl(exchange, redactor),
    )


def curl(exchange: Exchange, redactor: Redactor) -> str:
    """Return one shell line that sends a request again, with ``$VARIABLES`` for secrets.

    Args:
        exchange: The request.
        redactor: Replaces secrets by the names of their variables.
    """
    request = exchange.request
    parts = ["curl", "-sS", "-i", "-X", request.method, _quote(redactor.url(request.url))]
    headers = redactor.headers(request.headers)
    if SESSION_TOKEN in headers:
        # What the report shows is a stand-in that would not work: log in to get a token.
        headers[SESSION_TOKEN] = "$SESSION_TOKEN"
    for name, value in headers.items():
        if name.lower() not in _NOISE:
            parts += ["-H", _quote(f"{name}: {value}")]
    if request.body:
        if _is_text(request.body):
            parts += ["--data-binary", _quote(_body(request.body, redactor))]
        else:
            parts += ["--data-binary", "@FILE"]
    return " ".join(parts)


def transcript(facts: Sequence[ExchangeFact], server: str) -> str:
    """Return the last exchanges of a check as text for the terminal.

    Args:
        facts: All exchanges of the check, redacted.
        server: Name of the target.
    """
    lines: list[str] = []
    left_out = len(facts) - SHOWN_EXCHANGES
    if left_out > 0:
        lines.append(f"({left_out} earlier exchanges are in the report)")
    for each in facts[-SHOWN_EXCHANGES:]:
        lines.append(f"> {each.method} {each.url}  [{server}]")
        lines += [f"> {n}: {v}" for n, v in each.request_headers.items() if n.lower() not in _NOISE]
        if each.request_body:
            lines.append(f"> {body_text(each.request_body, SHOWN_BODY)}")
        if each.status is None:
            lines.append(f"< no response after {each.elapsed_ms:.0f} ms")
        else:
            lines.append(f"< {each.status} in {each.elapsed_ms:.0f} ms")
            lines += _shown_headers(each)
            lines.append(f"< {body_text(each.response_body, SHOWN_BODY)}")
        lines.append("")
    if facts:
        lines.append("repeat the last request (set the variables to your keys):")
        lines.append(f"  {facts[-1].repeat}")
    return "\n".join(lines)


def _shown_headers(each: ExchangeFact) -> list[str]:
    wanted = ("location", "content-type")
    return [f"< {n}: {v}" for n, v in each.response_headers.items() if n.lower() in wanted]


def _body(body: bytes, redactor: Redactor) -> str:
    if not body:
        return ""
    if not _is_text(body):
        return f"({len(body)} bytes that are not text)"
    try:
        parsed = json.loads(body)
    except ValueError:
        return redactor.text(body.decode("utf-8"))
    return json.dumps(redactor.json(parsed), ensure_ascii=False)


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _quote(text: str) -> str:
    """Quote for a shell; text with a ``$VARIABLE`` in double quotes, so that it is filled in."""
    if "$" not in text:
        return shlex.quote(text)
    for char in ("\\", '"', "`", "!"):
        text = text.replace(char, f"\\{char}")
    return f'"{text}"'
